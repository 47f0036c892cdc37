"""What is allowed with placements."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.chassis.remembered import Remembered, RememberedParts
from services.contracts.identifiers import CommitmentSourceId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating, SeatingPlan, WeekRequirements
from services.contracts.scheduler.bookings import BookingRequest
from services.contracts.scheduler.placements import (
    CapacityReport,
    PlacedSession,
    Placement,
    PlacementExplanation,
    PlacementQuery,
    PlacementRecommendation,
    PlacementRequest,
    SessionWish,
    WishAnswer,
)
from services.contracts.scheduler.timetables import Appointment, Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsLogic, AppointmentsReader
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import NoSeatError, PastWeekError, PlacementRefusedError, WeekMovedError
from services.scheduler.held_seats.logic import HeldSeatsReader
from services.scheduler.placements.rules import BookedWeek, booked_week, misfit, solver_visits, whole_week
from services.scheduler.placements.telling import SourcesOf, Telling, advice_of, score_of
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.solver.format import instance_from_json, patient_from_json
from services.scheduler.solver.instance import Instance, Patient, Visit
from services.scheduler.solver.interactive.answers import Wish, why_here, why_not, why_unplaced
from services.scheduler.solver.interactive.capacity import advise
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.interactive.place import Alternative, place, sessions_with
from services.scheduler.solver.interactive.scarcity import seat_prices
from services.scheduler.solves.logic import WeekFacts
from services.scheduler.solves.rules import is_past
from services.scheduler.timetables.logic import WeekHolds
from services.scheduler.weeks import SLOT_MINUTES, WeekGrid

_MOST_COMMITMENTS: Final = PageRequest(1000, UUID(int=0))
# The book tells what has begun and what people were told; nothing of it can be changed here.
_AS_BOOKED: Final = {"published": None, "fixed": None, "begins": 0}
_PARSED: Final = Remembered[Instance]()
_PATIENTS: Final = RememberedParts[dict[str, Any], Patient]()
_OFF_THE_GRID: Final = "a visit does not begin on a quarter of an hour of the week"


class BookedWeeks:
    """Gathers a published week, as it is booked, around one patient."""

    def __init__(
        self, facts: WeekFacts, appointments: AppointmentsReader, held_seats: HeldSeatsReader, clock: Clock
    ) -> None:
        self._facts = facts
        self._held_seats = held_seats
        self._appointments = appointments
        self._clock = clock

    async def of(
        self, site_id: SiteId, week: date, patient_id: PatientId, caller_token: str, *, without_kept: bool = True
    ) -> tuple[int, BookedWeek]:
        """Return the published version and the week around the patient, `without_kept` without seats kept for others.

        Raises:
            NotFoundError: There is no such site in the caller's organization, nothing is published, or no plan asks for
                the patient to be seen there in that week.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await self._gathered(site_id, week, caller_token)
        seating = found.seating(patient_id)
        kept = {} if seating is None or not without_kept else await self._held_seats.of_week(site_id, week, seating)
        booked = await asyncio.to_thread(
            lambda: booked_week(
                found.instance(), found.appointments, found.grid, patient_id, now=self._clock.now(), kept=kept
            )
        )
        if booked is None:
            raise NotFoundError
        return found.version, booked

    async def whole(self, site_id: SiteId, week: date, caller_token: str) -> tuple[int, WeekGrid, FrozenWeek]:
        """Return the published version, its grid, and the week as it is booked.

        Raises:
            NotFoundError: There is no such site in the caller's organization, or nothing is published.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await self._gathered(site_id, week, caller_token)
        booked = await asyncio.to_thread(
            lambda: whole_week(found.instance(), found.appointments, found.grid, self._clock.now())
        )
        return found.version, found.grid, booked

    async def _gathered(self, site_id: SiteId, week: date, caller_token: str) -> "_Gathered":
        site = await self._facts.sites.get(site_id)
        zone = ZoneInfo(site.zone)
        if week.weekday() != 0:
            raise NotFoundError
        if is_past(week, self._clock.today(zone)):
            raise PastWeekError
        # Records is asked while the book is read; the version before what was booked in it.
        asked = asyncio.create_task(self._facts.requirements(caller_token, site_id, week))
        try:
            setup = await self._facts.setup(site)
            published = await self._facts.published(site_id, week)
            appointments = await self._appointments.all_of_week(site_id, week)
            requirements = await asked
        finally:
            asked.cancel()
        version, document = await self._facts.instance(setup, requirements, published)
        if version == 0:
            raise NotFoundError
        return _Gathered(version, document, appointments, WeekGrid(zone, week), requirements)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What a published week is made of, as it was found."""

    version: int
    document: dict[str, Any]
    appointments: list[Appointment]
    grid: WeekGrid
    requirements: WeekRequirements

    def instance(self) -> Instance:
        document = self.document | _AS_BOOKED
        return _PARSED.get(document["name"], document, lambda: _parsed(document))

    def seating(self, patient_id: PatientId) -> PatientSeating | None:
        """Return what giving the patient a seat depends on, but for whom to keep apart; None without a plan there."""
        plan = next((one for one in self.requirements.patients if one.patient_id == patient_id), None)
        if plan is None:
            return None
        return PatientSeating(
            patient_id=patient_id,
            travel_minutes=plan.travel_minutes,
            no_contact=[],
            plan=SeatingPlan(
                services=[need.service for need in plan.required_services],
                track=plan.track,
                languages=plan.languages,
                modalities=plan.modalities,
                telehealth_consented_on=None,
                telehealth_jurisdiction=None,
            ),
        )


def _parsed(document: dict[str, Any]) -> Instance:
    people = {patient["id"]: patient for patient in document["patients"]}
    return instance_from_json(document, tuple(_PATIENTS.all(document["name"], people, patient_from_json)))


class PlacementsReader:
    """Recommends and explains; nothing is written."""

    def __init__(self, weeks: BookedWeeks, commitments: CommitmentsReader) -> None:
        self._weeks = weeks
        self._commitments = commitments

    async def recommend(self, query: PlacementQuery, caller_token: str) -> PlacementRecommendation:
        """Return the best ways to place a patient, the best one first.

        Raises:
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        version, booked = await self._weeks.of(query.site_id, query.week, query.patient_id, caller_token)
        found = await asyncio.to_thread(_placed, booked, query.alternatives)
        telling = Telling(booked)
        return PlacementRecommendation(
            patient_id=query.patient_id,
            site_id=query.site_id,
            week=query.week,
            timetable_version=version,
            alternatives=[telling.alternative(one, one.parts - found[0].parts) for one in found],
        )

    async def explain(
        self, site_id: SiteId, week: date, patient_id: PatientId, caller_token: str
    ) -> PlacementExplanation:
        """Say why a patient's week is as it is, and why needs stay unmet.

        Raises:
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        version, booked = await self._weeks.of(site_id, week, patient_id, caller_token)
        sources = await self._sources(booked, patient_id)
        here, unplaced = await asyncio.to_thread(
            lambda: (why_here(booked.week, booked.patient), why_unplaced(booked.week, booked.patient))
        )
        telling = Telling(booked)
        return PlacementExplanation(
            patient_id=patient_id,
            site_id=site_id,
            week=week,
            timetable_version=version,
            sessions=telling.sessions(here.sessions),
            score=score_of(here.parts),
            alternatives=[telling.alternative(other.alternative, other.difference) for other in here.others],
            unplaced=[telling.unplaced(need, sources) for need in unplaced],
        )

    async def explain_wish(self, wish: SessionWish, caller_token: str) -> WishAnswer:
        """Say why a patient does not have a certain session.

        Raises:
            PlacementRefusedError: The session does not begin on a quarter of an hour of the week.
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        _, booked = await self._weeks.of(wish.site_id, wish.week, wish.patient_id, caller_token)
        wished = _wish(booked, wish)
        sources = await self._sources(booked, wish.patient_id)
        answer = await asyncio.to_thread(why_not, booked.week, booked.patient, wished)
        telling, instead = Telling(booked), answer.instead
        return WishAnswer(
            is_had=not answer.facts and instead is None,
            is_possible=not answer.facts,
            facts=telling.facts(answer.facts, sources),
            relaxations=telling.relaxations(answer.relaxations),
            instead=None if instead is None else telling.alternative(instead.alternative, instead.difference),
        )

    async def advise(self, site_id: SiteId, week: date, count: int, caller_token: str) -> CapacityReport:
        """Say which one group, room or shift more would serve the most.

        Raises:
            Whatever `BookedWeeks.whole` raises, for the same reasons.
        """
        version, grid, booked = await self._weeks.whole(site_id, week, caller_token)
        found = await asyncio.to_thread(advise, booked, count=count)
        unmet = sum(sum(booked.missing(patient).values()) for patient in booked.instance.patients)
        return CapacityReport(
            site_id=site_id,
            week=week,
            timetable_version=version,
            unmet_minutes=unmet * SLOT_MINUTES,
            advice=[advice_of(one, grid) for one in found],
        )

    async def _sources(self, booked: BookedWeek, patient_id: PatientId) -> SourcesOf:
        page = await self._commitments.page(patient_id, booked.grid.start, booked.grid.end, _MOST_COMMITMENTS)

        def sources_of(start: datetime, end: datetime) -> list[CommitmentSourceId]:
            return sorted({one.source_id for one in page.items if one.start < end and start < one.end})

        return sources_of


class PlacementsLogic:
    """Takes an alternative: every seat and every visit of it, or nothing."""

    def __init__(
        self,
        *,
        weeks: BookedWeeks,
        holds: WeekHolds,
        moved_weeks: MovedWeeks,
        bookings: BookingsLogic,
        appointments: AppointmentsLogic,
    ) -> None:
        self._weeks = weeks
        self._moved_weeks = moved_weeks
        self._holds = holds
        self._bookings = bookings
        self._appointments = appointments

    async def take(self, request: PlacementRequest, expected_version: int, caller_token: str) -> Placement:
        """Book a patient into sessions of a published week, as the front desk does by hand.

        Raises:
            NotFoundError: Something named is not in the week, or not in the caller's organization.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            NoSeatError: A seat has been taken meanwhile, or is none that this patient may sit on.
            PlacementRefusedError: The patient's week would break a rule.
            PatientBookedError: The patient has a seat at that time.
            CommitmentCollidesError: The patient has a commitment at that time.
            DoubleBookingError: A practitioner is booked meanwhile.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        try:
            await self._holds.hold(request.site_id, request.week, expected_version)
        except WeekMovedError as stale:
            raise await self._moved_weeks.told(stale, request.site_id) from None
        # Taken seats are booked one by one, and each booking asks whether the seat is kept for others.
        version, booked = await self._weeks.of(
            request.site_id, request.week, request.patient_id, caller_token, without_kept=False
        )
        joins, visits = _wanted(booked, request)
        await asyncio.to_thread(_refuse_misfit, booked, joins, visits)
        # In one order, so that two placements cannot wait for each other's seats.
        for appointment_id in sorted(request.appointment_ids):
            await self._bookings.book(appointment_id, BookingRequest(patient_id=request.patient_id), caller_token)
        sessions = _sessions(booked, joins, visits)
        new = [session for session in sessions if session.appointment_id is None]
        made = await self._appointments.add(
            request.site_id, request.week, version, [_visit_session(request.patient_id, visit) for visit in new]
        )
        ids = iter(made)
        return Placement(
            patient_id=request.patient_id,
            site_id=request.site_id,
            week=request.week,
            timetable_version=version,
            sessions=[
                session if session.appointment_id else session.model_copy(update={"appointment_id": next(ids)})
                for session in sessions
            ],
        )


def _placed(booked: BookedWeek, count: int) -> list[Alternative]:
    return place(booked.week, booked.patient, seat_prices(booked.week, booked.patient.id), count=count)


def _wish(booked: BookedWeek, wish: SessionWish) -> Wish:
    met = booked.grid.place(wish.start)
    if met is None:
        raise PlacementRefusedError([_OFF_THE_GRID])
    return Wish(
        service=wish.service.value,
        day=met[0],
        slot=met[1],
        modality=None if wish.modality is None else wish.modality.value,
        practitioner=None if wish.practitioner_id is None else str(wish.practitioner_id),
    )


def _wanted(booked: BookedWeek, request: PlacementRequest) -> tuple[list[int], list[Visit]]:
    numbers = {appointment_id: number for number, appointment_id in enumerate(booked.groups)}
    if not numbers.keys() >= set(request.appointment_ids):
        raise NotFoundError
    visits = solver_visits(booked, request.visits)
    if visits is None:
        raise PlacementRefusedError([_OFF_THE_GRID])
    return [numbers[appointment_id] for appointment_id in request.appointment_ids], visits


def _refuse_misfit(booked: BookedWeek, joins: Sequence[int], visits: Sequence[Visit]) -> None:
    wrong = misfit(booked, joins, visits)
    # No seat comes before whatever else is wrong, so that a full group and one to be kept out of look the same.
    if wrong.has_no_seat:
        raise NoSeatError
    if wrong.faults:
        raise PlacementRefusedError(wrong.faults)


def _sessions(booked: BookedWeek, joins: Sequence[int], visits: Sequence[Visit]) -> list[PlacedSession]:
    telling = Telling(booked)
    every = telling.sessions(sessions_with(booked.week, booked.patient, joins, visits))
    return [session for session in every if session.is_new]


def _visit_session(patient_id: PatientId, visit: PlacedSession) -> Session:
    return Session(
        service=ServiceKind(visit.service),
        modality=Modality(visit.modality),
        start=visit.start,
        end=visit.end,
        room_id=None,
        practitioner_id=visit.practitioner_id,
        co_facilitator_id=None,
        track=None,
        language=None,
        capacity=1,
        patient_ids=[patient_id],
    )
