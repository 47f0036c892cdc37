"""Ways to place somebody who needs a ride come with it, and those that a van serves come first."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make, plan_of, problem
from tests.scheduler.placements.conftest import Placing
from tests.scheduler.proposals.conftest import Booked
from tests.scheduler.weekly import Week

HOUR = timedelta(hours=1)


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    """The fourth, who is in no group yet, needs transport."""
    needs = (False, False, False, True)
    return Week(
        clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor, needs_transport=need)) for need in needs]
    )


@pytest.fixture
def plan_runs(scheduler: ClientFactory, clinic: Clinic) -> Any:
    """Plan runs to a session and home from it."""

    async def plan(session: Json) -> None:
        setup = scheduler(Role.PROGRAMME_DIRECTOR)
        body = {"name": "Van", "seats": 1}
        van = (await setup.post(f"/v1/sites/{clinic.site['id']}/vehicles", json=body)).json()
        start, end = (datetime.fromisoformat(session[side]) for side in ("start", "end"))
        for direction, begin in (("to_site", start - HOUR), ("from_site", end)):
            run = {"direction": direction, "start": str(begin), "end": str(begin + HOUR / 2)}
            assert (await setup.post(f"/v1/vehicles/{van['id']}/runs", json=run)).status_code == 201

    return plan


def stays(alternative: Json) -> int:
    return len([session for session in alternative["sessions"] if session["is_new"]])


async def test_an_alternative_says_which_of_its_ways_nobody_drives(placing: Placing) -> None:
    for alternative in await placing.alternatives():
        assert stays(alternative) > 0
        assert {one["patient_id"] for one in alternative["missing_rides"]} == {placing.patient_id}
        assert {one["direction"] for one in alternative["missing_rides"]} == {"to_site", "from_site"}
        assert "no-ride" in {reason["code"] for reason in alternative["reasons"]}


async def test_alternatives_that_more_runs_serve_come_first(placing: Placing, plan_runs: Any) -> None:
    before = await placing.alternatives()
    # What only a later alternative has becomes the one thing that can be got to.
    had = {(one["service"], one["start"]) for one in before[0]["sessions"]}
    [served, *_] = [
        session
        for alternative in before[1:]
        for session in alternative["sessions"]
        if (session["service"], session["start"]) not in had
    ]
    await plan_runs(served)

    after = await placing.alternatives()

    counts = [len(alternative["missing_rides"]) for alternative in after]
    assert counts == sorted(counts)
    assert counts[0] < len(before[0]["missing_rides"])
    assert set(after[0]["difference"].values()) == {0}


async def test_an_alternative_is_taken_with_its_rides_or_a_reason(
    placing: Placing, plan_runs: Any, booked: Booked
) -> None:
    first, *_ = await placing.alternatives()

    refused = await placing.take(first)
    nothing = placing.patient_id in await booked()
    excused = await placing.take(first, no_ride_reason="family_drives")

    assert problem(refused) == (409, "rules-broken", "no-ride")
    assert not nothing
    assert excused.status_code == 201, excused.text
    assert callable(plan_runs)


async def test_all_rides_of_an_alternative_are_taken_at_once(
    *, placing: Placing, plan_runs: Any, scheduler: ClientFactory, clinic: Clinic
) -> None:
    first, *_ = await placing.alternatives()
    for session in first["sessions"]:
        await plan_runs(session)
    [best, *_] = await placing.alternatives()

    taken = await placing.take(best)

    assert best["missing_rides"] == []
    assert taken.status_code == 201, taken.text
    missing = await scheduler(Role.FRONT_DESK).get(
        f"/v1/sites/{clinic.site['id']}/missing_rides", params={"week": "2026-10-05"}
    )
    assert missing.json()["items"] == []
