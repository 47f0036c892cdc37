"""Patients with commitments, and a week that they may be in the way of."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.fetching import Fetcher
from services.chassis.root_keys import RootKeys
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.scheduler.commitments.readers import LARGEST_CALENDAR
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.dispatch import PollCall, read_poll_call
from services.scheduler.worker.poller import Polls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Desk, Json, Make, calendar
from tests.support.outside import stranger


@pytest.fixture
async def patient(clinic: Clinic, new_patient: Make) -> Json:
    return await new_patient(clinic.site)


@pytest.fixture
def desk(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> Desk:
    return Desk(scheduler, scheduler_database, organization_id, clinic.site, clock)


class Sources:
    """The sources of one patient, as one role sees and changes them."""

    def __init__(self, scheduler: ClientFactory, patient: Json) -> None:
        self._scheduler = scheduler
        self.path = f"/v1/patients/{patient['id']}/commitment_sources"

    async def post(self, action: str = "", *, role: Role = Role.FRONT_DESK, **request: Any) -> Any:
        return await self._scheduler(role).post(f"{self.path}{action}", **request)

    async def preview(self, document: bytes, *, role: Role = Role.FRONT_DESK) -> Any:
        return await self.post(":preview", role=role, content=document, headers={"content-type": "text/calendar"})

    async def listed(self) -> list[Json]:
        return list((await self._scheduler(Role.COUNSELLOR).get(self.path)).json()["items"])

    async def busy(self, start: str = "2026-10-01T00:00:00Z", end: str = "2027-10-20T00:00:00Z") -> list[Json]:
        path = self.path.replace("commitment_sources", "commitments")
        parameters: dict[str, str | int] = {"start": start, "end": end, "page_size": 200}
        return list((await self._scheduler(Role.COUNSELLOR).get(path, params=parameters)).json()["items"])


@pytest.fixture
def sources(scheduler: ClientFactory, patient: Json) -> Sources:
    return Sources(scheduler, patient)


class Server:
    """A stranger's server with one calendar: what it answers, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.document = calendar("20261006T080000/20261006T093000")
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[Mapping[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        tag = self.headers.get("etag")
        if tag is not None and request.headers.get("if-none-match") == tag:
            return web.Response(status=304, headers=self.headers)
        body = self.document if self.status == 200 else b"a secret of the server"
        return web.Response(status=self.status, body=body, headers=self.headers)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with stranger(made.answer) as url:
        made.url = f"{url}/private-7c1e.ics"
        yield made


@pytest.fixture
def remote(scheduler_app: Any) -> RemoteCalendars:
    """Reads calendars of this machine too, where the test has its stranger's server."""
    made = RemoteCalendars(Fetcher(largest=LARGEST_CALENDAR, allows_loopback=True))
    scheduler_app.state.remote_calendars = made
    return made


class Jobs:
    """The queue of polls, worked off by hand: every job that is there for the organization, due or not."""

    def __init__(self, database: Database, organization_id: UUID, polls: Polls) -> None:
        self._database = database
        self._organization_id = OrganizationId(organization_id)
        self.polls = polls

    async def queued(self) -> list[tuple[PollCall, timedelta]]:
        """The jobs with how long they wait, those that come first first."""
        async with self._database.command(self._organization_id) as db:
            rows = await db.execute(
                text(
                    "select payload, execute_after - created as wait from pgqueuer where entrypoint = 'poll' order by 2"
                )
            )
            found = [(read_poll_call(row.payload), row.wait) for row in rows]
        return [(call, wait) for call, wait in found if call.organization_id == self._organization_id]

    async def work(self) -> list[str]:
        """Do the jobs that are there now, and say what came of each."""
        calls = [call for call, _ in await self.queued()]
        async with self._database.command(self._organization_id) as db:
            await db.execute(text("delete from pgqueuer where entrypoint = 'poll'"))
        return [await self.polls.read(call) for call in calls]


@pytest.fixture
def jobs(scheduler_database: Database, organization_id: UUID, clock: Clock, remote: RemoteCalendars) -> Jobs:
    polls = Polls(scheduler_database, clock, remote=remote, root=RootKeys.of(bytes(32)))
    return Jobs(scheduler_database, organization_id, polls)
