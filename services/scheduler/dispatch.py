"""The queue: pgqueuer carries the wake-up call, in the transaction that makes the work.

A job says only what to look at. It may arrive twice or late; the row of the solve, the poll or the notice
decides what is done.
"""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

import orjson
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from pgqueuer.types import QueueEntrypoint
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import driver_connection
from services.contracts.identifiers import (
    AttendanceId,
    CommitmentSourceId,
    HoldLapseId,
    NoticeId,
    OrganizationId,
    SiteId,
    SolveId,
)

SOLVE: Final = QueueEntrypoint("solve")
POLL: Final = QueueEntrypoint("poll")
NOTICE: Final = QueueEntrypoint("notice")
ATTENDANCE: Final = QueueEntrypoint("attendance")
_LONGEST_PAUSE: Final = timedelta(minutes=5)
_MOST_DOUBLINGS: Final = 9


class PollCall(NamedTuple):
    """Whose source is to be read; `turn` is out of date where the row has another."""

    organization_id: OrganizationId
    source_id: CommitmentSourceId
    turn: int


class NoticeCall(NamedTuple):
    """Whose notice is due."""

    organization_id: OrganizationId
    notice_id: NoticeId


class AttendanceCall(NamedTuple):
    """Which revision of whose attendance records is to be told of."""

    organization_id: OrganizationId
    attendance_id: AttendanceId


class SiteCall(NamedTuple):
    """Of which site records is to be told, and how often that has failed."""

    organization_id: OrganizationId
    site_id: SiteId
    attempts: int = 0


class NoticeRound(NamedTuple):
    """Whose reminders are to be planned; `turn` is out of date where the provider has another, None never."""

    organization_id: OrganizationId
    turn: int | None


class LapseCall(NamedTuple):
    """Whose seat is to be looked at when its hold lapses."""

    organization_id: OrganizationId
    lapse_id: HoldLapseId


async def enqueue_solve(db: AsyncSession, organization_id: OrganizationId, solve_id: SolveId) -> None:
    """Call a worker for a solve, once the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    await queries.enqueue(SOLVE, write_payload(organization_id, solve_id))


def write_payload(organization_id: OrganizationId, solve_id: SolveId) -> bytes:
    """Write down whose solve a job is about."""
    return orjson.dumps([str(organization_id), str(solve_id)])


def read_payload(payload: bytes) -> tuple[OrganizationId, SolveId]:
    """Read whose solve a job is about."""
    organization_id, solve_id = orjson.loads(payload)
    return OrganizationId(UUID(organization_id)), SolveId(UUID(solve_id))


async def enqueue_poll(db: AsyncSession, call: PollCall, delay: timedelta) -> None:
    """Call a worker for a source, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    payload = orjson.dumps([str(call.organization_id), str(call.source_id), call.turn])
    await queries.enqueue(POLL, payload, execute_after=delay)


def read_poll_call(payload: bytes) -> PollCall:
    """Read whose source a job is about."""
    organization_id, source_id, turn = orjson.loads(payload)
    return PollCall(OrganizationId(UUID(organization_id)), CommitmentSourceId(UUID(source_id)), turn)


async def enqueue_notice(
    db: AsyncSession, organization_id: OrganizationId, notice_id: NoticeId, delay: timedelta
) -> None:
    """Call a worker for a notice, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    payload = orjson.dumps([str(organization_id), str(notice_id)])
    await queries.enqueue(NOTICE, payload, execute_after=max(delay, timedelta()))


async def enqueue_notice_round(db: AsyncSession, call: NoticeRound, delay: timedelta) -> None:
    """Call a worker for a round of reminders, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    await queries.enqueue(NOTICE, orjson.dumps([str(call.organization_id), call.turn]), execute_after=delay)


async def enqueue_lapse(db: AsyncSession, call: LapseCall, delay: timedelta) -> None:
    """Call a worker for the seat of a hold, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    payload = orjson.dumps([str(call.organization_id), "lapse", str(call.lapse_id)])
    await queries.enqueue(NOTICE, payload, execute_after=max(delay, timedelta()))


def read_notice_call(payload: bytes) -> NoticeCall | NoticeRound | LapseCall:
    """Read what a job is about: a notice, a round of reminders, or a hold that lapses."""
    organization_id, what, *which = orjson.loads(payload)
    organization = OrganizationId(UUID(organization_id))
    if which:
        return LapseCall(organization, HoldLapseId(UUID(which[0])))
    if what is None or isinstance(what, int):
        return NoticeRound(organization, what)
    return NoticeCall(organization, NoticeId(UUID(what)))


async def enqueue_attendance(db: AsyncSession, call: AttendanceCall, delay: timedelta) -> None:
    """Call a worker to tell records of a revision, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    payload = orjson.dumps([str(call.organization_id), str(call.attendance_id)])
    await queries.enqueue(ATTENDANCE, payload, execute_after=delay)


async def enqueue_site(db: AsyncSession, call: SiteCall, delay: timedelta) -> None:
    """Call a worker to tell records of a site, so long after the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    payload = orjson.dumps([str(call.organization_id), "site", str(call.site_id), call.attempts])
    await queries.enqueue(ATTENDANCE, payload, execute_after=delay)


def read_attendance_call(payload: bytes) -> AttendanceCall | SiteCall:
    """Read what records is to be told: a revision, or a site's zone."""
    organization_id, what, *which = orjson.loads(payload)
    organization = OrganizationId(UUID(organization_id))
    if which:
        site_id, attempts = which
        return SiteCall(organization, SiteId(UUID(site_id)), attempts)
    return AttendanceCall(organization, AttendanceId(UUID(what)))


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that failed before: a second, doubled, five minutes at most."""
    return min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(attempts, _MOST_DOUBLINGS)))
