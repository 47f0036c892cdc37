"""What is allowed with swaps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, SiteId, SwapId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.notices import NoticeKind, NoticePreviews
from services.contracts.scheduler.swaps import (
    Swap,
    SwapPartner,
    SwapPartners,
    SwapPartnersRequest,
    SwapPreview,
    SwapRefusal,
    SwapRequest,
)
from services.scheduler.attendance.logic import AttendanceReader
from services.scheduler.bookings.exchange import ExchangeLogic, Move
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.logic import seating_of
from services.scheduler.bookings.partners import PartnersReader
from services.scheduler.make_ups.logic import MakeUpsLogic
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.swaps import storage
from services.scheduler.swaps.errors import CheckedInError, SwapRefusedError
from services.scheduler.swaps.rules import ranked, told
from services.scheduler.transport.errors import no_ride_sentence

_SIDES = ("first", "second")


class SwapsReader:
    """Reads which exchanges were made."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[Swap]:
        """Return a page of the exchanges made from sessions of a site, the first one first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page))


class SwapsLogic:
    """Exchanges seats, after the same questions as a booking, asked for both sides."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        exchange: ExchangeLogic,
        partners: PartnersReader,
        attendance: AttendanceReader,
        make_ups: MakeUpsLogic,
        announcements: Announcements,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._exchange = exchange
        self._partners = partners
        self._attendance = attendance
        self._make_ups = make_ups
        self._announcements = announcements
        self._records = records
        self._clock = clock

    async def preview(self, request: SwapRequest, caller_token: str) -> SwapPreview:
        """Return everything that speaks against an exchange, and what people would be told; nothing is stored.

        Raises:
            NotFoundError: There is no such session or patient here, or somebody has no booked seat there.
            AppointmentCancelledError: A later version of the week is without one of the sessions.
            AppointmentOverError: One of them has begun.
            SessionDisruptedError: One of the new seats is where somebody is out, or something lost or closed.
            CheckedInError: Somebody has checked in.
            UpstreamUnavailableError: Records does not answer.
        """
        moves = await self._moves(request, caller_token)
        notices = NoticePreviews(items=[], told=0)
        if request.notify:
            notices = await self._announcements.preview_of(_tellings(moves))
        return SwapPreview(broken=await self._broken(moves), notices=notices)

    async def partners(self, request: SwapPartnersRequest, caller_token: str) -> SwapPartners:
        """Return the exchanges within the week that nothing speaks against at this moment, the best one first.

        What is asked of each is what `swap` asks, for both sides; nothing is stored, or held for anybody.

        Raises:
            NotFoundError: There is no such session or patient here, or the patient has no booked seat there.
            AppointmentCancelledError: A later version of the week is without the session.
            AppointmentOverError: It has begun.
            CheckedInError: The patient has checked in.
            UpstreamUnavailableError: Records does not answer.
        """
        appointment_id, patient_id = request.seat.appointment_id, request.seat.patient_id
        seating = await seating_of(self._records, patient_id, caller_token)
        if await self._attendance.has_arrived(appointment_id, patient_id):
            raise CheckedInError
        known: dict[PatientId, PatientSeating | None] = {}

        async def seating_of_other(other: PatientId) -> PatientSeating | None:
            if other not in known:
                known[other] = await self._seating_or_none(other, caller_token)
            return known[other]

        found = [one async for one in self._partners.of(appointment_id, seating, seating_of_other)]
        best: list[SwapPartner] = []
        for one in ranked(found):
            if len(best) == request.limit:
                break
            if one.patient_id is None or not await self._attendance.has_arrived(one.appointment_id, one.patient_id):
                best.append(told(one))
        return SwapPartners(appointment_id=appointment_id, patient_id=patient_id, partners=best)

    async def _seating_or_none(self, patient_id: PatientId, caller_token: str) -> PatientSeating | None:
        try:
            return await seating_of(self._records, patient_id, caller_token)
        except NotFoundError:
            # Who is no patient any more is nobody to exchange with.
            return None

    async def swap(self, request: SwapRequest, caller_token: str) -> Swap:
        """Exchange the seats, tell both, and keep that it was done: all of it, or nothing.

        Raises:
            SwapRefusedError: A rule speaks against one of the new seats.
            NoSeatError: The seat was free and is not any more.
            PatientBookedError: A version published meanwhile has one of them elsewhere at that time.
            Whatever `preview` raises, for the same reasons.
        """
        moves = await self._moves(request, caller_token)
        broken = await self._broken(moves)
        if broken:
            raise SwapRefusedError(broken)
        await self._exchange.perform(moves, caller_token)
        for move in moves:
            await self._make_ups.moved(move.patient_id, move.leaving.id, move.entering.id)
        swap = self._made(request, moves[0].leaving.site_id)
        await storage.insert_swap(self._db, self._organization_id, swap)
        if request.notify:
            await self._announcements.tell(_tellings(moves), f"swap:{swap.id}")
        return swap

    async def _moves(self, request: SwapRequest, caller_token: str) -> list[Move]:
        # Records is asked before anything is locked: nobody waits for a network call of somebody else.
        first = await seating_of(self._records, request.first.patient_id, caller_token)
        second = request.second.patient_id
        seating = None if second is None else await seating_of(self._records, second, caller_token)
        await self._exchange.foresee((request.first.appointment_id, request.second.appointment_id))
        moves = await self._exchange.hold(
            (request.first.appointment_id, first), (request.second.appointment_id, seating)
        )
        for move in moves:
            if await self._attendance.has_arrived(move.leaving.id, move.patient_id):
                raise CheckedInError
        reasons = (request.first.no_ride_reason, request.second.no_ride_reason)
        return [replace(move, no_ride_reason=reason) for move, reason in zip(moves, reasons[: len(moves)], strict=True)]

    async def _broken(self, moves: Sequence[Move]) -> list[SwapRefusal]:
        sides = dict(zip((move.patient_id for move in moves), _SIDES, strict=False))
        broken = [
            SwapRefusal(side=side, code=rule.code, sentence=rule.sentence)
            for side, move in zip(_SIDES, moves, strict=False)
            for rule in await self._exchange.broken(move)
        ]
        missing = await self._exchange.without_ride(moves)
        return broken + [
            SwapRefusal(side=sides[one.patient_id], code="no-ride", sentence=no_ride_sentence(one)) for one in missing
        ]

    def _made(self, request: SwapRequest, site_id: SiteId) -> Swap:
        now = self._clock.now()
        return Swap(
            id=SwapId(fresh_id(now)),
            site_id=site_id,
            first_appointment_id=request.first.appointment_id,
            first_patient_id=request.first.patient_id,
            second_appointment_id=request.second.appointment_id,
            second_patient_id=request.second.patient_id,
            reason=request.reason,
            swapped_by=self._account_id,
            swapped_at=now,
        )


def _tellings(moves: Sequence[Move]) -> Iterator[Telling]:
    for move in moves:
        facts = NoticeFacts(
            move.entering.site_id,
            move.entering.id,
            before=_sitting(move.leaving.facts),
            after=_sitting(move.entering.facts),
        )
        yield Telling(move.patient_id, NoticeKind.SESSION_CHANGED, facts)


def _sitting(facts: SessionFacts) -> Sitting:
    return Sitting(facts.start, facts.end, facts.modality)
