"""What is allowed where a session is to take place by telehealth, or in a room again."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import ContentionError, InvalidRequestError, NotFoundError
from services.clients.records import RecordsClient
from services.contracts.identifiers import AccountId, AppointmentId, OrganizationId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.modality_changes import (
    ModalityChange,
    ModalityChangePreview,
    ModalityChangeRequest,
)
from services.contracts.scheduler.notices import NoticeKind, NoticePreviews
from services.contracts.scheduler.sites import Room, Site
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.logic import Outages, seating_of
from services.scheduler.bookings.rules import way_of
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.early_rounds import call_round_early
from services.scheduler.errors import AppointmentCancelledError, AppointmentOverError
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.modality_changes import storage
from services.scheduler.modality_changes.errors import ModalityChangeRefusedError, ModalityUnchangedError
from services.scheduler.modality_changes.facts import BookedSession, Circumstances
from services.scheduler.modality_changes.rules import obstacles, peak
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.solves.rules import SiteSetup
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.transport.facts import Coming
from services.scheduler.transport.logic import TransportLogic
from services.scheduler.transport.riding import RidesLogic, needs_ride


class ModalityChangesLogic:
    """Switches sessions, with all their people, from the house to telehealth and back."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        setups: SetupsReader,
        licences: LicencesReader,
        commitments: CommitmentsReader,
        outages: Outages,
        transport: TransportLogic,
        rides: RidesLogic,
        announcements: Announcements,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._setups = setups
        self._licences = licences
        self._commitments = commitments
        self._outages = outages
        self._transport = transport
        self._rides = rides
        self._announcements = announcements
        self._records = records
        self._clock = clock

    async def preview(
        self, appointment_id: AppointmentId, request: ModalityChangeRequest, caller_token: str
    ) -> ModalityChangePreview:
        """Return what is missing for a change and of whom, and what patients would be told; nothing is stored.

        Raises:
            NotFoundError: There is no such session in the caller's organization.
            AppointmentCancelledError: A later version of the week is without it.
            AppointmentOverError: It has begun.
            ModalityUnchangedError: It takes place like that already.
            InvalidRequestError: The room is not one of its site.
            ContentionError: Its people changed meanwhile.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await self._circumstances(appointment_id, request, caller_token)
        notices = NoticePreviews(items=[], told=0)
        if request.notify:
            notices = await self._announcements.preview_of(_tellings(found))
        return ModalityChangePreview(obstacles=obstacles(found), notices=notices)

    async def change(
        self, appointment_id: AppointmentId, request: ModalityChangeRequest, caller_token: str
    ) -> ModalityChange:
        """Let a session take place like that: its room is free, or taken again, and its people are told.

        Raises:
            ModalityChangeRefusedError: Something is missing: consent, a licence, a room.
            RoomTakenError: Another session is in the room.
            SessionDisruptedError: The site is closed then, the room lost, or the practitioner out.
            Whatever `preview` raises, for the same reasons.
        """
        found = await self._circumstances(appointment_id, request, caller_token)
        missing = obstacles(found)
        if missing:
            raise ModalityChangeRefusedError(missing)
        now = self._clock.now()
        await storage.switch(self._db, appointment_id, request.modality, request.room_id, now)
        await call_round_early(self._db, self._organization_id, [found.session.facts.start], now)
        await self._outages.refuse_disrupted(appointment_id)
        if request.modality is Modality.TELEHEALTH:
            await self._let_stay_home(found.session)
        else:
            await self._rides.try_to_bring(found.session.site_id, _coming(found))
        change = ModalityChange(
            appointment_id=appointment_id,
            modality=request.modality,
            room_id=request.room_id,
            reason=request.reason,
            changed_by=self._account_id,
            changed_at=now,
        )
        await storage.insert_change(self._db, self._organization_id, change)
        if request.notify:
            await self._announcements.tell(_tellings(found), f"modality:{appointment_id}:{now.isoformat()}")
        return change

    async def _let_stay_home(self, session: BookedSession) -> None:
        leaving = {(session.id, patient_id) for patient_id in session.members}
        unsettled = await self._rides.unsettled(session.site_id, leaving, [session.facts.start])
        await self._transport.free(session.id)
        await self._rides.settle(unsettled)

    async def _circumstances(
        self, appointment_id: AppointmentId, request: ModalityChangeRequest, caller_token: str
    ) -> Circumstances:
        # Records is asked before anything is locked: nobody waits for a network call of somebody else.
        seen = await self._found(appointment_id)
        seatings = [await seating_of(self._records, one, caller_token) for one in seen.patients]
        await storage.hold_site(self._db, seen.site_id)
        session = await self._found(appointment_id, hold=True)
        if session.patients != seen.patients:
            raise ContentionError
        if session.facts.modality is request.modality:
            raise ModalityUnchangedError
        day = session.facts.day
        setup = await self._setups.in_week(session.site_id, day - timedelta(days=day.weekday()))
        return Circumstances(
            session=session,
            modality=request.modality,
            seatings=seatings,
            busy=await self._commitments.of_patients(session.patients, *_span(session, request.modality, seatings)),
            licensed=await self._licences.on_day(session.practitioners, session.facts.day),
            room=_room(setup, request),
            places_left=await self._places_left(setup.site, session, request.modality),
        )

    async def _found(self, appointment_id: AppointmentId, *, hold: bool = False) -> BookedSession:
        now = self._clock.now()
        found = await storage.find(self._db, appointment_id, now, hold=hold)
        if found is None:
            raise NotFoundError
        status, session = found
        if status is AppointmentStatus.CANCELLED:
            raise AppointmentCancelledError
        if session.facts.start <= now:
            raise AppointmentOverError
        return session

    async def _places_left(self, site: Site, session: BookedSession, modality: Modality) -> int | None:
        places = {ServiceKind.INDIVIDUAL: site.offices, ServiceKind.FAMILY: site.family_rooms}
        if modality is Modality.TELEHEALTH or session.facts.service not in places:
            return None
        others = await storage.on_site_then(self._db, session)
        return places[session.facts.service] - peak(session.facts, others)


def _room(setup: SiteSetup, request: ModalityChangeRequest) -> Room | None:
    if request.room_id is None:
        return None
    rooms = {room.id: room for room in setup.rooms}
    if request.room_id not in rooms:
        raise InvalidRequestError("/room_id", "must be a room of the session's site")
    return rooms[request.room_id]


def _coming(found: Circumstances) -> list[Coming]:
    session, facts = found.session, found.facts
    riders = {seating.patient_id for seating in found.seatings if needs_ride(seating)}
    return [Coming(one, session.id, facts.start, facts.end) for one in session.members if one in riders]


def _span(session: BookedSession, modality: Modality, seatings: Sequence[PatientSeating]) -> tuple[datetime, datetime]:
    way = max((way_of(modality, seating) for seating in seatings), default=timedelta())
    return session.facts.start - way, session.facts.end + way


def _tellings(found: Circumstances) -> Iterator[Telling]:
    session = found.session
    before, after = (Sitting(facts.start, facts.end, facts.modality) for facts in (session.facts, found.facts))
    for patient_id in session.members:
        facts = NoticeFacts(session.site_id, session.id, before=before, after=after)
        yield Telling(patient_id, NoticeKind.SESSION_CHANGED, facts)
