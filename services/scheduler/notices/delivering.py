"""How a notice leaves the house: at least once, with the same id each time, and what is known of it afterwards.

An attempt has two transactions: the one in which it begins, and the one in which it ends. In between the message is
handed over, with no transaction open. A worker that dies there leaves a notice that says `sending`, and a job that
another worker takes up; the provider knows by the id what it has had already.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, UnitOfWork, driver_connection
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import SealingKey
from services.contracts.identifiers import NoticeId, OfferId, OrganizationId, PatientId
from services.contracts.scheduler.notices import (
    Notice,
    NoticeKind,
    NoticePreference,
    NoticeProvider,
    NoticeReason,
    NoticeStatus,
)
from services.contracts.scheduler.own_schedules import OwnNoticePreference
from services.scheduler.dispatch import enqueue_notice
from services.scheduler.keys.logic import KeysReader
from services.scheduler.notice_preferences.logic import NoticePreferencesReader
from services.scheduler.notice_providers.logic import NoticeProvidersReader
from services.scheduler.notices import reminder_storage, storage
from services.scheduler.notices.channel import Carriage, Carrier, Message, MessageChannel
from services.scheduler.notices.facts import Told, key_of_offer
from services.scheduler.notices.quiet import MOST_ATTEMPTS, QuietHours, pause_after, speaks_from
from services.scheduler.notices.rules import render
from services.scheduler.own_schedules.logic import OwnNoticePreferencesReader
from services.scheduler.sealed_patients.logic import SealedPatients
from services.scheduler.sites.logic import SitesReader

_OPEN: Final = frozenset({NoticeStatus.QUEUED, NoticeStatus.HELD, NoticeStatus.SENDING})


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that is to be handed over now; `number` is the fencing token of what is written about it."""

    message: Message
    carrier: Carrier
    number: int


class OfferGoneError(Exception):
    """What a message invites to is not to be had any more."""


class AnswerPages(Protocol):
    """Knows where people answer without signing in."""

    async def of_offer(
        self, db: UnitOfWork, organization_id: OrganizationId, offer_id: OfferId, key: SealingKey
    ) -> str | None:
        """Return the address at which the holder of `key` answers an offer; None where there is no such page.

        Raises:
            OfferGoneError: The offer is not open any more.
        """


class _UnsendableError(Exception):
    """A notice is not to be handed over now; `until` where it is to be looked at again."""

    def __init__(self, status: NoticeStatus, reason: NoticeReason | None, until: datetime | None = None) -> None:
        super().__init__()
        self.status = status
        self.reason = reason
        self.until = until


class Deliveries:
    """Hands notices over."""

    def __init__(
        self, database: Database, channel: MessageChannel, pages: AnswerPages, root: RootKeys, clock: Clock
    ) -> None:
        self._database = database
        self._channel = channel
        self._pages = pages
        self._root = root
        self._clock = clock
        self._log = structlog.get_logger()

    async def deliver(self, organization_id: OrganizationId, notice_id: NoticeId) -> None:
        """Do what is due about a notice; one that needs nothing is left alone."""
        async with self._database.command(organization_id) as db:
            attempt = await self._attempts(db, organization_id).begin(notice_id)
        if attempt is None:
            return
        carriage = await self._channel.carry(attempt.message, attempt.carrier, self._clock.now())
        async with self._database.command(organization_id) as db:
            await self._attempts(db, organization_id).end(attempt, carriage)
        self._log.info("notice handed over", notice_id=str(notice_id), attempt=attempt.number, outcome=carriage.value)

    def _attempts(self, db: UnitOfWork, organization_id: OrganizationId) -> "Attempts":
        return Attempts(db, organization_id, self._pages, self._root, self._clock)


class Attempts:
    """The two ends of an attempt, each in its own transaction."""

    def __init__(
        self, db: UnitOfWork, organization_id: OrganizationId, pages: AnswerPages, root: RootKeys, clock: Clock
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._pages = pages
        self._root = root
        self._clock = clock

    async def begin(self, notice_id: NoticeId) -> Attempt | None:
        """Begin an attempt where the notice is due and may be sent; else say of it why not, or when."""
        notice = await storage.hold(self._db, notice_id)
        if notice is None or notice.status not in _OPEN:
            return None
        now = self._clock.now()
        try:
            message, carrier = await self._sendable(notice, now)
        except _UnsendableError as unsendable:
            await self._put_off(notice_id, unsendable, now)
            return None
        return Attempt(message, carrier, await storage.begin_attempt(self._db, notice_id))

    async def _sendable(self, notice: Notice, now: datetime) -> tuple[Message, Carrier]:
        if notice.status is not NoticeStatus.SENDING and notice.deliver_after > now:
            raise _UnsendableError(notice.status, notice.reason, notice.deliver_after)
        if notice.expires_at <= now:
            raise _UnsendableError(NoticeStatus.EXPIRED, NoticeReason.TOO_LATE)
        read = Read(await driver_connection(self._db))
        # One that was on its way when the record was sealed is queued again where it did not arrive.
        if notice.patient_id is not None and await SealedPatients(read).among([notice.patient_id]):
            raise _UnsendableError(NoticeStatus.CANCELLED, NoticeReason.RECORD_SEALED)
        keys = KeysReader(read, self._organization_id, self._root)
        preference = await _preference(notice, read, keys)
        if preference is None or not preference.opted_in:
            raise _UnsendableError(NoticeStatus.CANCELLED, NoticeReason.NOT_OPTED_IN)
        carried = await NoticeProvidersReader(read, self._organization_id, keys).with_secret()
        if carried is None:
            raise _UnsendableError(NoticeStatus.FAILED, NoticeReason.NO_PROVIDER)
        zone = ZoneInfo((await SitesReader(read).get(notice.site_id)).zone)
        _refuse_quiet_hours(notice, now, _quiet_hours(carried[0], preference), zone)
        body = notice.body if notice.patient_id is None else await self._body(notice, notice.patient_id, keys, zone)
        message = Message(notice.id, preference.channel, preference.address or "", notice.language, body)
        return message, Carrier(carried[0].url, carried[1])

    async def _body(self, notice: Notice, patient_id: PatientId, keys: KeysReader, zone: ZoneInfo) -> str:
        if notice.kind is NoticeKind.REMINDER:
            return await self._reminder(notice, patient_id, zone)
        if notice.kind is NoticeKind.OFFER:
            return await self._invitation(notice, patient_id, keys)
        if notice.kind is NoticeKind.SEAT_FILLED:
            await self._refuse_unheard_of(notice)
        return notice.body

    async def _refuse_unheard_of(self, notice: Notice) -> None:
        """Refuse to tell that an offer is not to be had any more where nobody was ever told that it was to be had."""
        offer_id = (await storage.told_of(self._db, notice.id)).facts.offer_id
        if offer_id is None:
            return
        offered = await storage.find_by_key(self._db, key_of_offer(offer_id))
        if offered is not None and offered.attempts == 0:
            raise _UnsendableError(NoticeStatus.CANCELLED, NoticeReason.NOTHING_CHANGED)

    async def _invitation(self, notice: Notice, patient_id: PatientId, keys: KeysReader) -> str:
        """Return the words of an offer with the address for the answer, which is nowhere kept."""
        offer_id = (await storage.told_of(self._db, notice.id)).facts.offer_id
        if offer_id is None:
            return notice.body
        key = await keys.of_patient(patient_id)
        try:
            page = await self._pages.of_offer(self._db, self._organization_id, offer_id, key)
        except OfferGoneError:
            raise _UnsendableError(NoticeStatus.CANCELLED, NoticeReason.SESSION_GONE) from None
        return notice.body if page is None else f"{notice.body} {page}"

    async def _reminder(self, notice: Notice, patient_id: PatientId, zone: ZoneInfo) -> str:
        """Return the words of a reminder as the book stands by now; it may have changed since the round."""
        told = await storage.told_of(self._db, notice.id)
        sitting = None
        if notice.appointment_id is not None:
            sitting = await reminder_storage.sitting_of(self._db, notice.appointment_id, patient_id)
        if sitting is None or told.facts.after is None or sitting.start != told.facts.after.start:
            raise _UnsendableError(NoticeStatus.CANCELLED, NoticeReason.SESSION_GONE)
        if sitting == told.facts.after:
            return notice.body
        by_now = Told(told.kind, replace(told.facts, after=sitting))
        body = render(by_now, notice.language, zone)
        await storage.rewrite(self._db, notice.id, by_now, body)
        return body

    async def _put_off(self, notice_id: NoticeId, unsendable: "_UnsendableError", now: datetime) -> None:
        await storage.set_status(
            self._db, notice_id, unsendable.status, unsendable.reason, deliver_after=unsendable.until
        )
        if unsendable.until is not None:
            await self._call_later(notice_id, unsendable.until - now)

    async def end(self, attempt: Attempt, carriage: Carriage) -> None:
        """Write down what became of an attempt, unless something newer is known of the notice."""
        now = self._clock.now()
        if carriage is Carriage.ACCEPTED:
            await storage.end_attempt(self._db, attempt.message.id, attempt.number, NoticeStatus.SENT, sent_at=now)
        elif carriage is Carriage.REFUSED:
            await self._fail(attempt, NoticeReason.PROVIDER_REFUSED)
        elif attempt.number >= MOST_ATTEMPTS:
            await self._fail(attempt, NoticeReason.PROVIDER_UNREACHABLE)
        else:
            await self._try_again(attempt, now, pause_after(attempt.number))

    async def _try_again(self, attempt: Attempt, now: datetime, pause: timedelta) -> None:
        notice_id = attempt.message.id
        is_ours = await storage.end_attempt(
            self._db,
            notice_id,
            attempt.number,
            NoticeStatus.QUEUED,
            reason=NoticeReason.PROVIDER_UNREACHABLE,
            deliver_after=now + pause,
        )
        if is_ours:
            await self._call_later(notice_id, pause)

    async def _fail(self, attempt: Attempt, reason: NoticeReason) -> None:
        await storage.end_attempt(self._db, attempt.message.id, attempt.number, NoticeStatus.FAILED, reason=reason)

    async def _call_later(self, notice_id: NoticeId, delay: timedelta) -> None:
        await enqueue_notice(self._db, self._organization_id, notice_id, delay)


async def _preference(notice: Notice, read: Read, keys: KeysReader) -> NoticePreference | OwnNoticePreference | None:
    if notice.patient_id is not None:
        return await NoticePreferencesReader(read, keys).find(notice.patient_id)
    if notice.practitioner_id is not None:
        return await OwnNoticePreferencesReader(read, keys).of_practitioner(notice.practitioner_id)
    return None


def _refuse_quiet_hours(notice: Notice, now: datetime, hours: list[QuietHours], zone: ZoneInfo) -> None:
    speaks = speaks_from(now, hours, zone)
    if speaks is None or speaks >= notice.expires_at:
        # Said at once and not in the morning, so that somebody may still call.
        raise _UnsendableError(NoticeStatus.EXPIRED, NoticeReason.QUIET_HOURS)
    if speaks > now:
        raise _UnsendableError(NoticeStatus.HELD, NoticeReason.QUIET_HOURS, speaks)


def _quiet_hours(provider: NoticeProvider, preference: NoticePreference | OwnNoticePreference) -> list[QuietHours]:
    hours = [QuietHours(provider.quiet_from, provider.quiet_until)]
    if preference.quiet_from is not None and preference.quiet_until is not None:
        hours.append(QuietHours(preference.quiet_from, preference.quiet_until))
    return hours
