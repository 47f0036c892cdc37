"""A front desk's week through the gateway and real services, from somebody's intake to a snow day and back."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.gateway.organizations import OrganizationRequest
from services.contracts.identity import Role
from services.operator.stack import Addresses
from tests.system.front_desk import (
    WEEK,
    ZONE,
    Clinic,
    Json,
    Person,
    Staff,
    Times,
    booked,
    day_of,
    groups_of,
    minutes_of,
    seats_of,
    signed_in,
    the_proposal_of,
    times_of,
    told,
    weekday_of,
)

pytestmark = pytest.mark.system

THIS_WEEK = "2026-09-28"
WEEK_LONG = "start=2026-10-05T00:00:00Z&end=2026-10-10T00:00:00Z"
QUARTER = timedelta(minutes=15)
SECRET_TITLE = "Court date"
# Works on Mondays and Wednesdays from early to late; a date without an end blocks no time.
CALENDAR = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//front desk//EN
BEGIN:VEVENT
UID:work@example.org
DTSTART;TZID={ZONE.key}:20260907T070000
DTEND;TZID={ZONE.key}:20260907T220000
RRULE:FREQ=WEEKLY;BYDAY=MO,WE
SUMMARY:{SECRET_TITLE}
END:VEVENT
BEGIN:VEVENT
UID:court@example.org
DTSTART;TZID={ZONE.key}:20261006T090000
SUMMARY:{SECRET_TITLE}
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
async def staff(operator: ApiClient, http: HttpClient, stack: Addresses) -> Staff:
    organization = await operator.create_organization(OrganizationRequest(name="Harbour Street"))
    roles = (Role.PROGRAMME_DIRECTOR, Role.FRONT_DESK)
    director, desk = [await signed_in(operator, http, stack.gateway, organization.id, role) for role in roles]
    return Staff(director, desk, organization.created_at.astimezone(ZONE))


def hours(start: str, end: str, *days: str) -> list[Json]:
    return [{"weekday": day, "start": start, "end": end} for day in days or ("TU", "TH", "FR", "SA")]


def soon(now: datetime) -> datetime:
    """Return the half hour, when groups may start, that is from fifteen to forty-five minutes away."""
    soonest = now + QUARTER
    past = timedelta(minutes=soonest.minute % 30, seconds=soonest.second, microseconds=soonest.microsecond)
    return soonest - past + 2 * QUARTER


async def the_site_is_set_up(director: Person, evening: datetime) -> Clinic:
    """Three of the four evenings that there could be a group are as much as its leader may work."""
    opening = {"open": hours("08:00", "22:00"), "offices": 2, "family_rooms": 1}
    site = await director.post("/v1/sites", {"name": "Harbour Street", "zone": ZONE.key, **opening})
    here = f"/v1/sites/{site['id']}"
    await director.post(f"{here}/rooms", {"name": "Room 1", "capacity": 5})
    who = {"languages": ["en"], "role": "counsellor"}
    leader = {
        **who,
        "display_name": "Alex Rivera",
        "leads": ["process_group"],
        "max_minutes_week": 540,
        "shifts": hours(evening.strftime("%H:%M"), (evening + timedelta(hours=3)).strftime("%H:%M")),
    }
    therapist = {**who, "display_name": "Sam Hill", "individual": ["individual"], "shifts": hours("13:00", "17:00")}
    sizes = {"minimum_size": 2, "maximum_size": 5}
    await director.post(f"{here}/practitioners", leader)
    await director.post(f"{here}/group_offerings", {"service": "process_group", "minutes": 180, **sizes})
    return Clinic(site, await director.post(f"{here}/practitioners", therapist))


async def somebody_is_admitted(staff: Staff, clinic: Clinic, name: str, number: int) -> Json:
    """Take the person in, read their calendar after looking at it, and ask how they want to be written to."""
    person = {"given_name": name, "family_name": "Doe", "birth_date": "1990-04-01", "site_id": clinic.site["id"]}
    patient = await staff.desk.post("/v1/patients", person)
    here = f"/v1/patients/{patient['id']}"

    preview = await staff.desk.post(f"{here}/commitment_sources:preview", CALENDAR)
    before = await staff.desk.items(f"{here}/commitments?{WEEK_LONG}")
    source = await staff.desk.post(f"{here}/commitment_sources", CALENDAR)
    kept = await staff.desk.items(f"{here}/commitments?{WEEK_LONG}")
    wishes = {"channel": "sms", "address": f"+1212555010{number}", "opted_in": True, "reminder_hours": None}
    await staff.desk.put(f"{here}/notice_preference", wishes)

    assert before == []
    assert [warning["code"] for warning in source["warnings"]] == ["event-without-end"]
    assert preview["warnings"] == source["warnings"]
    assert {weekday_of(busy["start"]) for busy in preview["busy"]} == {"Mon", "Wed"}
    assert SECRET_TITLE not in orjson.dumps([preview, source, kept]).decode()
    return patient


async def a_plan_is_written(staff: Staff, clinic: Clinic, patient: Json) -> None:
    plan = {
        "effective_from": "2026-09-28",
        "required_services": [
            {"service": "process_group", "minutes_per_week": 540},
            {"service": "individual", "minutes_per_week": 60},
        ],
        "track": "adult",
        "languages": ["en"],
        "modalities": ["on_site"],
        "travel_minutes": 30,
        "team": [clinic.therapist["id"]],
        "primary_practitioner_id": clinic.therapist["id"],
    }
    written = await staff.director.put(f"/v1/patients/{patient['id']}/treatment_plan", plan)
    assert written["version"] == 1


async def who_comes_tonight_is_checked_in(desk: Person, clinic: Clinic, patients: list[Json]) -> None:
    """What is left of the week is solved as it stands; only who is there can be said before the group begins."""
    asked = {"site_id": clinic.site["id"], "week": THIS_WEEK, "time_limit_seconds": 2}
    proposal = await the_proposal_of(desk, await desk.post("/v1/solves", asked))
    await desk.post(f"/v1/proposals/{proposal['id']}:publish", if_match='"0"')
    tonight, *_ = groups_of(await booked(desk, clinic, week=THIS_WEEK))
    ann, ben, *_ = patients

    here = f"/v1/appointments/{tonight['id']}/attendances"
    arrived = await desk.post(here, {"patient_id": ann["id"], "status": "arrived"})
    missing = await desk.ask("POST", here, {"patient_id": ben["id"], "status": "noshow"})
    ledger = await desk.read(f"/v1/patients/{ann['id']}/week_ledger?week={THIS_WEEK}")

    assert weekday_of(tonight["start"]) == "Fri"
    assert (arrived["status"], arrived["minutes_late"], arrived["patient_id"]) == ("arrived", 0, ann["id"])
    assert (missing.status, missing.body["code"]) == (409, "too-early")
    entries = [(one["appointment_id"], one["status"], one["minutes"]) for one in ledger["entries"]]
    assert (tonight["id"], "arrived", 180) in entries
    assert [status for _, status, _ in entries].count("arrived") == 1


async def the_week_is_solved(desk: Person, clinic: Clinic, patients: list[Json]) -> Json:
    """Everybody gets what their plan requires, at times when they can come, and nothing is booked yet."""
    asked = {"site_id": clinic.site["id"], "week": WEEK, "time_limit_seconds": 4}
    proposal = await the_proposal_of(desk, await desk.post("/v1/solves", asked))

    assert (proposal["base_version"], proposal["fully_served"], proposal["unmet"]) == (0, len(patients), [])
    assert {weekday_of(session["start"]) for session in proposal["sessions"]} <= {"Tue", "Thu", "Fri", "Sat"}
    for patient in patients:
        assert minutes_of(patient, proposal["sessions"]) == {"process_group": 540, "individual": 60}
    assert await booked(desk, clinic) == []
    return proposal


async def its_changes_are_decided_one_by_one(desk: Person, proposal: Json) -> None:
    """One is rejected, and taken after all when the patient has been asked again."""
    changes = f"/v1/proposals/{proposal['id']}/changes"
    listed = await desk.items(f"{changes}?page_size=200")
    visit = next(change for change in listed if change["service"] == "individual")

    one = f"{changes}/{visit['number']}"
    rejected = await desk.post(f"{one}:reject", {"reason": "patient_declines"})
    accepted = [await desk.post(f"{changes}/{change['number']}:accept") for change in listed]

    assert (rejected["status"], rejected["reason"]) == ("rejected", "patient_declines")
    assert {(change["kind"], change["status"]) for change in listed} == {("added", "pending")}
    assert {change["status"] for change in accepted} == {"accepted"}
    assert len(listed) == proposal["diff"]["added"] == 16


async def it_is_published(desk: Person, clinic: Clinic, proposal: Json, version: int, **request: Any) -> list[Json]:
    """Only on the version it was made for; patients are told what was shown before, word for word."""
    here = f"/v1/proposals/{proposal['id']}"
    before = await booked(desk, clinic)
    shown = (await desk.post(f"{here}:preview_notices"))["items"]
    stale = await desk.ask("POST", f"{here}:publish", {"notify": True, **request}, if_match=f'"{version + 1}"')
    untouched = await booked(desk, clinic)
    told_before = {one["patient_id"]: await told(desk, one["patient_id"]) for one in shown}

    published = await desk.post(f"{here}:publish", {"notify": True, **request}, if_match=f'"{version}"')

    assert (stale.status, stale.body["code"]) == (412, "timetable-moved")
    assert untouched == before
    assert (published["version"], published["checker"]["ok"], published["unmet"]) == (version + 1, True, [])
    for patient_id, earlier in told_before.items():
        now = [one["body"] for one in shown if one["patient_id"] == patient_id]
        assert sorted(await told(desk, patient_id)) == sorted([*earlier, *now])
    return await booked(desk, clinic)


async def the_last_seat_is_held_then_booked(desk: Person, clinic: Clinic, seat: Json, eve: Json, finn: Json) -> None:
    here = f"/v1/appointments/{seat['id']}"
    held = await desk.post(f"{here}:hold", {"patient_id": eve["id"], "minutes": 5})
    full = await desk.ask("POST", f"{here}:book", {"patient_id": finn["id"]})
    taken = await desk.post(f"{here}:book", {"patient_id": eve["id"]})

    assert (held["status"], held["held_until"] is not None) == ("held", True)
    assert (full.status, full.body["type"].rpartition(":")[2]) == (409, "no-seat")
    assert (taken["status"], taken["held_until"]) == ("booked", None)
    assert await seats_of(desk, clinic, seat) == (5, {*seat["patient_ids"], eve["id"]})


async def whoever_waits_is_asked_for_a_seat_given_back(
    desk: Person, clinic: Clinic, seat: Json, eve: Json, *waiting: Json
) -> None:
    """Both are asked, the one who waits longer first; the first to accept has the seat, and the other is told."""
    here = f"/v1/sites/{clinic.site['id']}/waitlist_entries"
    for patient, since in zip(waiting, ("2026-09-01", "2026-09-20"), strict=True):
        entry = {"patient_id": patient["id"], "service": "process_group", "since": since}
        assert (await desk.post(here, entry))["status"] == "waiting"
    await desk.post(f"/v1/appointments/{seat['id']}:release", {"patient_id": eve["id"], "reason": "transport"})

    batch = await desk.post(f"/v1/appointments/{seat['id']}/offer_batches", {"people": 2, "minutes": 60})
    first, second = batch["offers"]
    accepted = await desk.post(f"/v1/offers/{second['id']}:accept")
    late = await desk.ask("POST", f"/v1/offers/{first['id']}:accept")

    assert [offer["patient_id"] for offer in batch["offers"]] == [patient["id"] for patient in waiting]
    assert (accepted["status"], late.status, late.body["code"]) == ("accepted", 409, "offer-filled")
    assert await seats_of(desk, clinic, seat) == (5, {*seat["patient_ids"], waiting[1]["id"]})
    assert [len(await told(desk, patient["id"])) for patient in waiting] == [2, 1]


async def what_somebody_missed_is_made_up_for(desk: Person, clinic: Clinic, missed: Json, gus: Json) -> None:
    """Gus is ill, which frees his seat; of the week's other groups he gets one that still has room."""
    call = {"patient_id": gus["id"], "excused": True, "reason": "illness"}
    called = await desk.post(f"/v1/appointments/{missed['id']}:call_out", call)
    [owed] = await desk.items(f"/v1/sites/{clinic.site['id']}/make_ups?week={WEEK}")
    seats = (await desk.read(f"/v1/make_ups/{owed['id']}:recommend"))["seats"]
    others = {one["id"]: one for one in groups_of(await booked(desk, clinic)) if one["id"] != missed["id"]}
    latest = max(others.values(), key=day_of)

    made_up = await desk.post(f"/v1/make_ups/{owed['id']}:book", {"appointment_id": latest["id"]})

    assert (called["status"], called["excused"], called["call_out_reason"]) == ("cancelled", True, "illness")
    assert (owed["patient_id"], owed["minutes"], owed["status"]) == (gus["id"], 180, "open")
    assert {(seat["appointment_id"], seat["free_seats"]) for seat in seats} == {(one, 1) for one in others}
    assert (made_up["status"], made_up["appointment_id"]) == ("booked", latest["id"])
    assert await seats_of(desk, clinic, missed) == (4, set(missed["patient_ids"]))
    assert await seats_of(desk, clinic, latest) == (5, {*latest["patient_ids"], gus["id"]})


async def a_new_commitment_is_worked_around(desk: Person, clinic: Clinic, dana: Json) -> list[Json]:
    """A call from school lies over the beginning of Dana's visit; the repair that is offered moves that visit alone."""
    before = await booked(desk, clinic)
    [visit] = [one for one in before if one["service"] == "individual" and one["patient_ids"] == [dana["id"]]]
    # Short enough for Dana to be at that evening's group in time, half an hour's way included.
    start = datetime.fromisoformat(visit["start"])
    window = {"start": start.strftime("%H:%M"), "end": (start + QUARTER).strftime("%H:%M")}
    entry = {"exceptions": [{"first_day": day_of(visit), "windows": [window]}]}

    entered = await desk.post(f"/v1/patients/{dana['id']}/commitment_sources:enter", entry)
    [collision] = entered["collisions"]
    [offer] = collision["repairs"]
    disruption = await desk.post(offer["path"], offer["body"])
    proposal = await the_proposal_of(desk, await desk.read(f"/v1/solves/{disruption['solve_id']}"))
    repair = (await desk.read(f"/v1/disruptions/{disruption['id']}"))["repair"]
    after = await it_is_published(desk, clinic, proposal, offer["base_version"], reason="commitment_changed")

    assert [one["appointment_id"] for one in collision["appointments"]] == [visit["id"]]
    assert (repair["people_touched"], repair["people_touched_bound"], repair["minutes_lost"]) == (1, 1, 0)
    assert minutes_of(dana, after) == {"process_group": 540, "individual": 60}
    assert times_of(before) - times_of(after) == {("individual", visit["start"], dana["id"])}
    return after


async def a_snow_day_is_shown_and_then_closed(desk: Person, clinic: Clinic, lost: list[Json]) -> Json:
    """Its sessions are off, each patient is told once a session what was shown before, and the repair is asked for."""
    here, day = f"/v1/sites/{clinic.site['id']}/closures", day_of(lost[0])
    zone = lost[0]["start"][19:]
    hours = {"start": f"{day}T00:00:00{zone}", "end": f"{day}T23:59:00{zone}"}
    request = {**hours, "policy": "reschedule", "reason": "weather", "notify": True}
    patients = {patient_id for session in lost for patient_id in session["patient_ids"]}
    before = {patient_id: await told(desk, patient_id) for patient_id in patients}

    shown = await desk.post(f"{here}:preview", request)
    standing = await booked(desk, clinic)
    closure = await desk.post(here, request)

    assert {one["appointment_id"] for one in shown["sessions"]} == {one["id"] for one in lost}
    assert {one["id"] for one in lost} <= {one["id"] for one in standing}
    assert {day_of(one) for one in await booked(desk, clinic)}.isdisjoint({day})
    assert {one["id"] for one in await booked(desk, clinic, "cancelled")} == {one["id"] for one in lost}
    for patient_id in patients:
        off = [one["body"] for one in shown["notices"]["items"] if one["patient_id"] == patient_id]
        assert off == [body for body in off if body.startswith("We are closed on ") and body.endswith("is cancelled.")]
        assert sorted(await told(desk, patient_id)) == sorted([*before[patient_id], *off])
    return closure


async def its_repair_touches_the_fewest_people(desk: Person, closure: Json, lost: list[Json], version: int) -> Json:
    """Nobody loses a minute, and nobody who was not to come on that day is touched."""
    [solve_id] = closure["solve_ids"]
    proposal = await the_proposal_of(desk, await desk.read(f"/v1/solves/{solve_id}"))
    changes = await desk.items(f"/v1/proposals/{proposal['id']}/changes?page_size=200")

    assert (proposal["base_version"], proposal["outcome"], proposal["unmet"]) == (version, "optimal", [])
    assert {change["patient_id"] for change in changes} == {who for one in lost for who in one["patient_ids"]}
    assert {change["kind"] for change in changes} == {"moved"}
    # An hour of theirs on another day may give way to the wait before the group that comes to it, within that day.
    moved = [(day_of(change["before"]), day_of(change["after"])) for change in changes]
    assert all(day_of(lost[0]) == before or before == after for before, after in moved)
    assert [before for before, _ in moved].count(day_of(lost[0])) == sum(len(one["patient_ids"]) for one in lost)
    return proposal


async def a_closed_day_is_not_gone_back_to_until_the_site_is_open(
    desk: Person, clinic: Clinic, closure: Json, first: Times
) -> None:
    """Reverting is a new version with the sessions of the old one; the history says what happened and why."""
    here = f"/v1/sites/{clinic.site['id']}/timetables/{WEEK}"
    wish = {"to_version": 2, "reason": "entered_in_error"}
    refused = await desk.ask("POST", f"{here}:revert", wish, if_match='"3"')
    opened = await desk.post(f"/v1/closures/{closure['id']}:reopen")
    reverted = await desk.post(f"{here}:revert", wish, if_match='"3"')

    assert (refused.status, refused.body["code"]) == (409, "revert-refused")
    assert (opened["status"], reverted["version"], reverted["reverted_to"]) == ("reopened", 4, 2)
    assert times_of(await booked(desk, clinic)) == first
    history = (await desk.read(f"{here}/versions"))["items"]
    known = {(one["version"], one["reason"]) for one in history}
    assert known == {(1, None), (2, "commitment_changed"), (3, "closure"), (4, "entered_in_error")}


async def test_from_intake_to_a_snow_day(staff: Staff) -> None:
    desk = staff.desk
    clinic = await the_site_is_set_up(staff.director, soon(staff.now))
    names = enumerate(("Ann", "Ben", "Cleo", "Dana", "Eve", "Finn", "Gus"))
    *four, eve, finn, gus = [await somebody_is_admitted(staff, clinic, name, number) for number, name in names]
    for patient in four:
        await a_plan_is_written(staff, clinic, patient)

    await who_comes_tonight_is_checked_in(desk, clinic, four)

    proposal = await the_week_is_solved(desk, clinic, four)
    await its_changes_are_decided_one_by_one(desk, proposal)
    published = await it_is_published(desk, clinic, proposal, 0)
    assert times_of(published) == times_of(proposal["sessions"])

    snowed_in, *others = sorted(groups_of(published), key=day_of)
    await the_last_seat_is_held_then_booked(desk, clinic, others[0], eve, finn)
    await whoever_waits_is_asked_for_a_seat_given_back(desk, clinic, others[0], eve, finn, gus)
    await what_somebody_missed_is_made_up_for(desk, clinic, others[0], gus)

    standing = await a_new_commitment_is_worked_around(desk, clinic, four[3])

    lost = [one for one in standing if day_of(one) == day_of(snowed_in)]
    closure = await a_snow_day_is_shown_and_then_closed(desk, clinic, lost)
    repair = await its_repair_touches_the_fewest_people(desk, closure, lost, 2)
    repaired = await it_is_published(desk, clinic, repair, 2, reason="closure")
    for patient in four:
        assert minutes_of(patient, repaired) == {"process_group": 540, "individual": 60}
    assert {day_of(one) for one in repaired}.isdisjoint({day_of(snowed_in)})
    assert gus["id"] in {who for one in repaired for who in one["patient_ids"]}

    await a_closed_day_is_not_gone_back_to_until_the_site_is_open(desk, clinic, closure, times_of(standing))
