"""Who missed sessions in a row is named to whoever may see who comes, so that somebody reaches out."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Role
from services.records.encounters.rules import MISSES, misses_on
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.recovery.test_recovery import discharge
from tests.records.test_audit import events

__all__ = ["events", "tell"]

Json = dict[str, Any]
ADMISSION = {
    "programme": "evening-iop",
    "admitted_on": "2026-09-01",
    "initial": {"criteria_edition": "asam-3", "level": "2.1"},
}


def path_of(site: UUID) -> str:
    return f"/v1/sites/{site}/missed_in_a_row?zone=America/New_York"


async def told(tell: Tell, patient: Json, *statuses: str) -> None:
    """Tell of a session a day, from the first of September on."""
    for number, status in enumerate(statuses, start=1):
        day, excused = f"2026-09-{number:02}", {"excused": True, "unexcused": False}.get(status)
        answer = await tell(
            event(
                patient,
                start=f"{day}T18:00:00Z",
                end=f"{day}T21:00:00Z",
                recorded_at=f"{day}T21:05:00Z",
                status="cancelled" if excused is not None else status,
                excused=excused,
            )
        )
        assert answer.status_code == 200, answer.text


async def test_who_has_missed_three_in_a_row_is_listed_until_they_come(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell, site_id: UUID, events: Any
) -> None:
    away, called_out, came, twice, arrived = [await new_patient() for _ in range(5)]
    await told(tell, away, "fulfilled", "noshow", "noshow", "noshow")
    await told(tell, called_out, "noshow", "noshow", "excused", "unexcused", "noshow")
    await told(tell, came, "noshow", "noshow", "noshow", "fulfilled", "noshow")
    await told(tell, twice, "fulfilled", "noshow", "noshow", "excused")
    await told(tell, arrived, "noshow", "noshow", "noshow", "arrived")

    answer = await director.get(path_of(site_id))

    assert answer.status_code == 200, answer.text
    assert answer.json()["rule"]["fewest"] == 3
    assert [
        (one["patient_id"], one["sessions"], one["first_missed_at"], one["last_missed_at"])
        for one in answer.json()["items"]
    ] == [
        (called_out["id"], 4, "2026-09-01T18:00:00Z", "2026-09-05T18:00:00Z"),
        (away["id"], 3, "2026-09-02T18:00:00Z", "2026-09-04T18:00:00Z"),
    ]
    shown = [one["subjects"] for one in await events() if one["operation"] == "list_missed_in_a_row"]
    assert [sorted(one) for one in shown if one] == [sorted([called_out["id"], away["id"]])]


async def test_nobody_is_listed_after_the_discharge_nor_to_who_may_not_see_it(
    *,
    director: httpx2.AsyncClient,
    records: ClientFactory,
    new_patient: PatientFactory,
    tell: Tell,
    site_id: UUID,
) -> None:
    patient = await new_patient()
    await director.post(f"/v1/patients/{patient['id']}/episodes", json=ADMISSION)
    await told(tell, patient, "noshow", "noshow", "noshow")

    before = (await director.get(path_of(site_id))).json()["items"]
    of_no_team = await records(Role.COUNSELLOR).get(path_of(site_id))
    elsewhere = await director.get(path_of(uuid4()))
    stranger = await records(Role.PROGRAMME_DIRECTOR, organization=uuid4()).get(path_of(site_id))
    refused = await records(Role.BILLING).get(path_of(site_id))
    malformed = await director.get(f"/v1/sites/{site_id}/missed_in_a_row?zone=Nowhere/Else")
    unzoned = await director.get(f"/v1/sites/{site_id}/missed_in_a_row")
    await discharge(director, patient, "2026-09-10")
    after = (await director.get(path_of(site_id))).json()["items"]

    assert ([one["patient_id"] for one in before], after) == ([patient["id"]], [])
    assert [one.json()["items"] for one in (of_no_team, elsewhere, stranger)] == [[], [], []]
    assert [one.status_code for one in (refused, malformed, unzoned)] == [403, 422, 422]


@given(st.dates())
def test_on_every_day_one_rule_holds_and_it_has_begun_unless_it_is_the_oldest(day: Any) -> None:
    rule = misses_on(day)

    assert rule.applies_from <= day or rule is MISSES[0]
    assert rule.citation
    assert not any(rule.applies_from < one.applies_from <= day for one in MISSES)
