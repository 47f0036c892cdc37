"""A published group with a free seat, and three people who wait for it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from services.chassis.clock import Clock
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json, Make

Wait = Callable[..., Awaitable[Json]]


class Waiting(NamedTuple):
    """A patient, and the entry on the waitlist."""

    patient: Json
    entry: Json


class Three(NamedTuple):
    ann: Waiting
    ben: Waiting
    cleo: Waiting


@pytest.fixture
def wait(scheduler: ClientFactory, site: Json) -> Wait:
    async def send(patient: Json, **more: Any) -> Json:
        path = f"/v1/sites/{site['id']}/waitlist_entries"
        answer = await scheduler(Role.FRONT_DESK).post(path, json={"patient_id": patient["id"], **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return send


@pytest.fixture
async def three(new_patient: Make, site: Json, wait: Wait) -> Three:
    """Ann has waited longest, then Ben, then Cleo."""
    people = [await new_patient(site) for _ in Three._fields]
    days = ("2026-09-01", "2026-09-10", "2026-09-20")
    return Three(
        *[
            Waiting(patient, await wait(patient, service="process_group", since=day))
            for patient, day in zip(people, days, strict=True)
        ]
    )


class Offers:
    """The front desk's calls about offers, and those of somebody who holds a secret."""

    def __init__(self, scheduler: ClientFactory, stranger: Any, site: Json) -> None:
        self._client = scheduler
        self._stranger = stranger
        self._site = site

    async def make(self, appointment: Json, *, role: Role = Role.FRONT_DESK, **request: Any) -> Any:
        return await self._client(role).post(f"/v1/appointments/{appointment['id']}/offer_batches", json=request)

    async def made(self, appointment: Json, **request: Any) -> Json:
        answer = await self.make(appointment, **request)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def read(self, batch: Json) -> Json:
        answer = await self._client(Role.FRONT_DESK).get(f"/v1/offer_batches/{batch['id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def statuses(self, batch: Json) -> list[str]:
        return [offer["status"] for offer in (await self.read(batch))["offers"]]

    async def ask(self, verb: str, offer: Json, *, role: Role = Role.FRONT_DESK) -> Any:
        return await self._client(role).post(f"/v1/offers/{offer['id']}:{verb}")

    async def token(self, offer: Json) -> str:
        answer = await self.ask("issue_link", offer)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def look(self, token: str) -> Any:
        return await self._stranger.post("/v1/offered_times:look", json={"token": token})

    async def answer(self, token: str, answer: str) -> Any:
        return await self._stranger.post("/v1/offered_times:answer", json={"token": token, "answer": answer})

    async def put_rule(self, **rule: Any) -> Any:
        client = self._client(Role.FRONT_DESK)
        return await client.put(f"/v1/sites/{self._site['id']}/offer_rule", json=rule)


@pytest.fixture
def offers(scheduler: ClientFactory, site: Json) -> Offers:
    stranger = scheduler(Role.PATIENT)
    del stranger.headers["authorization"]
    return Offers(scheduler, stranger, site)


@pytest.fixture
def later(scheduler_app: Any) -> Callable[[timedelta], None]:
    """Let time pass for the scheduler."""

    def pass_by(duration: timedelta) -> None:
        process = scheduler_app.state.process
        moved = Clock(process.clock.now() + duration - Clock().now())
        scheduler_app.state.process = type(process)(moved, process.database, process.authenticator)

    return pass_by
