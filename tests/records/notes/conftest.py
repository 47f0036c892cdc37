"""A group session that was attended, and counsellors who write about it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.encounters import conftest as encounters

Json = dict[str, Any]
Seat = Callable[..., Awaitable[str]]
Draft = Callable[..., Awaitable[Json]]

tell = encounters.tell
event = encounters.event

TEXT = {
    "topic": "Saying no",
    "interventions": "Role play of refusals.",
    "response": "Took part, and named two triggers.",
    "plan": "Write them down.",
}


def etag(note: Json) -> dict[str, str]:
    return {"if-match": f'"{note["version"]}"'}


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
def seat(tell: encounters.Tell) -> Seat:
    async def attend(patient: Json, **changes: Any) -> str:
        answer = await tell(event(patient, **changes))
        assert answer.status_code == 200, answer.text
        encounter_id: str = answer.json()["encounter_id"]
        return encounter_id

    return attend


@pytest.fixture
def draft(counsellor: httpx2.AsyncClient) -> Draft:
    async def write(encounter_id: str, **changes: Any) -> Json:
        answer = await counsellor.post(f"/v1/encounters/{encounter_id}/notes", json={**TEXT, **changes})
        assert answer.status_code == 201, answer.text
        note: Json = answer.json()
        return note

    return write


@pytest.fixture
def sign(counsellor: httpx2.AsyncClient) -> Draft:
    async def put_name_to(note: Json) -> Json:
        answer = await counsellor.post(f"/v1/notes/{note['id']}:sign", headers=etag(note))
        assert answer.status_code == 200, answer.text
        signed: Json = answer.json()
        return signed

    return put_name_to


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock.now()
