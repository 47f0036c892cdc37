"""A seat is not offered, by a person or by itself, nor had, where its session will not take place as published."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.contracts.identifiers import RoomId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Clinic, Desk, Json, Make, group, problem
from tests.scheduler.offers.conftest import Offers, Three

ROOM_LOST = (409, "conflict", "room-lost")


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def lost(clinic: Clinic) -> Json:
    """Nobody can use the room on Tuesday morning."""
    return {
        "site_id": clinic.site["id"],
        "week": MONDAY,
        "kind": "room_lost",
        "room_id": clinic.room["id"],
        "start": "2026-10-06T08:00:00-04:00",
        "end": "2026-10-06T12:00:00-04:00",
        "reason": "maintenance",
    }


@pytest.fixture
def room(clinic: Clinic) -> RoomId:
    return RoomId(UUID(clinic.room["id"]))


async def test_nobody_is_asked_whether_they_want_a_seat_that_is_none(
    *, desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory, lost: Json, room: RoomId
) -> None:
    [seat] = await desk.publish(group(capacity=1, room_id=room))
    await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=lost)

    assert problem(await offers.make(seat)) == ROOM_LOST
    told = await desk.run("select patient_id from notices where kind = 'offer'")
    assert (told, len(three)) == ([], 3)


async def test_a_seat_given_back_is_free_and_offered_to_nobody(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    scheduler: ClientFactory,
    lost: Json,
    room: RoomId,
    new_patient: Make,
    site: Json,
) -> None:
    leaver = await new_patient(site)
    [seat] = await desk.publish(group(leaver, capacity=1, room_id=room))
    await offers.put_rule(enabled=True, people=2, minutes=45, notice_minutes=60)
    await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=lost)

    released = await desk.ask("release", seat, leaver, reason="illness")

    listed = (await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/offer_batches")).json()["items"]
    assert (released.status_code, listed, len(three)) == (204, [], 3)


async def test_a_seat_given_back_meanwhile_is_offered_once_the_session_takes_place_after_all(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    scheduler: ClientFactory,
    lost: Json,
    room: RoomId,
    new_patient: Make,
    site: Json,
) -> None:
    leaver, other = await new_patient(site), await new_patient(site)
    before, seat = await desk.publish(
        group(other, capacity=1), group(leaver, capacity=1, room_id=room, start=TUESDAY_NINE + timedelta(hours=1))
    )
    await desk.ask("release", before, other, reason="illness")
    await offers.put_rule(enabled=True, people=2, minutes=45, notice_minutes=60)
    front_desk = scheduler(Role.FRONT_DESK)
    disruption = (await front_desk.post("/v1/disruptions", json=lost)).json()
    await desk.ask("release", seat, leaver, reason="illness")

    withdrawn = await front_desk.post(f"/v1/disruptions/{disruption['id']}:withdraw")

    listed = (await front_desk.get(f"/v1/sites/{site['id']}/offer_batches")).json()["items"]
    assert (withdrawn.status_code, len(three)) == (200, 3), withdrawn.text
    assert [(batch["appointment_id"], batch["automatic"], len(batch["offers"])) for batch in listed] == [
        (seat["id"], True, 2)
    ]


async def test_an_offer_that_is_out_is_not_had_any_more(
    *, desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory, lost: Json, room: RoomId
) -> None:
    [seat] = await desk.publish(group(capacity=1, room_id=room))
    batch = await offers.made(seat)
    first, second, _ = batch["offers"]
    token = await offers.token(second)
    await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=lost)

    by_desk = await offers.ask("accept", first)
    by_secret = await offers.answer(token, "accept")

    assert problem(by_desk) == ROOM_LOST
    # Who holds a secret is told that the time is gone and nothing of the reason.
    assert problem(by_secret) == (409, "conflict", "time-gone")
    assert await desk.seats() == [(0, set())]
    assert await offers.statuses(batch) == ["open"] * len(three)
