"""When sources are read again, and what becomes of what was read.

A source has a turn, and the one job of that turn is what reads it. Whoever begins the next turn sends the next job in
the same transaction: an attempt does so when it begins, for the case that its worker dies, and again when it ends; who
asks for a reading at once does too. A job or an attempt of another turn changes nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.root_keys import RootKeys
from services.contracts.identifiers import CommitmentSourceId, OrganizationId, SiteId
from services.contracts.scheduler.commitments import PollOutcome, SourceKind
from services.scheduler.commitments import poll_storage, storage
from services.scheduler.commitments.caldav import read_collection
from services.scheduler.commitments.ical import CalendarReading
from services.scheduler.commitments.poll_rules import READ_WHOLE_EVERY, next_pause
from services.scheduler.commitments.poll_storage import PollTask
from services.scheduler.commitments.readers import CalendarReaders, new_source, without_lines
from services.scheduler.commitments.remote import Found, RemoteCalendars, RemoteFailedError
from services.scheduler.commitments.rules import horizon, read_entry
from services.scheduler.commitments.sealed import Access, SourceSeal, Validators
from services.scheduler.dispatch import PollCall, enqueue_poll
from services.scheduler.errors import CalendarUnreadableError
from services.scheduler.keys.logic import KeysReader

_LEASE: Final = timedelta(minutes=5)
"""Longer than any attempt takes."""
_PARTS: Final = 1 << 20


class PollSchedule:
    """Says when a source is read; within the transaction of whoever changes the source."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def begin(
        self, source_id: CommitmentSourceId, site_id: SiteId, delay: timedelta, sealed_access: bytes | None = None
    ) -> None:
        """Let a new source be read again, the first time after a delay."""
        due = self._clock.now() + delay
        await poll_storage.insert_poll(
            self._db, self._organization_id, source_id, site_id, sealed_access=sealed_access, next_attempt_at=due
        )
        await enqueue_poll(self._db, PollCall(self._organization_id, source_id, 1), delay)

    async def read_in(
        self, source_id: CommitmentSourceId, delay: timedelta = timedelta(), *, turn: int | None = None
    ) -> bool:
        """Let a source be read after a delay and not before; says whether it is read again, and was at that turn."""
        begun = await poll_storage.next_turn(self._db, source_id, self._clock.now() + delay, turn=turn)
        if begun is None:
            return False
        await enqueue_poll(self._db, PollCall(self._organization_id, source_id, begun), delay)
        return True

    async def read_at(self, source_id: CommitmentSourceId, site_id: SiteId, delay: timedelta) -> None:
        """Let a source be read after a delay, on the wall clock of a site from then on."""
        await poll_storage.set_site(self._db, source_id, site_id)
        await self.read_in(source_id, delay)

    async def stop(self, source_id: CommitmentSourceId) -> None:
        """Let a source be read no more, until somebody asks."""
        await poll_storage.next_turn(self._db, source_id, None)


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of an attempt: what was read, unless it failed or nothing has changed."""

    outcome: PollOutcome
    reading: CalendarReading | None = None
    validators: Validators | None = None
    retry_after: timedelta | None = None


class PollRuns:
    """One attempt's two transactions: the one in which it begins, and the one in which it ends."""

    def __init__(
        self, db: UnitOfWork, read: Read, organization_id: OrganizationId, *, clock: Clock, root: RootKeys
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock
        self._schedule = PollSchedule(db, organization_id, clock)
        self._keys = KeysReader(read, organization_id, root)

    async def claim(self, call: PollCall) -> PollTask | None:
        """Begin the attempt that a job asks for; None where the job is out of date or the source does not count.

        The next job is sent already: it comes if nobody ends this attempt.
        """
        if not await self._schedule.read_in(call.source_id, _LEASE, turn=call.turn):
            return None
        task = await poll_storage.task(self._db, call.source_id)
        if task is None:
            await self._schedule.stop(call.source_id)
        return task

    async def opened(self, task: PollTask) -> tuple[Access, Validators | None] | None:
        """Open where the calendar is; None of what is entered by hand.

        What its server told is left out where the whole calendar is due.

        Raises:
            SealBrokenError: What is stored was changed behind our back, or the patient's key is gone or another one.
        """
        if task.sealed_access is None:
            return None
        seal = await self._seal(task)
        access = seal.open_access(task.sealed_access)
        known = None if task.sealed_validators is None else seal.open_validators(task.sealed_validators)
        if known is not None and known.read_at < (self._clock.now() - READ_WHOLE_EVERY).timestamp():
            known = None
        return access, known

    async def finish(self, task: PollTask, attempted: Attempted) -> bool:
        """End an attempt and send the next job; says whether it still counted."""
        failures = task.failures + 1 if attempted.outcome.is_failure else 0
        spread = secrets.randbelow(_PARTS) / _PARTS
        pause = next_pause(task.kind, failures, spread=spread, retry_after=attempted.retry_after)
        if not await self._schedule.read_in(task.source_id, pause, turn=task.turn):
            return False
        now = self._clock.now()
        await poll_storage.keep_attempt(
            self._db,
            task.source_id,
            at=now,
            outcome=attempted.outcome,
            failures=failures,
            validators=await self._remembered(task, attempted.validators),
        )
        if attempted.reading is not None:
            await self._keep(task, attempted.reading, now)
        return True

    async def _remembered(self, task: PollTask, validators: Validators | None) -> bytes | None:
        if validators is None:
            return task.sealed_validators
        return (await self._seal(task)).seal_validators(validators)

    async def _seal(self, task: PollTask) -> SourceSeal:
        return SourceSeal(self._organization_id, task.source_id, await self._keys.of_patient(task.patient_id))

    async def _keep(self, task: PollTask, reading: CalendarReading, now: datetime) -> None:
        await storage.keep_reading(self._db, new_source(task.kind, task.source_id, task.patient_id, reading, now))
        await storage.replace_commitments(
            self._db,
            self._organization_id,
            patient_id=task.patient_id,
            source_id=task.source_id,
            busy=[(interval.start, interval.end) for interval in reading.busy],
            now=now,
        )


class Attempts:
    """Reads sources; what it takes from the database is in the task, and it writes nothing."""

    def __init__(self, remote: RemoteCalendars, readers: CalendarReaders, clock: Clock) -> None:
        self._remote = remote
        self._readers = readers
        self._clock = clock

    async def read(self, task: PollTask, opened: tuple[Access, Validators | None] | None) -> Attempted:
        """Read one source; a failure is an outcome."""
        zone = ZoneInfo(task.zone)
        if task.entry is not None:
            return Attempted(PollOutcome.READ, read_entry(task.entry, zone, *horizon(self._clock.today(zone))))
        if opened is None:
            raise ValueError("a source is entered by hand or lies elsewhere")
        return await self.read_remote(task.kind, *opened, zone)

    async def read_remote(
        self, kind: SourceKind, access: Access, known: Validators | None, zone: ZoneInfo
    ) -> Attempted:
        """Read a calendar where it is."""
        try:
            found = await self._found(kind, access, known)
            if found.document is None:
                return Attempted(PollOutcome.UNCHANGED, validators=found.validators)
            reading = await self._readers.read(found.document, zone, self._clock)
        except RemoteFailedError as failure:
            return Attempted(failure.outcome, retry_after=failure.retry_after)
        except CalendarUnreadableError:
            return Attempted(PollOutcome.CALENDAR_REFUSED)
        return Attempted(
            PollOutcome.READ, reading if kind is SourceKind.URL else without_lines(reading), found.validators
        )

    async def _found(self, kind: SourceKind, access: Access, known: Validators | None) -> Found:
        if kind is SourceKind.CALDAV:
            return await read_collection(self._remote, access, known, self._clock.now())
        return await self._remote.document(access, known, self._clock.now())
