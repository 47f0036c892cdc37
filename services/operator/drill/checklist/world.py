"""What the checks are made on: a stack of their own, the people in it, and a clock that can be put forward."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from services.chassis.clock import Clock
from services.contracts.identity import Role
from services.operator.drill.checklist.probes.applications import REDIRECT, SCOPES, Application
from services.operator.drill.checklist.probes.browsing import Browser, Flow
from services.operator.drill.checklist.probes.calling import Answer, Caller, Sessions
from services.operator.drill.checklist.probes.signing import Key
from services.operator.errors import OperatorError
from services.operator.stack import Addresses
from services.operator.token_command import mint

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who do not exist
_CREATED = 201
ROUNDS: Final = 16


ADDRESS: Final[ContextVar[str | None]] = ContextVar("address", default=None)
"""Where a check asks from: each from an address of its own, so that none is held up by what another has done."""


class SetUpFailedError(OperatorError):
    """Something that a check is made with could not be made; the text says what."""


class Moment(Enum):
    """When a check goes on: so long after the first stack was started, on a stack whose clock says so."""

    START = timedelta()
    A_CODE_IS_OLD = timedelta(minutes=2)
    A_FAMILY_IS_OLD = timedelta(days=89)
    A_FAMILY_IS_OVER = timedelta(days=91)


class Person(NamedTuple):
    """Somebody with an account."""

    id: str
    email: str
    password: str
    organization_id: UUID


@dataclass
class World:
    """A stack, asked as a stranger asks; what is set up in it belongs to the check that did it."""

    addresses: Addresses
    moment: Moment = Moment.START
    rounds: int = ROUNDS
    """How often each request is made whose time is compared."""
    sessions: Sessions = field(default_factory=Sessions)
    homes: dict[str, UUID] = field(default_factory=dict)
    paused: asyncio.Queue[tuple[Moment, asyncio.Event]] = field(default_factory=asyncio.Queue)
    last_acts: list[Callable[[], None]] = field(default_factory=list)
    """What is done after everything else, shortly before the stack is started again."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def issuer(self) -> str:
        """Where the gateway is, as it says itself."""
        return self.addresses.gateway.rstrip("/")

    @property
    def fhir(self) -> str:
        """Where the FHIR server is."""
        return f"{self.issuer}/fhir/R4"

    @property
    def clock(self) -> Clock:
        """What the services take for now."""
        return Clock(self.addresses.ahead)

    @property
    def state(self) -> Path:
        """The stack's folder."""
        return self.addresses.secrets.parent

    async def until(self, moment: Moment) -> None:
        """Wait for a later moment; others are checked meanwhile."""
        if moment.value <= self.moment.value:
            return
        gone_on = asyncio.Event()
        await self.paused.put((moment, gone_on))
        await gone_on.wait()

    def caller(self, token: str | None = None, *, address: str | None = None) -> Caller:
        """Return somebody who asks the gateway, from the check's own address unless another is named."""
        return Caller(self.sessions, lambda: self.issuer, token, address or ADDRESS.get())

    def as_role(
        self, *roles: Role, organization: UUID | None = None, user: UUID | None = None, is_proved: bool = False
    ) -> Caller:
        """Return somebody with a token of the installation's own making, in no session."""
        where = None if set(roles) == {Role.PLATFORM_OPERATOR} else organization
        token = mint(
            self.addresses.secrets,
            frozenset(roles),
            user=user,
            organization=where,
            offset=self.addresses.ahead,
            is_proved=is_proved,
        )
        return self.caller(token)

    async def home(self, name: str = "Harbour House") -> UUID:
        """Return the organization of a name; the first who asks makes it."""
        async with self._turn:
            if name not in self.homes:
                made = await self.as_role(Role.PLATFORM_OPERATOR).post("/v1/organizations", {"name": name})
                self.homes[name] = UUID(made_of(made)["id"])
        return self.homes[name]

    async def person(self, *roles: Role, organization: UUID | None = None, password: str = PASSWORD) -> Person:
        """Make an account; a counsellor's, unless other roles are named."""
        where = organization or await self.home()
        email = f"{uuid4().hex[:12]}@example.org"
        body = {"email": email, "password": password, "display_name": "Ada", "roles": roles or [Role.COUNSELLOR]}
        operator = self.as_role(Role.PLATFORM_OPERATOR)
        made = made_of(await operator.post(f"/v1/organizations/{where}/accounts", body))
        return Person(made["id"], email, password, where)

    async def application(
        self, *, key: Key | None = None, organization: UUID | None = None, **changes: Any
    ) -> Application:
        """Register an application; a public one unless it has a key."""
        made = made_of(await self.register(key=key, organization=organization, **changes))
        return Application(made["id"], self.issuer, self.clock, key)

    async def register(self, *, key: Key | None = None, organization: UUID | None = None, **changes: Any) -> Answer:
        """Ask to register an application, as the organization's administrator."""
        body = {
            "name": "Chart <b>Viewer</b>",
            "kind": "public" if key is None else "confidential",
            "grant_types": ["authorization_code"],
            "redirect_uris": [REDIRECT],
            "scopes": SCOPES,
            **({} if key is None else {"jwks": {"keys": [key.jwk]}}),
            **changes,
        }
        where = organization or await self.home()
        return await self.as_role(Role.ORGANIZATION_ADMIN, organization=where).post("/v1/oauth_clients", body)

    def browser(self) -> Browser:
        """Return a fresh browser."""
        return Browser(self.caller())

    async def flow(self, person: Person | None = None) -> Flow:
        """Return the usual way through the authorization endpoint, of a person of its own unless one is given."""
        someone = person or await self.person()
        return Flow(self.browser(), someone.email, someone.password)

    async def session(self, person: Person, **more: Any) -> dict[str, Any]:
        """Sign in over the API; returns the session."""
        body = {"email": person.email, "password": person.password, **more}
        return made_of(await self.caller().post("/v1/login_sessions", body))

    async def signed_in(self, person: Person, **more: Any) -> Caller:
        """Sign in over the API and ask with the token from then on."""
        return self.caller((await self.session(person, **more))["access_token"])

    async def documents(self) -> Mapping[str, Any]:
        """Read what the server says of itself (RFC 8414)."""
        told = (await self.caller().get("/.well-known/oauth-authorization-server")).json()
        return told if isinstance(told, dict) else {}


def made_of(answer: Answer) -> dict[str, Any]:
    """Return what was made; raises SetUpFailedError where nothing was."""
    told = answer.json()
    if answer.status != _CREATED or not isinstance(told, dict):
        raise SetUpFailedError(f"what the check needs could not be made: {answer.status} {answer.text[:200]}")
    return told
