"""Episodes of a clinic: a patient who has been admitted, and factories."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.records.conftest import PatientFactory

Json = dict[str, Any]
Admit = Callable[..., Awaitable[Json]]
Act = Callable[..., Awaitable[httpx2.Response]]

LEVEL = {"criteria_edition": "asam-3", "level": "2.1"}
ADMISSION = {"programme": "evening-iop", "admitted_on": "2026-09-01", "initial": LEVEL}


def level(number: str, edition: str = "asam-3") -> Json:
    return {"criteria_edition": edition, "level": number}


@pytest.fixture
def admit(director: httpx2.AsyncClient, new_patient: PatientFactory) -> Admit:
    async def begin(patient: Json | None = None, **changes: Any) -> Json:
        patient = patient or await new_patient()
        answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json={**ADMISSION, **changes})
        assert answer.status_code == 201, answer.text
        episode: Json = answer.json()
        return episode

    return begin


@pytest.fixture
def act(director: httpx2.AsyncClient) -> Act:
    async def call(episode: Json, verb: str, body: Json, *, read: int | None = None) -> httpx2.Response:
        version = episode["version"] if read is None else read
        path = f"/v1/episodes/{episode['id']}"
        method, path = ("PUT", f"{path}/taper_weeks") if verb == "taper_weeks" else ("POST", f"{path}:{verb}")
        return await director.request(method, path, json=body, headers={"if-match": f'"{version}"'})

    return call
