"""Seats in sessions of different length change hands only where both weeks keep the hours that are asked of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.identity import Role
from services.contracts.vocabulary import ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, group, plan_of, problem

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
WEDNESDAY, FRIDAY = TUESDAY_NINE + DAY, TUESDAY_NINE + 3 * DAY
SHORT = "hours-short"
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def requiring(new_patient: Make, site: Json) -> Callable[[int], Awaitable[Json]]:
    """A patient whose plan, which tapers off, requires so many minutes of process groups a week."""

    async def make(minutes: int, **changes: Any) -> Json:
        services = [{"service": "process_group", "minutes_per_week": minutes}]
        return await new_patient(site, plan_of(COUNSELLOR, required_services=services, phase="taper", **changes))

    return make


@pytest.fixture
def ask(scheduler: ClientFactory) -> Ask:
    async def post(verb: str, here: Json, first: Json, there: Json, second: Json | None = None) -> Any:
        body = {
            "first": {"appointment_id": here["id"], "patient_id": first["id"]},
            "second": {"appointment_id": there["id"], "patient_id": second and second["id"]},
            "reason": "work_or_school",
        }
        return await scheduler(Role.FRONT_DESK).post(f"/v1/swaps{verb}", json=body)

    return post


@pytest.fixture
def bind(scheduler: ClientFactory, site: Json) -> Callable[..., Awaitable[None]]:
    async def put(key: str, minutes: int) -> None:
        own = {"key": key, "value": minutes, "citation": "policy 7", "effective_from": "2026-01-01"}
        path = f"/v1/sites/{site['id']}/rule_settings"
        answer = await scheduler(Role.PROGRAMME_DIRECTOR).put(
            path, json={"overrides": [own]}, headers={"if-match": '"0"'}
        )
        assert answer.status_code == 200, answer.text

    return put


async def broken(ask: Ask, *seats: Any) -> list[tuple[str, str]]:
    answer = await ask(":preview", *seats)
    assert answer.status_code == 200, answer.text
    return [(one["side"], one["code"]) for one in answer.json()["broken"]]


async def test_nobody_goes_to_a_shorter_session_below_what_the_plan_requires(
    *, desk: Desk, requiring: Any, ask: Ask
) -> None:
    ann = await requiring(90)
    here, there = await desk.publish(group(ann), group(start=WEDNESDAY, end=WEDNESDAY + HOUR))

    refused = await ask("", here, ann, there)

    assert await broken(ask, here, ann, there) == [("first", SHORT)]
    assert problem(refused) == (409, "rules-broken", SHORT)
    [error] = refused.json()["errors"]
    assert error["pointer"] == "/first"
    assert "60 minutes" in error["detail"]
    assert "90" in error["detail"]
    assert await desk.seats() == [(1, {ann["id"]}), (0, set())]


async def test_whose_week_has_enough_may_go_to_a_shorter_session(*, desk: Desk, requiring: Any, ask: Ask) -> None:
    ann = await requiring(150)
    here, there, _ = await desk.publish(
        group(ann), group(start=WEDNESDAY, end=WEDNESDAY + HOUR), group(ann, start=FRIDAY)
    )

    answer = await ask("", here, ann, there)

    assert answer.status_code == 201, answer.text
    assert [seats for seats, _ in await desk.seats()] == [0, 1, 1]


async def test_of_an_exchange_it_is_said_whose_week_would_be_short(*, desk: Desk, requiring: Any, ask: Ask) -> None:
    ann, ben = await requiring(60), await requiring(90)
    here, there = await desk.publish(group(ann, end=TUESDAY_NINE + HOUR), group(ben, start=WEDNESDAY))

    assert await broken(ask, here, ann, there, ben) == [("second", SHORT)]
    assert await broken(ask, there, ben, here, ann) == [("first", SHORT)]


async def test_a_week_that_is_short_already_may_get_longer_and_may_stay_as_it_is(
    *, desk: Desk, requiring: Any, ask: Ask
) -> None:
    ann = await requiring(540)
    here, longer, equal = await desk.publish(
        group(ann), group(start=WEDNESDAY, end=WEDNESDAY + 2 * HOUR), group(start=FRIDAY)
    )

    assert await broken(ask, here, ann, longer) == []
    assert await broken(ask, here, ann, equal) == []


async def test_a_week_gets_no_longer_than_is_most(*, desk: Desk, requiring: Any, ask: Ask, bind: Any) -> None:
    ann = await requiring(90)
    await bind("week_minutes_most", 165)
    visit = group(ann, start=FRIDAY, end=FRIDAY + HOUR, service=ServiceKind.INDIVIDUAL, capacity=1)
    here, longer, little, _ = await desk.publish(
        group(ann),
        group(start=WEDNESDAY, end=WEDNESDAY + 2 * HOUR),
        group(start=WEDNESDAY + 3 * HOUR, end=WEDNESDAY + 4.75 * HOUR),
        visit,
    )

    refused = await ask("", here, ann, longer)

    assert await broken(ask, here, ann, longer) == [("first", "week-too-long")]
    assert problem(refused) == (409, "rules-broken", "week-too-long")
    assert "policy 7" in refused.json()["errors"][0]["detail"]
    assert await broken(ask, here, ann, little) == []


async def test_a_day_gets_no_longer_than_is_most(*, desk: Desk, requiring: Any, ask: Ask, bind: Any) -> None:
    ann = await requiring(90)
    await bind("day_minutes_most", 105)
    here, longer = await desk.publish(group(ann), group(start=WEDNESDAY, end=WEDNESDAY + 2 * HOUR))

    assert await broken(ask, here, ann, longer) == [("first", "day-too-long")]


async def test_what_would_leave_a_week_short_is_recommended_to_nobody(
    *, desk: Desk, requiring: Any, scheduler: ClientFactory
) -> None:
    ann, ben = await requiring(90), await requiring(90)
    here, _, fits = await desk.publish(
        group(ann),
        group(ben, start=WEDNESDAY, end=WEDNESDAY + HOUR),
        group(ben, start=FRIDAY),
    )
    seat = {"appointment_id": here["id"], "patient_id": ann["id"]}

    answer = await scheduler(Role.FRONT_DESK).post("/v1/swaps:recommend", json={"seat": seat})

    assert {one["appointment_id"] for one in answer.json()["partners"]} == {fits["id"]}
