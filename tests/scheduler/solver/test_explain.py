from collections.abc import Callable
from typing import Any

import pytest

from services.scheduler.solver.instance import Instance
from services.scheduler.solver.solve import solve

Document = dict[str, Any]
ALL_DAY = [[day, 0, 60] for day in range(7)]
CASES: dict[str, tuple[Document, Document]] = {
    "no_free_hour": ({"commitments": ALL_DAY}, {}),
    "no_free_interval": (
        {"commitments": [[0, 0, 10], [0, 14, 60], [2, 0, 60]], "needs": {"skills_group": 6}},
        {},
    ),
    "too_few_members": ({"languages": ["es"], "needs": {"skills_group": 6}}, {}),
    "not_offered": ({"needs": {"yoga_group": 6}}, {}),
    "family_unavailable": ({"needs": {"family": 4}}, {}),
    "no_practitioner_on_duty": (
        {"needs": {"individual": 4}, "modalities": ["telehealth"]},
        {"practitioners": []},
    ),
    "pool_closed": ({"needs": {"medication": 1}}, {"medication_pool": [0] * 420}),
    "staff_hours_exhausted": ({"needs": {"individual": 4}}, {"most": 3}),
    "no_place": ({"needs": {"individual": 4}}, {"offices": 0}),
    "own_sessions": ({"needs": {"individual": 4}, "max_slots_day": 3}, {}),
}


@pytest.mark.parametrize("code", CASES)
def test_an_unmet_need_says_why(
    code: str,
    make: Callable[..., Instance],
    patient: Callable[..., Document],
    document: Callable[..., Document],
) -> None:
    person, changes = CASES[code]
    site = dict(changes)
    most = site.pop("most", None)
    if most is not None:
        site["practitioners"] = [
            practitioner | {"max_slots_week": most} for practitioner in document()["practitioners"]
        ]
    team: Document = {"team": [], "primary": None} if site.get("practitioners") == [] else {}
    instance = make(0, patients=[patient(0, **(person | team))], **site)

    outcome = solve(instance, time_limit=10.0, workers=1, work_limit=0.1)

    assert {need.reasons[0].code for need in outcome.unmet} == {code}
    assert all(reason.sentence for need in outcome.unmet for reason in need.reasons)
