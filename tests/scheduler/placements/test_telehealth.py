"""Nobody is placed before a screen without consent, and without a licence for where they are."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, Clinic, Json, Make, plan_of, problem
from tests.scheduler.placements.conftest import Placing
from tests.scheduler.proposals.conftest import Booked

AT_HOME_ONLY: Json = {**AT_HOME, "modalities": ["telehealth"]}
Place = Callable[..., Awaitable[Placing]]


@pytest.fixture
async def somebody(scheduler: ClientFactory, clinic: Clinic, new_patient: Make, published: Json) -> Place:
    """Put somebody who can only be seen at home before the front desk, but for what the test changes."""
    assert published

    async def admit(**changes: Any) -> Placing:
        patient = await new_patient(clinic.site, plan_of(clinic.counsellor, **{**AT_HOME_ONLY, **changes}))
        return Placing(scheduler, clinic, patient["id"])

    return admit


def by_video(alternatives: list[Json]) -> list[Json]:
    return [one for alternative in alternatives for one in alternative["sessions"] if one["modality"] == "telehealth"]


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({}, True),
        ({"telehealth_consented_on": None}, False),
        ({"telehealth_consented_on": "2026-10-12"}, False),
        ({"telehealth_jurisdiction": None}, False),
    ],
)
async def test_a_screen_is_recommended_to_who_has_consented(*, somebody: Place, plan: Json, found: bool) -> None:
    placing = await somebody(**plan)

    assert bool(by_video(await placing.alternatives())) is found


async def test_a_visit_by_telehealth_is_booked_with_a_licence_and_refused_without(
    *, somebody: Place, clinic: Clinic, new_licence: Make, booked: Booked
) -> None:
    placing = await somebody()
    first, *_ = await placing.alternatives()

    refused = await placing.take(first)
    nothing = placing.patient_id not in await booked()
    await new_licence(clinic.counsellor)
    taken = await placing.take(first)

    assert problem(refused) == (409, "timetable-refused", "placement-does-not-fit")
    assert "no licence for US-NY" in refused.text
    assert nothing
    assert taken.status_code == 201, taken.text
