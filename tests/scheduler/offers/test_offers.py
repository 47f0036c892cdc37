"""Several people are asked for one seat, and the first valid accept has it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, calendar, group, problem, windows
from tests.scheduler.offers.conftest import Offers, Three, Wait
from tests.support.tokens import Tokens

HOUR = timedelta(hours=1)


async def test_those_who_stand_first_are_asked_at_once(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group(capacity=1))

    answer = await offers.make(seat, people=2, minutes=60)

    batch = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/offer_batches/{batch['id']}")
    assert [(one["patient_id"], one["rank"], one["status"]) for one in batch["offers"]] == [
        (three.ann.patient["id"], 1, "open"),
        (three.ben.patient["id"], 2, "open"),
    ]
    assert (batch["seats"], batch["accepted"], batch["status"], batch["automatic"]) == (1, 0, "open", False)
    assert await offers.read(batch) == batch


async def test_the_first_accept_has_the_seat_and_the_others_are_told_it_is_filled(
    desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory
) -> None:
    [seat] = await desk.publish(group(capacity=1))
    batch = await offers.made(seat)
    first, second, _ = batch["offers"]

    accepted = await offers.ask("accept", second)
    late = await offers.ask("accept", first)

    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    assert problem(late) == (409, "conflict", "offer-filled")
    assert await desk.seats() == [(1, {three.ben.patient["id"]})]
    assert await offers.statuses(batch) == ["filled", "accepted", "filled"]
    assert (await offers.read(batch))["status"] == "filled"
    entry = await scheduler(Role.FRONT_DESK).get(f"/v1/waitlist_entries/{three.ben.entry['id']}")
    assert entry.json()["status"] == "placed"
    told = await desk.run("select patient_id::text, kind from notices")
    ann, ben, cleo = (who.patient["id"] for who in three)
    offered = [(who, "offer") for who in (ann, ben, cleo)]
    assert sorted(row for row in told if row[1] != "session_added") == sorted(
        [*offered, (ann, "seat_filled"), (cleo, "seat_filled")]
    )


async def test_as_many_accepts_count_as_seats_are_offered(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group(capacity=3))
    batch = await offers.made(seat, seats=2)

    answers = [await offers.ask("accept", offer) for offer in batch["offers"]]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert await desk.seats() == [(2, {three.ann.patient["id"], three.ben.patient["id"]})]


async def test_who_declines_goes_on_waiting_and_is_not_asked_for_this_seat_again(
    desk: Desk, three: Three, offers: Offers
) -> None:
    [seat] = await desk.publish(group(capacity=2))
    first = (await offers.made(seat, people=1))["offers"][0]

    declined = await offers.ask("decline", first)
    again = await offers.ask("accept", first)
    batch = await offers.made(seat)

    assert (declined.status_code, declined.json()["status"]) == (200, "declined")
    assert problem(again) == (409, "conflict", "offer-declined")
    assert [offer["patient_id"] for offer in batch["offers"]] == [three.ben.patient["id"], three.cleo.patient["id"]]


async def test_an_answer_after_the_time_does_not_count(
    desk: Desk, three: Three, offers: Offers, later: Callable[[timedelta], None]
) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat, minutes=30)

    later(timedelta(minutes=31))

    assert problem(await offers.ask("accept", batch["offers"][0])) == (409, "conflict", "offer-expired")
    assert problem(await offers.ask("decline", batch["offers"][0])) == (409, "conflict", "offer-expired")
    assert (await offers.read(batch))["status"] == "expired"
    assert await offers.statuses(batch) == ["expired"] * len(three)
    assert await desk.seats() == [(0, set())]


async def test_an_answer_counts_no_longer_than_until_the_session_starts(
    desk: Desk, three: Three, offers: Offers, later: Callable[[timedelta], None]
) -> None:
    [seat] = await desk.publish(group())
    later(timedelta(days=4))

    batch = await offers.made(seat, minutes=2880)

    assert batch["expires_at"] == TUESDAY_NINE.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(batch["offers"]) == len(three)


async def test_a_seat_that_was_booked_meanwhile_is_nobody_s_to_accept(
    desk: Desk, three: Three, offers: Offers, new_patient: Make, site: Json
) -> None:
    [seat] = await desk.publish(group(capacity=1))
    batch = await offers.made(seat)
    other = await new_patient(site)
    await desk.ask("book", seat, other)

    answer = await offers.ask("accept", batch["offers"][0])

    assert problem(answer) == (409, "no-seat", "")
    assert (await offers.read(batch))["accepted"] == 0
    assert await desk.seats() == [(1, {other["id"]})]
    assert len(three) == len(batch["offers"])


async def test_what_is_withdrawn_cannot_be_accepted(
    desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory
) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat, people=2)
    path = f"/v1/offer_batches/{batch['id']}:withdraw"

    withdrawn = await scheduler(Role.FRONT_DESK).post(path)
    again = await scheduler(Role.FRONT_DESK).post(path)

    assert withdrawn.json()["status"] == "withdrawn"
    assert problem(again) == (409, "conflict", "offers-withdrawn")
    assert problem(await offers.ask("accept", batch["offers"][0])) == (409, "conflict", "offer-withdrawn")
    assert len(three) == 3


async def test_who_was_taken_off_the_waitlist_cannot_accept_any_more(
    desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory
) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat, people=1)
    path = f"/v1/waitlist_entries/{three.ann.entry['id']}:remove"
    await scheduler(Role.FRONT_DESK).post(path, json={"reason": "treated_elsewhere"})

    assert await offers.statuses(batch) == ["withdrawn"]
    assert problem(await offers.ask("accept", batch["offers"][0])) == (409, "conflict", "offer-withdrawn")


async def test_whom_the_seat_would_not_suit_is_passed_over_without_a_word(
    *,
    desk: Desk,
    wait: Wait,
    new_patient: Make,
    site: Json,
    offers: Offers,
    import_calendar: Any,
    records: ClientFactory,
) -> None:
    sitting, apart, busy, elsewhere, other_hours, other_service, fitting = [await new_patient(site) for _ in range(7)]
    pair = {"patient_ids": [sitting["id"], apart["id"]]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201
    await import_calendar(busy, calendar("20261006T093000/20261006T100000"))
    seat, _ = await desk.publish(
        group(sitting, capacity=5), group(elsewhere, start=TUESDAY_NINE + timedelta(minutes=30))
    )
    for patient in (sitting, apart, busy, elsewhere):
        await wait(patient, since="2026-09-01")
    await wait(other_hours, windows=windows("17:00", "21:00"))
    await wait(other_service, service="family")
    await wait(fitting, windows=windows("09:00", "10:30", "TU"))
    await wait(fitting, service="process_group")

    batch = await offers.made(seat, people=20)

    assert [offer["patient_id"] for offer in batch["offers"]] == [fitting["id"]]


async def test_whom_the_front_desk_names_is_asked_whatever_their_hours(
    desk: Desk, wait: Wait, new_patient: Make, site: Json, offers: Offers
) -> None:
    patient = await new_patient(site)
    entry = await wait(patient, windows=windows("17:00", "21:00"))
    [seat] = await desk.publish(group())

    batch = await offers.made(seat, entry_ids=[entry["id"]])
    twice = await offers.make(seat, entry_ids=[entry["id"]])
    unknown = await offers.make(seat, entry_ids=[str(uuid4())])

    assert [offer["patient_id"] for offer in batch["offers"]] == [patient["id"]]
    assert [problem(twice), problem(unknown)] == [(409, "conflict", "not-waiting")] * 2


async def test_an_accepted_seat_leaves_the_wait_for_the_whole_programme_open(
    *, desk: Desk, wait: Wait, new_patient: Make, site: Json, offers: Offers, scheduler: ClientFactory
) -> None:
    entry = await wait(await new_patient(site))
    [seat] = await desk.publish(group())
    batch = await offers.made(seat)

    assert (await offers.ask("accept", batch["offers"][0])).status_code == 200

    found = await scheduler(Role.FRONT_DESK).get(f"/v1/waitlist_entries/{entry['id']}")
    assert found.json()["status"] == "waiting"


async def test_no_more_seats_are_offered_than_are_free(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group(capacity=2))

    too_many = await offers.make(seat, seats=3)
    await offers.made(seat, seats=1, people=1)
    second = await offers.make(seat, seats=2)
    others = await offers.made(seat, seats=1)

    assert [problem(too_many), problem(second)] == [(409, "no-seat", "seats-taken")] * 2
    assert [one["patient_id"] for one in others["offers"]] == [three.ben.patient["id"], three.cleo.patient["id"]]


async def test_an_empty_waitlist_and_a_session_that_is_over_say_so(
    desk: Desk, offers: Offers, later: Callable[[timedelta], None]
) -> None:
    [seat] = await desk.publish(group())

    nobody = await offers.make(seat)
    later(timedelta(days=7))
    over = await offers.make(seat)

    assert problem(nobody) == (409, "conflict", "nobody-to-ask")
    assert problem(over) == (409, "conflict", "appointment-over")


async def test_a_seat_given_back_is_offered_by_itself_where_the_site_wants_that(
    *, desk: Desk, three: Three, offers: Offers, new_patient: Make, site: Json, scheduler: ClientFactory
) -> None:
    leaver = await new_patient(site)
    seat, soon = await desk.publish(
        group(leaver, capacity=1), group(leaver, capacity=1, start=TUESDAY_NINE + 24 * HOUR)
    )
    before = await scheduler(Role.COUNSELLOR).get(f"/v1/sites/{site['id']}/offer_rule")

    put = await offers.put_rule(enabled=True, people=2, minutes=45, notice_minutes=97 * 60)
    await desk.ask("release", seat, leaver, reason="illness")
    await desk.ask("release", soon, leaver, reason="illness")

    listed = (await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/offer_batches")).json()["items"]
    assert (before.json()["enabled"], put.json()["enabled"]) == (False, True)
    assert [(batch["appointment_id"], batch["automatic"], len(batch["offers"])) for batch in listed] == [
        (soon["id"], True, 2)
    ]
    assert len(three) == 3


async def test_who_is_no_patient_any_more_is_passed_over(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    first = "select id from waitlist_entries order by since limit 1"
    await desk.run(f"update waitlist_entries set patient_id = gen_random_uuid() where id = ({first}) returning id")  # noqa: S608

    batch = await offers.made(seat, people=1)

    assert [offer["patient_id"] for offer in batch["offers"]] == [three.ben.patient["id"]]


async def test_a_seat_is_given_back_even_while_records_is_away(
    *, desk: Desk, three: Three, offers: Offers, new_patient: Make, site: Json, scheduler_app: Any, tokens: Tokens
) -> None:
    leaver = await new_patient(site)
    [seat] = await desk.publish(group(leaver, capacity=1))
    await offers.put_rule(enabled=True)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    released = await desk.ask("release", seat, leaver, reason="illness")
    offering = await offers.make(seat)
    await http.close()

    assert released.status_code == 204
    assert problem(offering) == (503, "upstream-unavailable", "")
    assert await desk.seats() == [(0, set())]
    assert len(three) == 3


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"people": 0}, "/people"),
        ({"people": 21}, "/people"),
        ({"minutes": 4}, "/minutes"),
        ({"seats": 0}, "/seats"),
        ({"entry_ids": []}, "/entry_ids"),
        ({"entry_ids": ["4711-secret"]}, "/entry_ids/0"),
    ],
)
async def test_a_wrong_request_is_refused_by_name(offers: Offers, request_: Json, pointer: str) -> None:
    answer = await offers.make({"id": str(uuid4())}, **request_)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_offers_are_for_staff_and_for_one_organization(
    desk: Desk, three: Three, offers: Offers, scheduler: ClientFactory
) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat)
    [offer, *_] = batch["offers"]
    patient, stranger = scheduler(Role.PATIENT), scheduler(Role.FRONT_DESK, organization=uuid4())

    refused = [
        await offers.make(seat, role=Role.NURSE),
        await offers.ask("accept", offer, role=Role.PATIENT),
        await offers.ask("issue_link", offer, role=Role.BILLING),
        await patient.get(f"/v1/offer_batches/{batch['id']}"),
    ]
    missing = [
        await stranger.get(f"/v1/offer_batches/{batch['id']}"),
        await stranger.post(f"/v1/offer_batches/{batch['id']}:withdraw"),
        await stranger.post(f"/v1/offers/{offer['id']}:accept"),
        await stranger.post(f"/v1/offers/{offer['id']}:decline"),
        await stranger.post(f"/v1/offers/{offer['id']}:issue_link"),
        await stranger.post(f"/v1/appointments/{seat['id']}/offer_batches", json={}),
        await stranger.post(f"/v1/appointments/{uuid4()}/offer_batches", json={}),
    ]

    assert {answer.status_code for answer in refused} == {403}
    assert {answer.status_code for answer in missing} == {404}
    assert len({answer.json()["detail"] for answer in missing}) == 1
    assert len(three) == 3
