"""Who discloses something sees it: no more than the own duties need, and no more than the purpose needs."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam
from tests.records.consents.conftest import NewConsent, NewRecipient, code_of
from tests.records.disclosures.conftest import Disclose
from tests.records.disclosures.record import CLAIMED
from tests.records.disclosures.test_disclosures import accounted
from tests.records.disclosures.test_parts import MARKS, at, covering, full, tell

__all__ = ["at", "full", "tell"]

Json = dict[str, Any]

EVERYTHING = (
    "demographics", "scheduling", "treatment_plan", "attendance", "assessments", "diagnoses", "medication",
    "drug_tests", "progress_notes", "discharge_summary", "claims", "consents",
)  # fmt: skip
HELD = tuple(part for part in EVERYTHING if part not in {"scheduling", "diagnoses"})
"""The parts of which the record here has something by itself."""


@pytest.fixture
async def plan(new_recipient: NewRecipient) -> Json:
    return await new_recipient(name="Harbour health plan", kind="health_plan")


@pytest.fixture
async def consented(full: Json, plan: Json, new_consent: NewConsent) -> Json:
    """Return the patient of a full record, all of which may go to the plan for treatment, payment and operations."""
    patient: Json = full["patient"]
    await new_consent(patient, **covering(*EVERYTHING, recipient_ids=[plan["id"]]))
    notes = covering("counselling_notes", recipient_ids=[plan["id"]])
    await new_consent(patient, **notes)
    return patient


async def tried(disclose: Disclose, patient: Json, plan: Json, *parts: str, **changes: Any) -> httpx2.Response:
    return await disclose(
        patient["id"],
        changes.pop("client", None),
        recipient_id=plan["id"],
        information=list(parts),
        **CLAIMED,
        **changes,
    )


async def test_billing_discloses_nothing_that_it_does_not_use_and_each_denial_is_kept(
    *, records: ClientFactory, director: httpx2.AsyncClient, consented: Json, plan: Json, disclose: Disclose
) -> None:
    billing = records(Role.BILLING)
    asked = [*((part,) for part in EVERYTHING), ("diagnoses", "treatment_plan"), ("counselling_notes",)]

    answers = {
        parts: await tried(disclose, consented, plan, *parts, client=billing, purpose="payment") for parts in asked
    }

    given = {parts for parts, answer in answers.items() if answer.status_code == 201}
    assert given == {("demographics",), ("attendance",), ("claims",)}
    # Billing uses consents too, which no payer needs; of diagnoses alone there is nothing that could be told.
    assert code_of(answers["consents",]) == "not-needed-for-purpose"
    assert code_of(answers["diagnoses",]) == "nothing-to-disclose"
    beyond = answers.keys() - given - {("consents",), ("diagnoses",)}
    assert {code_of(answers[parts]) for parts in beyond} == {"role-without-need"}
    assert {answers[parts].status_code for parts in beyond} == {403}
    for parts in answers.keys() - given:
        assert not [mark for marks in MARKS.values() for mark in marks if mark in answers[parts].text]
    assert len(await accounted(director, consented)) == len(given)
    denials = (await director.get("/v1/disclosure_denials")).json()["items"]
    kept = [one for one in denials if one["rule"] == "role-without-need"]
    assert sorted(one["information"] for one in kept) == sorted(parts[-1] for parts in beyond)
    assert {(one["clause"], one["remedy"]) for one in kept} == {
        ("42 CFR 2.12(c)(3)", "ask a colleague whose duties need it")
    }


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE, Role.PRESCRIBER, Role.SUPERVISOR])
async def test_who_treats_discloses_no_claims_and_the_director_does(
    *, records: ClientFactory, consented: Json, plan: Json, join_team: JoinTeam, disclose: Disclose, role: Role
) -> None:
    account = uuid4()
    await join_team(consented, account)
    clinician = records(role, account=account)

    claims = await tried(disclose, consented, plan, "claims", client=clinician, purpose="payment")
    attendance = await tried(disclose, consented, plan, "attendance", client=clinician, purpose="payment")
    by_director = await tried(disclose, consented, plan, "claims", purpose="payment")

    assert (claims.status_code, code_of(claims)) == (403, "role-without-need")
    assert (attendance.status_code, by_director.status_code) == (201, 201)


async def test_duties_of_two_roles_are_not_added_up(
    records: ClientFactory, consented: Json, plan: Json, disclose: Disclose
) -> None:
    # Billing is concerned with every patient and needs no notes; a counsellor needs notes, of those who are treated.
    both = records(Role.BILLING, Role.COUNSELLOR)

    notes = await tried(disclose, consented, plan, "assessments", client=both, purpose="payment")
    claims = await tried(disclose, consented, plan, "claims", client=both, purpose="payment")

    assert (notes.status_code, code_of(notes)) == (403, "may-not-disclose")
    assert claims.status_code == 201


@pytest.mark.parametrize(
    ("purpose", "unneeded"),
    [
        ("treatment", set[str]()),
        ("payment", {"drug_tests", "progress_notes", "consents"}),
        ("operations", {"drug_tests", "progress_notes", "medication"}),
    ],
)
async def test_a_purpose_is_given_what_it_needs_of_all_that_is_consented_to(
    *, director: httpx2.AsyncClient, consented: Json, plan: Json, disclose: Disclose, purpose: str, unneeded: set[str]
) -> None:
    answers = {part: await tried(disclose, consented, plan, part, purpose=purpose) for part in HELD}

    denied = {part for part, answer in answers.items() if answer.status_code == 403}
    assert denied == unneeded
    assert {answer.status_code for part, answer in answers.items() if part not in denied} == {201}
    assert {code_of(answers[part]) for part in denied} <= {"not-needed-for-purpose"}
    kept = (await director.get("/v1/disclosure_denials")).json()["items"]
    assert {one["information"] for one in kept} == unneeded
    assert all(one["clause"] == "42 CFR 2.13(a)" and "leave this part out" in one["remedy"] for one in kept)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE, Role.SUPERVISOR])
async def test_a_counselling_note_goes_by_its_author_or_the_director_and_by_no_other_clinician(
    *, records: ClientFactory, planned: Json, plan: Json, new_consent: NewConsent, join_team: JoinTeam,
    disclose: Disclose, role: Role,
) -> None:  # fmt: skip
    """Before, who treats the patient was answered with the notes of a colleague, which no screen shows them."""
    author, colleague = uuid4(), uuid4()
    by_author, by_colleague = records(role, account=author), records(role, account=colleague)
    for account in (author, colleague):
        await join_team(planned, account)
    await new_consent(planned, **covering("counselling_notes", recipient_ids=[plan["id"]]))
    path, text = f"/v1/patients/{planned['id']}/counselling_notes", {"text": "Fears the employer."}

    async def answered(client: httpx2.AsyncClient | None) -> tuple[int, bool]:
        answer = await tried(disclose, planned, plan, "counselling_notes", client=client, purpose="treatment")
        return answer.status_code, "employer" in answer.text

    of_nothing = await answered(by_author)
    assert (await by_author.post(path, json=text)).status_code == 201
    alone = [await answered(client) for client in (by_author, by_colleague, None)]
    assert (await by_colleague.post(path, json=text)).status_code == 201
    beside = [await answered(client) for client in (by_author, by_colleague, None)]

    assert of_nothing == (403, False)
    assert alone == [(201, True), (403, False), (201, True)]
    # Notes go together or not at all, so neither discloses what both wrote.
    assert beside == [(403, False), (403, False), (201, True)]


@pytest.mark.parametrize("purposes", [["payment"], ["operations"], ["payment", "operations"]])
async def test_a_consent_that_could_permit_nothing_is_not_activated(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, purposes: list[str]
) -> None:
    """Before, a consent to notes to be paid became active, and each disclosure on it was denied."""
    notes = covering("counselling_notes", purposes=purposes)
    tests = covering("progress_notes", "drug_tests", purposes=purposes)
    some = covering("attendance", "drug_tests", purposes=purposes)

    async def activated(terms: Json) -> httpx2.Response:
        drafted = await new_consent(planned, activate=False, **terms)
        return await director.post(f"/v1/consents/{drafted['id']}:activate", headers={"if-match": '"1"'})

    refused = [await activated(notes), await activated(tests)]

    assert [one.status_code for one in refused] == [422, 422]
    assert {field["pointer"] for one in refused for field in one.json()["errors"]} == {"/purposes"}
    assert "need none of it" in refused[0].text
    assert (await activated(some)).status_code == 200


async def test_the_notes_that_are_kept_apart_go_for_treatment_and_not_to_be_paid(
    consented: Json, plan: Json, disclose: Disclose
) -> None:
    answers = [
        await tried(disclose, consented, plan, "counselling_notes", purpose=purpose)
        for purpose in ("treatment", "payment", "operations")
    ]

    assert [one.status_code for one in answers] == [201, 403, 403]
    assert {code_of(one) for one in answers[1:]} == {"not-needed-for-purpose"}
