"""A patient reads the own record and nobody else's, and revokes the own consents."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import NewConsent, code_of, hospital, new_consent, new_recipient, terms
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import Disclose, body, disclose
from tests.records.disclosures.record import CLAIMED, EARLY, LATE, SUMMARY, attended, filled, noted
from tests.records.draw_programmes.conftest import At, at
from tests.records.drug_tests.test_routes import REVIEWED, hours_after, record
from tests.records.encounters.conftest import WEEK, Tell, tell
from tests.records.test_audit import events

__all__ = ["at", "body", "disclose", "events", "hospital", "new_consent", "new_recipient", "tell", "terms"]

Json = dict[str, Any]

READS = (
    "/v1/me/record",
    f"/v1/me/hours_ledger?week={WEEK}",
    "/v1/me/assessment_trends",
    "/v1/me/consents",
    "/v1/me/restrictions",
    "/v1/me/episodes",
    "/v1/me/aftercare_plans?zone=America/New_York",
    "/v1/me/disclosures",
    "/v1/me/privacy_notice_receipts",
)
AHEAD = "2026-10-02T15:00:00Z"
"""It is noon."""
NEVER = ("Not thought through yet", "Somebody's insulin", "Fears the employer", "appointment_id", "author_id", "Canary")
"""Drafts, mistakes, what a counsellor keeps apart, what a group shares, and who handled a specimen."""


READ = "0f" * 32
"""The digest of something else than any consent says."""


async def revoke(own: httpx2.AsyncClient, consent: Json, sha256: str | None = None) -> httpx2.Response:
    """Revoke a consent by the digest that was read of it, or by another."""
    if sha256 is None:
        listed = (await own.get("/v1/me/consents")).json()["items"]
        (sha256,) = (one["sha256"] for one in listed if one["id"] == consent["id"])
    return await own.post(f"/v1/me/consents/{consent['id']}:revoke", json={"sha256": sha256})


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def own(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    """Return a client of somebody who signs in as a patient."""
    return records(Role.PATIENT, account=account)


async def link(client: httpx2.AsyncClient, patient: Json, account: UUID) -> httpx2.Response:
    return await client.post(f"/v1/patients/{patient['id']}/patient_accounts", json={"account_id": str(account)})


async def claim(own: httpx2.AsyncClient, patient: Json, link: httpx2.Response, **changes: str) -> httpx2.Response:
    body = {"code": link.json().get("code", "00000-00000"), "birth_date": patient["birth_date"], **changes}
    return await own.post("/v1/me/record:claim", json=body)


async def linked_to(
    client: httpx2.AsyncClient, records: ClientFactory, patient: Json, account: UUID
) -> httpx2.Response:
    """Link an account to a patient who claims the record by it."""
    answer = await link(client, patient, account)
    assert answer.status_code == 201, answer.text
    claimed = await claim(records(Role.PATIENT, account=account), patient, answer)
    assert claimed.status_code == 200, claimed.text
    return claimed


@pytest.fixture
async def linked(
    director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory,
    account: UUID,
) -> Json:  # fmt: skip
    patient = await new_patient()
    await put_plan(patient["id"])
    return {"patient": patient, "link": (await linked_to(director, records, patient, account)).json()}


@pytest.fixture
async def full(director: httpx2.AsyncClient, records: ClientFactory, linked: Json, tell: Tell, at: At) -> Json:
    await filled(director, records(Role.BILLING), linked["patient"], tell, at)
    return linked


async def read(client: httpx2.AsyncClient, *information: str, **asked: str) -> Json:
    answer = await client.get("/v1/me/record", params={"information": list(information), **asked})
    assert answer.status_code == 200, answer.text
    record: Json = answer.json()
    return record


async def test_a_patient_reads_what_is_signed_and_complete_and_nothing_kept_apart(
    own: httpx2.AsyncClient, full: Json
) -> None:
    answer = await own.get("/v1/me/record")

    assert answer.status_code == 200, answer.text
    record = answer.json()
    assert (record["patient_id"], record["demographics"]) == (full["patient"]["id"], full["patient"])
    assert record["treatment_plan"]["required_services"][0]["minutes_per_week"] == 540
    assert [one["start"][:10] for one in record["attendance"]] == [EARLY, LATE, LATE]
    assert [one["scores"][0]["value"] for one in record["assessments"]] == [8, 8]
    assert [one["name"] for one in record["medication"]] == ["Naltrexone 50"]
    assert [one["finding"] for one in record["drug_tests"]] == ["not_told"]
    assert [one["text"]["response"] for one in record["progress_notes"]] == [
        f"Told of the quarrel of {day}." for day in (EARLY, LATE)
    ]
    assert [one["text"] for one in record["discharge_summary"]] == [SUMMARY]
    assert (record["claims"], record["withheld"]) == (None, [])
    assert [mark for mark in NEVER if mark in answer.text] == []
    assert {one["code"] for one in record["labels"][0]["security"]} == {"R", "SUD", "ETH", "42CFRPart2"}


async def test_a_patient_reads_what_a_test_came_to_once_it_was_talked_over(
    *, director: httpx2.AsyncClient, records: ClientFactory, own: httpx2.AsyncClient, linked: Json, tell: Tell, at: At
) -> None:
    filled_in = await filled(director, records(Role.BILLING), linked["patient"], tell, at)
    (before,) = (await read(own, "drug_tests"))["drug_tests"]
    test = filled_in["test"]["told"]

    reviewed = await record(at(hours_after(test["day"], 9)), test, REVIEWED)
    (after,) = (await read(own, "drug_tests"))["drug_tests"]

    assert reviewed.status_code == 200, reviewed.text
    assert (test["finding"], before["finding"], after["finding"]) == (
        "unexpected_unconfirmed", "not_told", "unexpected_unconfirmed",
    )  # fmt: skip
    assert {one["is_expected"] for one in before["readings"]} == {None}
    assert [(one["substance"], one["is_expected"]) for one in after["readings"]] == [
        ("cocaine", False),
        ("methadone", True),
    ]


async def test_counselling_notes_are_withheld_with_the_rule_beside_what_is_told(
    own: httpx2.AsyncClient, full: Json
) -> None:
    del full

    record = await read(own, "attendance", "counselling_notes")

    assert len(record["attendance"]) == 3
    (withheld,) = record["withheld"]
    assert (withheld["information"], withheld["things"], withheld["rule"]) == (
        "counselling_notes", None, "notes-are-the-authors",
    )  # fmt: skip
    assert "counselling_notes" not in record
    assert "Fears" not in str(record)


async def test_a_patient_reads_claims_of_a_payer_and_parts_of_some_days(own: httpx2.AsyncClient, full: Json) -> None:
    del full

    claims = await read(own, "claims", **CLAIMED)
    early = await read(own, "attendance", "progress_notes", records_until="2026-09-20")

    assert [one["code"] for one in claims["claims"]] == ["H0005", "H0005"]
    assert [one["start"][:10] for one in early["attendance"]] == [EARLY]
    assert [one["session_start"][:10] for one in early["progress_notes"]] == [EARLY]


async def test_a_note_that_names_another_patient_is_withheld_and_counted(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, linked: Json, new_patient: PatientFactory, tell: Tell
) -> None:
    """The other patient's seat is told only after the note was signed."""
    other, shared = await new_patient(given_name="Zebulon", family_name="Quimby"), str(uuid4())
    encounter = await attended(tell, linked["patient"], LATE, appointment_id=shared)
    await noted(director, encounter, "Went home with Zebulon.")
    await attended(tell, other, LATE, appointment_id=shared)

    record = await read(own, "progress_notes")

    assert record["progress_notes"] is None
    assert [(one["things"], one["rule"]) for one in record["withheld"]] == [(1, "names-others")]
    assert "Zebulon" not in str(record)


async def test_what_staff_reads_of_hours_trends_consents_and_disclosures_the_patient_reads_too(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, full: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    await new_consent(full["patient"])
    assert (await disclose(full["patient"]["id"])).status_code == 201
    path = f"/v1/patients/{full['patient']['id']}"
    same = {
        f"/hours_ledger?week={WEEK}": f"/hours_ledger?week={WEEK}",
        "/assessment_trends?instrument_id=phq-9": "/assessment_trends?instrument_id=phq-9",
        "/disclosures": "/disclosures",
        "/privacy_notice_receipts": "/privacy_notice_receipts",
    }

    for mine, theirs in same.items():
        answer, staff = await own.get(f"/v1/me{mine}"), await director.get(path + theirs)
        assert (answer.status_code, answer.json()) == (200, staff.json()), mine
    assert (await own.get("/v1/me/disclosures")).json()["items"][0]["recipient"]["name"] == "Harbour Hospital"


async def test_a_patient_revokes_what_was_read_and_nothing_else(
    *, own: httpx2.AsyncClient, director: httpx2.AsyncClient, linked: Json, new_consent: NewConsent
) -> None:
    """Before, the writing of a revocation named a consent, and not what it said."""
    consents = [await new_consent(linked["patient"], expires_on=day) for day in ("2026-12-30", "2026-12-31")]
    listed = (await own.get("/v1/me/consents")).json()["items"]
    digests = {one["id"]: one["sha256"] for one in listed}
    staff = (await director.get(f"/v1/patients/{linked['patient']['id']}/consents")).json()["items"]

    other = await revoke(own, consents[0], digests[consents[1]["id"]])
    unread = await own.post(f"/v1/me/consents/{consents[0]['id']}:revoke", json={})
    revoked = await revoke(own, consents[0], digests[consents[0]["id"]])

    assert [{name: value for name, value in one.items() if name != "sha256"} for one in listed] == staff
    assert len(set(digests.values())) == 2
    for answer in (other, unread):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/sha256")
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    after = (await own.get("/v1/me/consents")).json()["items"]
    assert {one["id"]: one["status"] for one in after} == {consents[0]["id"]: "revoked", consents[1]["id"]: "active"}


async def test_a_consent_that_the_patient_revokes_carries_nothing_from_then_on(
    *, own: httpx2.AsyncClient, linked: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    consent = await new_consent(linked["patient"])
    before = await disclose(linked["patient"]["id"])

    revoked = await revoke(own, consent)
    after = await disclose(linked["patient"]["id"])
    again = await revoke(own, consent)

    assert (before.status_code, revoked.status_code, revoked.json()["status"]) == (201, 200, "revoked")
    assert (after.status_code, code_of(after), again.status_code) == (403, "consent-revoked", 409)


async def test_a_consent_of_another_patient_is_answered_as_one_of_nobody(
    *, own: httpx2.AsyncClient, director: httpx2.AsyncClient, linked: Json, new_patient: PatientFactory,
    new_consent: NewConsent,
) -> None:  # fmt: skip
    del linked
    other = await new_patient(given_name="John")
    consent = await new_consent(other)

    theirs, nobody_s = await revoke(own, consent, READ), await revoke(own, {"id": uuid4()}, READ)

    assert theirs.status_code == 404
    assert without_instance(theirs) == without_instance(nobody_s)
    listed = (await director.get(f"/v1/patients/{other['id']}/consents")).json()["items"]
    assert [one["status"] for one in listed] == ["active"]


@pytest.mark.parametrize("path", READS)
async def test_who_is_linked_to_no_record_reads_none_and_is_told_how(
    own: httpx2.AsyncClient, new_patient: PatientFactory, path: str
) -> None:
    await new_patient()

    answer = await own.get(path)

    assert (answer.status_code, code_of(answer)) == (404, "no-own-record")
    assert "front desk" in answer.json()["detail"]


@pytest.mark.parametrize("path", READS)
async def test_from_the_end_of_the_link_on_nothing_is_read(
    director: httpx2.AsyncClient, own: httpx2.AsyncClient, linked: Json, path: str
) -> None:
    before = await own.get(path)
    ended = await director.post(f"/v1/patient_accounts/{linked['link']['id']}:end")

    after = await own.get(path)

    assert (before.status_code, ended.status_code, after.status_code) == (200, 200, 404)
    assert ended.json()["until_at"] is not None
    again = await director.post(f"/v1/patient_accounts/{linked['link']['id']}:end")
    assert (again.status_code, code_of(again)) == (409, "over-already")


async def test_a_revocation_is_not_answered_again_to_who_is_that_patient_no_longer(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, linked: Json, new_consent: NewConsent
) -> None:
    consent = await new_consent(linked["patient"])
    path, key = f"/v1/me/consents/{consent['id']}:revoke", {"idempotency-key": str(uuid4())}
    body = {"sha256": (await own.get("/v1/me/consents")).json()["items"][0]["sha256"]}
    first, again = await own.post(path, json=body, headers=key), await own.post(path, json=body, headers=key)
    await director.post(f"/v1/patient_accounts/{linked['link']['id']}:end")

    after = await own.post(path, json=body, headers=key)

    assert (first.status_code, again.content, after.status_code) == (200, first.content, 404)


async def test_an_account_is_of_one_patient_at_a_time_and_a_patient_has_one(
    *, director: httpx2.AsyncClient, linked: Json, new_patient: PatientFactory, account: UUID
) -> None:
    other = await new_patient()

    taken, second = await link(director, other, account), await link(director, linked["patient"], uuid4())
    await director.post(f"/v1/patient_accounts/{linked['link']['id']}:end")
    freed = await link(director, other, account)

    assert [(one.status_code, code_of(one)) for one in (taken, second)] == [(409, "account-linked")] * 2
    assert freed.status_code == 201
    listed = await director.get(f"/v1/patients/{linked['patient']['id']}/patient_accounts")
    assert [one["until_at"] is None for one in listed.json()["items"]] == [False]


async def test_who_links_an_account_is_of_the_desk_and_links_not_their_own(
    *, director: httpx2.AsyncClient, records: ClientFactory, stranger: httpx2.AsyncClient, new_patient: PatientFactory,
    account: UUID,
) -> None:  # fmt: skip
    patient, mine = await new_patient(), uuid4()

    own = await link(records(Role.FRONT_DESK, account=mine), patient, mine)
    counsellor = await link(records(Role.COUNSELLOR), patient, account)
    elsewhere, nobody = await link(stranger, patient, account), await link(stranger, {"id": uuid4()}, account)
    ended = await director.post(f"/v1/patient_accounts/{uuid4()}:end")

    assert (own.status_code, own.json()["errors"][0]["pointer"]) == (422, "/account_id")
    assert (counsellor.status_code, elsewhere.status_code, ended.status_code) == (403, 404, 404)
    assert without_instance(elsewhere) == without_instance(nobody)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.PROGRAMME_DIRECTOR, Role.FAMILY])
async def test_nobody_but_a_patient_has_an_own_record(records: ClientFactory, role: Role) -> None:
    assert [(await records(role).get(path)).status_code for path in READS] == [403] * len(READS)


async def test_a_patient_of_another_organization_reads_nothing_here(
    records: ClientFactory, linked: Json, account: UUID
) -> None:
    del linked

    answer = await records(Role.PATIENT, account=account, organization=uuid4()).get("/v1/me/record")

    assert (answer.status_code, code_of(answer)) == (404, "no-own-record")


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"records_from": LATE, "records_until": EARLY}, "records_until"),
        ({"information": ["attendance", "attendance"]}, "information"),
        ({"information": ["everything"]}, "information"),
        ({"zone": "Middle/Earth"}, "zone"),
        ({"zone": "America/Denver"}, "zone"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_by_its_name(
    own: httpx2.AsyncClient, linked: Json, asked: Json, place: str
) -> None:
    del linked

    answer = await own.get("/v1/me/record", params=asked)

    assert answer.status_code == 422
    assert place in str(answer.json()["errors"])


async def test_the_trail_says_that_the_patient_read_the_own_record(
    own: httpx2.AsyncClient, linked: Json, account: UUID, records_database: Database, organization_id: UUID
) -> None:
    await read(own, "attendance", "counselling_notes")

    async with records_database.read(OrganizationId(organization_id)) as reading:
        rows = await reading.connection.fetch("select event from audit_events order by lane, number")
    events = [event for row in rows if (event := orjson.loads(row["event"]))["operation"] == "read_own_record"]
    assert [(one["account"], one["subjects"], one["basis"]) for one in events] == [
        (str(account), [linked["patient"]["id"]], "patient_access")
    ]
    assert events[0]["withheld"] == {"counselling_notes": "notes-are-the-authors"}


async def test_who_is_of_the_desk_too_revokes_nobody_elses_consent_as_a_patient(
    *, records: ClientFactory, director: httpx2.AsyncClient, linked: Json, account: UUID, new_patient: PatientFactory,
    new_consent: NewConsent,
) -> None:  # fmt: skip
    both, john = records(Role.FRONT_DESK, Role.PATIENT, account=account), await new_patient(given_name="John")
    theirs, mine = await new_consent(john), await new_consent(linked["patient"])

    refused, revoked = await revoke(both, theirs, READ), await revoke(both, mine)

    assert (refused.status_code, revoked.status_code) == (404, 200)
    listed = (await director.get(f"/v1/patients/{john['id']}/consents")).json()["items"]
    assert [one["status"] for one in listed] == ["active"]


async def test_a_link_holds_no_longer_though_the_clock_of_who_ended_it_was_ahead(
    own: httpx2.AsyncClient, linked: Json, at: At
) -> None:
    ended = await at(AHEAD).post(f"/v1/patient_accounts/{linked['link']['id']}:end")

    answer = await own.get("/v1/me/record")

    assert (ended.status_code, answer.status_code, code_of(answer)) == (200, 404, "no-own-record")


async def test_a_link_is_ended_though_the_clock_of_who_made_it_was_ahead(
    director: httpx2.AsyncClient, new_patient: PatientFactory, account: UUID, at: At
) -> None:
    made = (await link(at(AHEAD), await new_patient(), account)).json()

    ended = await director.post(f"/v1/patient_accounts/{made['id']}:end")

    assert ended.status_code == 200, ended.text
    assert (made["from_at"], ended.json()["until_at"]) == (AHEAD, "2026-10-02T15:00:00.000001Z")


async def test_the_trail_names_the_account_that_was_linked(linked: Json, account: UUID, events: Any) -> None:
    told = [one for one in await events() if one["operation"] == "create_patient_account" and "account_linked" in one]

    assert [(one["account_linked"], one["subjects"]) for one in told] == [(str(account), [linked["patient"]["id"]])]


async def test_what_names_others_is_withheld_on_the_trail_too_and_they_were_screened_and_not_shown(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, linked: Json, new_patient: PatientFactory, tell: Tell,
    events: Any,
) -> None:  # fmt: skip
    other, shared = await new_patient(given_name="Zebulon", family_name="Quimby"), str(uuid4())
    encounter = await attended(tell, linked["patient"], LATE, appointment_id=shared)
    await noted(director, encounter, "Went home with Zebulon.")
    await attended(tell, other, LATE, appointment_id=shared)

    await read(own, "progress_notes")

    told = [one for one in await events() if one["operation"] == "read_own_record"]
    refused = [one for one in told if one["outcome"] == "denied"]
    assert [(one["rule"], one["information"], one["things"], one["subjects"]) for one in refused] == [
        ("names-others", "progress_notes", 1, [linked["patient"]["id"]])
    ]
    assert [one["basis"] for one in told if other["id"] in one["subjects"]] == ["screened"]
