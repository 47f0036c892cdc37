"""What is allowed with offers: who is asked, and by whom."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.contracts.base import Page
from services.contracts.identifiers import AppointmentId, OfferBatchId, OfferId, OrganizationId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.offers import (
    Offer,
    OfferBatch,
    OfferBatchRequest,
    OfferBatchStatus,
    OfferRule,
    OfferRuleRequest,
    OfferStatus,
)
from services.contracts.scheduler.waitlist import RankedEntry
from services.contracts.vocabulary import Modality
from services.scheduler.bookings.logic import HeldSeats, Outages
from services.scheduler.bookings.rules import has_left
from services.scheduler.bookings.seat_rules import TelehealthRules
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import AppointmentOverError
from services.scheduler.notices.facts import NoticeFacts, Sitting, key_of_offer
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.offers import storage
from services.scheduler.offers.errors import BatchOverError, NobodyToAskError, NotWaitingError, SeatsTakenError
from services.scheduler.offers.rules import candidates, expiry, may_be_asked
from services.scheduler.offers.seats import FreeSeats
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.waitlist.logic import WaitlistReader

_OFF: Final = OfferRuleRequest(enabled=False)
_MOST_CONSIDERED: Final = 60
"""Of whom records is asked for one batch; whoever stands further back would hardly be reached."""

_Asked = tuple[RankedEntry, PatientSeating]


class Seatings(Protocol):
    """Knows what giving a patient a seat depends on: records, or what it said before."""

    async def patient_seating(self, caller_token: str, patient_id: PatientId) -> PatientSeating:
        """Return what giving a patient a seat depends on.

        Raises:
            NotFoundError: There is no such patient in the caller's organization.
        """


class OffersReader:
    """Reads offers."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def get(self, batch_id: OfferBatchId) -> OfferBatch:
        """Return a batch with its offers.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
        """
        batch = await storage.find_batch(self._read, batch_id, self._clock.now())
        if batch is None:
            raise NotFoundError
        return batch

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[OfferBatch]:
        """Return a page of a site's batches, the oldest first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page, self._clock.now()))

    async def rule(self, site_id: SiteId) -> OfferRule:
        """Return what a site does with seats that are given back.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        found = await storage.find_rule(self._read, site_id)
        return found or OfferRule(site_id=site_id, **_OFF.model_dump())


class OffersLogic:
    """Asks people who wait, and takes the asking back; records is asked of each of them once."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        read: Read,
        reader: OffersReader,
        sites: SitesReader,
        waitlist: WaitlistReader,
        commitments: CommitmentsReader,
        records: Seatings,
        outages: Outages,
        held_seats: HeldSeats,
        telehealth: TelehealthRules,
        notices: NoticesLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._read = read
        self._notices = notices
        self._reader = reader
        self._sites = sites
        self._waitlist = waitlist
        self._commitments = commitments
        self._records = records
        self._outages = outages
        self._held_seats = held_seats
        self._telehealth = telehealth
        self._clock = clock
        self._seatings: dict[PatientId, PatientSeating | None] = {}

    async def offer(
        self, appointment_id: AppointmentId, request: OfferBatchRequest, caller_token: str, *, automatic: bool = False
    ) -> OfferBatch:
        """Ask several people at once whether they want a free seat.

        Those whom the seat would not suit, who are busy or discharged by then, or who may not sit beside somebody there
        are passed over without a word. Somebody whom the caller names is asked in spite of what their entry says of
        their time.

        Raises:
            NotFoundError: There is no such session in the caller's organization, or it is cancelled.
            AppointmentOverError: It has begun.
            SessionDisruptedError: Its practitioner is out, its room is lost, or its site is closed.
            SeatsTakenError: Fewer seats are free than are offered.
            NotWaitingError: Somebody who is named does not wait there, or is being asked already.
            NobodyToAskError: Nobody could take the seat.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        session = await self._session(appointment_id)
        await self._outages.refuse_disrupted(appointment_id)
        if request.seats > session.free:
            raise SeatsTakenError
        zone = ZoneInfo((await self._sites.get(session.site_id)).zone)
        ranked = await self._waitlist.ranked(session.site_id, self._clock.today(zone))
        if request.entry_ids is None:
            suited, people = list(candidates(ranked, session, zone)), request.people
        else:
            suited, people = _named(ranked, request, session), len(request.entry_ids)
        asked = await self._first(suited, session, people, caller_token)
        if not asked:
            raise NobodyToAskError
        batch = self._batch(session, request, [entry for entry, _ in asked], automatic=automatic)
        seatings = {seating.patient_id: seating for _, seating in asked}
        await storage.add(self._db, self._organization_id, batch, seatings)
        for offer in batch.offers:
            await self._notices.queue(
                NoticeKind.OFFER,
                offer.patient_id,
                NoticeFacts(
                    site_id=session.site_id,
                    appointment_id=appointment_id,
                    after=Sitting(session.start, session.end, session.modality),
                    reply_by=batch.expires_at,
                    offer_id=offer.id,
                ),
                dedupe_key=key_of_offer(offer.id),
            )
        return batch

    async def seatings_of_next(self, session: FreeSeats, people: int, caller_token: str) -> list[PatientSeating]:
        """Return what records says of so many people as would be asked first for a seat there, were it free now.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        zone = ZoneInfo((await self._sites.get(session.site_id)).zone)
        ranked = await self._waitlist.ranked(session.site_id, self._clock.today(zone))
        asked = await self._first(list(candidates(ranked, session, zone)), session, people, caller_token)
        return [seating for _, seating in asked]

    async def _first(
        self, suited: Sequence[RankedEntry], session: FreeSeats, people: int, caller_token: str
    ) -> list[_Asked]:
        asked: list[_Asked] = []
        async for one in self._seatable(suited[:_MOST_CONSIDERED], session, caller_token):
            asked.append(one)
            if len(asked) == people:
                break
        return asked

    async def _session(self, appointment_id: AppointmentId) -> FreeSeats:
        now = self._clock.now()
        session = await storage.free_seats(self._read, appointment_id, now)
        if session is None:
            raise NotFoundError
        if session.start <= now:
            raise AppointmentOverError
        return session

    async def _seatable(
        self, suited: Sequence[RankedEntry], session: FreeSeats, caller_token: str
    ) -> AsyncIterator[_Asked]:
        zone = ZoneInfo((await self._sites.get(session.site_id)).zone)
        for one in suited:
            seating = await self._seating(one, caller_token)
            if seating is None or has_left(session.facts(zone), seating):
                continue
            way = timedelta(minutes=seating.travel_minutes if session.modality is Modality.ON_SITE else 0)
            patient_id = one.entry.patient_id
            busy = await self._commitments.of_patients([patient_id], session.start - way, session.end + way)
            is_apart = not session.seated.isdisjoint(seating.no_contact)
            if busy or is_apart or await storage.is_booked(self._read, patient_id, session):
                continue
            if await self._telehealth.broken(session.appointment_id, session.facts(zone), seating):
                continue
            held = await self._held_seats.held_back(session.appointment_id, seating)
            if held is None or session.free > held.seats:
                yield one, seating

    async def _seating(self, one: RankedEntry, caller_token: str) -> PatientSeating | None:
        patient_id = one.entry.patient_id
        if patient_id not in self._seatings:
            self._seatings[patient_id] = await self._ask_records(patient_id, caller_token)
        return self._seatings[patient_id]

    async def _ask_records(self, patient_id: PatientId, caller_token: str) -> PatientSeating | None:
        try:
            return await self._records.patient_seating(caller_token, patient_id)
        except NotFoundError:
            # Who is no patient any more is left on the list for a person to take off.
            return None
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    def _batch(
        self, session: FreeSeats, request: OfferBatchRequest, asked: Sequence[RankedEntry], *, automatic: bool
    ) -> OfferBatch:
        now = self._clock.now()
        batch_id = OfferBatchId(fresh_id(now))
        return OfferBatch(
            id=batch_id,
            site_id=session.site_id,
            appointment_id=session.appointment_id,
            seats=request.seats,
            accepted=0,
            status=OfferBatchStatus.OPEN,
            automatic=automatic,
            expires_at=expiry(now, request.minutes, session),
            created_at=now,
            offers=[
                Offer(
                    id=OfferId(fresh_id(now)),
                    batch_id=batch_id,
                    entry_id=one.entry.id,
                    patient_id=one.entry.patient_id,
                    rank=number,
                    status=OfferStatus.OPEN,
                    decided_at=None,
                )
                for number, one in enumerate(asked, start=1)
            ],
        )

    async def withdraw(self, batch_id: OfferBatchId) -> OfferBatch:
        """Take offers back that are still open; a seat that was accepted stays booked.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
            BatchOverError: It is filled, expired or withdrawn.
        """
        now = self._clock.now()
        if not await storage.withdraw(self._db, batch_id, now):
            raise BatchOverError((await self._reader.get(batch_id)).status)
        await storage.close_others(self._db, batch_id, OfferStatus.WITHDRAWN, now)
        return await self._reader.get(batch_id)

    async def put_rule(self, site_id: SiteId, request: OfferRuleRequest) -> OfferRule:
        """Say what a site does with seats that are given back.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        await storage.put_rule(self._db, self._organization_id, site_id, request)
        return OfferRule(site_id=site_id, **request.model_dump())


def _named(ranked: Sequence[RankedEntry], request: OfferBatchRequest, session: FreeSeats) -> list[RankedEntry]:
    wanted = set(request.entry_ids or ())
    named = [one for one in ranked if one.entry.id in wanted and may_be_asked(one, session)]
    if len(named) < len(wanted):
        raise NotWaitingError
    return named
