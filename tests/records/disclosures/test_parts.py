"""Each part of a record goes only where it is consented to, with what it holds, and with nothing of another part."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import NewConsent, NewRecipient, code_of
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import ORDER, TOLD, Disclose
from tests.records.disclosures.record import CLAIMED, DISCHARGED, EARLY, LATE, SUMMARY, attended, filled, noted
from tests.records.disclosures.test_disclosures import accounted
from tests.records.draw_programmes.conftest import At, at
from tests.records.drug_tests.test_routes import REVIEWED, hours_after, record
from tests.records.encounters.conftest import Tell, tell

__all__ = ["at", "tell"]

Json = dict[str, Any]
Given = Callable[..., Awaitable[Json]]

MARKS: dict[str, tuple[str, ...]] = {
    "attendance": ("minutes_left_early",),
    "assessments": ("phq-9",),
    "medication": ("Naltrexone 50", "Dr. Oak"),
    "drug_tests": ("readings", "cocaine"),
    "progress_notes": ("the quarrel of", "Role play"),
    "discharge_summary": ("a night in hospital",),
    "claims": ("H0005", '"amount_cents":3000'),
    "consents": ("Harbour Street programme",),
    "counselling_notes": ("Fears the employer",),
}
"""What is found in an answer that tells a part, and in no other."""
LISTED = tuple(MARKS)
GENERAL = tuple(part for part in LISTED if part != "counselling_notes")
NEVER = (
    "Not thought through yet",
    "Somebody's insulin",
    "Canary",
    'Methadone"',
    "appointment_id",
    "recorded_by",
    "author_id",
    "collector_id",
)
"""What no answer tells: drafts, mistakes, who handled a specimen, prescriptions, and what a group shares."""


@pytest.fixture
async def full(
    *, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory,
    tell: Tell, at: At,
) -> Json:  # fmt: skip
    patient = await new_patient()
    await put_plan(patient["id"])
    return await filled(director, records(Role.BILLING), patient, tell, at)


def covering(*parts: str, **changes: Any) -> Json:
    about = {"information": list(parts), **changes}
    if parts != ("counselling_notes",):
        return {"kind": "general", **about}
    return {"kind": "counselling_notes", "expires_upon": None, "expires_on": "2027-09-30", **about}


@pytest.fixture
def given(full: Json, new_consent: NewConsent, disclose: Disclose) -> Given:
    """Disclose a part by a consent for it, and return what the recipient is given."""

    async def send(part: str, **changes: Any) -> Json:
        terms = {name: changes.pop(name) for name in ("consent_from", "consent_until") if name in changes}
        days = {name.replace("consent", "records"): day for name, day in terms.items()}
        await new_consent(full["patient"], **covering(part, **days))
        answer = await disclose(full["patient"]["id"], information=[part], **{**CLAIMED, **changes})
        assert answer.status_code == 201, answer.text
        told: Json = answer.json()
        return told

    return send


@pytest.mark.parametrize("part", LISTED)
async def test_a_part_that_is_consented_to_goes_alone_with_notice_and_scope_and_is_accounted(
    director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    await new_consent(full["patient"], **covering(part))

    answer = await disclose(full["patient"]["id"], information=[part], **CLAIMED)

    assert answer.status_code == 201, answer.text
    sent = answer.json()
    beside = {"disclosure", "labels", "notice", "consent", part}
    assert {name for name, value in sent.items() if value is not None} == beside
    assert [mark for mark in MARKS[part] if mark not in answer.text] == []
    others = [mark for other, marks in MARKS.items() if other != part for mark in marks]
    assert [mark for mark in (*others, *NEVER) if mark in answer.text] == []
    assert sent["notice"]["text"].startswith("This record which has been disclosed to you is protected")
    assert sent["consent"]["information"] == [part]
    (labels,) = sent["labels"]
    codes = {one["code"] for one in labels["security"]}
    # One consent for all treatment, payment and operations lets a covered entity pass it on (42 CFR 2.33(b)(1)).
    kind = {"V", "PSYTHPN", "NORDSCLCD"} if part == "counselling_notes" else {"R"}
    assert (labels["parts"], codes) == ([part], kind | {"SUD", "ETH", "42CFRPart2", "CPLYCD", "PERSISTLABEL"})
    entry = sent["disclosure"]
    assert (entry["records_from"], entry["records_until"]) == (CLAIMED["records_from"], CLAIMED["records_until"])
    assert await accounted(director, full["patient"]) == [entry]


@pytest.mark.parametrize("part", LISTED)
async def test_a_part_without_consent_is_denied_whatever_else_is_consented_to(
    director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    rest = [one for one in GENERAL if one != part]
    await new_consent(full["patient"], **covering(*rest))

    alone = await disclose(full["patient"]["id"], information=[part], **CLAIMED)
    beside = await disclose(full["patient"]["id"], information=[*rest, part], **CLAIMED)

    rule = "consent-of-another-kind" if part == "counselling_notes" else "consent-without-information"
    assert [(one.status_code, code_of(one)) for one in (alone, beside)] == [(403, rule)] * 2
    assert beside.json()["errors"][0]["pointer"] == f"/information/{len(rest)}"
    told = alone.text + beside.text
    assert [mark for marks in MARKS.values() for mark in marks if mark in told] == []
    assert await accounted(director, full["patient"]) == []


async def test_what_is_told_of_each_part_is_what_the_record_says(given: Given) -> None:
    sessions = (await given("attendance"))["attendance"]
    assessments = (await given("assessments"))["assessments"]
    medicines = (await given("medication"))["medication"]
    notes = (await given("progress_notes"))["progress_notes"]
    lines = (await given("claims"))["claims"]
    summaries = (await given("discharge_summary"))["discharge_summary"]
    kept_apart = (await given("counselling_notes"))["counselling_notes"]

    assert [(one["start"][:10], one["attended_minutes"]) for one in sessions] == [(EARLY, 180), (LATE, 180), (LATE, 60)]
    assert [(one["status"], one["scores"][0]["value"]) for one in assessments] == [("completed", 8)] * 2
    assert [one["name"] for one in medicines] == ["Naltrexone 50"]
    assert [dose["day"] for dose in medicines[0]["doses"]] == [EARLY, LATE]
    assert [one["text"]["response"] for one in notes] == [f"Told of the quarrel of {day}." for day in (EARLY, LATE)]
    # The session whose note is not signed is no line yet.
    assert [(one["first_on"], one["code"], one["units"]) for one in lines] == [
        (EARLY, "H0005", 1),
        (LATE, "H0005", 1),
    ]
    assert [(one["text"], one["discharged_on"]) for one in summaries] == [(SUMMARY, DISCHARGED)]
    assert [one["text"] for one in kept_apart] == ["Fears the employer."]


async def test_of_drug_tests_goes_what_they_came_to_once_reviewed_and_no_day_that_waits(
    full: Json, given: Given, at: At
) -> None:
    test = full["test"]["told"]
    before = (await given("drug_tests", records_until="2026-12-31"))["drug_tests"]
    reviewed = await record(at(hours_after(test["day"], 9)), test, REVIEWED)
    after = (await given("drug_tests", records_until="2026-12-31"))["drug_tests"]

    assert reviewed.status_code == 200, reviewed.text
    assert [[one["id"] for one in told] for told in (before, after)] == [[test["id"]]] * 2
    assert [told[0]["finding"] for told in (before, after)] == ["not_told", "unexpected_unconfirmed"]
    readings = [
        {one["substance"]: (one["is_confirmed"], one["is_expected"]) for one in told[0]["readings"]}
        for told in (before, after)
    ]
    assert readings == [
        {"cocaine": (False, None), "methadone": (False, None)},
        {"cocaine": (False, False), "methadone": (False, True)},
    ]
    assert full["test"]["waiting"]["id"] not in str([before, after])


@pytest.mark.parametrize(
    ("part", "days"),
    [
        ("attendance", [EARLY]),
        ("assessments", [EARLY]),
        ("progress_notes", [EARLY]),
        ("claims", [EARLY]),
    ],
)
@pytest.mark.parametrize("limit", ["consent_until", "records_until"])
async def test_only_the_days_that_are_consented_to_and_asked_for_go(
    given: Given, part: str, days: list[str], limit: str
) -> None:
    sent = await given(part, **{limit: "2026-09-20"})

    assert [day for day in (EARLY, LATE) if day in str(sent[part])] == days


async def test_of_a_medicine_no_dose_and_no_end_goes_that_is_of_other_days(
    director: httpx2.AsyncClient, full: Json, given: Given
) -> None:
    path = f"/v1/patients/{full['patient']['id']}/medications"
    taken = next(one for one in (await director.get(path)).json()["items"] if one["name"] == "Naltrexone 50")
    ended = {"last_day": "2026-10-01", "reason": "patient_choice"}
    assert (await director.post(f"/v1/medications/{taken['id']}:end", json=ended)).status_code == 200

    within = (await given("medication", consent_until="2026-09-20"))["medication"][0]

    assert ([one["day"] for one in within["doses"]], within["last_day"], within["end_reason"]) == ([EARLY], None, None)


@pytest.mark.parametrize("part", GENERAL)
async def test_a_part_none_of_which_is_of_the_days_consented_to_is_denied(
    full: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    await new_consent(full["patient"], **covering(part, records_until="2026-08-01"))

    answer = await disclose(full["patient"]["id"], information=[part], **CLAIMED)

    assert (answer.status_code, code_of(answer)) == (403, "consent-of-other-days")
    assert [mark for mark in MARKS[part] if mark in answer.text] == []


NIGHT = "2026-09-30"


@pytest.mark.parametrize(
    ("zone", "told"),
    [("America/Los_Angeles", [EARLY, LATE, NIGHT]), ("Europe/London", [EARLY, LATE]), (None, [EARLY])],
)
async def test_a_session_is_of_the_day_that_it_was_at_the_patient_s_site(
    *, new_patient: PatientFactory, tell: Tell, new_consent: NewConsent, disclose: Disclose, zone: str | None,
    told: list[str],
) -> None:  # fmt: skip
    """An evening in Los Angeles is of the next day in UTC; of a site whose zone is not known it may be of either."""
    patient = await new_patient()
    await attended(tell, patient, EARLY, zone=zone)
    await attended(tell, patient, LATE, zone=zone)
    await attended(tell, patient, LATE, zone=zone, start=f"{NIGHT}T02:00:00Z", end=f"{NIGHT}T05:00:00Z")
    await new_consent(patient, **covering("attendance", records_until=LATE))

    sent = (await disclose(patient["id"], information=["attendance"])).json()

    assert [one["start"][:10] for one in sent["attendance"]] == told
    assert sent["disclosure"]["zone"] == zone


@pytest.mark.parametrize("known", [None, "Europe/London"])
async def test_the_caller_chooses_no_zone(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell, new_consent: NewConsent,
    disclose: Disclose, known: str | None,
) -> None:  # fmt: skip
    """Before, a zone in which it was yet the day before brought a session into the days of a consent."""
    patient = await new_patient()
    await attended(tell, patient, LATE, zone=known, start=f"{NIGHT}T02:00:00Z", end=f"{NIGHT}T05:00:00Z")
    await new_consent(patient, **covering("attendance", records_until=LATE))

    answer = await disclose(patient["id"], information=["attendance"], zone="America/Los_Angeles")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/zone")
    assert NIGHT not in answer.text
    assert await accounted(director, patient) == []
    (refused,) = [
        one for one in (await director.get("/v1/access_denials")).json()["items"] if one["rule"] == "other-zone"
    ]
    assert refused["clause"] == "42 CFR 2.13(a)"


async def test_a_stranger_in_an_emergency_is_told_of_no_zone(
    *, records: ClientFactory, new_patient: PatientFactory, disclose: Disclose
) -> None:
    """Nothing is disclosed then, so nobody would review that a stranger learned of the patient."""
    told = {"purpose": "medical_emergency", "emergency": TOLD, "zone": "America/Los_Angeles"}
    stranger, patient = records(Role.NURSE), await new_patient()

    here = await disclose(patient["id"], stranger, information=["attendance"], **told)
    nowhere = await disclose(uuid4(), stranger, information=["attendance"], **told)

    assert (here.status_code, without_instance(here)) == (404, without_instance(nowhere))


async def test_the_accounting_says_of_which_zone_the_days_are_and_of_which_payer_the_claims(
    director: httpx2.AsyncClient, full: Json, given: Given
) -> None:
    await given("claims")
    await given("attendance")

    entries = await accounted(director, full["patient"])

    assert [(one["zone"], one["payer"]) for one in entries] == [
        ("America/New_York", "payer-1"),
        ("America/New_York", None),
    ]


@pytest.mark.parametrize("missing", ["payer", "records_from", "records_until"])
async def test_claims_without_whose_and_of_when_are_nothing_to_disclose(
    full: Json, new_consent: NewConsent, disclose: Disclose, missing: str
) -> None:
    await new_consent(full["patient"], **covering("claims"))

    answer = await disclose(full["patient"]["id"], information=["claims"], **{**CLAIMED, missing: None})

    assert (answer.status_code, code_of(answer)) == (422, "nothing-to-disclose")
    assert "records_until" in answer.json()["errors"][0]["detail"]


async def test_days_in_the_wrong_order_are_refused(full: Json, disclose: Disclose) -> None:
    wrong = {"records_from": LATE, "records_until": EARLY}

    answer = await disclose(full["patient"]["id"], information=["attendance"], **wrong)

    assert answer.status_code == 422
    assert "records_until" in answer.text


async def test_sessions_that_two_consents_cover_are_two_disclosures(
    full: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    await new_consent(full["patient"], **covering("attendance", records_until="2026-09-20"))
    await new_consent(full["patient"], **covering("attendance", records_from="2026-09-21"))

    async def ask(**days: str) -> httpx2.Response:
        return await disclose(full["patient"]["id"], information=["attendance"], **days)

    both, first, second = await ask(), await ask(records_until="2026-09-20"), await ask(records_from="2026-09-21")

    assert (both.status_code, code_of(both)) == (422, "nothing-to-disclose")
    assert "records_from" in both.json()["errors"][0]["detail"]
    assert [len(one.json()["attendance"]) for one in (first, second)] == [1, 2]


@pytest.mark.parametrize("part", GENERAL)
async def test_a_restriction_on_a_part_wins_over_the_consent_for_it(
    *, director: httpx2.AsyncClient, full: Json, hospital: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    await new_consent(full["patient"], **covering(part))
    asked = {"information": [part], "purposes": ["treatment"], "recipient_ids": [hospital["id"]], "decision": "granted"}
    made = await director.post(f"/v1/patients/{full['patient']['id']}/restrictions", json=asked)
    assert made.status_code == 201, made.text

    answer = await disclose(full["patient"]["id"], information=[part], **CLAIMED)

    assert (answer.status_code, code_of(answer)) == (403, "restricted")


async def test_counselling_notes_go_beside_nothing_even_by_order(
    *, director: httpx2.AsyncClient, full: Json, new_recipient: NewRecipient, disclose: Disclose
) -> None:
    court = await new_recipient(name="County court", kind="court", hipaa_bound=False)
    both = ["demographics", "counselling_notes"]
    order = {**ORDER, "information": both, "confidential_communications": True}
    terms = {"recipient_id": court["id"], "purpose": "legal_proceedings", "court_order": order}

    together = await disclose(full["patient"]["id"], information=both, **terms)
    alone = await disclose(full["patient"]["id"], information=["counselling_notes"], **terms)

    assert (together.status_code, code_of(together)) == (422, "nothing-to-disclose")
    assert together.json()["errors"][0]["pointer"] == "/information/1"
    assert "Fears" not in together.text
    assert (alone.status_code, [one["text"] for one in alone.json()["counselling_notes"]]) == (
        201,
        ["Fears the employer."],
    )
    assert [one["information"] for one in await accounted(director, full["patient"])] == [["counselling_notes"]]


@pytest.mark.parametrize("purpose", ["medical_emergency", "patient_access"])
async def test_no_emergency_and_no_access_of_the_patient_opens_counselling_notes(
    *, full: Json, new_recipient: NewRecipient, disclose: Disclose, purpose: str
) -> None:
    own = await new_recipient(name="Jane Roe", kind="patient", hipaa_bound=False, patient_id=full["patient"]["id"])
    recipient = {"recipient_id": own["id"]} if purpose == "patient_access" else {"emergency": TOLD}

    answer = await disclose(full["patient"]["id"], information=["counselling_notes"], purpose=purpose, **recipient)

    assert (answer.status_code, code_of(answer)) == (403, "notes-are-the-authors")
    assert "Fears" not in answer.text


@pytest.mark.parametrize("part", ["progress_notes", "counselling_notes"])
async def test_a_note_that_names_somebody_who_came_to_the_group_later_does_not_leave(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, tell: Tell,
    disclose: Disclose, part: str,
) -> None:  # fmt: skip
    """The name was no other patient's when it was written: who shares the session is told afterwards."""
    patient = await new_patient()
    other = await new_patient(given_name="Zebulon", family_name="Quimby")
    shared = str(uuid4())
    encounter = await attended(tell, patient, LATE, appointment_id=shared)
    await noted(director, encounter, "Went home with Zebulon.")
    text = {"text": "Leans on Quimby."}
    assert (await director.post(f"/v1/patients/{patient['id']}/counselling_notes", json=text)).status_code == 201
    await new_consent(patient, **covering(part))
    before = await disclose(patient["id"], information=[part])
    await attended(tell, other, LATE, appointment_id=shared)

    after = await disclose(patient["id"], information=[part])

    assert before.status_code == 201, before.text
    assert (after.status_code, code_of(after)) == (403, "names-others")
    assert "Zebulon" not in after.text
    assert "Quimby" not in after.text


@pytest.mark.parametrize("part", LISTED)
async def test_who_does_not_treat_the_patient_cannot_tell_what_there_is(
    *, records: ClientFactory, full: Json, new_consent: NewConsent, disclose: Disclose, part: str
) -> None:
    await new_consent(full["patient"], **covering(part))
    stranger = records(Role.COUNSELLOR)

    known = await disclose(full["patient"]["id"], stranger, information=[part], **CLAIMED)
    nobody = await disclose(uuid4(), stranger, information=[part], **CLAIMED)

    assert (known.status_code, nobody.status_code) == (404, 404)


async def test_after_a_revocation_no_part_goes_and_a_repeated_request_is_not_answered_again(
    *, director: httpx2.AsyncClient, full: Json, new_consent: NewConsent, body: Json
) -> None:
    consent = await new_consent(full["patient"], **covering("progress_notes"))
    path, key = f"/v1/patients/{full['patient']['id']}/disclosures", {"idempotency-key": str(uuid4())}
    request = {**body, "information": ["progress_notes"]}
    first = await director.post(path, json=request, headers=key)
    again = await director.post(path, json=request, headers=key)
    revoked = await director.post(f"/v1/consents/{consent['id']}:revoke", json={"document_sha256": "0f" * 32})

    after = await director.post(path, json=request, headers=key)

    assert (first.status_code, again.content, revoked.status_code) == (201, first.content, 200)
    assert (after.status_code, code_of(after)) == (403, "consent-revoked")
    assert "quarrel" not in after.text


async def test_of_an_amended_discharge_summary_the_newest_version_goes(
    director: httpx2.AsyncClient, full: Json, given: Given
) -> None:
    episodes = (await director.get(f"/v1/patients/{full['patient']['id']}/episodes")).json()["items"]
    over = next(one for one in episodes if one["discharged_on"] == DISCHARGED)
    change = {"text": {**SUMMARY, "progress": "One of two goals."}, "reason": "It was overlooked."}
    path = f"/v1/episodes/{over['id']}/discharge_summary:amend"
    assert (await director.post(path, json=change, headers={"if-match": '"1"'})).status_code == 200

    (summary,) = (await given("discharge_summary"))["discharge_summary"]

    assert (summary["version"], summary["text"]["progress"]) == (2, "One of two goals.")


async def test_a_note_that_names_somebody_who_came_to_the_group_later_does_not_leave_though_its_session_was_alone(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, tell: Tell,
    disclose: Disclose,
) -> None:  # fmt: skip
    patient = await new_patient()
    other = await new_patient(given_name="Zebulon", family_name="Quimby")
    await noted(director, await attended(tell, patient, EARLY), "Zebulon from the Tuesday group offered pills.")
    await new_consent(patient, **covering("progress_notes"))
    before = await disclose(patient["id"], information=["progress_notes"])
    for one in (patient, other):
        await attended(tell, one, LATE, appointment_id="0192f0c1-5f4e-7cc3-9d5e-00000000000b")

    after = await disclose(patient["id"], information=["progress_notes"])

    assert before.status_code == 201, before.text
    assert (after.status_code, code_of(after)) == (403, "names-others")
    assert "Zebulon" not in after.text
