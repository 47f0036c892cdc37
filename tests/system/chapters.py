"""A clinic whose days pass: each chapter is a stack of its own on the same state folder, with its clock set further."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import pyotp
from pydantic import SecretStr

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.gateway.login import LoginRequest
from services.contracts.gateway.organizations import AccountRequest, OrganizationRequest
from services.contracts.identity import Role
from services.operator.folders import PASSABLE
from services.operator.stack import Addresses, running_stack
from services.operator.state import PROJECT
from services.operator.token_command import mint
from tests.system.front_desk import Json, Person

ZONE = ZoneInfo("America/New_York")
STAFF = (Role.PROGRAMME_DIRECTOR, Role.FRONT_DESK, Role.COUNSELLOR, Role.SUPERVISOR, Role.NURSE)


class Login(NamedTuple):
    """How somebody who works there signs in; a chapter later the token of the one before has expired."""

    email: str
    password: SecretStr
    account_id: str
    totp: pyotp.TOTP | None = None


@dataclass
class Book:
    """What the chapters hand on."""

    folder: Path
    logins: dict[Role, Login] = field(default_factory=dict)
    found: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Today:
    """One day of the clinic: who is there, and what time it is."""

    director: Person
    desk: Person
    counsellor: Person
    supervisor: Person
    nurse: Person
    anybody: Person
    clock: Clock

    @property
    def now(self) -> str:
        return self.clock.now().isoformat()


@contextmanager
def a_book() -> Iterator[Book]:
    folder = Path(tempfile.mkdtemp(prefix="eventide-story-"))
    folder.chmod(PASSABLE)
    try:
        yield Book(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def chapter(book: Book, at: datetime, tell: Callable[[Book, Today], Awaitable[None]]) -> None:
    """Let it be that hour, and tell what happens."""

    async def told(stack: Addresses) -> None:
        async with _today(book, stack) as today:
            await tell(book, today)

    with running_stack(book.folder, clock=at) as stack:
        asyncio.run(told(stack))


@asynccontextmanager
async def _today(book: Book, stack: Addresses) -> AsyncIterator[Today]:
    http = HttpClient(timeout_seconds=30)
    operator = ApiClient(
        http, stack.gateway, mint(stack.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=stack.ahead)
    )
    try:
        if not book.logins:
            await _found(book, operator)
        clock = Clock(stack.ahead)
        people = [await _signed_in(http, stack.gateway, operator, book.logins[role], clock) for role in STAFF]
        director, desk, counsellor, supervisor, nurse = people
        yield Today(
            director=director,
            desk=desk,
            counsellor=counsellor,
            supervisor=supervisor,
            nurse=nurse,
            anybody=Person(http, stack.gateway, None),
            clock=clock,
        )
    finally:
        await http.close()


async def _found(book: Book, operator: ApiClient) -> None:
    organization = await operator.create_organization(OrganizationRequest(name="Harbour Street"))
    for role in STAFF:
        email, password = f"{role.value}-{uuid4().hex[:8]}@story.invalid", SecretStr(uuid4().hex)
        request = AccountRequest(email=email, password=password, display_name="Robin Doe", roles=frozenset({role}))
        account = await operator.create_account(organization.id, request)
        book.logins[role] = Login(email, password, str(account.id))


async def _signed_in(http: HttpClient, gateway: str, operator: ApiClient, login: Login, clock: Clock) -> Person:
    code = None if login.totp is None else SecretStr(login.totp.at(clock.now()))
    session = await operator.sign_in(LoginRequest(email=login.email, password=login.password, one_time_code=code))
    return Person(http, gateway, session.token)


async def with_a_second_factor(book: Book, role: Role, person: Person, clock: Clock) -> Person:
    """Let somebody set up one-time codes, prove a second factor, and go on with the token that says so."""
    login = book.logins[role]
    begun = await person.post("/v1/me/totp", {"password": login.password.get_secret_value()})
    totp = pyotp.TOTP(begun["secret"])
    kept = await person.post("/v1/me/totp:confirm", {"one_time_code": totp.at(clock.now())})
    book.logins[role] = login._replace(totp=totp)
    [session] = [one for one in await person.items("/v1/login_sessions") if one["is_current"]]
    # The code of this half minute has just been used.
    step_up = {"recovery_code": kept["codes"][0]}
    stepped = await person.post(f"/v1/login_sessions/{session['id']}:step_up", step_up)
    return replace(person, token=stepped["access_token"])


async def written_down(counsellor: Person, sessions: Iterable[Json]) -> None:
    """Wait until the clinical record knows of everybody in these sessions: it is told after the desk has its answer."""
    awaited = {(session["id"], who) for session in sessions for who in session["patient_ids"]}
    async with asyncio.timeout(120):
        while True:
            known = {
                (one["appointment_id"], who)
                for who in {who for _, who in awaited}
                for one in await counsellor.items(f"/v1/patients/{who}/encounters?page_size=200")
            }
            if awaited <= known:
                return
            await asyncio.sleep(0.1)


def verified(folder: Path, evidence: Json, commitment: str) -> tuple[int, str]:
    """Run the script that docs/draws.md gives to anybody, and return how it ended and what it said."""
    script, file = folder / "verify.py", folder / "evidence.json"
    script.write_text((PROJECT / "docs/draws.md").read_text().split("```python\n")[1].split("```")[0])
    file.write_text(json.dumps(evidence))
    command = [sys.executable, "-I", "-W", "ignore", str(script), str(file), commitment]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def weekly(*days: str) -> str:
    """Return the calendar of somebody who cannot come on the evenings of these weekdays."""
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//story//EN",
            "BEGIN:VEVENT",
            "UID:evenings@example.org",
            f"DTSTART;TZID={ZONE.key}:20260907T160000",
            f"DTEND;TZID={ZONE.key}:20260907T230000",
            f"RRULE:FREQ=WEEKLY;BYDAY={','.join(days)}",
            "SUMMARY:Night shift",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    )


def weekday(session: Json) -> str:
    return datetime.fromisoformat(session["start"]).astimezone(ZONE).strftime("%a")


def later(instant: str, **by: Any) -> str:
    return (datetime.fromisoformat(instant) + timedelta(**by)).isoformat()
