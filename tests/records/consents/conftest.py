"""Consents of a clinic: whole terms to take away from, a hospital to send to, and factories."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

Json = dict[str, Any]
NewRecipient = Callable[..., Awaitable[Json]]
NewConsent = Callable[..., Awaitable[Json]]

DOCUMENT = "0f" * 32
SIGNED = {"signer": "patient", "method": "on_paper", "signed_at": "2026-10-01T10:00:00Z", "document_sha256": DOCUMENT}
TPO = ["treatment", "payment", "operations"]


def code_of(answer: httpx2.Response) -> str:
    code: str = answer.json()["code"]
    return code


@pytest.fixture
def new_recipient(director: httpx2.AsyncClient) -> NewRecipient:
    async def create(**changes: Any) -> Json:
        body = {"name": "Harbour Hospital", "kind": "treating_provider", "hipaa_bound": True, **changes}
        answer = await director.post("/v1/recipients", json=body)
        assert answer.status_code == 201, answer.text
        recipient: Json = answer.json()
        return recipient

    return create


@pytest.fixture
async def hospital(new_recipient: NewRecipient) -> Json:
    return await new_recipient()


@pytest.fixture
def terms(hospital: Json) -> Json:
    return {
        "kind": "general",
        "disclosing_party": "Harbour Street programme",
        "information": ["demographics", "treatment_plan"],
        "recipient_ids": [hospital["id"]],
        "purposes": TPO,
        "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
        "expires_upon": "none",
        "signatures": [SIGNED],
    }


@pytest.fixture
def new_consent(director: httpx2.AsyncClient, terms: Json) -> NewConsent:
    async def create(patient: Json, *, activate: bool = True, **changes: Any) -> Json:
        drafted = await director.post(f"/v1/patients/{patient['id']}/consents", json={**terms, **changes})
        assert drafted.status_code == 201, drafted.text
        consent: Json = drafted.json()
        if activate:
            path = f"/v1/consents/{consent['id']}:activate"
            answer = await director.post(path, headers={"if-match": '"1"'})
            assert answer.status_code == 200, answer.text
            consent = answer.json()
        return consent

    return create
