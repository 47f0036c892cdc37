"""Draw programmes of a clinic whose clock stands where a test puts it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.records.main import build
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

Json = dict[str, Any]
At = Callable[..., httpx2.AsyncClient]
NewProgramme = Callable[..., Awaitable[Json]]

EVERY_DAY = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
TERMS: Json = {
    "call_days": EVERY_DAY,
    "hazard": {"tests": 2, "opportunities": 7},
    "cap_days": 10,
    "starts_on": "2026-10-05",
    "ends_on": "2026-12-31",
    "zone": "America/New_York",
    "release_at": "05:00",
}


class StandingClock(Clock):
    """A clock that does not go."""

    def __init__(self, instant: str) -> None:
        super().__init__(timedelta())
        self._instant = datetime.fromisoformat(instant)

    @override
    def now(self) -> datetime:
        return self._instant


@pytest.fixture
def at(records_database: Database, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> At:
    """Make a caller at an instant, whose token is of today: what stands still is the service's clock alone."""

    def caller(
        instant: str, *roles: Role, account: UUID | None = None, organization: UUID | None = None
    ) -> httpx2.AsyncClient:
        app = build(nothing_to_open)
        app.state.process = Process(
            StandingClock(instant), records_database, LocalAuthenticator(tokens, Microservice.RECORDS)
        )
        app.state.root_key = bytes(32)
        who = principal(
            *(roles or (Role.PROGRAMME_DIRECTOR,)), organization=organization or organization_id, account=account
        )
        token = tokens.internal(who, Microservice.RECORDS)
        made = call_in_process(app, headers={"authorization": f"Bearer {token}"})
        clients.push_async_callback(made.aclose)
        return made

    return caller


@pytest.fixture
def new_programme(director: httpx2.AsyncClient) -> NewProgramme:
    async def create(patient: Json, **changes: Any) -> Json:
        answer = await director.post(f"/v1/patients/{patient['id']}/draw_programmes", json={**TERMS, **changes})
        assert answer.status_code == 201, answer.text
        programme: Json = answer.json()
        return programme

    return create
