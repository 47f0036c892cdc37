"""A counsellor who keeps notes apart, and a consent that covers the rest of the record."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import hospital, new_consent, new_recipient, terms

__all__ = ["hospital", "new_consent", "new_recipient", "terms"]

Json = dict[str, Any]

BODY: Mapping[str, str] = {"text": "Fears being found out by the employer.\nReturn to this."}


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def counsellor(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    return records(Role.COUNSELLOR, account=account)


@pytest.fixture
async def patient(new_patient: PatientFactory, join_team: JoinTeam, account: UUID) -> Json:
    """Somebody whom the counsellor treats."""
    made = await new_patient()
    await join_team(made, account)
    return made


@pytest.fixture
async def note(counsellor: httpx2.AsyncClient, patient: Json) -> Json:
    """A note that the counsellor keeps."""
    answer = await counsellor.post(f"/v1/patients/{patient['id']}/counselling_notes", json=BODY)
    assert answer.status_code == 201, answer.text
    kept: Json = answer.json()
    return kept
