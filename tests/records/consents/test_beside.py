"""Minors, representatives, restrictions, the directory."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, SIGNED, Json, NewConsent, NewRecipient, code_of
from tests.records.consents.test_consents import activate

FIFTEEN = {"birth_date": "2011-05-01"}
EnterRule = Callable[..., Awaitable[httpx2.Response]]
RULE = {"effective_from": "2020-01-01", "alone_from_age": 14, "citation": "Synthetic Code 1-2"}


async def parent_of(director: httpx2.AsyncClient, patient: Json, **changes: Any) -> Json:
    body = {
        "kind": "parent",
        "name": "Synthetic Parent",
        "authority_from": "2011-05-01T00:00:00Z",
        "document_sha256": DOCUMENT,
        **changes,
    }
    answer = await director.post(f"/v1/patients/{patient['id']}/representatives", json=body)
    assert answer.status_code == 201, answer.text
    representative: Json = answer.json()
    return representative


def signed_by(signer: str, representative: Json) -> Json:
    return SIGNED | {"signer": signer, "representative_id": representative["id"]}


@pytest.fixture
async def enter_rule(director: httpx2.AsyncClient, site_id: UUID) -> EnterRule:
    async def enter(**changes: Any) -> httpx2.Response:
        body = {**RULE, "site_id": str(site_id), **changes}
        said = {name: value for name, value in body.items() if value is not ...}
        return await director.post("/v1/minor_consent_rules", json=said)

    return enter


async def test_where_the_state_wants_a_parent_too_minor_and_parent_both_sign(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, enter_rule: EnterRule
) -> None:
    await enter_rule(alone_from_age=None)
    patient = await new_patient(**FIFTEEN)
    parent = signed_by("parent_or_guardian", await parent_of(director, patient))

    answers = {
        name: await activate(director, await new_consent(patient, activate=False, signatures=signatures))
        for name, signatures in {"minor": [SIGNED], "parent": [parent], "both": [SIGNED, parent]}.items()
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {"minor": 422, "parent": 422, "both": 200}
    assert answers["minor"].json()["errors"][0]["pointer"] == "/signatures"


async def test_where_the_state_is_not_known_no_minor_s_consent_holds_and_it_is_said_how_it_will(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, enter_rule: EnterRule
) -> None:
    patient = await new_patient(**FIFTEEN)
    parent = signed_by("parent_or_guardian", await parent_of(director, patient))
    consents = [
        await new_consent(patient, activate=False, signatures=signatures)
        for signatures in ([SIGNED], [parent], [SIGNED, parent])
    ]

    before = [await activate(director, one) for one in consents]
    # A rule that took effect after the signature says nothing of it.
    await enter_rule(effective_from="2026-10-02", alone_from_age=14)
    too_late = [await activate(director, one) for one in consents]
    await enter_rule(alone_from_age=14)
    after = [await activate(director, one) for one in consents]

    assert [one.status_code for one in (*before, *too_late)] == [422] * 6
    assert {one.json()["errors"][0]["detail"] for one in before} == {
        "must be complete (42 CFR 2.14): enter what the site's state says of minors, by a minor_consent_rule"
    }
    assert [one.status_code for one in after] == [200, 422, 200]


async def test_a_disclosure_asks_the_rule_that_holds_for_the_day_of_the_signature(
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    new_consent: NewConsent,
    enter_rule: EnterRule,
    hospital: Json,
) -> None:
    patient = await new_patient(**FIFTEEN)
    await enter_rule()
    await new_consent(patient)
    asked = {"recipient_id": hospital["id"], "purpose": "treatment", "information": ["demographics"]}
    path = f"/v1/patients/{patient['id']}/disclosures"

    # A newer rule takes the older one's place: the minor's signature alone is not enough any more.
    with_rule = await director.post(path, json=asked)
    await enter_rule(effective_from="2020-01-02", alone_from_age=None)
    without = await director.post(path, json=asked)

    assert (with_rule.status_code, without.status_code) == (201, 403)
    assert code_of(without) == "parent-has-not-signed"


async def test_it_is_told_whose_signature_it_takes_and_on_what_a_parent_is_told(
    director: httpx2.AsyncClient, new_patient: PatientFactory, enter_rule: EnterRule
) -> None:
    minor, adult = await new_patient(**FIFTEEN), await new_patient()

    async def standing(patient: Json) -> tuple[list[str], str | None, str]:
        told = (await director.get(f"/v1/patients/{patient['id']}/consent_standing")).json()
        assert (told["remedy"] is None) is bool(told["signers"])
        return told["signers"], told["parent_told"], told["clause"]

    unknown = await standing(minor)
    await enter_rule(alone_from_age=16)
    with_parent = await standing(minor)
    await enter_rule(effective_from="2020-01-02", alone_from_age=15)
    alone = await standing(minor)

    assert unknown == ([], "not_until_rule", "42 CFR 2.14")
    assert with_parent == (["patient", "parent_or_guardian"], "on_both_consents", "42 CFR 2.14(b)")
    assert alone == (["patient"], "on_minors_consent", "42 CFR 2.14(a)")
    assert await standing(adult) == (["patient"], None, "42 CFR 2.31(a)(8)")


async def test_whose_signature_it_takes_is_told_to_nobody_who_may_not_see_consents(
    records: ClientFactory, stranger: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient(**FIFTEEN)
    path = f"/v1/patients/{patient['id']}/consent_standing"

    assert (await records(Role.AUDITOR).get(path)).status_code == 200
    assert (await records(Role.LAB).get(path)).status_code == 403
    untreated, nobody = [
        await records(Role.COUNSELLOR).get(one) for one in (path, f"/v1/patients/{uuid4()}/consent_standing")
    ]
    assert (untreated.status_code, nobody.status_code) == (404, 404)
    assert (await stranger.get(path)).status_code == 404


async def test_what_is_known_of_a_state_counts_once_a_site_adopts_it(
    director: httpx2.AsyncClient, enter_rule: EnterRule
) -> None:
    known = {one["jurisdiction"]: one for one in (await director.get("/v1/minor_consent_states")).json()["items"]}

    adopted = await enter_rule(jurisdiction="US-AL", alone_from_age=...)
    read_otherwise = await enter_rule(jurisdiction="US-CO", alone_from_age=13)
    unknown = await enter_rule(jurisdiction="US-WY", alone_from_age=...)
    of_unknown = await enter_rule(jurisdiction="US-WY", alone_from_age=None)
    no_state = await enter_rule(jurisdiction="Colorado")

    assert {one["mark"] for one in known.values()} == {"check"}
    assert (known["US-AL"]["alone_from_age"], known["US-AL"]["majority_age"]) == (14, 19)
    assert (adopted.json()["alone_from_age"], adopted.json()["majority_age"]) == (14, 19)
    assert (read_otherwise.json()["alone_from_age"], of_unknown.json()["alone_from_age"]) == (13, None)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/alone_from_age")
    assert no_state.status_code == 422


async def test_where_the_state_lets_a_minor_consent_only_the_minor_s_signature_counts(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, site_id: UUID
) -> None:
    made = await director.post("/v1/minor_consent_rules", json={**RULE, "site_id": str(site_id)})
    patient = await new_patient(**FIFTEEN)
    parent = signed_by("parent_or_guardian", await parent_of(director, patient))

    alone = await activate(director, await new_consent(patient, activate=False))
    by_parent = await activate(director, await new_consent(patient, activate=False, signatures=[parent]))

    assert (made.status_code, alone.status_code, by_parent.status_code) == (201, 200, 422)
    listed = await director.get("/v1/minor_consent_rules", params={"site_id": str(site_id)})
    assert [rule["citation"] for rule in listed.json()["items"]] == ["Synthetic Code 1-2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"authority_from": "2026-10-01T10:00:01Z"},
        {"authority_until": "2026-10-01T10:00:00Z"},
        {"kind": "guardian_of_adult"},
    ],
)
async def test_who_had_no_authority_when_signing_has_not_signed(
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    new_consent: NewConsent,
    enter_rule: EnterRule,
    changes: Json,
) -> None:
    await enter_rule(alone_from_age=None)
    patient = await new_patient(**FIFTEEN)
    parent = signed_by("parent_or_guardian", await parent_of(director, patient, **changes))

    answer = await activate(director, await new_consent(patient, activate=False, signatures=[SIGNED, parent]))

    assert answer.status_code == 422


async def test_another_patient_s_representative_signs_nothing_here(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, enter_rule: EnterRule
) -> None:
    await enter_rule(alone_from_age=None)
    patient, other = await new_patient(**FIFTEEN), await new_patient(**FIFTEEN)
    parent = signed_by("parent_or_guardian", await parent_of(director, other))

    answer = await activate(director, await new_consent(patient, activate=False, signatures=[SIGNED, parent]))

    assert "/signatures/1/representative_id" in {field["pointer"] for field in answer.json()["errors"]}


async def test_a_guardian_signs_for_an_adult_from_the_day_of_appointment(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    patient = await new_patient()
    body = {"kind": "guardian_of_adult", "authority_from": "2026-09-01T00:00:00Z"}
    guardian = signed_by("personal_representative", await parent_of(director, patient, **body))

    by_patient = await activate(director, await new_consent(patient, activate=False))
    by_guardian = await activate(director, await new_consent(patient, activate=False, signatures=[guardian]))
    before = SIGNED | {"signed_at": "2026-08-31T10:00:00Z"}
    earlier = await activate(director, await new_consent(patient, activate=False, signatures=[before]))

    assert [one.status_code for one in (by_patient, by_guardian, earlier)] == [422, 200, 200]


async def test_a_restriction_that_must_be_granted_cannot_be_declined(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_recipient: NewRecipient
) -> None:
    patient, plan = await new_patient(), await new_recipient(name="Plan", kind="health_plan")
    path = f"/v1/patients/{patient['id']}/restrictions"
    asked = {"information": ["claims"], "purposes": ["payment"], "paid_in_full": True, "decision": "declined"}

    by_id = await director.post(path, json={**asked, "recipient_ids": [plan["id"]]})
    by_kind = await director.post(path, json={**asked, "recipient_kinds": ["health_plan"]})
    unpaid = await director.post(path, json={**asked, "paid_in_full": False, "recipient_kinds": ["health_plan"]})

    assert [code_of(by_id), code_of(by_kind)] == ["must-be-granted"] * 2
    assert unpaid.status_code == 201


async def test_a_restriction_ends_once(director: httpx2.AsyncClient, new_patient: PatientFactory) -> None:
    patient = await new_patient()
    path = f"/v1/patients/{patient['id']}/restrictions"
    body = {
        "information": ["demographics"],
        "purposes": ["treatment"],
        "recipient_kinds": ["employer"],
        "decision": "granted",
    }
    made = await director.post(path, json=body)

    ended = await director.post(f"/v1/restrictions/{made.json()['id']}:end")
    again = await director.post(f"/v1/restrictions/{made.json()['id']}:end")
    unknown = await director.post(f"/v1/restrictions/{uuid4()}:end")

    assert [answer.status_code for answer in (made, ended, again, unknown)] == [201, 200, 409, 404]
    assert [one["ended_at"] is None for one in (await director.get(path)).json()["items"]] == [False]


async def test_the_directory_lists_what_was_entered_and_stores_no_name(
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    new_recipient: NewRecipient,
    records_database: Database,
    organization_id: UUID,
) -> None:
    made = await new_recipient(name="Canary Aunt", kind="family_or_friend", hipaa_bound=False, address="Canary Lane 1")

    listed = (await director.get("/v1/recipients")).json()["items"]

    assert listed == [made]
    assert (await stranger.get("/v1/recipients")).json()["items"] == []
    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetch("select recipients::text as row from recipients")
    assert len(stored) == 1
    assert b"Canary".hex() not in stored[0]["row"]


async def test_who_has_no_business_with_recipients_is_refused(records: ClientFactory) -> None:
    body = {"name": "X", "kind": "employer"}

    assert (await records(Role.PATIENT).get("/v1/recipients")).status_code == 403
    assert (await records(Role.BILLING).post("/v1/recipients", json=body)).status_code == 403
