"""A week that is asked for again while it runs: what was, stays and counts; the rest is planned around it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import ServiceKind
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solves.beginnings import with_beginnings
from services.scheduler.weeks import SLOTS_A_DAY, WeekGrid
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, ZONE, Clinic, Json
from tests.scheduler.weekly import ByHand, Week

At = Callable[[datetime], None]
NEW_YORK = ZoneInfo(ZONE)


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 5 + day, hour, minute, tzinfo=NEW_YORK)


async def release(scheduler: ClientFactory, site: Json, day: int, patient: str) -> None:
    desk = scheduler(Role.FRONT_DESK)
    listed = await desk.get(f"/v1/sites/{site['id']}/appointments", params={"week": MONDAY, "page_size": 200})
    [appointment] = [one for one in listed.json()["items"] if one["start"].startswith(f"2026-10-{5 + day:02}")]
    answer = await desk.post(
        f"/v1/appointments/{appointment['id']}:release", json={"patient_id": patient, "reason": "illness"}
    )
    assert answer.status_code in (200, 204), answer.text


async def test_what_has_begun_is_fixed_and_counts(week: Week, by_hand: ByHand, at: At) -> None:
    groups = [week.group(0, 8, 0, 1, 2), week.group(3, 8, 0, 1, 2)]
    await by_hand.publish(MONDAY, groups, [week.visit(1, 8, 0)])
    at(moment(2, 12))

    instance = await by_hand.instance(MONDAY)

    assert instance["begins"] == 2 * SLOTS_A_DAY + 21
    assert [(group["day"], group["slot"]) for group in instance["fixed"]["groups"]] == [(0, 8)]
    assert [(visit["day"], visit["patient"]) for visit in instance["fixed"]["individuals"]] == [(1, week.ids[0])]
    solver_s = instance_from_json(instance)
    told = timetable_from_json({"groups": groups, "individuals": [week.visit(1, 8, 0)]})
    assert check(solver_s, told).ok
    assert check(solver_s, told).goals.changes == 0


async def test_a_seat_given_back_is_made_up_in_the_rest_of_the_week(
    scheduler: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand, at: At
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), week.group(3, 8, 0, 1, 2)])
    await release(scheduler, clinic.site, 0, week.ids[2])
    at(moment(2, 12))

    instance = await by_hand.instance(MONDAY)
    thursday, friday = week.group(3, 8, 0, 1, 2), week.group(4, 8, 1, 2)
    proposal = await by_hand.propose(MONDAY, [*instance["fixed"]["groups"], thursday, friday], [])

    assert [group["members"] for group in instance["fixed"]["groups"]] == [sorted(week.ids[:2])]
    assert {change["patient_id"] for change in await changes(scheduler, proposal)} == {week.ids[1], week.ids[2]}
    assert (await by_hand.accept(proposal, "patient_request")).status_code == 200


async def changes(scheduler: ClientFactory, proposal: Json) -> list[Json]:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{proposal['id']}/changes")
    return list(answer.json()["items"])


async def test_a_proposal_that_moves_what_has_begun_by_then_is_refused(week: Week, by_hand: ByHand, at: At) -> None:
    await by_hand.publish(MONDAY, [], [week.visit(1, 8, 0)])
    at(moment(1, 8))
    proposal = await by_hand.propose(MONDAY, [], [week.visit(3, 8, 0)])
    at(moment(1, 9, 5))

    answer = await by_hand.accept(proposal, "better_week")

    assert answer.status_code in (409, 422)
    assert answer.json()["type"].endswith("timetable-refused"), answer.text


async def test_what_should_have_begun_and_did_not_is_not_booked_into_the_past(
    scheduler: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand, at: At
) -> None:
    await by_hand.publish(MONDAY, [week.group(3, 8, 0, 1)])
    at(moment(1, 8))
    proposal = await by_hand.propose(MONDAY, [week.group(3, 8, 0, 1)], [week.visit(1, 8, 0), week.visit(2, 8, 1)])
    at(moment(1, 9, 5))

    assert (await by_hand.accept(proposal, "better_week")).status_code == 200

    path = f"/v1/sites/{clinic.site['id']}/appointments"
    booked = (await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"]
    assert [one["start"][8:13] for one in booked] == ["07T09", "08T09"]
    again = await by_hand.instance(MONDAY)
    assert again["published"]["individuals"] == [week.visit(2, 8, 1)]


async def test_going_back_leaves_the_past_alone(
    scheduler: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand, at: At
) -> None:
    await by_hand.publish(MONDAY, [week.group(3, 8, 0, 1)], [week.visit(1, 8, 0)])
    await by_hand.publish(MONDAY, [week.group(4, 8, 0, 1)], [week.visit(1, 16, 0)], reason="better_week")
    at(moment(2, 8))

    answer = await scheduler(Role.FRONT_DESK).post(
        f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}:revert",
        headers={"if-match": '"2"'},
        json={"to_version": 1, "reason": "better_week"},
    )

    assert answer.status_code == 200, answer.text
    path = f"/v1/sites/{clinic.site['id']}/appointments"
    booked = (await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"]
    assert [one["start"][8:13] for one in booked] == ["06T11", "08T09"]


async def test_a_week_nobody_published_is_planned_from_now_on(week: Week, by_hand: ByHand, at: At) -> None:
    at(moment(2, 12))

    instance = await by_hand.instance(MONDAY)

    assert instance["begins"] > 0
    assert instance["fixed"] == {"groups": [], "individuals": []}
    early = timetable_from_json({"groups": [week.group(0, 8, 0, 1)], "individuals": []})
    assert not check(instance_from_json(instance), early).ok


PERSON = PatientId(UUID(int=7))
GRID = WeekGrid(NEW_YORK, date(2026, 10, 5))


def instance_of(needs: dict[str, int]) -> dict[str, Any]:
    person = {"id": str(PERSON), "needs": needs, "modalities": ["on_site"]}
    kinds = {"kind": {"service": "process_group", "slots": 6}}
    return {"patients": [person], "group_kinds": kinds, "tracks": [], "languages": [], "published": None}


def held(day: int, minutes: int, service: ServiceKind = ServiceKind.PROCESS_GROUP) -> Appointment:
    start = moment(day, 9)
    values: dict[str, Any] = dict.fromkeys(("room_id", "co_facilitator_id"), None) | {
        "id": UUID(int=1),
        "site_id": UUID(int=2),
        "timetable_version": 1,
        "sequence": 0,
        "changed_at": start,
        "status": "booked",
        "service": service,
        "modality": "on_site",
        "start": start.astimezone(UTC),
        "end": start.astimezone(UTC) + timedelta(minutes=minutes),
        "practitioner_id": UUID(int=3),
        "track": "adult",
        "language": "en",
        "capacity": 8,
        "taken": 1,
        "patient_ids": [PERSON],
    }
    return Appointment(**values)


@given(
    planned=st.integers(0, 40),
    sessions=st.integers(0, 3),
    missed=st.integers(0, 3),
)
def test_what_was_missed_raises_what_the_rest_of_the_week_is_asked_for(
    planned: int, sessions: int, missed: int
) -> None:
    past = [held(day, 90) for day in range(sessions)]
    again = {(PERSON, ServiceKind.PROCESS_GROUP): 90 * missed}

    found = with_beginnings(instance_of({"process_group": planned}), past, GRID, moment(4, 8), again)

    had, lost = 6 * sessions, 6 * min(missed, sessions)
    [person] = found["patients"]
    assert person["needs"]["process_group"] == max(planned + lost, had)
    assert person["needs"]["process_group"] - had >= min(lost, planned + lost - had)


def test_who_left_is_in_the_week_for_what_was_and_for_nothing_else() -> None:
    there = instance_of({}) | {"patients": []}

    found = with_beginnings(there, [held(0, 90), held(1, 60, ServiceKind.INDIVIDUAL)], GRID, moment(2, 8))

    [person] = found["patients"]
    assert person["needs"] == {"process_group": 6, "individual": 4}
    assert person["modalities"] == []


def test_before_the_week_begins_nothing_is_fixed() -> None:
    asked = instance_of({"process_group": 6})

    assert with_beginnings(asked, [], GRID, moment(0, 6, 59)) == asked
    assert with_beginnings(asked, [], GRID, moment(0, 7))["begins"] == 1


@pytest.mark.parametrize(("day", "hour", "minute", "place"), [(0, 7, 0, (0, 0)), (5, 21, 45, (5, 59)), (0, 9, 7, None)])
def test_an_instant_is_a_place_in_the_week(day: int, hour: int, minute: int, place: tuple[int, int] | None) -> None:
    assert GRID.place(moment(day, hour, minute)) == place
