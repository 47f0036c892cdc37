"""A treatment from the first question to the call a month after it, through the gateway, day by day."""

from datetime import date, datetime, timedelta

import pytest

from services.contracts.identity import Role
from services.records.placement_helper.reading import helper
from tests.records.plans_of_care.conftest import CONTENTS, REVIEW
from tests.system.chapters import (
    ZONE,
    Book,
    Today,
    a_book,
    chapter,
    later,
    verified,
    weekday,
    weekly,
    with_a_second_factor,
    written_down,
)
from tests.system.front_desk import Json, Person, the_proposal_of

pytestmark = pytest.mark.system

FIRST_WEEK, SECOND_WEEK = "2026-10-05", "2026-10-12"
EVENINGS = ("MO", "TU", "WE", "TH")
LEVEL = {"criteria_edition": "asam-3", "level": "2.1"}
DOCUMENT = "0f" * 32
NINE_HOURS: Json = {
    "effective_from": FIRST_WEEK,
    "required_services": [{"service": "process_group", "minutes_per_week": 540}],
    "track": "adult",
    "languages": ["en"],
    "modalities": ["on_site"],
}
SPECIMEN: Json = {
    "kind": "assessed",
    "temperature_fahrenheit": 94.0,
    "temperature_after_minutes": 2.0,
    "creatinine_mg_per_dl": 80.0,
    "specific_gravity": 1.015,
    "looks_normal": True,
}
SCREENED: Json = {
    "kind": "presumptive",
    "method": "point_of_care",
    "results": [{"substance": "alcohol", "is_detected": False}, {"substance": "methadone", "is_detected": True}],
}
PRESCRIBED: Json = {
    "sources": ["prescriber"],
    "prescriptions": [{"medication": "methadone", "explains": ["methadone"], "source": "prescriber"}],
}


def evening_of(day: date) -> datetime:
    """Return half an hour before the group of a day ends."""
    return datetime(day.year, day.month, day.day, 20, 30, tzinfo=ZONE)


async def the_clinic_opens(book: Book, today: Today) -> None:
    """Groups on four evenings with one leader; the site is held to rules of documentation from today on."""
    director, counsellor = today.director, book.logins[Role.COUNSELLOR].account_id
    hours = [{"weekday": day, "start": "18:00", "end": "21:00"} for day in EVENINGS]
    site = await director.post(
        "/v1/sites", {"name": "Harbour Street", "zone": ZONE.key, "open": hours, "offices": 1, "family_rooms": 0}
    )
    here = f"/v1/sites/{site['id']}"
    leader = {"display_name": "Alex Rivera", "role": "counsellor", "languages": ["en"], "leads": ["process_group"]}
    await director.post(f"{here}/practitioners", {**leader, "max_minutes_week": 720, "shifts": hours})
    await director.post(f"{here}/rooms", {"name": "Room 1", "capacity": 5})
    group = {"service": "process_group", "minutes": 180, "minimum_size": 2, "maximum_size": 5}
    await director.post(f"{here}/group_offerings", group)
    held_to = {"zone": ZONE.key, "note_rule": "within-24-hours", "plan_rule": "within-30-days"}
    await director.post(f"{here}/documentation_standards", {**held_to, "effective_from": "2026-10-01"})
    for role in (Role.COUNSELLOR, Role.NURSE):
        member = {"site_id": site["id"], "account_id": book.logins[role].account_id}
        await director.post("/v1/site_members", member)
    supervisor = book.logins[Role.SUPERVISOR].account_id
    await director.post("/v1/supervisions", {"supervisee_id": counsellor, "supervisor_id": supervisor})
    book.found |= {
        "site": site,
        "door": await director.post("/v1/intake_doors", {"site_id": site["id"], "name": "Harbour Street"}),
    }


async def somebody_asks_whether_it_is_right_for_them(book: Book, anybody: Person) -> None:
    """Whoever is in danger is told whom to call and nothing else; the others what points where, and never a level."""
    questions = (await anybody.read("/v1/placement_helper"))["questions"]
    answers = {one["code"]: "no" for one in questions if one["is_about_safety"]}
    answers |= {"home": "stable", "duties": "yes", "support": "yes", "attend": "yes"}
    asked = {"version": helper().version, "answers": answers}
    in_danger = await anybody.post("/v1/placement_helper:assess", asked | {"answers": answers | {"harm": "yes"}})
    picture = await anybody.post("/v1/placement_helper:assess", asked)
    person = {
        "given_name": "Ada",
        "family_name": "Quill",
        "phone": "+15550177",
        "permissions": {"channels": ["phone"]},
    }
    consent = {"version": helper().inquiry_consent.version, "is_agreed": True}
    sent = {"door_id": book.found["door"]["id"], "person": person, "helper": asked, "consent": consent}
    receipt = await anybody.post("/v1/placement_inquiries", sent)

    assert ([one["call"] for one in in_danger["exits"]], in_danger["toward"]) == (["988"], [])
    assert (picture["exits"], picture["open_safety_questions"]) == ([], [])
    assert "home-stable" in {one["code"] for one in picture["toward"]}
    assert set(receipt) == {"programme", "received_at", "next"}


async def they_are_reached_seen_and_admitted(book: Book, today: Today) -> None:
    desk, site_id = today.desk, book.found["site"]["id"]
    [referral] = await desk.items(f"/v1/referrals?site_id={site_id}")
    here = f"/v1/referrals/{referral['id']}"
    reached = await desk.post(f"{here}/contacts", {"channel": "phone", "outcome": "reached"})
    admission = {"programme": "evening-iop", "admitted_on": "2026-10-01", "birth_date": "1991-04-05"}
    steps: list[tuple[str, Json]] = [
        ("plan_intake", {"planned_at": later(today.now, hours=1)}),
        ("hold_intake", {"held_at": today.now}),
        ("admit", admission),
    ]
    after = await desk.read(here)
    own_level = await desk.ask("POST", f"{here}:admit", admission | {"initial": LEVEL}, if_match='"2"')
    for verb, body in steps:
        after = await desk.post(f"{here}:{verb}", body, if_match=f'"{after["version"]}"')
    [waiting] = (await desk.read(f"/v1/admission_waitlist?site_id={site_id}"))["items"]
    decided = {"decision": LEVEL, "from_on": "2026-10-01"}
    stay = await today.counsellor.post(f"/v1/episodes/{after['episode_id']}:change_level", decided, if_match='"1"')

    assert (own_level.status, own_level.body["errors"][0]["pointer"]) == (422, "/initial")
    assert [one["change"] for one in stay["levels"]] == ["admission"]
    assert (referral["source"], referral["helper"]["answers"]["home"]) == ("public_helper", "stable")
    assert (waiting["referral"]["id"], waiting["waits_for"]) == (referral["id"], "first_session")
    assert (reached["was_permitted"], after["status"]) == (True, "admitted")
    assert after["intake_held_at"] < after["intake_due_at"]
    book.found["patient"] = await desk.read(f"/v1/patients/{after['patient_id']}")
    book.found["episode"] = stay
    assert book.found["patient"]["family_name"] == "Quill"


async def they_consent_to_tell_a_hospital(book: Book, today: Today) -> None:
    """A consent that nobody has signed becomes no consent."""
    desk, patient = today.desk, book.found["patient"]
    hospital = {"name": "Harbour Hospital", "kind": "treating_provider", "hipaa_bound": True}
    book.found["hospital"] = await desk.post("/v1/recipients", hospital)
    terms = {
        "kind": "general",
        "disclosing_party": "Harbour Street",
        "information": ["demographics", "treatment_plan"],
        "recipient_ids": [book.found["hospital"]["id"]],
        "purposes": ["treatment", "payment", "operations"],
        "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
        "expires_upon": "none",
    }
    draft = await desk.post(f"/v1/patients/{patient['id']}/consents", terms)
    here = f"/v1/consents/{draft['id']}"
    unsigned = await desk.ask("POST", f"{here}:activate", if_match='"1"')
    signature = {"signer": "patient", "method": "on_paper", "signed_at": today.now, "document_sha256": DOCUMENT}
    signed = await desk.put(here, terms | {"signatures": [signature]}, if_match='"1"')
    active = await desk.post(f"{here}:activate", if_match=f'"{signed["version"]}"')

    assert unsigned.status == 422
    assert (draft["status"], active["status"]) == ("draft", "active")
    book.found["consent"] = active


async def a_plan_is_drafted_and_signed_by_both(book: Book, today: Today) -> None:
    """What treatment is for, and what its weeks contain; who is supervised signs with her supervisor beside her."""
    counsellor, patient, episode = today.counsellor, book.found["patient"], book.found["episode"]
    here = f"/v1/episodes/{episode['id']}/plan_of_care"
    weeks = await counsellor.put(f"/v1/patients/{patient['id']}/treatment_plan", NINE_HOURS)
    draft = await counsellor.put(here, CONTENTS)
    signed = await counsellor.post(f"{here}:sign", if_match='"1"')
    cosigned = await today.supervisor.post(f"{here}:cosign", if_match='"1"')
    again = await counsellor.ask("PUT", here, CONTENTS, if_match='"1"')
    answer = {"manner": "on_paper", "signed_at": today.now}
    agreed = await counsellor.post(f"{here}:attest", answer, if_match='"1"')

    statuses = [plan["status"] for plan in (draft, signed, cosigned, agreed)]
    assert statuses == ["draft", "awaiting_cosignature", "awaiting_patient", "signed"]
    assert (again.status, again.body["code"]) == (409, "plan-locked")
    assert weeks["version"] == 1
    # What both sign says the services of a week: 42 CFR 424.24(d).
    assert draft["contents"]["required_services"] == weeks["required_services"]


async def others_are_in_treatment_too(book: Book, today: Today) -> None:
    """Two cannot come on Mondays and one not on Thursdays: there are four groups, and Monday's needs Ada."""
    for name, busy in (("Ben", "MO"), ("Cleo", "MO"), ("Dana", "TH")):
        person = {"given_name": name, "family_name": "Doe", "birth_date": "1990-04-01"}
        other = await today.desk.post("/v1/patients", person | {"site_id": book.found["site"]["id"]})
        await today.desk.post(f"/v1/patients/{other['id']}/commitment_sources", weekly(busy))
        await today.director.put(f"/v1/patients/{other['id']}/treatment_plan", NINE_HOURS)
        book.found[name] = other


async def draws_are_committed_to(book: Book, today: Today) -> None:
    """The document is handed out before the first day, and neither list nor evidence tells what is to come."""
    here = f"/v1/patients/{book.found['patient']['id']}/draw_programmes"
    every_day = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    terms = {
        "call_days": every_day,
        "hazard": {"tests": 2, "opportunities": 7},
        "cap_days": 2,
        "starts_on": FIRST_WEEK,
        "ends_on": "2026-10-18",
        "zone": ZONE.key,
    }
    programme = await today.nurse.post(here, terms)
    evidence = await today.nurse.read(f"/v1/draw_programmes/{programme['id']}/versions/1/evidence")
    drawn = await today.nurse.items(f"/v1/sites/{book.found['site']['id']}/drawn?day={FIRST_WEEK}")

    assert (evidence["draws"], evidence["revealed_key"], drawn) == ([], None, [])
    assert evidence["commitment"] == programme["commitment"]
    book.found["programme"] = programme


async def a_week_is_placed_and_published(book: Book, desk: Person, week: str) -> None:
    asked = {"site_id": book.found["site"]["id"], "week": week, "time_limit_seconds": 3}
    proposal = await the_proposal_of(desk, await desk.post("/v1/solves", asked))
    published = await desk.post(f"/v1/proposals/{proposal['id']}:publish", if_match='"0"')
    groups = await sessions_of(book, desk, week)

    assert (proposal["fully_served"], proposal["unmet"], published["checker"]["ok"]) == (4, [], True)
    assert [weekday(one) for one in groups] == ["Mon", "Tue", "Wed", "Thu"]
    mine = [weekday(one) for one in groups if book.found["patient"]["id"] in one["patient_ids"]]
    assert len(mine) == 3
    assert mine[0] == "Mon"


async def sessions_of(book: Book, desk: Person, week: str, *days: str) -> list[Json]:
    here = f"/v1/sites/{book.found['site']['id']}/appointments"
    found = await desk.items(f"{here}?week={week}&status=booked&page_size=200")
    return sorted((one for one in found if not days or weekday(one) in days), key=lambda one: str(one["start"]))


async def the_groups_are_held(book: Book, today: Today, week: str, *days: str, missing: str | None = None) -> None:
    """The desk says who came, the counsellor writes one note for each who did, and the supervisor signs beside her."""
    sessions = await sessions_of(book, today.desk, week, *days)
    for session in sessions:
        for who in session["patient_ids"]:
            said = {"patient_id": who, "status": "noshow" if who == missing else "fulfilled"}
            await today.desk.post(f"/v1/appointments/{session['id']}/attendances", said)
    await written_down(today.counsellor, sessions)
    for session in sessions:
        there = [who for who in session["patient_ids"] if who != missing]
        group = {
            "appointment_id": session["id"],
            "topic": "Saying no",
            "interventions": "Role play of refusals.",
            "parts": [{"patient_id": who, "response": "Took part, and named a trigger."} for who in there],
        }
        notes = (await today.counsellor.post("/v1/group_notes", group))["notes"]
        for note in notes:
            here = f"/v1/notes/{note['id']}"
            signed = await today.counsellor.post(f"{here}:sign", if_match=f'"{note["version"]}"')
            done = await today.supervisor.post(f"{here}:cosign", if_match=f'"{signed["version"]}"')
            assert (signed["status"], done["status"]) == ("awaiting_cosignature", "signed")
            assert signed["is_late_entry"] is False
        assert {note["patient_id"] for note in notes} == set(there)


async def monday_is_missed_and_made_up_for(book: Book, today: Today) -> None:
    """Of the week's other groups she gets the one in which she has no seat; a note of Monday names her to nobody."""
    desk, ada = today.desk, book.found["patient"]["id"]
    await the_groups_are_held(book, today, FIRST_WEEK, "Mon", missing=ada)
    [monday] = await sessions_of(book, desk, FIRST_WEEK, "Mon")
    [other] = [who for who in monday["patient_ids"] if who != ada]
    [encounter] = await today.counsellor.items(f"/v1/patients/{other}/encounters")
    naming = {"interventions": "Spoke of Ada Quill, who was missing.", "response": "Listened."}
    refused = await today.supervisor.ask("POST", f"/v1/encounters/{encounter['id']}/notes", naming)
    short = await hours_of(book, today.counsellor)
    [owed] = await desk.items(f"/v1/sites/{book.found['site']['id']}/make_ups?week={FIRST_WEEK}")
    seats = (await desk.read(f"/v1/make_ups/{owed['id']}:recommend"))["seats"]
    free = [one for one in await sessions_of(book, desk, FIRST_WEEK) if ada not in one["patient_ids"]]
    booked = await desk.post(f"/v1/make_ups/{owed['id']}:book", {"appointment_id": seats[0]["appointment_id"]})

    assert (refused.status, refused.body["code"]) == (422, "others-named")
    assert "Quill" not in str(refused.body)
    assert (short["required_minutes"], short["attended_minutes"], short["missing_minutes"]) == (540, 0, 540)
    assert (short["services"][0]["missed_minutes"], short["due"]) == (180, "2026-10-11")
    assert (owed["patient_id"], owed["minutes"], owed["due"], owed["status"]) == (ada, 180, "2026-10-11", "open")
    assert [seat["appointment_id"] for seat in seats] == [one["id"] for one in free]
    assert booked["status"] == "booked"


async def hours_of(book: Book, counsellor: Person, week: str = FIRST_WEEK) -> Json:
    return await counsellor.read(f"/v1/patients/{book.found['patient']['id']}/hours_ledger?week={week}")


async def a_drawn_day_is_tested(book: Book, today: Today) -> None:
    """Every draw so far can be verified by anybody; the first that falls on a day of a group is tested and reviewed.

    No gap is longer than two days, so that one of Wednesday and Thursday is drawn.
    """
    nurse, programme, patient = today.nurse, book.found["programme"], book.found["patient"]
    evidence = await nurse.read(f"/v1/draw_programmes/{programme['id']}/versions/1/evidence")
    day = str(today.clock.now().astimezone(ZONE).date())
    listed = await nurse.items(f"/v1/sites/{book.found['site']['id']}/drawn?day={day}")
    taken_up = {"programme_id": programme["id"], "version": 1, "day": day}
    path = f"/v1/patients/{patient['id']}/drug_tests"

    assert evidence["draws"][-1]["day"] == evidence["revealed_day"] == day
    assert verified(book.folder, evidence, programme["commitment"])[0] == 0
    first, *rest = evidence["draws"]
    changed = {**evidence, "draws": [first | {"is_drawn": not first["is_drawn"]}, *rest]}
    assert verified(book.folder, changed, programme["commitment"])[0] == 1
    assert [one["patient_id"] for one in listed] == [patient["id"]] * evidence["draws"][-1]["is_drawn"]
    if not listed:
        early = await nurse.ask("POST", path, taken_up)
        assert (early.status, early.body["code"]) == (409, "not-drawn")
        return
    if "test" not in book.found:
        book.found["test"] = await it_is_taken_and_talked_over(book, today, await nurse.post(path, taken_up))


async def it_is_taken_and_talked_over(book: Book, today: Today, test: Json) -> Json:
    """A result is called expected only when it was held against what is prescribed."""
    findings = []
    # The times of custody are later than what they follow on, and told at once.
    collected = {
        "kind": "collected",
        "specimen": "urine",
        "identifiers": ["full_name", "birth_date"],
        "collector_id": book.logins[Role.NURSE].account_id,
        "seal_number": "S-1",
        "collected_at": later(today.now, seconds=-2),
        "sealed_at": later(today.now, seconds=-1),
    }
    steps: list[Json] = [
        {"kind": "notified", "channel": "in_person"},
        {"kind": "reported"},
        collected,
        SPECIMEN,
        SCREENED,
    ]
    acts = [("/steps", step) for step in steps]
    acts += [(":reconcile", PRESCRIBED), (":review", {"response": "agrees", "plan_is_to_change": False})]
    for act, said in acts:
        here = f"/v1/drug_tests/{test['id']}{act}"
        test = await today.nurse.post(here, said, if_match=f'"{test["version"]}"')
        findings.append(test["finding"])

    assert findings == ["no_result"] * 4 + ["unreconciled", "as_expected", "as_expected"]
    assert (test["status"], test["specimen_flags"]) == ("reviewed", [])
    return test


async def the_week_is_whole(book: Book, today: Today) -> None:
    """What was missed is made up for within its week, and the desk's ledger says by what."""
    ada = book.found["patient"]["id"]
    ledger = await hours_of(book, today.counsellor)
    [line] = (await today.desk.read(f"/v1/patients/{ada}/week_ledger?week={FIRST_WEEK}"))["services"]
    services = await today.counsellor.items(f"/v1/patients/{ada}/delivered_services?week={FIRST_WEEK}")

    assert (ledger["attended_minutes"], ledger["missing_minutes"]) == (540, 0)
    assert (line["planned_minutes"], line["missed_minutes"], line["made_up_minutes"]) == (540, 180, 180)
    assert [(one["attended_minutes"], one["is_completed"]) for one in services] == [(180, True)] * 3


async def the_hospital_is_told_until_the_consent_is_revoked(book: Book, today: Today) -> None:
    """What is told carries the notice and is accounted; the next request after the revocation is refused.

    A record is handed out by who has just proved a second factor, not by whoever sits at an open screen.
    """
    here = f"/v1/patients/{book.found['patient']['id']}/disclosures"
    asked = {
        "recipient_id": book.found["hospital"]["id"],
        "purpose": "treatment",
        "information": ["demographics", "treatment_plan"],
    }
    by_password = await today.counsellor.ask("POST", here, asked)
    counsellor = await with_a_second_factor(book, Role.COUNSELLOR, today.counsellor, today.clock)
    told = await counsellor.post(here, asked)
    consent = book.found["consent"]
    beyond = await counsellor.ask("POST", here, asked | {"information": ["drug_tests"]})
    revoked = await today.desk.post(f"/v1/consents/{consent['id']}:revoke", {"document_sha256": DOCUMENT})
    after = await counsellor.ask("POST", here, asked)
    accounted = await today.desk.items(here)
    denied = await today.director.items("/v1/disclosure_denials")

    assert (by_password.status, by_password.body["code"]) == (401, "insufficient-user-authentication")
    assert (told["demographics"]["family_name"], told["treatment_plan"]["version"]) == ("Quill", 1)
    assert told["notice"]["text"].startswith("This record which has been disclosed to you is protected by Federal")
    assert (told["consent"]["id"], told["disclosure"]["basis"]) == (consent["id"], "consent")
    assert (beyond.status, beyond.body["code"]) == (403, "consent-without-information")
    assert revoked["status"] == "revoked"
    assert (after.status, after.body["code"]) == (403, "consent-revoked")
    assert [one["id"] for one in accounted] == [told["disclosure"]["id"]]
    assert [one["rule"] for one in denied] == ["consent-without-information", "consent-revoked"]


async def the_plan_is_reviewed(book: Book, today: Today) -> None:
    """It was due by the rule that the site is held to, and is due again thirty days after."""
    counsellor, episode = today.counsellor, book.found["episode"]
    due = f"/v1/sites/{book.found['site']['id']}/due_plans_of_care?within_days=40"
    [before] = await counsellor.items(due)
    plan = f"/v1/episodes/{episode['id']}/plan_of_care"
    reviewed = await counsellor.post(f"{plan}:review", REVIEW, if_match='"1"')
    [after] = await counsellor.items(due)

    assert reviewed["acts"][-1]["kind"] == "reviewed"
    assert (before["id"], before["plan_status"]) == (episode["id"], "signed")
    assert [(one["kind"], one["due_on"]) for one in before["duties"]] == [("review", "2026-10-31")]
    assert [(one["kind"], one["due_on"]) for one in after["duties"]] == [("review", "2026-11-07")]
    assert before["duties"][0]["rule"]["code"] == "within-30-days"


async def they_have_come(book: Book, today: Today) -> None:
    """Attendance says on which day treatment began: nobody writes it down, and nobody waits any more."""
    site = f"site_id={book.found['site']['id']}"
    figures = await today.desk.read(f"/v1/intake_kpis?{site}&first_day=2026-10-01&last_day=2026-10-01")
    waiting = await today.desk.read(f"/v1/admission_waitlist?{site}")

    assert (figures["admitted"], figures["began"], figures["median_days_to_first_session"]) == (1, 1, 5.0)
    assert waiting["waiting"] == 0


async def they_leave_with_a_plan_for_the_time_after(book: Book, today: Today) -> None:
    """Everything is documented, nobody is tested any more, and contacts are due on days of the calendar."""
    counsellor, episode, site = today.counsellor, book.found["episode"], book.found["site"]
    open_notes = await counsellor.items(f"/v1/sites/{site['id']}/undocumented_sessions")
    ledger = await hours_of(book, counsellor, SECOND_WEEK)
    left_on = str(today.clock.now().astimezone(ZONE).date())
    programme = book.found["programme"]
    ended = await today.nurse.post(f"/v1/draw_programmes/{programme['id']}:end", {"last_day": left_on})
    here = f"/v1/episodes/{episode['id']}"
    leaving = {"discharged_on": left_on, "reason": "completed"}
    over = await counsellor.post(f"{here}:discharge", leaving, if_match=f'"{episode["version"]}"')
    agreed = {
        "channels": ["phone"],
        "may_leave_message": False,
        "reach_at": "+15550177",
        "goals": ["Stay sober"],
        "community_supports": ["A meeting on Sundays"],
    }
    aftercare = await counsellor.post(f"{here}/aftercare_plan?zone={ZONE.key}", agreed)
    due = await counsellor.items(f"/v1/sites/{site['id']}/due_plans_of_care?within_days=90")

    assert open_notes == []
    assert (ledger["attended_minutes"], ledger["missing_minutes"]) == (540, 0)
    assert (over["discharge_reason"], ended["ended_on"], due) == ("completed", left_on, [])
    calls = [(one["days_after"], one["due_on"]) for one in aftercare["contacts"]]
    assert calls[:2] == [(7, "2026-10-22"), (30, "2026-11-14")]


async def a_month_later_they_are_called(book: Book, today: Today) -> None:
    """The way that was not agreed on is refused; what she says closes the contact."""
    counsellor, zone = today.counsellor, f"zone={ZONE.key}"
    here = f"/v1/sites/{book.found['site']['id']}/aftercare_contacts?{zone}"
    waiting = await counsellor.read(here)
    week, month = waiting["items"]
    path = f"/v1/aftercare_contacts/{month['id']}"
    by_text = await counsellor.ask("POST", f"{path}/attempts?{zone}", {"channel": "text", "outcome": "reached"})
    await counsellor.post(f"{path}/attempts?{zone}", {"channel": "phone", "outcome": "reached"})
    closed = await counsellor.post(f"{path}:close?{zone}", {"outcome": "in_recovery", "note": "Works again."})
    left = await counsellor.read(here)

    assert (waiting["due"], waiting["overdue"]) == (1, 1)
    assert [(one["days_after"], one["status"]) for one in (week, month)] == [(7, "overdue"), (30, "due")]
    assert by_text.status == 422
    assert (closed["status"], closed["outcome"], len(closed["attempts"])) == ("closed", "in_recovery", 1)
    assert [one["id"] for one in left["items"]] == [week["id"]]


async def the_first_of_october(book: Book, today: Today) -> None:
    await the_clinic_opens(book, today)
    await somebody_asks_whether_it_is_right_for_them(book, today.anybody)
    await they_are_reached_seen_and_admitted(book, today)
    await they_consent_to_tell_a_hospital(book, today)
    await a_plan_is_drafted_and_signed_by_both(book, today)
    await others_are_in_treatment_too(book, today)
    await draws_are_committed_to(book, today)
    await a_week_is_placed_and_published(book, today.desk, FIRST_WEEK)


async def wednesday(book: Book, today: Today) -> None:
    await the_groups_are_held(book, today, FIRST_WEEK, "Tue", "Wed")
    await they_have_come(book, today)
    await a_drawn_day_is_tested(book, today)


async def thursday(book: Book, today: Today) -> None:
    await the_groups_are_held(book, today, FIRST_WEEK, "Thu")
    await a_drawn_day_is_tested(book, today)
    await the_week_is_whole(book, today)
    await the_hospital_is_told_until_the_consent_is_revoked(book, today)
    await the_plan_is_reviewed(book, today)
    await a_week_is_placed_and_published(book, today.desk, SECOND_WEEK)


async def the_second_tuesday(book: Book, today: Today) -> None:
    await the_groups_are_held(book, today, SECOND_WEEK, "Mon", "Tue")


async def the_second_thursday(book: Book, today: Today) -> None:
    await the_groups_are_held(book, today, SECOND_WEEK, "Wed", "Thu")
    await they_leave_with_a_plan_for_the_time_after(book, today)


def test_from_the_first_question_to_the_call_a_month_later() -> None:
    monday = date.fromisoformat(FIRST_WEEK)
    with a_book() as book:
        chapter(book, datetime(2026, 10, 1, 10, tzinfo=ZONE), the_first_of_october)
        chapter(book, evening_of(monday), monday_is_missed_and_made_up_for)
        chapter(book, evening_of(monday + timedelta(days=2)), wednesday)
        chapter(book, evening_of(monday + timedelta(days=3)), thursday)
        chapter(book, evening_of(monday + timedelta(days=8)), the_second_tuesday)
        chapter(book, evening_of(monday + timedelta(days=10)), the_second_thursday)
        chapter(book, datetime(2026, 11, 14, 10, tzinfo=ZONE), a_month_later_they_are_called)
        assert book.found["test"]["status"] == "reviewed"
        # An inquiry that came without a login once kept the whole organization's trail from being signed.
        assert "checkpoint failed" not in (book.folder / "logs/records.log").read_text()
