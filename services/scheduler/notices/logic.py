"""What is allowed with notices: how one gets into the outbox, and who reads it."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork, driver_connection
from services.chassis.errors import ContentionError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import NoticeId, OrganizationId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.notices import (
    Notice,
    NoticeKind,
    NoticeLanguage,
    NoticePreview,
    NoticeReason,
    NoticeStatus,
)
from services.scheduler.dispatch import enqueue_notice
from services.scheduler.errors import NoticeGoneError, NoticeNotFailedError
from services.scheduler.notice_preferences.logic import NoticeTermsReader
from services.scheduler.notice_preferences.terms import NoticeTerms
from services.scheduler.notices import storage
from services.scheduler.notices.facts import PLANNING, NoticeFacts, Told, check
from services.scheduler.notices.rules import render
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id

_TRIES: Final = 3
_DAY: Final = timedelta(days=1)


class NoticesReader:
    """Reads the outbox."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def page_of_site(
        self, site_id: SiteId, day: date, status: NoticeStatus | None, page: PageRequest
    ) -> Page[Notice]:
        """Return a page of the notices that are to go out on a day of the site's zone.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        span = tuple(datetime.combine(at, time(), zone) for at in (day, day + _DAY))
        found = await storage.page_of_site(self._read, site_id, (span[0], span[1]), status, page)
        return page.page([_in_zone(notice, zone) for notice in found])

    async def get(self, notice_id: NoticeId) -> Notice:
        """Return a notice.

        Raises:
            NotFoundError: There is no such notice in the caller's organization.
        """
        notice = await storage.find(self._read, notice_id)
        if notice is None:
            raise NotFoundError
        return _in_zone(notice, ZoneInfo((await self._sites.get(notice.site_id)).zone))

    async def page_of_patient(self, patient_id: PatientId, page: PageRequest) -> Page[Notice]:
        """Return a page of a patient's notices, the first one first; empty where nobody ever wrote to the patient."""
        found = await storage.page_of_patient(self._read, patient_id, page)
        zones = {site_id: ZoneInfo((await self._sites.get(site_id)).zone) for site_id in {n.site_id for n in found}}
        return page.page([_in_zone(notice, zones[notice.site_id]) for notice in found])


def _in_zone(notice: Notice, zone: ZoneInfo) -> Notice:
    instants = ("deliver_after", "expires_at", "created_at", "sent_at", "delivered_at")
    found: Mapping[str, datetime | None] = {name: getattr(notice, name) for name in instants}
    return notice.model_copy(update={name: at and at.astimezone(zone) for name, at in found.items()})


class NoticesLogic:
    """Queues notices in the transaction of what they tell: either both come about, or neither."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, sites: SitesReader, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._clock = clock

    async def queue(
        self,
        kind: NoticeKind,
        patient_id: PatientId,
        facts: NoticeFacts,
        *,
        dedupe_key: str,
        not_before: datetime | None = None,
    ) -> Notice:
        """Queue a notice once for each key, however often it is asked for; returns the notice of the key.

        Of what was never sent about the same appointment it takes the place, and tells what both come to; where that
        is nothing, nobody is written to. `dedupe_key` names the fact within the organization by ids alone, such as
        `cancelled:<appointment>:<patient>:<version>`.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            ContentionError: Others keep telling the same patient of the same appointment meanwhile.
            ValueError: The facts are not those of the kind: a mistake of the caller's code.
        """
        told = Told(kind, facts)
        check(told)
        zone = ZoneInfo((await self._sites.get(facts.site_id)).zone)
        for _ in range(_TRIES):
            known = await storage.find_by_key(self._db, dedupe_key)
            if known is not None:
                return known
            sum_of_both, older = await self._composed(told, patient_id)
            notice = await self._to_patient(patient_id, sum_of_both, zone, not_before)
            if older is not None:
                await storage.supersede(self._db, older.id, notice.id)
            if await storage.insert_notice(self._db, self._organization_id, notice, sum_of_both, dedupe_key):
                await self._call(notice)
                return notice
        raise ContentionError

    async def tell_practitioner(
        self, told: Told, practitioner_id: PractitionerId, language: NoticeLanguage, *, in_place_of: NoticeId | None
    ) -> Notice:
        """Queue what a practitioner is told of their own schedule, in the place of what has not left yet, if anything.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            ValueError: The facts are not those of the kind: a mistake of the caller's code.
        """
        check(told)
        zone = ZoneInfo((await self._sites.get(told.facts.site_id)).zone)
        notice = self._written(told, language, zone, practitioner_id=practitioner_id)
        if in_place_of is not None:
            await storage.supersede(self._db, in_place_of, notice.id)
        await storage.insert_notice(self._db, self._organization_id, notice, told, f"own_schedule:{notice.id}")
        await self._call(notice)
        return notice

    async def preview(self, kind: NoticeKind, patient_id: PatientId, facts: NoticeFacts) -> NoticePreview | None:
        """Return what `queue` would queue at this moment, to the byte; None where it would tell nothing.

        Nothing is stored; what was never sent about the same appointment is held until the transaction ends.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            ValueError: The facts are not those of the kind: a mistake of the caller's code.
        """
        told = Told(kind, facts)
        check(told)
        zone = ZoneInfo((await self._sites.get(facts.site_id)).zone)
        sum_of_both, _ = await self._composed(told, patient_id)
        notice = await self._to_patient(patient_id, sum_of_both, zone, None)
        if notice.status is not NoticeStatus.QUEUED:
            return None
        terms = await self._terms_of(patient_id)
        return NoticePreview(
            patient_id=patient_id,
            kind=notice.kind,
            language=notice.language,
            body=notice.body,
            opted_in=terms.opted_in,
        )

    async def _composed(self, told: Told, patient_id: PatientId) -> tuple[Told, storage.Unsent | None]:
        older = await self._unsent(told, patient_id)
        return (told if older is None else told.after(older.told)), older

    async def _terms_of(self, patient_id: PatientId) -> NoticeTerms:
        return await NoticeTermsReader(Read(await driver_connection(self._db))).of(patient_id)

    async def retry(self, notice_id: NoticeId) -> Notice:
        """Hand a notice over once more that has failed.

        Raises:
            NotFoundError: There is no such notice in the caller's organization.
            NoticeNotFailedError: It has not failed.
        """
        notice = await self._held(notice_id)
        if notice.status is not NoticeStatus.FAILED:
            raise NoticeNotFailedError
        now = self._clock.now()
        await storage.set_status(self._db, notice_id, NoticeStatus.QUEUED, None, deliver_after=now)
        await enqueue_notice(self._db, self._organization_id, notice_id, timedelta())
        return notice.model_copy(update={"status": NoticeStatus.QUEUED, "reason": None, "deliver_after": now})

    async def cancel(self, notice_id: NoticeId) -> Notice:
        """Stop a notice that has not left yet.

        Raises:
            NotFoundError: There is no such notice in the caller's organization.
            NoticeGoneError: It has left, or will not leave any more.
        """
        notice = await self._held(notice_id)
        if notice.status not in {NoticeStatus.QUEUED, NoticeStatus.HELD}:
            raise NoticeGoneError
        reason = NoticeReason.CANCELLED_BY_STAFF
        await storage.set_status(self._db, notice_id, NoticeStatus.CANCELLED, reason)
        return notice.model_copy(update={"status": NoticeStatus.CANCELLED, "reason": reason})

    async def _held(self, notice_id: NoticeId) -> Notice:
        notice = await storage.hold(self._db, notice_id)
        if notice is None:
            raise NotFoundError
        return notice

    async def _call(self, notice: Notice) -> None:
        if notice.status is NoticeStatus.QUEUED:
            delay = notice.deliver_after - self._clock.now()
            await enqueue_notice(self._db, self._organization_id, notice.id, delay)

    async def _unsent(self, told: Told, patient_id: PatientId) -> storage.Unsent | None:
        appointment_id = told.facts.appointment_id
        if told.kind not in PLANNING or appointment_id is None:
            return None
        return await storage.hold_unsent(self._db, patient_id, appointment_id)

    async def _to_patient(
        self, patient_id: PatientId, told: Told, zone: ZoneInfo, not_before: datetime | None
    ) -> Notice:
        language = (await self._terms_of(patient_id)).language
        return self._written(told, language, zone, patient_id=patient_id, not_before=not_before)

    def _written(
        self,
        told: Told,
        language: NoticeLanguage,
        zone: ZoneInfo,
        *,
        patient_id: PatientId | None = None,
        practitioner_id: PractitionerId | None = None,
        not_before: datetime | None = None,
    ) -> Notice:
        now = self._clock.now()
        status, reason = _beginning(told, now)
        return Notice(
            id=NoticeId(fresh_id(now)),
            site_id=told.facts.site_id,
            patient_id=patient_id,
            practitioner_id=practitioner_id,
            appointment_id=told.facts.appointment_id,
            kind=told.kind,
            status=status,
            reason=reason,
            language=language,
            body="" if told.says_nothing else render(told, language, zone),
            deliver_after=max(now, not_before or now),
            expires_at=now if told.says_nothing else told.expires_at,
            attempts=0,
            superseded_by=None,
            created_at=now,
            sent_at=None,
            delivered_at=None,
        )


def _beginning(told: Told, now: datetime) -> tuple[NoticeStatus, NoticeReason | None]:
    if told.says_nothing:
        return NoticeStatus.CANCELLED, NoticeReason.NOTHING_CHANGED
    if told.expires_at <= now:
        return NoticeStatus.EXPIRED, NoticeReason.TOO_LATE
    return NoticeStatus.QUEUED, None
