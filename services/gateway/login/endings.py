"""What is open, and ending it: access is over everywhere when a session is."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.chassis.telemetry import frames
from services.contracts.base import Page
from services.contracts.gateway.login import OpenSession
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Principal, SignIn
from services.gateway.ended import EndedTokens, outside_sessions
from services.gateway.login.sessions import SessionTimes
from services.gateway.login.storage import LoginSessionStorage, read_ended
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

ROUND_SECONDS: Final = 0.5
"""How often a process asks which tokens were ended through another, so that access ends within two seconds."""


class SessionsLogic:
    """Shows a person's sessions and ends them, within one unit of work that sees the organization."""

    def __init__(
        self,
        storage: LoginSessionStorage,
        ended: EndedTokens,
        times: SessionTimes,
        trail: SecurityTrail,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._ended = ended
        self._times = times
        self._trail = trail
        self._clock = clock

    async def page(self, requested: PageRequest, *, principal: Principal) -> Page[OpenSession]:
        """Return a page of the caller's own open sessions in the order they were begun."""
        now = self._clock.now()
        seen_after = self._times.seen_after(now)
        return requested.page(await self._storage.some(principal, requested, now=now, seen_after=seen_after))

    async def end(self, session_id: LoginSessionId, *, principal: Principal) -> None:
        """End one of the caller's own sessions.

        Raises:
            NotFoundError: The caller has no such open session.
        """
        account_id = principal.account_id
        if not await self._end(account_id, session_id):
            raise NotFoundError
        await self._trail.tell(
            Told(
                SecurityEventKind.SESSION_ENDED,
                principal.organization_id,
                by=account_id,
                account_id=account_id,
                login_session_id=session_id,
            )
        )

    async def signed_in(self, session_id: LoginSessionId) -> SignIn | None:
        """Return how and when the person of a session was authenticated, or None where it is over."""
        return await self._storage.signed_in(session_id, self._clock.now())

    async def end_all(self, account_id: AccountId) -> None:
        """End every session of a member, whose rights have changed."""
        await self._end(account_id, None)

    async def end_others(self, account_id: AccountId, session_id: LoginSessionId) -> None:
        """End every session of a person in this organization but one."""
        await self._end(account_id, None, but=session_id)

    async def end_organization(self, organization_id: OrganizationId) -> None:
        """End every session of the organization that the transaction sees, and refuse all tokens of it."""
        await self._storage.end_organization(organization_id, self._clock.now())
        ids = [str(organization_id), outside_sessions(organization_id)]
        self._ended.add(ids)
        self._storage.when_committed(lambda: self._ended.add(ids))

    async def reopen_organization(self, organization_id: OrganizationId) -> None:
        """Let tokens of an organization be good again, of sessions that begin from now on and of new grants."""
        await self._storage.reopen_organization(organization_id)

    async def _end(
        self, account_id: AccountId, session_id: LoginSessionId | None, *, but: LoginSessionId | None = None
    ) -> list[str]:
        ids = await self._storage.end(account_id, session_id, self._clock.now(), but=but)
        # Here it is over at once. Should the transaction fail, the next round gives back what was not written down; and
        # what a round gave back too soon is over again once it is written.
        self._ended.add(ids)
        self._storage.when_committed(lambda: self._ended.add(ids))
        return ids


class EndingsWatch:
    """Keeps what a process refuses in step with what is written down, whichever process wrote it."""

    def __init__(self, database: Callable[[], Database], ended: EndedTokens, clock: Clock) -> None:
        self._database = database
        self._ended = ended
        self._clock = clock

    async def refresh(self) -> None:
        """Read which tokens are ended; raises what the driver raises."""
        self._ended.begin_reading()
        async with self._database().read(None) as read:
            self._ended.replace(await read_ended(read, self._clock.now()))

    async def run(self) -> None:
        """Refresh until cancelled; while the database is away, what was ended before stays so."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
                structlog.get_logger().warning(
                    "ended tokens unreadable", error_type=type(error).__name__, frames=frames(error)
                )
            await asyncio.sleep(ROUND_SECONDS)
