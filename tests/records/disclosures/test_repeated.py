"""A disclosure's request that is sent again: its stored answer passes the gate once more (42 CFR 2.31(a)(6))."""

from typing import Any

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.consents.conftest import DOCUMENT, Json, NewConsent, code_of
from tests.records.disclosures.conftest import Disclose
from tests.records.disclosures.test_disclosures import accounted

KEY = {"idempotency-key": "0192f0c1-5f4e-7cc3-9d5e-000000000001"}


@pytest.fixture
def repeat(director: httpx2.AsyncClient, planned: Json, body: Json) -> Any:
    async def send(client: httpx2.AsyncClient | None = None, **changes: Any) -> httpx2.Response:
        path = f"/v1/patients/{planned['id']}/disclosures"
        return await (client or director).post(path, json={**body, **changes}, headers=KEY)

    return send


async def revoke(director: httpx2.AsyncClient, consent: Json) -> None:
    answer = await director.post(f"/v1/consents/{consent['id']}:revoke", json={"document_sha256": DOCUMENT})
    assert answer.status_code == 200, answer.text


async def test_while_the_consent_holds_the_same_answer_is_given_and_accounted_once(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, repeat: Any
) -> None:
    await new_consent(planned)

    first, second = await repeat(), await repeat()

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")
    assert await accounted(director, planned) == [first.json()["disclosure"]]


async def test_after_a_revocation_the_stored_answer_is_not_given_again_and_the_denial_is_kept(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, repeat: Any
) -> None:
    consent = await new_consent(planned)
    first = await repeat()
    await revoke(director, consent)

    second, third = await repeat(), await repeat()

    assert [answer.status_code for answer in (first, second, third)] == [201, 403, 403]
    assert (code_of(second), code_of(third)) == ("consent-revoked", "consent-revoked")
    assert planned["family_name"] not in second.text
    assert "idempotency-replayed" not in second.headers
    denials = (await director.get("/v1/disclosure_denials")).json()["items"]
    assert [denial["rule"] for denial in denials] == ["consent-revoked", "consent-revoked"]
    assert await accounted(director, planned) == [first.json()["disclosure"]]


async def test_a_restriction_that_was_agreed_since_holds_for_the_stored_answer_too(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, repeat: Any, hospital: Json
) -> None:
    await new_consent(planned)
    await repeat()
    asked = {
        "information": ["treatment_plan"],
        "purposes": ["treatment"],
        "recipient_ids": [hospital["id"]],
        "decision": "granted",
    }
    agreed = await director.post(f"/v1/patients/{planned['id']}/restrictions", json=asked)

    answer = await repeat()

    assert (agreed.status_code, answer.status_code, code_of(answer)) == (201, 403, "restricted")


async def test_what_another_consent_covers_by_now_is_another_disclosure(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, repeat: Any, disclose: Disclose
) -> None:
    consent = await new_consent(planned)
    first = await repeat()
    await revoke(director, consent)
    later = await new_consent(planned)

    again, fresh = await repeat(), await disclose(planned["id"])

    assert (again.status_code, code_of(again)) == (409, "another-consent")
    assert planned["family_name"] not in again.text
    assert fresh.json()["consent"]["id"] == later["id"]
    assert [one["consent_id"] for one in await accounted(director, planned)] == [
        first.json()["consent"]["id"],
        later["id"],
    ]


async def test_a_denial_is_given_again_as_it_was_and_kept_once(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, repeat: Any
) -> None:
    first = await repeat()
    await new_consent(planned)

    second = await repeat()

    assert (first.status_code, second.status_code, second.content) == (403, 403, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await director.get("/v1/disclosure_denials")).json()["items"]) == 1


async def test_the_key_with_another_request_or_of_another_caller_finds_no_answer(
    records: ClientFactory, planned: Json, new_consent: NewConsent, repeat: Any
) -> None:
    await new_consent(planned)
    first = await repeat()

    other = await repeat(information=["demographics"])
    colleague = await repeat(records(Role.PROGRAMME_DIRECTOR))

    assert (other.status_code, other.json()["type"]) == (422, "urn:eventide:problem:idempotency-key-reused")
    assert colleague.status_code == 201
    assert colleague.json()["disclosure"]["id"] != first.json()["disclosure"]["id"]
