"""A week that is asked for again while it runs: what was, stays and counts; the rest is planned around it."""

from collections.abc import Awaitable, Callable
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
from services.scheduler.solver.format import instance_from_json, timetable_from_json, timetable_to_json
from services.scheduler.solver.solve import solve
from services.scheduler.solves.beginnings import with_beginnings
from services.scheduler.weeks import SLOTS_A_DAY, WeekGrid
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, ZONE, Clinic, Json, Make, plan_of
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


@pytest.fixture
async def two_a_week(clinic: Clinic, new_patient: Make) -> Week:
    """Four people whose plans ask for two process groups of 90 minutes, and for education that the site has none of."""
    asked = {"process_group": 180, "education_group": 360}
    services = [{"service": service, "minutes_per_week": minutes} for service, minutes in asked.items()]
    plan = plan_of(clinic.counsellor, required_services=services)
    return Week(clinic, [await new_patient(clinic.site, plan) for _ in range(4)])


@pytest.fixture
def tell(scheduler: ClientFactory, clinic: Clinic) -> Callable[..., Awaitable[Json]]:
    """Say something of a patient in the session of a day."""

    async def send(day: int, verb: str, patient: str, **more: Any) -> Json:
        desk = scheduler(Role.FRONT_DESK)
        listed = await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY})
        [session] = [one for one in listed.json()["items"] if one["start"].startswith(f"2026-10-{5 + day:02}")]
        answer = await desk.post(f"/v1/appointments/{session['id']}{verb}", json={"patient_id": patient, **more})
        assert answer.status_code in (200, 201), answer.text
        return dict(session)

    return send


def slots_of(instance: Json, patient: str) -> int:
    [person] = [one for one in instance["patients"] if one["id"] == patient]
    return int(person["needs"]["process_group"])


async def test_who_did_not_come_is_planned_again_on_a_later_day(
    two_a_week: Week, by_hand: ByHand, at: At, tell: Callable[..., Awaitable[Json]]
) -> None:
    week = two_a_week
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2, 3), week.group(4, 8, 0, 1, 2, 3)])
    at(moment(0, 11))
    for patient, said in zip(week.ids, ("fulfilled", "fulfilled", "noshow", "noshow"), strict=True):
        await tell(0, "/attendances", patient, status=said)
    at(moment(1, 12))

    instance = await by_hand.instance(MONDAY)
    outcome = solve(instance_from_json(instance), time_limit=60, workers=1, work_limit=2)
    assert outcome.timetable is not None
    solved = timetable_to_json(outcome.timetable)
    proposal = await by_hand.propose(MONDAY, solved["groups"], solved["individuals"])

    assert [slots_of(instance, patient) for patient in week.ids] == [12, 12, 18, 18]
    days = {
        patient: sorted(one["day"] for one in solved["groups"] if patient in one["members"]) for patient in week.ids
    }
    assert [len(days[patient]) for patient in week.ids] == [2, 2, 3, 3]
    assert all(min(days[patient][1:]) > 0 for patient in week.ids)
    published = await by_hand.accept(proposal, "patient_request")
    assert published.status_code == 200, published.text
    assert {one["service"] for told in (proposal, published.json()) for one in told["unmet"]} == {"education_group"}


async def test_a_version_that_plans_what_was_missed_closes_the_make_up_and_the_next_one_keeps_the_seat(
    two_a_week: Week, by_hand: ByHand, at: At, tell: Callable[..., Awaitable[Json]], scheduler: ClientFactory
) -> None:
    week, late = two_a_week, two_a_week.ids[2]
    monday, friday = week.group(0, 8, 0, 1, 2, 3), week.group(4, 8, 0, 1, 2, 3)
    await by_hand.publish(MONDAY, [monday, friday])
    at(moment(0, 11))
    await tell(0, "/attendances", late, status="noshow")
    at(moment(1, 12))

    async def stands() -> list[str]:
        path = f"/v1/sites/{week.clinic.site['id']}/make_ups"
        listed = [
            await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY, "status": status})
            for status in ("open", "booked")
        ]
        return [one["status"] for answer in listed for one in answer.json()["items"]]

    # Another seat instead of Friday's gives nobody more than they had.
    thursday, without = week.group(3, 8, 0, 2), week.group(4, 8, 1, 3)
    await by_hand.publish(MONDAY, [monday, thursday, without], reason="better_week")
    swapped = await stands()
    await by_hand.publish(MONDAY, [monday, thursday, week.group(4, 8, 1, 2, 3)], reason="better_week")
    planned = await stands()

    assert (swapped, planned) == (["open"], ["booked"])
    assert slots_of(await by_hand.instance(MONDAY), late) == 18
    await by_hand.publish(MONDAY, [monday, thursday, without], reason="better_week")
    assert await stands() == ["open"]


async def test_what_a_seat_ahead_makes_up_for_is_not_asked_for_twice(
    two_a_week: Week, by_hand: ByHand, at: At, tell: Callable[..., Awaitable[Json]], scheduler: ClientFactory
) -> None:
    week, late = two_a_week, two_a_week.ids[2]
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), week.group(3, 8, 0, 1, 3), week.group(4, 8, 2, 3)])
    at(moment(0, 11))
    await tell(0, "/attendances", late, status="noshow")
    desk = scheduler(Role.FRONT_DESK)
    owed = await desk.get(f"/v1/patients/{late}/owed_hours", params={"week": MONDAY})
    [make_up] = owed.json()["make_ups"]
    before = slots_of(await by_hand.instance(MONDAY), late)
    [seat, *_] = (await desk.get(f"/v1/make_ups/{make_up['id']}:recommend")).json()["seats"]
    booked = await desk.post(f"/v1/make_ups/{make_up['id']}:book", json={"appointment_id": seat["appointment_id"]})
    assert booked.status_code == 200, booked.text

    ahead = slots_of(await by_hand.instance(MONDAY), late)
    at(moment(3, 12))
    taken = slots_of(await by_hand.instance(MONDAY), late)

    # Friday's group is left to plan each time: 18 less Monday's, 12 less Monday's, 18 less Monday's and Thursday's.
    assert (before, ahead, taken) == (18, 12, 18)


async def test_a_seat_given_back_beforehand_was_not_missed(
    two_a_week: Week, by_hand: ByHand, at: At, tell: Callable[..., Awaitable[Json]]
) -> None:
    week = two_a_week
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), week.group(1, 8, 2, 3)])
    await tell(0, ":call_out", week.ids[2], excused=True, reason="illness")
    at(moment(1, 12))

    assert slots_of(await by_hand.instance(MONDAY), week.ids[2]) == 12


@pytest.fixture
async def medicated(clinic: Clinic, new_patient: Make, new_practitioner: Make) -> Week:
    """Somebody whose plan asks for a group and for medication of half an hour, and a prescriber."""
    await new_practitioner(clinic.site, role="prescriber", leads=[], individual=[])
    asked = {"process_group": 180, "education_group": 360, "medication": 30}
    services = [{"service": service, "minutes_per_week": minutes} for service, minutes in asked.items()]
    plan = plan_of(clinic.counsellor, required_services=services)
    return Week(clinic, [await new_patient(clinic.site, plan) for _ in range(2)])


async def test_a_medication_visit_that_was_missed_is_had_on_a_later_day(
    *, medicated: Week, by_hand: ByHand, at: At, tell: Callable[..., Awaitable[Json]], scheduler: ClientFactory
) -> None:
    """It is planned anew by a version, or placed by the front desk, and no longer than it was."""
    week, late = medicated, medicated.ids[0]
    visit = week.visit(0, 8, 0) | {"service": "medication", "practitioner": None}
    await by_hand.publish(MONDAY, [week.group(4, 8, 0, 1)], [visit])
    at(moment(0, 11))
    await tell(0, "/attendances", late, status="noshow")
    at(moment(1, 12))
    whom = {"patient_id": late, "site_id": week.clinic.site["id"], "week": MONDAY, "service": "medication"}

    found = (await scheduler(Role.FRONT_DESK).post("/v1/visits:recommend", json=whom)).json()["visits"]
    proposal = await by_hand.propose(MONDAY, [week.group(4, 8, 0, 1)], [visit | {"day": 2}])
    published = await by_hand.accept(proposal, "patient_request")

    lengths = {datetime.fromisoformat(one["end"]) - datetime.fromisoformat(one["start"]) for one in found}
    assert lengths == {timedelta(minutes=30)}
    assert published.status_code == 200, published.text
    path = f"/v1/sites/{week.clinic.site['id']}/appointments"
    listed = await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY, "status": "booked"})
    visits = [one for one in listed.json()["items"] if one["service"] == "medication"]
    assert [(one["start"][8:16], one["end"][11:16]) for one in visits] == [("05T09:00", "09:30"), ("07T09:00", "09:30")]


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


def test_a_missed_visit_that_is_as_long_as_the_need_is_left_out_and_the_need_stays() -> None:
    """Bug: of a raised need the next visit was twice as long, and so was the one that had been missed."""
    missed = {(PERSON, ServiceKind.MEDICATION): 30}
    past = [held(day, 30, ServiceKind.MEDICATION) for day in (0, 2)]

    once = with_beginnings(instance_of({"medication": 2}), past[:1], GRID, moment(1, 8), missed)
    again = with_beginnings(once, past[:1], GRID, moment(1, 20))
    made_up_for = with_beginnings(instance_of({"medication": 2}), past, GRID, moment(3, 8), missed)

    assert [found["patients"][0]["needs"] for found in (once, again, made_up_for)] == [{"medication": 2}] * 3
    assert (once["fixed"], again["fixed"]) == ({"groups": [], "individuals": []},) * 2
    assert [visit["day"] for visit in made_up_for["fixed"]["individuals"]] == [2]


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
