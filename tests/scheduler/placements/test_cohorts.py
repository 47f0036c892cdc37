"""Of ways to place somebody that serve as much, those come first in which the patient meets more of the cohort."""

from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make, plan_of
from tests.scheduler.placements.conftest import Placing
from tests.scheduler.proposals.conftest import Propose, Publish
from tests.scheduler.weekly import Week


@pytest.fixture
async def placing(
    *, scheduler: ClientFactory, clinic: Clinic, week: Week, propose: Propose, publish: Publish, new_patient: Make
) -> Placing:
    """A week of two groups on Monday, of which one can join one, and one on Tuesday."""
    week.ids.append((await new_patient(clinic.site, plan_of(clinic.counsellor)))["id"])
    proposal = await propose([week.group(0, 8, 0, 1), week.group(0, 20, 2, 4), week.group(1, 8, 0, 4)], [])
    assert (await publish(proposal)).status_code == 200
    return Placing(scheduler, clinic, week.ids[3])


async def gathered(scheduler: ClientFactory, clinic: Clinic, *members: str) -> None:
    body = {"name": "Autumn", "starts_on": "2026-10-05", "patient_ids": members}
    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/sites/{clinic.site['id']}/cohorts", json=body)
    assert answer.status_code == 201, answer.text


def monday_group(alternative: Json) -> list[str]:
    return [
        one["start"][11:16]
        for one in alternative["sessions"]
        if one["start"].startswith("2026-10-05") and one["appointment_id"]
    ]


async def test_of_two_ways_that_serve_as_much_the_one_with_the_cohort_comes_first(
    scheduler: ClientFactory, clinic: Clinic, week: Week, placing: Placing
) -> None:
    before = await placing.alternatives()
    first = before[0]
    # Who sits on Monday in the group that is not in the first way; the other way serves as much.
    mate = {"09:00": 2, "12:00": 1}[monday_group(first)[0]]
    other = next(one for one in before if monday_group(one) not in ([], monday_group(first)))
    assert other["score"]["unmet_minutes"] == first["score"]["unmet_minutes"]

    await gathered(scheduler, clinic, placing.patient_id, week.ids[mate])
    after = await placing.alternatives()

    assert [one["cohort_mates"] for one in before] == [0] * len(before)
    assert after[0]["cohort_mates"] == 1
    assert monday_group(after[0]) == monday_group(other)
    assert after[0]["score"]["unmet_minutes"] == first["score"]["unmet_minutes"]
    said = [reason["sentence"] for reason in after[0]["reasons"] if reason["code"] == "cohort"]
    assert said == ["meets 1 of the 1 others of the cohort in groups"]


async def test_who_is_in_no_cohort_is_placed_as_before(
    scheduler: ClientFactory, clinic: Clinic, week: Week, placing: Placing
) -> None:
    before: list[Any] = await placing.alternatives()
    await gathered(scheduler, clinic, week.ids[0], week.ids[1])

    assert await placing.alternatives() == before
    assert not any(reason["code"] == "cohort" for one in before for reason in one["reasons"])
