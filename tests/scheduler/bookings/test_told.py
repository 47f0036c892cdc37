"""Who is given a seat by hand, or loses one, is told so; who has asked for it oneself, or only has one held, is not."""

from datetime import timedelta
from typing import Any

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Desk, Json, Make, NoticesOf, People, group, plan_of

BODY = "Tuesday, October 6 at 9:00 AM"


async def queued(notices_of: NoticesOf, patient: Json) -> list[tuple[str, str]]:
    return [(one["kind"], one["body"]) for one in await notices_of(patient["id"]) if one["status"] == "queued"]


async def test_a_seat_that_is_booked_by_hand_is_told_to_its_patient_alone(
    desk: Desk, people: People, notices_of: NoticesOf
) -> None:
    [session] = await desk.publish(group(people.ann))

    assert (await desk.ask("book", session, people.ben)).status_code == 200

    assert await queued(notices_of, people.ben) == [("session_added", f"You have an appointment on {BODY}.")]
    assert await queued(notices_of, people.ann) == []


async def test_a_seat_that_is_given_back_is_told(desk: Desk, people: People, notices_of: NoticesOf) -> None:
    [session] = await desk.publish(group(people.ann, people.ben))

    released = await desk.ask("release", session, people.ann, reason="clinical")

    assert released.status_code == 204, released.text
    assert await queued(notices_of, people.ann) == [("session_cancelled", f"Your appointment on {BODY} is cancelled.")]
    assert await queued(notices_of, people.ben) == []


async def test_a_seat_given_and_taken_back_at_once_was_nothing(
    desk: Desk, people: People, notices_of: NoticesOf
) -> None:
    [session] = await desk.publish(group(people.ann))

    await desk.ask("book", session, people.ben)
    await desk.ask("release", session, people.ben, reason="entered_in_error")

    assert await queued(notices_of, people.ben) == []
    assert [one["reason"] for one in await notices_of(people.ben["id"])] == ["superseded", "nothing_changed"]


async def test_nobody_is_told_who_need_not_be_or_of_a_hold(desk: Desk, people: People, notices_of: NoticesOf) -> None:
    [session] = await desk.publish(group(people.ann, capacity=3))

    await desk.ask("book", session, people.ben, notify=False)
    await desk.ask("release", session, people.ann, reason="patient_request", notify=False)
    await desk.ask("hold", session, people.cleo)
    await desk.ask("release", session, people.cleo, reason="entered_in_error")

    assert [await notices_of(one["id"]) for one in people] == [[], [], []]


async def test_who_calls_out_knows_of_it_and_hears_of_the_make_up(
    *, desk: Desk, site: Json, new_patient: Make, notices_of: NoticesOf, scheduler: ClientFactory
) -> None:
    counsellor = {"id": "00000000-0000-4000-8000-000000000001"}
    ann = await new_patient(site, plan_of(counsellor))
    missed, instead = await desk.publish(
        group(ann, capacity=6), group(start=group().start + timedelta(days=1), capacity=6)
    )
    client = scheduler(Role.FRONT_DESK)
    body: Any = {"patient_id": ann["id"], "excused": True, "reason": "illness"}
    assert (await client.post(f"/v1/appointments/{missed['id']}:call_out", json=body)).status_code == 201
    assert await notices_of(ann["id"]) == []
    listed = await client.get(f"/v1/sites/{site['id']}/make_ups", params={"week": MONDAY})
    [make_up] = listed.json()["items"]

    booked = await client.post(f"/v1/make_ups/{make_up['id']}:book", json={"appointment_id": instead["id"]})

    assert booked.status_code == 200, booked.text
    assert await queued(notices_of, ann) == [
        ("make_up", "You have an extra appointment on Wednesday, October 7 at 9:00 AM.")
    ]
