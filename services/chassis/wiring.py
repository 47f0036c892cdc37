"""What routes depend on: the caller, a unit of work, a read; the whole wiring in one place.

All of them are coroutines, because FastAPI sends a plain function to a thread, which costs more than most of them do.

A session of the database is reached only through these, so the commit always comes before the answer: FastAPI's default
scope would end the dependency after the answer has left, and report a lost write as saved.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.audit.chain import audit_key
from services.chassis.audit.trail import Caller as AuditCaller
from services.chassis.audit.trail import Ground, Trail, append
from services.chassis.authentication import Authenticator
from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.chassis.errors import (
    AuthenticationRequiredError,
    InsufficientScopeError,
    NotAllowedError,
    ServiceError,
    StaleVersionError,
    TokenNotTakenError,
    VersionRequiredError,
)
from services.chassis.idempotency import (
    AnsweredBeforeError,
    GatedAgainRoute,
    Idempotency,
    KeyedRequest,
    keyed_request,
)
from services.chassis.tokens import InvalidTokenError
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal
from services.contracts.problems import ProblemDetails
from services.policy.calls import CallDecision, may_call
from services.policy.routes import BY_OPERATION

DecidesAgain = Callable[[Request, AsyncSession, Trail, Sequence[Ground]], Awaitable[None]]
"""Refuses where not all of what a stored answer was given on holds for the caller now; `app.state.decides_again`."""

_BEARER: Final = HTTPBearer(auto_error=False, description="An access token of the gateway (RFC 6750).")
PROVED_KEY: Final = "proved_key"
"""In the scope of a request, where the front door has verified a proof of possession: the thumbprint of its key."""


@dataclass(frozen=True, slots=True)
class Process:
    """What one process holds open for its requests; `app.state.process`."""

    clock: Clock
    database: Database
    authenticator: Authenticator


def process_of(request: Request) -> Process:
    """Return what this process holds open."""
    process: Process = request.app.state.process
    return process


async def authorized_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Principal:
    """Verify the token and ask the policy about this very route; every route but the public ones depends on it."""
    token = _token_in(request) if credentials is None else credentials.credentials
    if token is None:
        raise AuthenticationRequiredError
    try:
        principal = await process_of(request).authenticator.authenticate(token)
    except InvalidTokenError:
        raise TokenNotTakenError from None
    if principal.proof_key != request.scope.get(PROVED_KEY):
        raise TokenNotTakenError
    route: APIRoute = request.scope["route"]
    policy = BY_OPERATION.get(route.operation_id or "")
    decision = None if policy is None else may_call(principal, policy).decision
    if decision is CallDecision.DENY_SCOPE:
        raise InsufficientScopeError
    if decision is not CallDecision.PERMIT:
        raise NotAllowedError
    request.state.caller = principal
    return principal


def _token_in(request: Request) -> str | None:
    """Return the token that came with a proof (RFC 9449, 7.1), where the front door has verified that one."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "dpop" and PROVED_KEY in request.scope else None


def caller_of(request: Request) -> Principal:
    """Return who was let in by `authorized_caller`.

    The framework solves again whatever a dependency depends on, each time that it is named, and only then looks whether
    it has the answer. What stands beside a read or a unit of work asks here for the caller instead, and for the trail.

    Raises:
        AuthenticationRequiredError: Nobody was let in yet.
    """
    principal: Principal | None = getattr(request.state, "caller", None)
    if principal is None:
        raise AuthenticationRequiredError
    return principal


Caller = Annotated[Principal, Depends(authorized_caller)]


def organization_of(principal: Principal) -> OrganizationId:
    """Return the organization the caller acts in; a platform operator acts in none and is refused."""
    if principal.organization_id is None:
        raise NotAllowedError
    return principal.organization_id


def trail_of(request: Request) -> Trail:
    """Return the audit trail of a request: what it is told is written with the transaction, a refusal in any case.

    Raises:
        AuthenticationRequiredError: Nobody was let in yet.
    """
    trail: Trail | None = getattr(request.state, "trail", None)
    if trail is None:
        route: APIRoute = request.scope["route"]
        trail = Trail(AuditCaller(caller_of(request), route.operation_id or ""), process_of(request).clock)
        request.state.trail = trail
    return trail


async def _keep_refusals(request: Request, principal: Principal, trail: Trail) -> None:
    refusals = trail.take_refusals()
    if refusals:
        # The transaction that was refused has been rolled back by now.
        async with process_of(request).database.read(principal.organization_id) as own:
            await _append(request, principal, own.connection, refusals)


async def _append(
    request: Request, principal: Principal, connection: Any, events: list[str], *, is_alone: bool = False
) -> None:
    if request.app.state.is_audited:
        organization_id = organization_of(principal)
        key = audit_key(request.app.state.root_keys.first)
        await append(connection, key, organization_id, events, is_alone=is_alone)
        request.app.state.grown_trails.add(organization_id)


async def _unit_of_work(request: Request, principal: Caller) -> AsyncIterator[AsyncSession]:
    trail = trail_of(request)
    try:
        async with process_of(request).database.command(principal.organization_id) as db:
            keyed = await keyed_request(request, principal)
            if keyed is not None:
                request.state.idempotency = await _claim(request, db, keyed, trail)
            yield db
            if request.app.state.is_audited:
                await _append(request, principal, await driver_connection(db), trail.take())
    except ServiceError as refusal:
        # Somebody whom the gate let through was told what became of it: that the version is stale, that it is over.
        trail.keep(refusal.code or refusal.problem)
        raise
    finally:
        await _keep_refusals(request, principal, trail)


async def _claim(request: Request, db: AsyncSession, keyed: KeyedRequest, trail: Trail) -> Idempotency | None:
    try:
        return await Idempotency.claim(db, keyed, trail, process_of(request).clock.now())
    except AnsweredBeforeError as before:
        is_refusal = before.response.status_code >= HTTPStatus.BAD_REQUEST
        is_gated_again = isinstance(request.scope["route"], GatedAgainRoute)
        decides_again: DecidesAgain | None = request.app.state.decides_again
        if decides_again is not None and not is_refusal and not is_gated_again:
            await decides_again(request, db, trail, before.grounds)
        trail.replay(*dict.fromkeys(ground.subject for ground in before.grounds))
        if is_refusal or not is_gated_again:
            raise
        request.state.answered_before = before.response
        return None


async def _read(request: Request, principal: Caller) -> AsyncIterator[Read]:
    trail = trail_of(request)
    try:
        async with process_of(request).database.hot_read(principal.organization_id) as read:
            yield read
            if request.app.state.is_audited:
                await _append(request, principal, read.connection, trail.take(), is_alone=True)
    except ServiceError as refusal:
        # Somebody may see this of a person, and was told that there is none of it.
        trail.keep(refusal.code or refusal.problem)
        raise
    finally:
        await _keep_refusals(request, principal, trail)


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways to the database of who comes without a token, for what asks others before its transaction begins."""

    database: Database

    def lookup(self) -> AbstractAsyncContextManager[Read]:
        """Open a read of tables that span organizations."""
        return self.database.hot_read(None)

    def unit(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a command's session, as `PublicDb` is; what it commits is committed when the block ends."""
        return self.database.command(None)


async def _public_doors(request: Request) -> Doors:
    return Doors(process_of(request).database)


async def _public_unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    async with process_of(request).database.command(None) as db:
        yield db


async def _public_read(request: Request) -> AsyncIterator[Read]:
    async with process_of(request).database.hot_read(None) as read:
        yield read


Db = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
"""A command's session, in the caller's organization; committed before the answer leaves."""


async def _answered_before(request: Request, _db: Db) -> Response | None:
    answer: Response | None = getattr(request.state, "answered_before", None)
    return answer


AnsweredBefore = Annotated[Response | None, Depends(_answered_before)]
"""The stored answer of the same request, on a `GatedAgainRoute`: given again only if the endpoint returns it."""

PublicDb = Annotated[AsyncSession, Depends(_public_unit_of_work, scope="function")]
"""A command's session for a public route: it sees no organization until the logic sets one."""

Reading = Annotated[Read, Depends(_read, scope="function")]
"""A read of the caller's organization."""

PublicDoors = Annotated[Doors, Depends(_public_doors)]
"""The ways to the database for a public route; nothing is held until one is taken."""

PublicReading = Annotated[Read, Depends(_public_read, scope="function")]
"""A read for a public route: it sees only tables that span organizations, and leaves no trace of who asks."""


async def _clock(request: Request) -> Clock:
    return process_of(request).clock


Now = Annotated[Clock, Depends(_clock)]
"""The clock of the process."""


def entity_tag(version: int) -> str:
    """Return the ETag of a version (RFC 9110, 8.8.3)."""
    return f'"{version}"'


async def _expected_version(
    # Who may not call is told so, and not which header the call would need.
    _caller: Caller,
    if_match: Annotated[str | None, Header(description='The ETag that you read, such as "3".')] = None,
) -> int | None:
    if if_match is None:
        return None
    text = if_match.strip().removeprefix('"').removesuffix('"')
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - versions count from 0 and never get that far
        raise StaleVersionError("If-Match names no version of this resource; read it again and send its ETag.")
    return int(text)


ExpectedVersion = Annotated[int | None, Depends(_expected_version)]
"""The version that If-Match names, or None without the header."""


async def _required_version(version: ExpectedVersion) -> int:
    if version is None:
        raise VersionRequiredError
    return version


RequiredVersion = Annotated[int, Depends(_required_version)]
"""The version that If-Match names; 428 without the header (RFC 6585, 3)."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems of a route, besides those that every route may answer."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"model": ProblemDetails, "content": content} for status in statuses}


async def _bearer_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
    if credentials is None:
        raise AuthenticationRequiredError
    return credentials.credentials


async def bearer_token_of(request: Request) -> str:
    """Return the token that a request came with, where no dependency can ask for it.

    Raises:
        AuthenticationRequiredError: It came without one.
    """
    return await _bearer_token(await _BEARER(request))


BearerToken = Annotated[str, Depends(_bearer_token)]
"""The caller's own token, to be exchanged for one that another service takes."""
