from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from services.contracts.disclosure import ConsentElement
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, SIGNED, Json, NewConsent, NewRecipient, code_of

STATEMENTS = ["right_to_revoke", "consequences_of_refusing", "redisclosure"]
WITHOUT: Mapping[ConsentElement, Mapping[str, Any]] = {
    ConsentElement.DISCLOSING_PARTY: {"disclosing_party": None},
    ConsentElement.INFORMATION: {"information": []},
    ConsentElement.RECIPIENTS: {"recipient_ids": []},
    ConsentElement.PURPOSES: {"purposes": []},
    ConsentElement.RIGHT_TO_REVOKE: {"statements": STATEMENTS[1:]},
    ConsentElement.CONSEQUENCES_OF_REFUSING: {"statements": [STATEMENTS[0], STATEMENTS[2]]},
    ConsentElement.REDISCLOSURE_STATEMENT: {"statements": STATEMENTS[:2]},
    ConsentElement.EXPIRY: {"expires_upon": None},
    ConsentElement.SIGNATURE: {"signatures": []},
    ConsentElement.SIGNATURE_DATE: {"signatures": [SIGNED | {"signed_at": None}]},
}


def without_instance(answer: httpx2.Response) -> bytes:
    return answer.content.replace(answer.json()["instance"].encode(), b"")


async def activate(client: httpx2.AsyncClient, consent: Json, version: int = 1) -> httpx2.Response:
    path = f"/v1/consents/{consent['id']}:activate"
    return await client.post(path, headers={"if-match": f'"{version}"'})


async def revoke(client: httpx2.AsyncClient, consent: Json) -> httpx2.Response:
    return await client.post(f"/v1/consents/{consent['id']}:revoke", json={"document_sha256": DOCUMENT})


async def test_a_consent_with_every_element_becomes_active(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    draft = await new_consent(await new_patient(), activate=False)

    answer = await activate(director, draft)

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (draft["status"], answer.json()["status"], answer.json()["version"]) == ("draft", "active", 2)


@pytest.mark.parametrize("element", list(WITHOUT))
async def test_without_an_element_it_does_not_and_the_element_is_named(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, element: ConsentElement
) -> None:
    draft = await new_consent(await new_patient(), activate=False, **WITHOUT[element])

    answer = await activate(director, draft)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:eventide:problem:consent-incomplete"
    assert element.value in {field["detail"].partition(":")[0] for field in answer.json()["errors"]}
    versions = await director.get(f"/v1/consents/{draft['id']}/versions")
    assert [one["status"] for one in versions.json()["items"]] == ["draft"]


async def test_an_intermediary_needs_its_participants(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, new_recipient: NewRecipient
) -> None:
    exchange = await new_recipient(name="State exchange", kind="intermediary", hipaa_bound=False)
    patient, named = await new_patient(), {"recipient_ids": [exchange["id"]]}

    alone = await activate(director, await new_consent(patient, activate=False, **named))
    treating = await activate(director, await new_consent(patient, activate=False, treating_participants=True, **named))

    assert [field["pointer"] for field in alone.json()["errors"]] == ["/participant_ids"]
    assert treating.status_code == 200


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "specific", "expires_upon": "none"}, "/expires_upon"),
        ({"kind": "specific", "expires_upon": "end_of_treatment"}, "/expires_upon"),
        ({"kind": "specific", "expires_upon": "final_disposition"}, "/expires_on"),
        ({"kind": "specific", "expires_upon": "end_of_research"}, "/expires_on"),
        ({"purposes": ["treatment", "employment"]}, "/purposes"),
        ({"information": ["demographics", "counselling_notes"]}, "/information"),
        ({"kind": "counselling_notes", "expires_on": "2027-01-01", "expires_upon": None}, "/information"),
        ({"kind": "proceedings", "expires_on": "2027-01-01", "expires_upon": None}, "/purposes"),
        (
            {"recipient_ids": [], "recipient_kinds": ["intermediary"], "treating_participants": True},
            "/recipient_kinds",
        ),
    ],
)
async def test_what_a_kind_of_consent_may_not_contain_is_named(
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    new_consent: NewConsent,
    changes: Json,
    pointer: str,
) -> None:
    answer = await activate(director, await new_consent(await new_patient(), activate=False, **changes))

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_a_consent_that_is_signed_in_the_future_does_not_become_active(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    """Before, it became active: of what nobody had signed yet the signature counted from the day that was written."""
    ahead = {"signatures": [SIGNED | {"signed_at": "2026-10-05T10:00:00Z"}]}
    draft = await new_consent(await new_patient(), activate=False, **ahead)

    answer = await activate(director, draft)

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == ["/signatures/0/signed_at"]
    versions = (await director.get(f"/v1/consents/{draft['id']}/versions")).json()["items"]
    assert [one["status"] for one in versions] == ["draft"]


async def test_a_revocation_is_a_version_and_holds_at_once(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    patient = await new_patient()
    consent = await new_consent(patient)

    revoked = await revoke(director, consent)

    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    listed = (await director.get(f"/v1/patients/{patient['id']}/consents")).json()["items"]
    versions = (await director.get(f"/v1/consents/{consent['id']}/versions")).json()["items"]
    assert [(one["id"], one["status"]) for one in listed] == [(consent["id"], "revoked")]
    assert [(one["version"], one["status"]) for one in versions] == [(3, "revoked"), (2, "active"), (1, "draft")]
    assert code_of(await revoke(director, consent)) == "not-active"


async def test_what_is_irrevocable_for_a_time_is_revoked_from_its_end_on(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    consent = await new_consent(
        await new_patient(),
        kind="criminal_justice",
        purposes=["criminal_justice_monitoring"],
        expires_on="2027-06-30",
        expires_upon="final_disposition",
        irrevocable_until="2026-12-01T00:00:00Z",
    )

    revoked = await revoke(director, consent)

    assert revoked.json()["effective_at"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(("reason", "status"), [("event_occurred", "ended"), ("found_false", "false")])
async def test_a_consent_ends_for_a_reason(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, reason: str, status: str
) -> None:
    consent = await new_consent(await new_patient())

    answer = await director.post(f"/v1/consents/{consent['id']}:end", json={"reason": reason})

    assert (answer.status_code, answer.json()["status"]) == (200, status)


async def test_a_draft_is_written_again_and_what_is_signed_is_not(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, terms: Json
) -> None:
    draft = await new_consent(await new_patient(), activate=False, purposes=[])
    path = f"/v1/consents/{draft['id']}"

    blind = await director.put(path, json=terms)
    written = await director.put(path, json=terms, headers={"if-match": '"1"'})
    stale = await director.put(path, json=terms, headers={"if-match": '"1"'})
    signed = await activate(director, draft, 2)
    late = await director.put(path, json=terms, headers={"if-match": '"3"'})

    statuses = [answer.status_code for answer in (blind, written, stale, signed, late)]
    assert statuses == [428, 200, 412, 200, 409]


@pytest.mark.parametrize("member", ["recipient_ids", "participant_ids"])
async def test_a_recipient_who_is_in_no_directory_is_named(
    director: httpx2.AsyncClient, new_patient: PatientFactory, terms: Json, member: str
) -> None:
    patient = await new_patient()

    answer = await director.post(f"/v1/patients/{patient['id']}/consents", json={**terms, member: [str(uuid4())]})

    assert answer.status_code == 422
    assert (code_of(answer), answer.json()["errors"][0]["pointer"]) == ("unknown-recipient", f"/{member}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/patients/{patient}/consents"),
        ("GET", "/v1/patients/{patient}/consents"),
        ("GET", "/v1/patients/{patient}/restrictions"),
        ("GET", "/v1/patients/{patient}/representatives"),
        ("GET", "/v1/consents/{consent}/versions"),
        ("POST", "/v1/consents/{consent}:revoke"),
    ],
)
async def test_another_organization_and_a_counsellor_of_others_learn_nothing(
    records: ClientFactory, new_patient: PatientFactory, new_consent: NewConsent, method: str, path: str
) -> None:
    patient = await new_patient()
    consent = await new_consent(patient)
    body = {"document_sha256": DOCUMENT} if path.endswith(":revoke") else {"kind": "general"}

    for curious in (records(Role.PROGRAMME_DIRECTOR, organization=uuid4()), records(Role.COUNSELLOR)):
        theirs = await curious.request(method, path.format(patient=patient["id"], consent=consent["id"]), json=body)
        nobody = await curious.request(method, path.format(patient=uuid4(), consent=uuid4()), json=body)
        assert theirs.status_code == nobody.status_code == 404
        assert without_instance(theirs) == without_instance(nobody)


@pytest.mark.parametrize("role", [Role.BILLING, Role.LAB, Role.PATIENT, Role.AUDITOR])
async def test_who_only_reads_consents_writes_none(
    records: ClientFactory, new_patient: PatientFactory, terms: Json, role: Role
) -> None:
    patient = await new_patient()

    assert (await records(role).post(f"/v1/patients/{patient['id']}/consents", json=terms)).status_code == 403


@pytest.fixture
async def owner(records_urls: DatabaseUrls) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(records_urls.owner)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("select set_config('eventide.organization_id', $1, true)", str(uuid4()))
    yield connection
    await transaction.rollback()
    await connection.close()


INSERT = """
    insert into consents (organization_id, id, version, patient_id, status, kind, disclosing_party, information,
        recipient_ids, recipient_kinds, names_intermediary, participant_ids, treating_participants, purposes,
        statements, expires_upon, signatures, effective_at, changed_by, created_at)
    select current_setting('eventide.organization_id')::uuid, gen_random_uuid(), 1, id, 'active', 'general',
        {disclosing_party}, {information}, array[id], {recipient_kinds}, {names_intermediary}, '{{}}', false,
        {purposes},
        {statements}, {expires_upon}, {signatures}, now(), id, now() from patients
"""
WHOLE = {
    "disclosing_party": "'x'",
    "information": "array['demographics']",
    "recipient_kinds": "'{}'",
    "names_intermediary": "false",
    "purposes": "array['treatment']",
    "statements": "array['right_to_revoke', 'consequences_of_refusing', 'redisclosure']",
    "expires_upon": "'none'",
    "signatures": """'[{"signed_at": "2026-10-01"}]'""",
}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("disclosing_party", "null"),
        ("information", "'{}'"),
        ("information", "array['counselling_notes']"),
        ("recipient_kinds", "array['intermediary']"),
        ("names_intermediary", "true"),
        ("purposes", "'{}'"),
        ("purposes", "array['employment']"),
        ("statements", "array['consequences_of_refusing', 'redisclosure']"),
        ("statements", "array['right_to_revoke', 'redisclosure']"),
        ("statements", "array['right_to_revoke', 'consequences_of_refusing']"),
        ("expires_upon", "null"),
        ("expires_upon", "'final_disposition'"),
        ("expires_upon", "'end_of_research'"),
        ("signatures", "'[]'"),
        ("signatures", """'[{"signed_at": null}]'"""),
    ],
)
async def test_not_even_the_owner_of_the_database_can_make_an_incomplete_consent_active(
    owner: Any, column: str, value: str
) -> None:
    await owner.execute(
        "insert into patients select current_setting('eventide.organization_id')::uuid, gen_random_uuid(), "
        "'', '', '', gen_random_uuid(), 1, now()"
    )
    await owner.execute(INSERT.format(**WHOLE))

    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(INSERT.format(**{**WHOLE, column: value}))
