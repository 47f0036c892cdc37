"""Assessments of a clinic: answers to take away from, and factories."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import pytest

from services.records.assessments.instruments import all_instruments

Json = dict[str, Any]
Assess = Callable[..., Awaitable[Json]]

YESTERDAY = "2026-10-01T15:00:00Z"


def answers(instrument_id: str, value: int = 0, **changes: int | None) -> list[Json]:
    """Answer every item that is always asked alike, but for the changes, which are named by item as in `i9=1`."""
    changed = {name.removeprefix("i"): given for name, given in changes.items()}
    asked = [
        item
        for item in all_instruments()[instrument_id].items
        if item.id in changed or not (item.optional or item.asked_if_any_of)
    ]
    return [{"item_id": item.id, "value": changed.get(item.id, min(value, item.most))} for item in asked]


def body(instrument_id: str = "phq-9", value: int = 0, at: str = YESTERDAY, **changes: int | None) -> Json:
    return {
        "instrument_id": instrument_id,
        "administered_at": at,
        "answers": answers(instrument_id, value, **changes),
    }


def amendment(*args: Any, **changes: Any) -> Json:
    kept = {name: value for name, value in body(*args, **changes).items() if name != "instrument_id"}
    return {**kept, "reason": "entered_in_error"}


async def act(client: httpx2.AsyncClient, one: Mapping[str, Any], verb: str, content: Any = None) -> httpx2.Response:
    path = f"/v1/assessments/{one['id']}:{verb}"
    return await client.post(path, json=content, headers={"if-match": f'"{one["version"]}"'})


@pytest.fixture
def assess(director: httpx2.AsyncClient) -> Assess:
    async def create(patient: Json, *args: Any, complete: bool = False, **changes: Any) -> Json:
        answer = await director.post(f"/v1/patients/{patient['id']}/assessments", json=body(*args, **changes))
        assert answer.status_code == 201, answer.text
        if complete:
            answer = await act(director, answer.json(), "complete")
            assert answer.status_code == 200, answer.text
        one: Json = answer.json()
        return one

    return create
