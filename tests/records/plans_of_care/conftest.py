"""An episode of a patient whom a counsellor treats, and a plan of care for it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory

Json = dict[str, Any]
Act = Callable[..., Awaitable[Json]]

CONTENTS: Json = {
    "problems": [
        {
            "key": "alcohol",
            "area": "alcohol",
            "diagnosis": "F10.20",
            "description": "Canary drinks daily.",
            "status": "active",
            "goals": [
                {
                    "key": "sober",
                    "statement": "I want to be there for my children.",
                    "in_the_patients_words": True,
                    "status": "active",
                    "objectives": [
                        {
                            "key": "thirty-days",
                            "statement": "Thirty days without a drink.",
                            "measure": "Drug tests and the patient's own word",
                            "target_on": "2026-11-01",
                            "status": "in-progress",
                            "interventions": [
                                {
                                    "key": "group",
                                    "description": "Relapse prevention\nin a group.",
                                    "service": "process_group",
                                    "frequency": "three times a week",
                                    "responsible_id": str(uuid4()),
                                    "status": "scheduled",
                                }
                            ],
                        }
                    ],
                }
            ],
        },
        {
            "key": "teeth",
            "area": "medical",
            "description": "Toothache.",
            "status": "active",
            "deferred_because": "A dentist's appointment is made.",
            "goals": [],
        },
    ],
    "strengths": ["A sober brother."],
    "discharge_criteria": "Thirty days sober, and a place in outpatient care.",
}
REVIEW: Json = {"finding": "continue", "progress": "Canary came to every group.", "patient_took_part": True}


def match(plan: Json) -> dict[str, str]:
    return {"if-match": f'"{plan["version"]}"'}


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def counsellor(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    return records(Role.COUNSELLOR, account=account)


@pytest.fixture
async def prescriber(records: ClientFactory, join_team: JoinTeam, patient: Json) -> httpx2.AsyncClient:
    account = uuid4()
    await join_team(patient, account)
    return records(Role.PRESCRIBER, account=account)


@pytest.fixture
async def patient(new_patient: PatientFactory, join_team: JoinTeam, account: UUID) -> Json:
    made = await new_patient()
    await join_team(made, account)
    return made


@pytest.fixture
async def episode(director: httpx2.AsyncClient, patient: Json) -> Json:
    body = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
def path(episode: Json) -> str:
    return f"/v1/episodes/{episode['id']}/plan_of_care"


@pytest.fixture
async def draft(counsellor: httpx2.AsyncClient, path: str) -> Json:
    answer = await counsellor.put(path, json=CONTENTS)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
def act(counsellor: httpx2.AsyncClient, path: str) -> Act:
    async def do(plan: Json, verb: str, body: Json | None = None) -> Json:
        answer = await counsellor.post(f"{path}:{verb}", json=body, headers=match(plan))
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    return do


@pytest.fixture
async def signed(act: Act, draft: Json) -> Json:
    return await act(draft, "sign")
