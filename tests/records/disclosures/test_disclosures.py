from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import DOCUMENT, Json, NewConsent, NewRecipient, code_of
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import ORDER, TOLD, Disclose

# 42 CFR 2.32(a)(1), as 89 FR 12472 has it, up to its first full stop but one.
NOTICE_BEGINS = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2)."
    " These rules prohibit you from using or disclosing this record, or testimony that describes the information"
    " contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal,"
    " State, or local authority, against the patient, unless authorized by the consent of the patient,"
)
NOTICE_ENDS = (
    "A general authorization for the release of medical or other information is NOT sufficient to meet the required"
    " elements of written consent to further use or redisclose the record (see 42 CFR 2.31)."
)


async def accounted(client: httpx2.AsyncClient, patient: Json) -> list[Json]:
    answer = await client.get(f"/v1/patients/{patient['id']}/disclosures")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def test_a_disclosure_on_consent_carries_record_notice_and_scope_and_is_accounted(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose, hospital: Json
) -> None:
    consent = await new_consent(planned)

    answer = await disclose(planned["id"])

    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["demographics"] == planned
    assert sent["treatment_plan"]["patient_id"] == planned["id"]
    assert sent["notice"]["text"].startswith(NOTICE_BEGINS)
    assert sent["notice"]["text"].endswith(NOTICE_ENDS)
    assert (sent["consent"]["id"], sent["consent"]["version"]) == (consent["id"], consent["version"])
    assert sent["consent"]["purposes"] == ["operations", "payment", "treatment"]
    entry = sent["disclosure"]
    assert (entry["basis"], entry["redisclosure"], entry["review_due"]) == ("consent", "hipaa_rules", False)
    assert (entry["recipient"], entry["purpose"]) == (hospital, "treatment")
    assert await accounted(director, planned) == [entry]


async def test_who_is_not_bound_by_hipaa_may_not_pass_it_on(
    planned: Json, new_consent: NewConsent, new_recipient: NewRecipient, disclose: Disclose
) -> None:
    family = await new_recipient(name="Mary Roe", kind="family_or_friend", hipaa_bound=False)
    await new_consent(
        planned,
        kind="specific",
        purposes=["family_involvement"],
        recipient_ids=[family["id"]],
        expires_upon=None,
        expires_on="2027-01-01",
    )

    answer = await disclose(planned["id"], recipient_id=family["id"], purpose="family_involvement")

    assert answer.status_code == 201, answer.text
    assert answer.json()["disclosure"]["redisclosure"] == "not_without_new_consent"


@pytest.mark.parametrize(
    ("terms_changes", "changes", "rule", "pointer"),
    [
        (None, {}, "no-consent", "/information/0"),
        ({"recipient_ids": [], "recipient_kinds": ["health_plan"]}, {}, "consent-does-not-name-recipient", None),
        ({"purposes": ["payment"]}, {}, "consent-for-another-purpose", None),
        ({"information": ["demographics"]}, {}, "consent-without-information", "/information/1"),
        ({"expires_on": "2026-10-01"}, {}, "consent-expired", None),
        ({"records_until": "2026-10-04"}, {}, "consent-of-other-days", "/information/1"),
        ({}, {"purpose": "employment"}, "consent-of-another-kind", None),
        ({}, {"information": ["counselling_notes"]}, "consent-of-another-kind", None),
        ({}, {"purpose": "legal_proceedings"}, "order-needed", None),
        ({}, {"purpose": "investigation"}, "investigation-goes-to-a-person", None),
        ({}, {"purpose": "research"}, "consent-of-another-kind", None),
        ({}, {"purpose": "public_health"}, "not-de-identified", None),
    ],
)
async def test_what_no_consent_covers_is_denied_with_its_rule_and_the_denial_is_kept(
    *,
    director: httpx2.AsyncClient,
    planned: Json,
    new_consent: NewConsent,
    disclose: Disclose,
    terms_changes: Json | None,
    changes: Json,
    rule: str,
    pointer: str | None,
) -> None:
    if terms_changes is not None:
        await new_consent(planned, **terms_changes)

    answer = await disclose(planned["id"], **changes)

    assert (answer.status_code, code_of(answer)) == (403, rule)
    assert answer.json()["type"] == "urn:eventide:problem:disclosure-denied"
    field = answer.json()["errors"][0]
    assert field["pointer"] == (pointer or "/information/0")
    assert await accounted(director, planned) == []
    denial = (await director.get("/v1/disclosure_denials")).json()["items"][0]
    assert (denial["patient_id"], denial["rule"], denial["remedy"]) == (planned["id"], rule, field["detail"])
    assert denial["clause"].startswith("42 CFR 2.")


async def test_a_revocation_holds_from_the_next_request_on_and_the_past_stays_accounted(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    consent = await new_consent(planned)
    before = await disclose(planned["id"])
    revoked = await director.post(f"/v1/consents/{consent['id']}:revoke", json={"document_sha256": DOCUMENT})

    after = await disclose(planned["id"])

    assert (before.status_code, revoked.status_code, after.status_code) == (201, 200, 403)
    assert code_of(after) == "consent-revoked"
    assert [one["id"] for one in await accounted(director, planned)] == [before.json()["disclosure"]["id"]]


async def test_a_restriction_wins_over_consent_until_it_ends(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose, hospital: Json
) -> None:
    await new_consent(planned)
    asked = {
        "information": ["treatment_plan"],
        "purposes": ["treatment"],
        "recipient_ids": [hospital["id"]],
        "decision": "granted",
    }
    restriction = (await director.post(f"/v1/patients/{planned['id']}/restrictions", json=asked)).json()

    kept = await disclose(planned["id"])
    rest = await disclose(planned["id"], information=["demographics"])
    await director.post(f"/v1/restrictions/{restriction['id']}:end")
    ended = await disclose(planned["id"])

    assert (code_of(kept), rest.status_code, ended.status_code) == ("restricted", 201, 201)


async def test_parts_are_disclosed_together_or_not_at_all(
    director: httpx2.AsyncClient,
    planned: Json,
    new_patient: PatientFactory,
    new_consent: NewConsent,
    disclose: Disclose,
) -> None:
    await new_consent(planned)
    without_plan = await new_patient()
    await new_consent(without_plan)

    denied = await disclose(planned["id"], information=["demographics", "claims"])
    missing = await disclose(without_plan["id"])

    assert (denied.status_code, missing.status_code) == (403, 422)
    assert "Jane" not in denied.text + missing.text
    assert (code_of(missing), missing.json()["errors"][0]["pointer"]) == ("nothing-to-disclose", "/information/1")
    assert [await accounted(director, one) for one in (planned, without_plan)] == [[], []]


async def test_parts_that_rest_on_two_consents_are_two_disclosures(
    planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    for information in (["demographics"], ["treatment_plan"]):
        await new_consent(planned, information=information)

    together = await disclose(planned["id"])
    alone = await disclose(planned["id"], information=["treatment_plan"])

    assert (together.status_code, alone.status_code) == (422, 201)
    assert together.json()["errors"][0]["pointer"] == "/information/1"


async def test_in_an_emergency_it_goes_without_consent_and_is_reviewed_by_somebody_else(
    records: ClientFactory, director: httpx2.AsyncClient, planned: Json, disclose: Disclose
) -> None:
    nurse = records(Role.NURSE)

    answer = await disclose(planned["id"], nurse, purpose="medical_emergency", emergency=TOLD)

    assert answer.status_code == 201, answer.text
    entry = answer.json()["disclosure"]
    assert (entry["basis"], entry["emergency"], entry["review_due"]) == ("emergency", TOLD, True)
    due = (await director.get("/v1/disclosures", params={"review_due": True})).json()["items"]
    assert [one["id"] for one in due] == [entry["id"]]
    review = f"/v1/disclosures/{entry['id']}:review"
    reviewed = await director.post(review)
    assert (reviewed.status_code, reviewed.json()["emergency"]) == (200, TOLD)
    assert code_of(await director.post(review)) == "over-already"
    assert (await director.get("/v1/disclosures", params={"review_due": True})).json()["items"] == []


async def test_nobody_reviews_the_own_disclosure(
    director: httpx2.AsyncClient, planned: Json, disclose: Disclose
) -> None:
    sent = await disclose(planned["id"], purpose="medical_emergency", emergency=TOLD)

    answer = await director.post(f"/v1/disclosures/{sent.json()['disclosure']['id']}:review")

    assert (answer.status_code, code_of(answer)) == (409, "own-review")


@pytest.mark.parametrize("missing", list(TOLD))
async def test_an_emergency_that_is_not_told_whole_permits_nothing(
    director: httpx2.AsyncClient, planned: Json, disclose: Disclose, missing: str
) -> None:
    told = {name: text for name, text in TOLD.items() if name != missing}

    answer = await disclose(planned["id"], purpose="medical_emergency", emergency=told)

    assert (answer.status_code, code_of(answer)) == (403, "emergency-untold")
    assert await accounted(director, planned) == []


async def test_a_colleague_s_cover_is_no_medical_emergency_and_the_denial_is_kept(
    records: ClientFactory, director: httpx2.AsyncClient, planned: Json, disclose: Disclose
) -> None:
    cover = {"purpose": "medical_emergency", "emergency": {**TOLD, "nature": "covering_colleague"}}

    answer = await disclose(planned["id"], **cover)
    stranger_s = await disclose(planned["id"], records(Role.NURSE), **cover)
    of_nobody = await disclose(uuid4(), records(Role.NURSE), **cover)

    assert (answer.status_code, code_of(answer)) == (403, "emergency-not-medical")
    field = answer.json()["errors"][0]
    assert (field["pointer"], "name a medical emergency" in field["detail"]) == ("/emergency/nature", True)
    assert stranger_s.status_code == 404
    assert without_instance(stranger_s) == without_instance(of_nobody)
    assert await accounted(director, planned) == []
    denials = (await director.get("/v1/disclosure_denials")).json()["items"]
    assert {(one["rule"], one["clause"]) for one in denials} == {("emergency-not-medical", "42 CFR 2.51(a)")}


async def test_proceedings_take_an_order_and_its_subpoena(
    planned: Json, disclose: Disclose, new_recipient: NewRecipient
) -> None:
    court = await new_recipient(name="County Court", kind="court", hipaa_bound=False)
    asked = {"recipient_id": court["id"], "purpose": "legal_proceedings", "information": ["demographics"]}

    alone = await disclose(planned["id"], **asked, court_order={**ORDER, "subpoena": None})
    beyond = await disclose(planned["id"], **{**asked, "information": ["treatment_plan"]}, court_order=ORDER)
    whole = await disclose(planned["id"], **asked, court_order=ORDER)

    assert [code_of(one) for one in (alone, beyond)] == ["order-without-subpoena", "order-does-not-reach"]
    entry = whole.json()["disclosure"]
    assert (entry["basis"], entry["reference"], entry["subpoena"]) == ("court_order", ORDER["order"], ORDER["subpoena"])
    assert entry["review_due"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"purpose": "medical_emergency"},
        {"purpose": "medical_emergency", "emergency": {**TOLD, "facility": None}},
        {"purpose": "medical_emergency", "emergency": TOLD, "information": ["drug_tests"]},
        {"purpose": "medical_emergency", "emergency": TOLD, "information": ["counselling_notes"]},
        {"purpose": "legal_proceedings", "court_order": ORDER, "information": ["demographics"]},
    ],
)
async def test_who_does_not_treat_a_patient_cannot_tell_one_from_nobody(
    records: ClientFactory, planned: Json, new_consent: NewConsent, disclose: Disclose, changes: Json
) -> None:
    await new_consent(planned)
    counsellor = records(Role.COUNSELLOR)

    theirs = await disclose(planned["id"], counsellor, **changes)
    nobody = await disclose(uuid4(), counsellor, **changes)

    assert (theirs.status_code, nobody.status_code) == (404, 404)
    assert without_instance(theirs) == without_instance(nobody)


async def test_what_is_wrong_with_the_recipient_is_said_of_a_patient_and_of_nobody_alike(
    records: ClientFactory, planned: Json, disclose: Disclose
) -> None:
    counsellor, unknown = records(Role.COUNSELLOR), str(uuid4())

    theirs = await disclose(planned["id"], counsellor, recipient_id=unknown)
    nobody = await disclose(uuid4(), counsellor, recipient_id=unknown)

    assert (theirs.status_code, code_of(theirs)) == (422, "unknown-recipient")
    assert without_instance(theirs) == without_instance(nobody)


async def test_another_organization_sees_nothing_of_it(
    stranger: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    await new_consent(planned)
    entry = (await disclose(planned["id"])).json()["disclosure"]
    await disclose(planned["id"], purpose="employment")

    for path in ("/v1/patients/{}/disclosures", "/v1/disclosures/{}:review"):
        method = "POST" if path.endswith("review") else "GET"
        known = planned["id"] if method == "GET" else entry["id"]
        theirs = await stranger.request(method, path.format(known))
        nobody = await stranger.request(method, path.format(uuid4()))
        assert theirs.status_code == 404
        assert without_instance(theirs) == without_instance(nobody)
    for path in ("/v1/disclosures", "/v1/disclosure_denials"):
        assert (await stranger.get(path)).json()["items"] == []


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.LAB, Role.AUDITOR, Role.PATIENT, Role.ORGANIZATION_ADMIN])
async def test_whose_duty_it_is_not_discloses_nothing(
    records: ClientFactory, planned: Json, disclose: Disclose, role: Role
) -> None:
    assert (await disclose(planned["id"], records(role))).status_code == 403


@pytest.mark.parametrize(("purpose", "status"), [("payment", 201), ("treatment", 403)])
async def test_billing_discloses_for_payment_alone(
    *, records: ClientFactory, planned: Json, new_consent: NewConsent, disclose: Disclose, purpose: str, status: int
) -> None:
    await new_consent(planned)

    answer = await disclose(planned["id"], records(Role.BILLING), purpose=purpose, information=["demographics"])

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"information": []}, "/information"),
        ({"information": ["demographics", "demographics"]}, ""),
        ({"purpose": "curiosity"}, "/purpose"),
        ({"recipient_id": "x"}, "/recipient_id"),
    ],
)
async def test_a_malformed_request_is_refused_with_its_place(
    planned: Json, disclose: Disclose, changes: Json, pointer: str
) -> None:
    answer = await disclose(planned["id"], **changes)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_the_care_team_discloses_and_the_accounting_is_paged_oldest_first(
    *,
    records: ClientFactory,
    director: httpx2.AsyncClient,
    planned: Json,
    new_consent: NewConsent,
    join_team: JoinTeam,
    disclose: Disclose,
) -> None:
    account = uuid4()
    await join_team(planned, account)
    await new_consent(planned)
    sent = [(await disclose(planned["id"], records(Role.COUNSELLOR, account=account))).json() for _ in range(3)]

    path = f"/v1/patients/{planned['id']}/disclosures"
    first = (await director.get(path, params={"page_size": 2})).json()
    second = (await director.get(path, params={"page_size": 2, "page_token": first["next_page_token"]})).json()

    listed = [one["id"] for page in (first, second) for one in page["items"]]
    assert sorted(listed) == sorted(one["disclosure"]["id"] for one in sent)
    assert [one["disclosed_by"] for one in first["items"]] == [str(account)] * 2


async def test_what_one_recipient_was_given_can_be_listed(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose, hospital: Json
) -> None:
    await new_consent(planned)
    await disclose(planned["id"])

    async def listed(recipient: Any) -> int:
        answer = await director.get("/v1/disclosures", params={"recipient_id": str(recipient)})
        return len(answer.json()["items"])

    assert (await listed(hospital["id"]), await listed(uuid4())) == (1, 0)


async def test_a_disclosure_sent_again_with_its_key_is_accounted_once(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, body: Json
) -> None:
    await new_consent(planned)
    path, headers = f"/v1/patients/{planned['id']}/disclosures", {"idempotency-key": "once"}

    answers = [await director.post(path, json=body, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len(await accounted(director, planned)) == 1
