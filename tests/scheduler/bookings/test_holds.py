"""A held seat is taken until its time is over, and then it counts for nothing: no job has to run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.clock import Clock
from tests.scheduler.conftest import NO_SEAT, PATIENT_BOOKED, TUESDAY_NINE, Desk, People, group, problem

HOUR = timedelta(hours=1)


@pytest.fixture
def wait(scheduler_app: Any) -> Callable[[timedelta], None]:
    """Let time pass for the scheduler."""

    def pass_by(duration: timedelta) -> None:
        process = scheduler_app.state.process
        later = Clock(process.clock.now() + duration - Clock().now())
        scheduler_app.state.process = type(process)(later, process.database, process.authenticator)

    return pass_by


async def test_a_held_seat_is_taken_without_anybody_sitting_there(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(capacity=1))

    answer = await desk.ask("hold", appointment, people.ann, minutes=10)

    assert (answer.status_code, answer.json()["status"]) == (200, "held")
    assert "2026-10-02T12:10" <= answer.json()["held_until"] < "2026-10-02T13"
    assert problem(await desk.ask("book", appointment, people.ben)) == NO_SEAT
    assert await desk.seats() == [(1, set())]


@pytest.mark.parametrize("verb", ["book", "hold"])
async def test_an_expired_hold_counts_for_nothing(desk: Desk, people: People, wait: Any, verb: str) -> None:
    [appointment] = await desk.publish(group(capacity=1))
    await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(seconds=30))
    refused = await desk.ask("book", appointment, people.ben)
    wait(timedelta(seconds=31))

    free = await desk.seats()
    answer = await desk.ask(verb, appointment, people.ben)

    assert problem(refused) == NO_SEAT
    assert free == [(0, set())]
    assert answer.status_code == 200
    assert [taken for taken, _ in await desk.seats()] == [1]


async def test_an_expired_hold_elsewhere_does_not_keep_the_patient_s_time(
    desk: Desk, people: People, wait: Any
) -> None:
    first, second = await desk.publish(group(), group(start=TUESDAY_NINE + HOUR))
    await desk.ask("hold", first, people.ann, minutes=1)
    refused = await desk.ask("book", second, people.ann)
    wait(timedelta(seconds=61))

    answer = await desk.ask("book", second, people.ann)

    assert problem(refused) == PATIENT_BOOKED
    assert answer.status_code == 200
    assert await desk.seats() == [(0, set()), (1, {people.ann["id"]})]


async def test_the_holder_s_booking_takes_no_second_seat(desk: Desk, people: People, wait: Any) -> None:
    [appointment] = await desk.publish(group(capacity=1))
    await desk.ask("hold", appointment, people.ann, minutes=1)

    answer = await desk.ask("book", appointment, people.ann)
    wait(timedelta(minutes=2))

    assert (answer.status_code, answer.json()["status"], answer.json()["held_until"]) == (200, "booked", None)
    assert await desk.seats() == [(1, {people.ann["id"]})]


async def test_a_holder_whose_hold_is_over_books_like_anybody_else(desk: Desk, people: People, wait: Any) -> None:
    [appointment] = await desk.publish(group(capacity=1))
    await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(minutes=2))
    await desk.ask("book", appointment, people.ben)

    assert problem(await desk.ask("book", appointment, people.ann)) == NO_SEAT


async def test_a_hold_asked_for_again_lasts_from_then(desk: Desk, people: People, wait: Any) -> None:
    [appointment] = await desk.publish(group(capacity=1))
    await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(seconds=50))

    again = await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(seconds=50))

    assert again.status_code == 200
    assert problem(await desk.ask("book", appointment, people.ben)) == NO_SEAT
    assert await desk.seats() == [(1, set())]


async def test_a_booking_is_not_turned_into_a_hold(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann))

    assert problem(await desk.ask("hold", appointment, people.ann, minutes=5)) == PATIENT_BOOKED


async def test_a_released_hold_frees_the_seat(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(capacity=1))
    await desk.ask("hold", appointment, people.ann, minutes=15)

    released = await desk.ask("release", appointment, people.ann, reason="patient_request")

    assert released.status_code == 204
    assert (await desk.ask("book", appointment, people.ben)).status_code == 200


async def test_a_hold_that_is_over_cannot_be_released(desk: Desk, people: People, wait: Any) -> None:
    [appointment] = await desk.publish(group())
    await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(minutes=2))

    assert (await desk.ask("release", appointment, people.ann, reason="patient_request")).status_code == 404


async def test_a_hold_lives_on_in_a_new_version_and_ends_with_its_session(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ben))
    await desk.ask("hold", appointment, people.ann, minutes=15)

    [kept] = await desk.publish(group(people.ben))
    await desk.publish()

    [history] = await desk.read("cancelled")
    assert (kept["taken"], kept["patient_ids"]) == (2, [people.ben["id"]])
    assert (history["taken"], history["patient_ids"]) == (1, [people.ben["id"]])


async def test_a_lapsed_hold_has_no_place_in_a_new_version(desk: Desk, people: People, wait: Any) -> None:
    [appointment] = await desk.publish(group(people.ben))
    await desk.ask("hold", appointment, people.ann, minutes=1)
    wait(timedelta(minutes=2))
    desk.clock = Clock(timedelta(minutes=2) + desk.clock.now() - Clock().now())

    await desk.publish(group(people.ben), replace_bookings=False)

    assert await desk.run("select taken from appointments") == [(1,)]
    assert await desk.run("select count(*) from appointment_patients") == [(1,)]
