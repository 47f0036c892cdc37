"""A week is published with the rides that its people need, or with a reason for each who has none."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, MONDAY, Clinic, Json, Make, plan_of, problem
from tests.scheduler.proposals.conftest import Booked, Propose, Publish
from tests.scheduler.weekly import Week

HOUR = timedelta(hours=1)
MONDAY_NINE = datetime.fromisoformat("2026-10-05T09:00:00-04:00")
RIDES_MISSING = (409, "rules-broken", "rides-missing")


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    """Of four people the first two need transport."""
    needs = (True, True, False, False)
    people = [await new_patient(clinic.site, plan_of(clinic.counsellor, needs_transport=need)) for need in needs]
    return Week(clinic, people)


@pytest.fixture
async def proposal(week: Week, propose: Propose) -> Json:
    """Groups at nine on Monday, of all but one, and on Tuesday, without the second."""
    return await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 2, 3)], [])


def excused(**reasons: str) -> list[Json]:
    return [{"patient_id": patient, "reason": reason} for reason, patient in reasons.items()]


class Runs:
    """Runs of one van with so many seats, there and home again around nine o'clock."""

    def __init__(self, client: Any, site: Json) -> None:
        self._client = client
        self._path = f"/v1/sites/{site['id']}"
        self._van: Json = {}

    async def plan(self, *days: int, seats: int) -> None:
        van = await self._client.post(f"{self._path}/vehicles", json={"name": "Van", "seats": seats})
        for day in days:
            start = MONDAY_NINE + day * 24 * HOUR
            for direction, begin in (("to_site", start - HOUR), ("from_site", start + 2 * HOUR)):
                body = {"direction": direction, "start": str(begin), "end": str(begin + HOUR / 2)}
                run = await self._client.post(f"/v1/vehicles/{van.json()['id']}/runs", json=body)
                assert run.status_code == 201, run.text

    async def taken(self, day: int) -> list[int]:
        on = (MONDAY_NINE + day * 24 * HOUR).date()
        answer = await self._client.get(f"{self._path}/runs", params={"day": str(on)})
        return [run["taken"] for run in answer.json()["items"]]

    async def missing(self) -> list[Json]:
        answer = await self._client.get(f"{self._path}/missing_rides", params={"week": MONDAY})
        return list(answer.json()["items"])


@pytest.fixture
def runs(scheduler: ClientFactory, clinic: Clinic) -> Runs:
    return Runs(scheduler(Role.PROGRAMME_DIRECTOR), clinic.site)


async def test_a_publication_takes_the_seats_that_there_are(runs: Runs, proposal: Json, publish: Publish) -> None:
    await runs.plan(0, 1, seats=2)

    answer = await publish(proposal)

    assert answer.status_code == 200, answer.text
    assert [await runs.taken(day) for day in (0, 1)] == [[2, 2], [1, 1]]
    assert await runs.missing() == []


async def test_who_would_be_without_a_ride_is_listed_and_nothing_is_published(
    *, runs: Runs, proposal: Json, publish: Publish, booked: Booked, week: Week
) -> None:
    await runs.plan(1, seats=2)

    answer = await publish(proposal)

    assert problem(answer) == RIDES_MISSING
    missing = answer.json()["missing_rides"]
    assert sorted((one["patient_id"], one["direction"], one["at"][:16]) for one in missing) == sorted(
        (patient, direction, at)
        for patient in week.ids[:2]
        for direction, at in (("to_site", "2026-10-05T09:00"), ("from_site", "2026-10-05T10:30"))
    )
    assert not any(patient in answer.json()["detail"] for patient in week.ids)
    assert (await booked(), await runs.taken(1)) == ({}, [0, 0])


async def test_one_reason_for_each_of_them_is_enough_and_the_seats_that_there_are_are_taken_anyway(
    *, runs: Runs, proposal: Json, publish: Publish, week: Week
) -> None:
    await runs.plan(1, seats=2)
    ann, ben = week.ids[:2]

    alone = await publish(proposal, no_rides=excused(own_ride=ann))
    both = await publish(proposal, no_rides=excused(own_ride=ann, payer_arranges=ben))

    assert problem(alone) == RIDES_MISSING
    assert {one["patient_id"] for one in alone.json()["missing_rides"]} == {ben}
    assert both.status_code == 200, both.text
    assert await runs.taken(1) == [1, 1]
    assert await runs.missing() == []


@pytest.mark.parametrize(
    "reasons", [{"4711-secret": "own_ride"}, {"00000000-0000-4000-8000-000000000001": "4711-secret"}]
)
async def test_a_wrong_reason_is_refused_without_its_value(proposal: Json, publish: Publish, reasons: Json) -> None:
    answer = await publish(proposal, no_ride_reasons=reasons)

    assert answer.status_code == 422
    assert "4711-secret" not in answer.text


async def test_the_next_version_keeps_rides_and_reasons_and_frees_what_is_over(
    *, runs: Runs, proposal: Json, propose: Propose, publish: Publish, week: Week
) -> None:
    await runs.plan(0, seats=1)
    no_rides = [{"patient_id": patient, "reason": "family_drives"} for patient in week.ids[:2]]
    assert (await publish(proposal, no_rides=no_rides)).status_code == 200
    before = await runs.taken(0)
    less = await propose([week.group(0, 8, 2, 3), week.group(1, 8, 0, 2, 3)], [])

    answer = await publish(less, reason="clinical")

    # Nobody has to say again why the first comes on Tuesday without a ride.
    assert answer.status_code == 200, answer.text
    assert (before, await runs.taken(0)) == ([1, 1], [0, 0])


async def test_a_version_that_moves_a_session_to_screens_frees_its_seats_on_the_way(
    *, runs: Runs, clinic: Clinic, new_patient: Make, new_licence: Make, propose: Propose, publish: Publish
) -> None:
    for practitioner in (clinic.counsellor, clinic.therapist):
        await new_licence(practitioner)
    plan = plan_of(clinic.counsellor, needs_transport=True, **AT_HOME)
    week = Week(clinic, [await new_patient(clinic.site, plan) for _ in range(2)])
    await runs.plan(0, seats=2)
    on_site = week.group(0, 8, 0, 1)
    assert (await publish(await propose([on_site], []))).status_code == 200
    before = await runs.taken(0)

    answer = await publish(await propose([{**on_site, "modality": "telehealth", "room": None}], []), reason="clinical")

    assert answer.status_code == 200, answer.text
    assert (before, await runs.taken(0)) == ([2, 2], [0, 0])


async def test_going_back_asks_for_rides_too(
    *,
    runs: Runs,
    proposal: Json,
    propose: Propose,
    publish: Publish,
    week: Week,
    scheduler: ClientFactory,
    clinic: Clinic,
) -> None:
    no_rides = [{"patient_id": patient, "reason": "family_drives"} for patient in week.ids[:2]]
    assert (await publish(proposal, no_rides=no_rides)).status_code == 200
    empty = await propose([week.group(1, 8, 2, 3)], [])
    assert (await publish(empty, reason="clinical")).status_code == 200
    path = f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}:revert"
    desk, body = scheduler(Role.FRONT_DESK), {"to_version": 1, "reason": "entered_in_error"}

    refused = await desk.post(path, json=body, headers={"if-match": '"2"'})
    await runs.plan(0, 1, seats=2)
    back = await desk.post(path, json=body, headers={"if-match": '"2"'})

    assert problem(refused) == RIDES_MISSING
    assert back.status_code == 200, back.text
    # Tuesday's group has been there all the time, and what was said of it still holds.
    assert [await runs.taken(day) for day in (0, 1)] == [[2, 2], [0, 0]]
