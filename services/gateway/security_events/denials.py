"""What callers are refused at the door, told once and then counted, so that no flood of it fills the trail."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self, TypeVar
from uuid import UUID

import structlog

from services.chassis.clock import Clock
from services.chassis.context import current
from services.chassis.telemetry import frames
from services.contracts.gateway.security_events import SecurityEventKind
from services.contracts.identifiers import AccountId, LoginSessionId, OauthClientId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.security_events.rules import Told
from services.gateway.security_events.trails import Trails

WINDOW: Final = timedelta(minutes=15)
ROUND_SECONDS: Final = 30.0
MOST_OPERATIONS: Final = 20
"""Operations that one account's refusals are told of apart, within a window."""
MOST_KEPT: Final = 4096
"""Accounts, operations and reasons counted apart; beyond, only whose organization it is."""
MOST_OF_ONE: Final = MOST_KEPT // 16
"""As many of one organization, so that none of them has a share in what is told of the others."""
MOST_TOLD: Final = 50
"""Refusals told in one transaction: while it lasts, others wait who chose the same lane of a trail."""


class _Caller(NamedTuple):
    """Who is refused; nobody of ours without an account."""

    organization_id: OrganizationId | None = None
    account_id: AccountId | None = None
    oauth_client_id: OauthClientId | None = None
    login_session_id: LoginSessionId | None = None

    @classmethod
    def of(cls, principal: Principal) -> Self:
        return cls(
            principal.organization_id,
            principal.account_id,
            None if principal.delegation is None else principal.delegation.oauth_client_id,
            None if principal.sign_in is None else principal.sign_in.login_session_id,
        )

    @property
    def person(self) -> "_Person":
        return self.organization_id, self.account_id


_Person = tuple[OrganizationId | None, AccountId | None]


class _Refused(NamedTuple):
    """What is told apart from other refusals."""

    caller: _Caller
    operation_id: str | None = None
    reason: str | None = None

    def told(self, times: int, request_id: UUID) -> Told:
        return Told(
            SecurityEventKind.ACCESS_DENIED,
            self.caller.organization_id,
            by=self.caller.account_id,
            account_id=self.caller.account_id,
            oauth_client_id=self.caller.oauth_client_id,
            login_session_id=self.caller.login_session_id,
            operation_id=self.operation_id,
            reason=self.reason,
            times=times,
            request_id=request_id,
        )


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    request_id: UUID
    """Of the first one, which what followed is told with."""
    since_told: int = 0


Key = TypeVar("Key")


def _count_down(counts: Counter[Key], key: Key) -> None:
    # Two counters are subtracted by going through all that they count.
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


class Denials:
    """Notes refusals without waiting for anything, and keeps what is to be told of them.

    The first of its kind is told at once, or within half a minute where it is nobody's, and those that follow within a
    quarter of an hour together at its end; a process that dies takes with it how many these were, and of a caller of
    ours never that there was one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[_Refused, _Window] = {}
        self._kept: Counter[OrganizationId | None] = Counter()
        self._apart: Counter[_Person] = Counter()
        self._waiting: list[Told] = []

    def note(self, principal: Principal, operation_id: str, reason: str) -> None:
        """Note that a caller was refused an operation."""
        self._note(self._kind_of(_Caller.of(principal), operation_id, reason))

    def note_nobody(self, operation_id: str, reason: str) -> None:
        """Note that somebody was refused an operation who is no caller of ours: it is the installation that is told."""
        self._note(self._kind_of(_Caller(), operation_id, reason))

    def _note(self, refused: _Refused) -> None:
        now = self._clock.now()
        window = self._windows.get(refused)
        if window is not None and window.ends_at > now:
            window.since_told += 1
            return
        if window is not None:
            self._end(refused, window)
        # Told by whichever request comes next, if not by this one: so the id is kept now.
        request_id = current().request_id
        self._windows[refused] = _Window(now + WINDOW, request_id)
        self._kept[refused.caller.organization_id] += 1
        self._apart[refused.caller.person] += 1
        self._waiting.append(refused.told(1, request_id))

    def _kind_of(self, caller: _Caller, operation_id: str, reason: str) -> _Refused:
        refused = _Refused(caller, operation_id, reason)
        if refused in self._windows:
            return refused
        home = caller.organization_id
        if len(self._windows) >= MOST_KEPT or self._kept[home] >= MOST_OF_ONE:
            return _Refused(_Caller(home))
        return refused if self._apart[caller.person] < MOST_OPERATIONS else _Refused(_Caller(*caller.person))

    def _end(self, refused: _Refused, window: _Window) -> None:
        del self._windows[refused]
        _count_down(self._kept, refused.caller.organization_id)
        _count_down(self._apart, refused.caller.person)
        if window.since_told:
            self._waiting.append(refused.told(window.since_told, window.request_id))

    def end_windows(self, *, all_of_them: bool = False) -> None:
        """Put what was counted in windows that are over with what is to be told."""
        now = self._clock.now()
        for refused, window in list(self._windows.items()):
            if all_of_them or window.ends_at <= now:
                self._end(refused, window)

    async def tell(self, trails: Trails) -> None:
        """Tell what is to be told; what cannot be written now stays for the next time, and the refusal stands."""
        is_told = True
        while self._waiting and is_told:
            now, self._waiting = self._waiting[:MOST_TOLD], self._waiting[MOST_TOLD:]
            is_told = await self._tell_together(now, trails)

    async def _tell_together(self, waiting: list[Told], trails: Trails) -> bool:
        try:
            async with trails() as trail:
                for told in sorted(waiting, key=lambda one: one.trail):
                    await trail.tell(told)
        except BaseException as error:
            self._waiting = [*waiting, *self._waiting][:MOST_KEPT]
            if not isinstance(error, Exception):
                raise
            structlog.get_logger().warning("denials untold", error_type=type(error).__name__, frames=frames(error))
            return False
        return True

    async def run(self, trails: Trails) -> None:
        """Tell at the end of each window until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            self.end_windows()
            await self.tell(trails)
