"""A new version of a week changes in the book what its proposal showed, and leaves the rest as it stands."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.contracts.identifiers import PatientId, PractitionerId, RoomId
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.rules import KeptApart
from services.scheduler.errors import BookedByHandError, DoubleBookingError
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, People, group

HOUR = timedelta(hours=1)
LATER = TUESDAY_NINE + 2 * HOUR
LEFT: Final[dict[str, Any]] = {"reason": "illness"}


def patient_id(patient: Json) -> PatientId:
    return PatientId(UUID(patient["id"]))


def lead(practitioner: Json) -> dict[str, Any]:
    return {"practitioner_id": PractitionerId(UUID(practitioner["id"]))}


def strangers(*people: Json) -> KeptApart:
    return {patient_id(patient): frozenset() for patient in people}


def visit(patient: Json) -> Session:
    return group(patient, service=ServiceKind.INDIVIDUAL, capacity=1, track=None, language=None)


async def test_what_a_version_leaves_alone_keeps_its_identifier_and_its_sequence(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann, people.ben))

    [after] = await desk.publish(group(people.ann, people.ben))

    assert after == before
    assert await desk.read("cancelled") == []


async def test_people_come_and_go_without_a_new_sequence(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann, people.ben))

    [after] = await desk.publish(group(people.ben, people.cleo))

    assert (after["id"], after["sequence"], after["taken"]) == (before["id"], 0, 2)
    assert set(after["patient_ids"]) == {people.ben["id"], people.cleo["id"]}


@pytest.mark.parametrize(
    "change",
    [{"start": LATER}, {"end": TUESDAY_NINE + HOUR}, {"modality": Modality.TELEHEALTH}],
    ids=["moved", "shortened", "elsewhere"],
)
async def test_another_time_or_place_is_the_same_session_with_a_higher_sequence(
    desk: Desk, people: People, change: dict[str, Any]
) -> None:
    [before] = await desk.publish(group(people.ann, people.ben))

    [after] = await desk.publish(group(people.ann, people.ben, **change))

    assert (after["id"], after["sequence"]) == (before["id"], 1)
    assert after["changed_at"] > before["changed_at"]
    assert (after["start"], after["end"], after["modality"]) != (before["start"], before["end"], before["modality"])
    assert await desk.run("select distinct sequence from appointments") == [(1,)]


async def test_another_practitioner_is_the_same_session_with_a_higher_sequence(
    desk: Desk, people: People, site: Json, new_practitioner: Make
) -> None:
    one, other = [await new_practitioner(site) for _ in range(2)]
    [before] = await desk.publish(group(people.ann, **lead(one)))

    [after] = await desk.publish(group(people.ann, **lead(other)))

    assert (after["id"], after["sequence"]) == (before["id"], 1)
    assert after["practitioner_id"] == other["id"]


async def test_sessions_exchange_their_hours_rooms_people_and_practitioners_in_one_go(
    *, desk: Desk, people: People, site: Json, new_practitioner: Make, new_room: Make
) -> None:
    leads = [await new_practitioner(site) for _ in range(2)]
    rooms = [RoomId(UUID((await new_room(site, name=name))["id"])) for name in ("Oak", "Elm")]
    both: tuple[dict[str, Any], ...] = {"start": TUESDAY_NINE}, {"start": TUESDAY_NINE + HOUR}
    before = await desk.publish(
        group(people.ann, room_id=rooms[0], **lead(leads[0]), **both[0]),
        group(people.ben, room_id=rooms[1], **lead(leads[1]), **both[1]),
    )

    after = await desk.publish(
        group(people.ben, room_id=rooms[0], **lead(leads[0]), **both[0]),
        group(people.ann, room_id=rooms[1], **lead(leads[1]), **both[1]),
    )
    exchanged = await desk.publish(
        group(people.ben, room_id=rooms[1], **lead(leads[1]), **both[0]),
        group(people.ann, room_id=rooms[0], **lead(leads[0]), **both[1]),
    )

    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert {one["id"] for one in exchanged} == {one["id"] for one in before}
    assert [one["room_id"] for one in exchanged] == [str(rooms[1]), str(rooms[0])]
    assert await desk.read("cancelled") == []


async def test_one_person_s_session_never_passes_its_identifier_to_another(desk: Desk, people: People) -> None:
    [before] = await desk.publish(visit(people.ann))

    [after] = await desk.publish(visit(people.ben))

    [history] = await desk.read("cancelled")
    assert after["id"] != before["id"]
    assert (history["id"], history["sequence"], history["patient_ids"]) == (before["id"], 1, [people.ann["id"]])


async def test_the_book_stays_in_order_of_time_when_sessions_pass_each_other(desk: Desk, people: People) -> None:
    await desk.publish(group(people.ann), group(people.ben, start=LATER))

    items = await desk.publish(group(people.ann, start=LATER + HOUR), group(people.ben, start=LATER))

    assert [one["patient_ids"] for one in items] == [[people.ben["id"]], [people.ann["id"]]]


async def test_a_seat_taken_by_hand_stays_where_it_fits_and_becomes_the_version_s_own(
    desk: Desk, people: People
) -> None:
    [before] = await desk.publish(group(people.ann))
    await desk.ask("book", before, people.ben)

    [kept] = await desk.publish(group(people.ann), replace_bookings=False)
    [planned] = await desk.publish(group(people.ann, people.ben), replace_bookings=False)
    [dropped] = await desk.publish(group(people.ann), replace_bookings=False)

    assert [one["taken"] for one in (kept, planned, dropped)] == [2, 2, 1]
    assert dropped["patient_ids"] == [people.ann["id"]]


async def test_a_seat_taken_by_hand_is_lost_where_the_session_is_gone_moved_or_full(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann))
    await desk.ask("book", before, people.ben)

    for sessions in ([], [group(people.ann, start=LATER)], [group(people.ann, capacity=1)]):
        with pytest.raises(BookedByHandError):
            await desk.publish(*sessions, replace_bookings=False)

    assert await desk.seats() == [(2, {people.ann["id"], people.ben["id"]})]
    assert [seats for seats, _ in await desk.seats() if await desk.publish(group(people.ann, capacity=1))] == [2]
    assert await desk.seats() == [(1, {people.ann["id"]})]


async def test_who_was_moved_by_hand_stays_moved(desk: Desk, people: People) -> None:
    version = (group(people.ann), group(people.ben, start=TUESDAY_NINE + HOUR))
    first, second = await desk.publish(*version)
    await desk.ask("release", first, people.ann, **LEFT)
    await desk.ask("book", second, people.ann)

    await desk.publish(*version, replace_bookings=False)

    assert await desk.seats() == [(0, set()), (2, {people.ann["id"], people.ben["id"]})]


async def test_who_gave_a_seat_back_gets_it_again_once_a_version_had_dropped_it(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann, people.ben))
    await desk.ask("release", before, people.ann, **LEFT)

    await desk.publish(group(people.ben))
    [after] = await desk.publish(group(people.ann, people.ben))

    assert set(after["patient_ids"]) == {people.ann["id"], people.ben["id"]}


async def test_who_came_by_hand_and_left_again_is_seated_where_the_version_says_so(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ben))
    await desk.ask("book", before, people.ann)
    await desk.ask("release", before, people.ann, **LEFT)

    [after] = await desk.publish(group(people.ann, people.ben))

    assert set(after["patient_ids"]) == {people.ann["id"], people.ben["id"]}


@pytest.mark.parametrize("known", [True, False])
async def test_nobody_is_left_beside_a_newcomer_they_may_not_or_may_perhaps_not_meet(
    desk: Desk, people: People, *, known: bool
) -> None:
    [before] = await desk.publish(group(people.ann, capacity=3))
    await desk.ask("book", before, people.ben)
    apart: KeptApart = {patient_id(people.ben): {patient_id(people.cleo)}} if known else {}

    with pytest.raises(BookedByHandError):
        await desk.publish(group(people.ann, people.cleo, capacity=3), apart=apart, replace_bookings=False)

    free = strangers(people.ben)
    [after] = await desk.publish(group(people.ann, people.cleo, capacity=3), apart=free, replace_bookings=False)
    assert after["taken"] == 3


async def test_the_same_service_twice_a_day_is_no_place_for_a_seat_taken_by_hand(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann))
    await desk.ask("book", before, people.ben)

    with pytest.raises(BookedByHandError):
        await desk.publish(group(people.ann), group(people.ben, start=LATER), replace_bookings=False)


async def test_what_has_begun_is_history_for_later_versions(desk: Desk, people: People) -> None:
    first, second = await desk.publish(group(people.ann), group(people.ann, start=LATER))
    at_ten = TUESDAY_NINE + HOUR
    desk.clock = Clock(at_ten - Clock().now())

    after = await desk.publish(group(people.ben, start=TUESDAY_NINE), group(people.ann, start=LATER + HOUR))

    assert [(one["id"], one["sequence"]) for one in after] == [(first["id"], 0), (second["id"], 1)]
    assert after[0]["patient_ids"] == [people.ann["id"]]


async def test_who_is_booked_elsewhere_stops_the_whole_version(desk: Desk, people: People) -> None:
    [before] = await desk.publish(group(people.ann, people.ben))

    with pytest.raises(DoubleBookingError):
        await desk.publish(group(people.ann, people.ben), group(people.ann, start=TUESDAY_NINE + HOUR / 2))

    assert await desk.read() == [before]
