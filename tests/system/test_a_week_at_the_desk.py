"""A front desk's week in two hours of it: the evening on which it is published, and the evening of its first group."""

import asyncio
import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

import orjson
import pytest

from services.contracts.scheduler.notices import NoticeLanguage
from tests.scheduler.notices.forbidden import forbidden_in
from tests.system.chapters import ZONE, Book, Today, a_book, chapter
from tests.system.front_desk import Json, Person, groups_of, minutes_of, the_proposal_of, times_of

pytestmark = pytest.mark.system

WEEK = "2026-10-05"
EVENINGS = ("TU", "TH")
AT_HOME: Json = {
    "modalities": ["on_site", "telehealth"],
    "telehealth_consented_on": "2026-09-01",
    "telehealth_jurisdiction": "US-NY",
}
SPEAKS_SPANISH = "Flor"
PLANNED = ("Ada", "Bea", "Cal", "Dot", "Eli", SPEAKS_SPANISH)
PEOPLE = (*PLANNED, "Gus", "Hal", "Ivy")
LONG_AGO = "2026-01-01"


def windows(start: str, end: str, *days: str) -> list[Json]:
    return [{"weekday": day, "start": start, "end": end} for day in days]


async def the_clinic_opens(book: Book, today: Today) -> None:
    """Two evenings with a group of three each; one therapist, on Wednesdays. Messages go out through a provider."""
    director = today.director
    opening = {"open": windows("08:00", "22:00", "TU", "WE", "TH"), "offices": 1, "family_rooms": 0}
    site = await director.post("/v1/sites", {"name": "Harbour Street", "zone": ZONE.key, **opening})
    here = f"/v1/sites/{site['id']}"
    who = {"languages": ["en"], "role": "counsellor"}
    leader = {**who, "display_name": "Alex Rivera", "leads": ["process_group"]}
    therapist = {**who, "display_name": "Sam Hill", "individual": ["individual"]}
    await director.post(f"{here}/practitioners", {**leader, "shifts": windows("18:00", "19:30", *EVENINGS)})
    await director.post(f"{here}/rooms", {"name": "Room 1", "capacity": 3})
    group = {"service": "process_group", "minutes": 90, "minimum_size": 2, "maximum_size": 3}
    await director.post(f"{here}/group_offerings", group)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    await director.put("/v1/notice_provider", {"url": "https://messages.example.org/hook", "secret": secret})
    book.found["site"] = site
    book.found["therapist"] = await director.post(
        f"{here}/practitioners", {**therapist, "shifts": windows("13:00", "17:00", "WE")}
    )


GROUP: Json = {"service": "process_group", "minutes_per_week": 90}
VISIT: Json = {"service": "individual", "minutes_per_week": 60}


async def people_are_admitted(book: Book, today: Today) -> None:
    """Six have plans, which taper off; three more wait."""
    for number, name in enumerate(PEOPLE):
        await somebody_is_admitted(book, today, name, f"+1212555010{number}")
    for name in PLANNED:
        services = [GROUP, VISIT] if name in {"Ada", "Bea"} else [GROUP]
        therapist = book.found["therapist"]["id"]
        plan = {
            "effective_from": "2026-09-28",
            "phase": "taper",
            "required_services": services,
            "track": "adult",
            "languages": ["en"],
            "modalities": ["on_site"],
            "team": [therapist],
            "primary_practitioner_id": therapist,
            **(AT_HOME if name == "Ada" else {}),
        }
        await today.director.put(f"/v1/patients/{book.found[name]['id']}/treatment_plan", plan)


async def somebody_is_admitted(book: Book, today: Today, name: str, number: str) -> None:
    person = {"given_name": name, "family_name": "Doe", "birth_date": "1990-04-01", "site_id": book.found["site"]["id"]}
    book.found[name] = await today.desk.post("/v1/patients", person)
    language = "es" if name == SPEAKS_SPANISH else "en"
    wishes = {"channel": "sms", "address": number, "opted_in": True, "language": language, "reminder_hours": None}
    await today.desk.put(f"/v1/patients/{book.found[name]['id']}/notice_preference", wishes)


def names(book: Book, patients: Iterable[str]) -> set[str]:
    known = {book.found[name]["id"]: name for name in PEOPLE}
    return {known[one] for one in patients}


async def the_week(book: Book, desk: Person) -> list[Json]:
    return await desk.items(f"/v1/sites/{book.found['site']['id']}/appointments?week={WEEK}&page_size=200")


async def events(desk: Person, solve: Json, last_event_id: str | None = None, most: int = 1000) -> list[Json]:
    """Listen to a solve until it says no more, or so many things have been heard."""
    headers = {"authorization": f"Bearer {desk.token}"}
    if last_event_id is not None:
        headers["last-event-id"] = last_event_id
    heard: list[Json] = []
    one: Json = {}
    url = f"{desk.gateway}/v1/solves/{solve['id']}/events"
    async with asyncio.timeout(120), desk.http.session.get(url, headers=headers) as answer:
        if answer.status == 204:
            return []
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.content:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field in {"id", "event", "data"}:
                one[field] = value
            elif not field and one:
                heard.append(one)
                one = {}
                if len(heard) == most:
                    break
    return heard


async def a_solve_is_followed_and_taken_up_again(book: Book, desk: Person) -> tuple[Json, Json]:
    """Whoever lost the line goes on where they were, hears nothing twice, and nothing at all once it is over."""
    asked = {"site_id": book.found["site"]["id"], "week": WEEK, "time_limit_seconds": 3}
    solve = await desk.post("/v1/solves", asked)

    [first] = await events(desk, solve, most=1)
    rest = await events(desk, solve, first["id"])
    over = await events(desk, solve, rest[-1]["id"])

    assert first["event"] in {"queued", "running"}
    assert (rest[-1]["event"], over) == ("done", [])
    assert first["id"] not in {one["id"] for one in rest}
    assert len({one["id"] for one in rest}) == len(rest)
    done = orjson.loads(rest[-1]["data"])
    assert (done["status"], done) == ("succeeded", await desk.read(f"/v1/solves/{solve['id']}"))
    another = await desk.post("/v1/solves", asked)
    return await the_proposal_of(desk, done), await the_proposal_of(desk, another)


async def what_is_not_rejected_is_published(book: Book, desk: Person, proposal: Json) -> list[Json]:
    """Bea does not want her visit any more: it stays rejected, and everything else is booked."""
    here = f"/v1/proposals/{proposal['id']}"
    changes = await desk.items(f"{here}/changes?page_size=200")
    visit = next(
        one for one in changes if (one["patient_id"], one["service"]) == (book.found["Bea"]["id"], "individual")
    )
    await desk.post(f"{here}/changes/{visit['number']}:reject", {"reason": "patient_declines"})

    published = await desk.post(f"{here}:publish", {"notify": True}, if_match='"0"')

    week = await the_week(book, desk)
    assert (published["version"], published["checker"]["ok"]) == (1, True)
    assert minutes_of(book.found["Bea"], week) == {"process_group": 90}
    assert minutes_of(book.found["Ada"], week) == {"process_group": 90, "individual": 60}
    assert [len(one["patient_ids"]) for one in groups_of(week)] == [3, 3]
    kept = await desk.items(f"{here}/changes?page_size=200")
    assert {one["status"] for one in kept if one["number"] != visit["number"]} == {"accepted"}
    return week


async def who_comes_too_late_is_told_what_moved(desk: Person, late: Json, week: list[Json]) -> None:
    stale = await desk.ask("POST", f"/v1/proposals/{late['id']}:publish", {"notify": True}, if_match='"0"')

    moved = stale.body["moved"]
    assert (stale.status, stale.body["code"]) == (412, "timetable-moved")
    assert (moved["base_version"], moved["current_version"], moved["count"]) == (0, 1, 7)
    assert {(one["service"], one["after"]["start"], one["patient_id"]) for one in moved["sessions"]} == times_of(week)


async def looked_at(desk: Person, path: str) -> list[Json]:
    """Wait until the courier has had every notice in hand."""
    async with asyncio.timeout(60):
        while True:
            notices = await desk.items(path)
            if "queued" not in {one["status"] for one in notices}:
                return notices
            await asyncio.sleep(0.2)


async def they_are_told_in_the_morning_in_their_own_language(book: Book, desk: Person) -> None:
    """It is half past nine in the evening: everything is held until eight, and no word names the treatment."""
    for name, language in (("Cal", NoticeLanguage.ENGLISH), (SPEAKS_SPANISH, NoticeLanguage.SPANISH)):
        here = f"/v1/patients/{book.found[name]['id']}/notices?page_size=200"
        notices = await looked_at(desk, here)
        assert {(one["status"], one["reason"], one["language"]) for one in notices} == {
            ("held", "quiet_hours", language.value)
        }
        morning = {datetime.fromisoformat(one["deliver_after"]).astimezone(ZONE).isoformat() for one in notices}
        assert morning == {"2026-10-02T08:00:00-04:00"}
        assert [forbidden_in(one["body"], language) for one in notices] == [[] for _ in notices]


async def two_change_seats(book: Book, desk: Person, week: list[Json]) -> tuple[Json, Json]:
    """One of Tuesday's and one of Thursday's; both are told, each of their own time."""
    tuesday, thursday = sorted(groups_of(week), key=lambda one: str(one["start"]))
    stay = {book.found[name]["id"] for name in ("Eli", SPEAKS_SPANISH)}
    one, other = [next(who for who in group["patient_ids"] if who not in stay) for group in (tuesday, thursday)]
    request = {
        "first": {"appointment_id": tuesday["id"], "patient_id": one},
        "second": {"appointment_id": thursday["id"], "patient_id": other},
        "reason": "work_or_school",
    }
    preview = await desk.post("/v1/swaps:preview", request)
    standing = await the_week(book, desk)
    made = await desk.post("/v1/swaps", request)
    swapped = groups_of(await the_week(book, desk))

    assert preview["broken"] == []
    assert {notice["patient_id"] for notice in preview["notices"]["items"]} == {one, other}
    assert times_of(standing) == times_of(week)
    assert (made["first_patient_id"], made["second_patient_id"]) == (one, other)
    by_id = {group["id"]: set(group["patient_ids"]) for group in swapped}
    assert by_id[tuesday["id"]] == {*tuesday["patient_ids"], other} - {one}
    assert by_id[thursday["id"]] == {*thursday["patient_ids"], one} - {other}
    return tuesday, thursday


async def a_visit_goes_home(book: Book, today: Today, week: list[Json]) -> None:
    """Ada consented long ago; only when the therapist's licence is kept too may the visit be by telehealth."""
    desk, ada = today.desk, book.found["Ada"]
    [visit] = [one for one in week if one["service"] == "individual"]
    here, wish = f"/v1/appointments/{visit['id']}", {"modality": "telehealth", "reason": "patient_request"}
    missing = await desk.post(f"{here}:preview_modality", wish)
    refused = await desk.ask("POST", f"{here}:change_modality", wish)
    licence = {"jurisdiction": "US-NY", "valid_from": LONG_AGO}
    await today.director.post(f"/v1/practitioners/{book.found['therapist']['id']}/licences", licence)
    changed = await desk.post(f"{here}:change_modality", wish)
    after = next(one for one in await the_week(book, desk) if one["id"] == visit["id"])

    assert [(one["code"], one["patient_id"]) for one in missing["obstacles"]] == [
        ("practitioner-not-licensed", ada["id"])
    ]
    assert (refused.status, refused.body["type"].rpartition(":")[2]) == (409, "rules-broken")
    assert (changed["modality"], changed["room_id"]) == ("telehealth", None)
    assert (after["modality"], after["start"], after["patient_ids"]) == ("telehealth", visit["start"], [ada["id"]])


async def a_seat_is_given_back_and_held(book: Book, desk: Person, thursday: Json) -> None:
    """Somebody of Thursday's is ill. Gus asks for the seat; as long as it is his, Hal cannot have it."""
    here = f"/v1/appointments/{thursday['id']}"
    seated = next(one for one in await the_week(book, desk) if one["id"] == thursday["id"])["patient_ids"]
    ill = next(one for one in seated if one != book.found["Ada"]["id"])
    await desk.post(f"{here}:call_out", {"patient_id": ill, "excused": True, "reason": "illness"})
    held = await desk.post(f"{here}:hold", {"patient_id": book.found["Gus"]["id"], "minutes": 15})
    full = await desk.ask("POST", f"{here}:book", {"patient_id": book.found["Hal"]["id"]})

    assert held["status"] == "held"
    assert held["held_until"] is not None
    assert (full.status, full.body["type"].rpartition(":")[2]) == (409, "no-seat")
    book.found["ill"] = {"id": ill}


async def the_figures_are_read(book: Book, desk: Person) -> None:
    """Who is expected now and in the weeks to come, and what the week comes to; no figure names anybody."""
    here = f"/v1/sites/{book.found['site']['id']}"
    census = await desk.read(f"{here}/census?weeks=8")
    kpis = await desk.read(f"{here}/kpis?first_week={WEEK}&last_week={WEEK}")
    figures = {one["code"]: (one["numerator"], one["denominator"]) for one in kpis["figures"]}

    assert len(census["weeks"]) == 8
    assert {one["expected_patients"] for one in census["weeks"][1:]} == {6}
    assert {(one["weekday"], one["minimum"], one["maximum"]) for one in census["groups"]} == {
        ("TU", 2, 3),
        ("TH", 2, 3),
    }
    booked = [next(week for week in group["weeks"] if week["week"] == WEEK) for group in census["groups"]]
    assert {(one["is_published"], one["booked"], one["is_full"]) for one in booked} == {(True, 3, True)}
    assert (kpis["published_weeks"], figures["seat_fill"][1]) == (1, 6.0)
    assert all(book.found[name]["id"] not in orjson.dumps([census, kpis]).decode() for name in PEOPLE)


async def the_evening_before(book: Book, today: Today) -> None:
    await the_clinic_opens(book, today)
    await people_are_admitted(book, today)
    proposal, another = await a_solve_is_followed_and_taken_up_again(book, today.desk)
    week = await what_is_not_rejected_is_published(book, today.desk, proposal)
    await who_comes_too_late_is_told_what_moved(today.desk, another, week)
    await they_are_told_in_the_morning_in_their_own_language(book, today.desk)
    await the_figures_are_read(book, today.desk)
    tuesday, thursday = await two_change_seats(book, today.desk, week)
    await a_visit_goes_home(book, today, week)
    await a_seat_is_given_back_and_held(book, today.desk, thursday)
    book.found |= {"tuesday": tuesday, "thursday": thursday}


async def the_seat_that_was_held_is_free_again(book: Book, desk: Person) -> None:
    """Gus never came back to it; of those who wait, the first valid answer has it."""
    thursday, here = book.found["thursday"], f"/v1/sites/{book.found['site']['id']}/waitlist_entries"
    seat = next(one for one in await the_week(book, desk) if one["id"] == thursday["id"])
    for name, since in (("Hal", "2026-09-01"), ("Ivy", "2026-09-20")):
        entry = {"patient_id": book.found[name]["id"], "service": "process_group", "since": since}
        await desk.post(here, entry)

    batch = await desk.post(f"/v1/appointments/{thursday['id']}/offer_batches", {"people": 2, "minutes": 60})
    first, second = batch["offers"]
    accepted = await desk.post(f"/v1/offers/{second['id']}:accept")
    late = await desk.ask("POST", f"/v1/offers/{first['id']}:accept")

    assert (seat["taken"], book.found["Gus"]["id"] in seat["patient_ids"]) == (2, False)
    assert names(book, [offer["patient_id"] for offer in batch["offers"]]) == {"Hal", "Ivy"}
    assert (accepted["status"], late.status, late.body["code"]) == ("accepted", 409, "offer-filled")


async def who_comes_and_who_does_not(book: Book, desk: Person) -> None:
    """Ten past six: one comes now and is late by the clock, and one does not come, which is to be made up for."""
    tuesday = next(one for one in await the_week(book, desk) if one["id"] == book.found["tuesday"]["id"])
    here = f"/v1/appointments/{tuesday['id']}/attendances"
    comes, missing, calls = tuesday["patient_ids"]
    arrived = await desk.post(here, {"patient_id": comes, "status": "arrived"})
    noshow = await desk.post(here, {"patient_id": missing, "status": "noshow"})
    call = {"patient_id": calls, "excused": True, "reason": "illness"}
    too_late = await desk.ask("POST", f"/v1/appointments/{tuesday['id']}:call_out", call)
    owed = await desk.items(f"/v1/sites/{book.found['site']['id']}/make_ups?week={WEEK}")
    ledger = await desk.read(f"/v1/patients/{missing}/week_ledger?week={WEEK}")

    assert arrived["status"] == "arrived"
    assert 10 <= arrived["minutes_late"] < 30
    assert (noshow["status"], noshow["minutes_late"]) == ("noshow", 0)
    assert (too_late.status, too_late.body["code"]) == (409, "session-begun")
    assert {(one["patient_id"], one["minutes"]) for one in owed} == {(missing, 90), (book.found["ill"]["id"], 90)}
    [line] = [one for one in ledger["services"] if one["service"] == "process_group"]
    assert (line["missed_minutes"], line["open_minutes"]) == (90, 90)


async def it_cannot_be_made_up_for_in_a_full_group(book: Book, desk: Person) -> None:
    owed = await desk.items(f"/v1/sites/{book.found['site']['id']}/make_ups?week={WEEK}")
    missed = next(one for one in owed if one["missed_appointment_id"] == book.found["tuesday"]["id"])
    seats = await desk.read(f"/v1/make_ups/{missed['id']}:recommend")
    wish = {"appointment_id": book.found["thursday"]["id"]}
    full = await desk.ask("POST", f"/v1/make_ups/{missed['id']}:book", wish)
    ivy = {"patient_id": book.found["Ivy"]["id"], "reason": "patient_request"}
    await desk.post(f"/v1/appointments/{book.found['thursday']['id']}:release", ivy)
    made_up = await desk.post(f"/v1/make_ups/{missed['id']}:book", wish)

    assert seats["seats"] == []
    assert (full.status, full.body["type"].rpartition(":")[2]) == (409, "no-seat")
    assert (made_up["status"], made_up["appointment_id"]) == ("booked", book.found["thursday"]["id"])


async def the_first_evening(book: Book, today: Today) -> None:
    await the_seat_that_was_held_is_free_again(book, today.desk)
    await who_comes_and_who_does_not(book, today.desk)
    await it_cannot_be_made_up_for_in_a_full_group(book, today.desk)


def test_from_the_evening_of_publication_to_the_first_group() -> None:
    with a_book() as book:
        chapter(book, datetime(2026, 10, 1, 21, 30, tzinfo=ZONE), the_evening_before)
        chapter(book, datetime(2026, 10, 6, 18, 10, tzinfo=ZONE), the_first_evening)
