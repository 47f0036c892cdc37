"""People who are signed in at the gateway, and how they read a week, for the front desk's story."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from pydantic import SecretStr

from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.gateway.login import LoginRequest
from services.contracts.gateway.organizations import AccountRequest
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import NoticeLanguage
from tests.scheduler.notices.forbidden import forbidden_in

Json = dict[str, Any]
Times = set[tuple[str, str, str]]
WEEK = "2026-10-05"
# East enough for the stack's clock to stand at Friday afternoon: somebody can be checked in for the same evening.
ZONE = ZoneInfo("Asia/Novosibirsk")


class Answer(NamedTuple):
    status: int
    body: Json


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in at the gateway, or who comes without a login."""

    http: HttpClient
    gateway: str
    token: str | None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; a body that is text goes as a calendar."""
        sent = {name.replace("_", "-"): of for name, of in headers.items()}
        if self.token is not None:
            sent["authorization"] = f"Bearer {self.token}"
        if method != "GET":
            sent["idempotency-key"] = str(uuid4())
        if body is not None:
            sent["content-type"] = "text/calendar" if isinstance(body, str) else "application/json"
        data = body.encode() if isinstance(body, str) else orjson.dumps(body)
        content = None if body is None else data
        answer = await self.http.request("gateway", method, self.gateway + path, headers=sent, body=content)
        return Answer(answer.status, orjson.loads(answer.body) if answer.body else {})

    async def post(self, path: str, body: Any = None, **headers: str) -> Json:
        """Do something that must succeed."""
        status, answer = await self.ask("POST", path, body, **headers)
        assert status < 300, answer
        return answer

    async def put(self, path: str, body: Any, **headers: str) -> Json:
        """Write something that must be taken."""
        status, answer = await self.ask("PUT", path, body, **headers)
        assert status < 300, answer
        return answer

    async def read(self, path: str) -> Json:
        """Read something that must be there."""
        status, answer = await self.ask("GET", path)
        assert status == 200, answer
        return answer

    async def items(self, path: str) -> list[Json]:
        """Read a list that fits on one page."""
        page = await self.read(path)
        assert page["next_page_token"] is None
        return list(page["items"])


@dataclass(frozen=True)
class Clinic:
    """A site that is open on four days only, with one group a day and one therapist."""

    site: Json
    therapist: Json


class Staff(NamedTuple):
    """Who works there, and since when: `now` is the instant, by the stack's clock, at which the story begins."""

    director: Person
    desk: Person
    now: datetime


async def signed_in(
    operator: ApiClient, http: HttpClient, gateway: str, organization_id: OrganizationId, role: Role
) -> Person:
    email, password = f"{role.value}-{uuid4().hex[:8]}@story.invalid", SecretStr(uuid4().hex)
    account = AccountRequest(email=email, password=password, display_name="Robin Doe", roles=frozenset({role}))
    await operator.create_account(organization_id, account)
    session = await operator.sign_in(LoginRequest(email=email, password=password))
    assert session.token is not None
    return Person(http, gateway, session.token)


async def the_proposal_of(desk: Person, solve: Json) -> Json:
    """Wait until a solve is over, and read what it proposes."""
    async with asyncio.timeout(120):
        while solve["status"] not in {"succeeded", "failed", "cancelled"}:
            await asyncio.sleep(0.2)
            solve = await desk.read(f"/v1/solves/{solve['id']}")
    assert solve["status"] == "succeeded", solve
    return await desk.read(f"/v1/proposals/{solve['proposal_id']}")


async def booked(desk: Person, clinic: Clinic, status: str = "booked", week: str = WEEK) -> list[Json]:
    here = f"/v1/sites/{clinic.site['id']}/appointments"
    return await desk.items(f"{here}?week={week}&status={status}&page_size=200")


async def seats_of(desk: Person, clinic: Clinic, seat: Json) -> tuple[int, set[str]]:
    found = next(one for one in await booked(desk, clinic) if one["id"] == seat["id"])
    return found["taken"], set(found["patient_ids"])


async def told(desk: Person, patient_id: str) -> list[str]:
    """Return what lies in the outbox for a patient; no word of it names the treatment."""
    bodies = [notice["body"] for notice in await desk.items(f"/v1/patients/{patient_id}/notices?page_size=200")]
    assert [forbidden_in(body, NoticeLanguage.ENGLISH) for body in bodies] == [[]] * len(bodies)
    return bodies


def minutes_of(patient: Json, sessions: Iterable[Json]) -> dict[str, int]:
    minutes = Counter[str]()
    for session in sessions:
        if patient["id"] in session["patient_ids"]:
            length = datetime.fromisoformat(session["end"]) - datetime.fromisoformat(session["start"])
            minutes[session["service"]] += length // timedelta(minutes=1)
    return dict(minutes)


def times_of(appointments: Iterable[Json]) -> Times:
    return {(one["service"], one["start"], who) for one in appointments for who in one["patient_ids"]}


def groups_of(appointments: Iterable[Json]) -> list[Json]:
    return [one for one in appointments if one["service"] == "process_group"]


def weekday_of(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(ZONE).strftime("%a")


def day_of(appointment: Json) -> str:
    return str(appointment["start"])[:10]
