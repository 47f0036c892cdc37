"""Draw programmes of a clinic whose clock stands where a test puts it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from tests.conftest import FRIDAY
from tests.support.serving import call_in_process
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
    """A clock that does not go, until somebody sets it."""

    def __init__(self) -> None:
        super().__init__(timedelta())
        self.instant = FRIDAY

    @override
    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def at(
    records_app: FastAPI,
    records_database: Database,
    tokens: Tokens,
    organization_id: UUID,
    clients: AsyncExitStack,
) -> At:
    """Make a caller who calls at an instant, whose token is of today: what is set is the service's clock alone."""
    clock = StandingClock()
    authenticator = LocalAuthenticator(tokens, Microservice.RECORDS)
    standing, going = Process(clock, records_database, authenticator), records_app.state.process

    def caller(
        instant: str, *roles: Role, account: UUID | None = None, organization: UUID | None = None
    ) -> httpx2.AsyncClient:
        who = principal(
            *(roles or (Role.PROGRAMME_DIRECTOR,)), organization=organization or organization_id, account=account
        )
        token = tokens.internal(who, Microservice.RECORDS)
        made = call_in_process(records_app, headers={"authorization": f"Bearer {token}"})

        async def set_the_clock(_request: httpx2.Request) -> None:
            clock.instant = datetime.fromisoformat(instant)
            records_app.state.process = standing

        async def let_it_go(_response: httpx2.Response) -> None:
            records_app.state.process = going

        made.event_hooks = {"request": [set_the_clock], "response": [let_it_go]}
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
