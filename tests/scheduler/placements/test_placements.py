"""A patient is placed into a published week: ranked, booked at once or not at all, and never on what has moved."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import NO_SEAT, Clinic, Json, Make, NoticesOf, calendar, plan_of, problem
from tests.scheduler.placements.conftest import Placing
from tests.scheduler.proposals.conftest import Booked, Propose, Publish
from tests.scheduler.weekly import Week
from tests.support.tokens import Tokens

MONDAY_GROUP, TUESDAY_GROUP = "2026-10-05T09:00:00-04:00", "2026-10-06T09:00:00-04:00"


async def test_the_best_week_takes_free_seats_and_a_visit_and_says_what_it_costs(placing: Placing) -> None:
    answer = await placing.recommend()

    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"1"'
    first, *others = answer.json()["alternatives"]
    groups = [session for session in first["sessions"] if session["service"] == "process_group"]
    assert [session["start"] for session in groups] == [MONDAY_GROUP, TUESDAY_GROUP]
    assert all(session["is_new"] and session["appointment_id"] for session in groups)
    [visit] = [session for session in first["sessions"] if session["service"] == "individual"]
    assert visit["is_new"]
    assert visit["appointment_id"] is None
    assert first["unmet"] == [{"service": "process_group", "minutes": 360}]
    assert first["score"]["unmet_minutes"] == 360
    assert first["score"]["trips"] == 12
    assert set(first["difference"].values()) == {0}
    assert {"days", "unmet"} <= {reason["code"] for reason in first["reasons"]}
    assert others
    assert all(other["difference"]["unmet_minutes"] >= 0 for other in others)


async def test_taking_an_alternative_books_all_of_it(placing: Placing, booked: Booked) -> None:
    first, *_ = await placing.alternatives()

    answer = await placing.take(first)

    assert answer.status_code == 201, answer.text
    placement = answer.json()
    assert [session["start"] for session in placement["sessions"]] == [one["start"] for one in first["sessions"]]
    assert all(session["appointment_id"] for session in placement["sessions"])
    assert len((await booked())[placing.patient_id]) == 3
    again, *_ = await placing.alternatives()
    assert not any(session["is_new"] for session in again["sessions"])
    assert {session["appointment_id"] for session in again["sessions"]} == {
        session["appointment_id"] for session in placement["sessions"]
    }


async def test_the_same_alternative_cannot_be_taken_twice(placing: Placing, booked: Booked) -> None:
    first, *_ = await placing.alternatives()
    await placing.take(first)
    before = await booked()

    assert (await placing.take(first)).status_code == 409
    assert await booked() == before


async def test_what_was_placed_by_hand_is_not_lost_when_the_week_is_published_anew(
    placing: Placing, propose: Propose, publish: Publish, week: Week
) -> None:
    first, *_ = await placing.alternatives()
    await placing.take(first)
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [week.visit(2, 8, 0)])

    assert problem(await publish(proposal, reason="admission")) == (409, "conflict", "booked-by-hand")


async def test_a_week_that_was_published_anew_is_412(
    placing: Placing, propose: Propose, publish: Publish, week: Week, booked: Booked
) -> None:
    first, *_ = await placing.alternatives()
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [week.visit(3, 8, 0)])
    assert (await publish(proposal, reason="clinical")).status_code == 200
    before = await booked()

    refused = await placing.take(first)

    assert problem(refused) == (412, "stale-version", "timetable-moved")
    assert await booked() == before
    moved = refused.json()["moved"]
    assert (moved["base_version"], moved["current_version"], moved["count"]) == (1, 2, 1)
    [visit] = moved["sessions"]
    assert (visit["patient_id"], visit["service"], visit["reason"]) == (week.ids[0], "individual", "clinical")
    assert [visit[side]["start"][:16] for side in ("before", "after")] == ["2026-10-07T09:00", "2026-10-08T09:00"]


async def test_without_the_version_of_the_week_nothing_is_booked(placing: Placing, booked: Booked) -> None:
    first, *_ = await placing.alternatives()
    before = await booked()

    assert (await placing.take(first, version=None)).status_code == 428
    assert await booked() == before


async def test_all_or_nothing(placing: Placing, booked: Booked) -> None:
    """Wednesday at nine the counsellor sees somebody else, so the free seats are not taken either."""
    first, *_ = await placing.alternatives()
    visits = [one for one in first["sessions"] if one["service"] == "individual"]
    taken = {
        "service": "individual",
        "modality": "on_site",
        "start": "2026-10-07T09:00:00-04:00",
        "practitioner_id": visits[0]["practitioner_id"],
    }
    before = await booked()

    answer = await placing.take(first, visits=[taken])

    assert problem(answer) == (409, "timetable-refused", "placement-does-not-fit")
    assert "practitioner" in answer.json()["detail"]
    assert await booked() == before


async def test_whom_to_keep_apart_is_offered_no_seat_and_refused_like_a_full_group(
    placing: Placing, week: Week, records: ClientFactory, booked: Booked
) -> None:
    first, *_ = await placing.alternatives()
    pair = {"patient_ids": [placing.patient_id, week.ids[0]]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201
    before = await booked()

    found = await placing.alternatives()
    answer = await placing.take(first, visits=[])

    assert not any(session["service"] == "process_group" for one in found for session in one["sessions"])
    assert problem(answer) == NO_SEAT
    assert week.ids[0] not in answer.text
    assert await booked() == before
    wish = (await placing.wish(MONDAY_GROUP)).json()
    assert [fact["code"] for fact in wish["facts"]] == ["seating_rule"]
    assert week.ids[0] not in str(wish)


async def test_what_is_over_is_not_offered(placing: Placing, scheduler_app: Any, clock: Clock) -> None:
    """At ten on Monday the group of that morning has begun."""
    monday_at_ten = datetime(2026, 10, 5, 14, tzinfo=UTC)
    process = scheduler_app.state.process
    scheduler_app.state.process = replace(process, clock=Clock(monday_at_ten - Clock().now()))
    assert clock.now() < monday_at_ten

    found = await placing.alternatives()
    wish = (await placing.wish(MONDAY_GROUP)).json()

    starts = [session["start"] for one in found for session in one["sessions"]]
    assert TUESDAY_GROUP in starts
    assert all(start > "2026-10-05T10:00:00-04:00" for start in starts)
    assert ([fact["code"] for fact in wish["facts"]], wish["relaxations"]) == (["over"], [])


async def test_a_commitment_takes_a_group_out_and_is_said_with_its_source(
    placing: Placing, import_calendar: Any
) -> None:
    document = calendar("20261005T080000/20261005T120000", "20261006T080000/20261006T120000")
    imported = (await import_calendar({"id": placing.patient_id}, document)).json()

    explanation = (await placing.explain()).json()

    [need] = [one for one in explanation["unplaced"] if one["service"] == "process_group"]
    facts = [fact for fact in need["facts"] if fact["code"] == "commitment"]
    assert facts
    assert all(fact["commitment_source_ids"] == [imported["id"]] for fact in facts)
    asks = [ask["sentence"] for relaxation in need["relaxations"] for ask in relaxation["asks"]]
    assert "free Monday 09:00 to 10:30" in asks
    wish = (await placing.wish(MONDAY_GROUP)).json()
    assert (wish["is_possible"], [fact["code"] for fact in wish["facts"]]) == (False, ["commitment"])
    assert [ask["sentence"] for ask in wish["relaxations"][0]["asks"]] == ["free Monday 09:00 to 10:30"]


async def test_what_changes_between_two_questions_is_in_the_second_answer(
    placing: Placing, import_calendar: Any
) -> None:
    first = await placing.alternatives()
    again = await placing.alternatives()
    document = calendar("20261005T080000/20261005T120000", "20261006T080000/20261006T120000")
    assert (await import_calendar({"id": placing.patient_id}, document)).status_code == 201
    after = await placing.alternatives()

    assert again == first
    assert any(session["service"] == "process_group" for session in first[0]["sessions"])
    assert not any(session["service"] == "process_group" for session in after[0]["sessions"])


async def test_a_plan_that_changes_between_two_questions_is_in_the_second_answer(
    placing: Placing, clinic: Clinic, records: ClientFactory
) -> None:
    before = await placing.alternatives()
    services = [{"service": "process_group", "minutes_per_week": 540}]
    path = f"/v1/patients/{placing.patient_id}/treatment_plan"
    plan = plan_of(clinic.counsellor, required_services=services)
    changed = await records(Role.PROGRAMME_DIRECTOR).put(path, json=plan, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text

    after = await placing.alternatives()

    assert "individual" in {session["service"] for session in before[0]["sessions"]}
    assert {session["service"] for one in after for session in one["sessions"]} == {"process_group"}


async def test_a_seat_that_is_taken_between_two_questions_is_in_the_second_answer(
    placing: Placing, scheduler: ClientFactory, clinic: Clinic, new_patient: Make
) -> None:
    before = await placing.alternatives()
    newcomer = await new_patient(clinic.site, plan_of(clinic.counsellor))
    other = Placing(scheduler, clinic, newcomer["id"])
    taken, *_ = await other.alternatives()
    assert (await other.take(taken)).status_code == 201

    after = await placing.alternatives()

    def seats(ways: list[Json]) -> set[tuple[str, str]]:
        return {(one["service"], one["start"]) for way in ways for one in way["sessions"]}

    visits = {(one["service"], one["start"]) for one in taken["sessions"] if one["service"] == "individual"}
    assert visits
    assert visits & seats(before)
    assert not visits & seats(after)


async def test_what_somebody_has_is_explained_beside_the_next_best(placing: Placing, week: Week) -> None:
    answer = await placing.explain(week.ids[0])

    assert answer.status_code == 200, answer.text
    explanation = answer.json()
    assert [session["service"] for session in explanation["sessions"]] == [
        "process_group",
        "process_group",
        "individual",
    ]
    assert not any(session["is_new"] for session in explanation["sessions"])
    assert explanation["score"]["trips"] == 18
    # With the visit on a day of a group there would be one trip less.
    assert explanation["alternatives"][0]["difference"]["trips"] == -6


async def test_a_wish_that_can_be_is_told_with_its_price(placing: Placing) -> None:
    answer = (await placing.wish("2026-10-08T09:00:00-04:00", "individual")).json()

    assert (answer["is_possible"], answer["is_had"], answer["facts"]) == (True, False, [])
    assert any(one["start"] == "2026-10-08T09:00:00-04:00" for one in answer["instead"]["sessions"])


async def test_a_wish_that_is_had_already_is_told_so(placing: Placing, week: Week) -> None:
    placing.patient_id = week.ids[0]

    assert (await placing.wish(MONDAY_GROUP)).json()["is_had"] is True


@pytest.mark.parametrize("role", [Role.NURSE, Role.PRESCRIBER, Role.ORGANIZATION_ADMIN, Role.PATIENT])
async def test_who_does_not_book_is_refused(placing: Placing, role: Role) -> None:
    assert (await placing.recommend(role=role)).status_code == 403


async def test_another_organization_finds_nothing(placing: Placing, clinic: Clinic, scheduler: ClientFactory) -> None:
    here = await placing.recommend(patient_id=str(uuid4()))
    body = {"patient_id": placing.patient_id, "site_id": clinic.site["id"], "week": "2026-10-05"}
    there = await scheduler(Role.FRONT_DESK, organization=uuid4()).post("/v1/placements:recommend", json=body)

    assert (here.status_code, there.status_code) == (404, 404)
    assert {**here.json(), "instance": ""} == {**there.json(), "instance": ""}


async def test_a_week_that_is_not_published_is_404(placing: Placing) -> None:
    assert (await placing.recommend(week="2026-10-12")).status_code == 404
    assert (await placing.recommend(week="2026-10-06")).status_code == 404


async def test_an_appointment_of_elsewhere_is_404(placing: Placing, booked: Booked) -> None:
    first, *_ = await placing.alternatives()
    before = await booked()

    assert (await placing.take(first, appointment_ids=[str(uuid4())])).status_code == 404
    assert await booked() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"appointment_ids": [], "visits": []},
        {"visits": [{"service": "process_group", "modality": "on_site", "start": MONDAY_GROUP}]},
        {"visits": [{"service": "individual", "modality": "on_site", "start": "2026-10-05T09:00:00"}]},
        {"appointment_ids": ["b5a2ee2c-76ad-4f6e-a0a7-4b0d4a5a8d11"] * 2},
    ],
    ids=["nothing", "a group as a visit", "no offset", "twice"],
)
async def test_what_cannot_be_meant_is_422(placing: Placing, changes: Json) -> None:
    first, *_ = await placing.alternatives()

    assert (await placing.take(first, **changes)).status_code == 422


async def test_a_visit_off_the_grid_is_refused(placing: Placing) -> None:
    visit = {"service": "individual", "modality": "on_site", "start": "2026-10-05T09:07:00-04:00"}

    answer = await placing.take({"sessions": []}, visits=[visit])

    assert problem(answer) == (409, "timetable-refused", "placement-does-not-fit")


async def test_without_records_nothing_is_recommended(placing: Placing, scheduler_app: Any, tokens: Tokens) -> None:
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    answer = await placing.recommend()
    await http.close()

    assert problem(answer) == (503, "upstream-unavailable", "")


async def test_who_is_placed_is_told_of_each_session(placing: Placing, notices_of: NoticesOf) -> None:
    first, *_ = await placing.alternatives()

    placed = (await placing.take(first)).json()

    told = await notices_of(placing.patient_id)
    assert {one["appointment_id"] for one in told} == {one["appointment_id"] for one in placed["sessions"]}
    assert {(one["kind"], one["status"]) for one in told} == {("session_added", "queued")}


async def test_a_placement_tells_nothing_where_nobody_is_to_be_told(placing: Placing, notices_of: NoticesOf) -> None:
    first, *_ = await placing.alternatives()

    assert (await placing.take(first, notify=False)).status_code == 201
    assert await notices_of(placing.patient_id) == []
