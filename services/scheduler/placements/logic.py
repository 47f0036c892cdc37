"""What is allowed with placements."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date
from typing import Final

from services.chassis.errors import NotFoundError
from services.contracts.identifiers import AppointmentId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.notices import NoticeKind
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
from services.contracts.scheduler.timetables import Session
from services.contracts.scheduler.transport import MissingRide
from services.contracts.scheduler.visits import VisitQuery, VisitRecommendation
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.bookings.seat_rules import TelehealthRules
from services.scheduler.cohorts.logic import CohortMates
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import NoSeatError, PlacementRefusedError, WeekMovedError
from services.scheduler.make_ups.planned import PlannedMakeUps
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.placements.gathering import BookedWeeks, sources_of
from services.scheduler.placements.rules import BookedWeek, coming_of, misfit, solver_visits
from services.scheduler.placements.telling import WeekTelling, advice_of, score_of
from services.scheduler.placements.visits import recommended_visits
from services.scheduler.proposals.errors import SiteChangedMeanwhileError
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.solver.instance import Visit
from services.scheduler.solver.interactive.answers import Wish, why_here, why_not, why_unplaced
from services.scheduler.solver.interactive.capacity import advise
from services.scheduler.solver.interactive.place import Alternative, place, sessions_with
from services.scheduler.solver.interactive.scarcity import seat_prices
from services.scheduler.timetables.logic import WeekHolds
from services.scheduler.transport.riding import RidesLogic, RidesReader
from services.scheduler.weeks import SLOT_MINUTES

_MOST_TO_RANK: Final = 10
_OFF_THE_GRID: Final = "a visit does not begin on a quarter of an hour of the week"


class PlacementsReader:
    """Recommends and explains; nothing is written."""

    def __init__(
        self, weeks: BookedWeeks, commitments: CommitmentsReader, rides: RidesReader, cohorts: CohortMates
    ) -> None:
        self._weeks = weeks
        self._cohorts = cohorts
        self._commitments = commitments
        self._rides = rides

    async def recommend(self, query: PlacementQuery, caller_token: str) -> PlacementRecommendation:
        """Return the best ways to place a patient, the best one first, after those that lack fewer rides.

        Of ways that serve as much and change as little, those come first in which the patient meets more of the cohort.

        Raises:
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        version, booked = await self._weeks.of(
            query.site_id, query.week, query.patient_id, caller_token, as_consented=True
        )
        mates = await self._cohorts.of(query.patient_id)
        telling = WeekTelling(booked, mates)
        # Ways to place somebody are ranked without a look at vans and cohorts: of more of them, more are good for both.
        is_ranked_again = booked.needs_transport or mates
        count = max(query.alternatives, _MOST_TO_RANK) if is_ranked_again else query.alternatives
        placed = await asyncio.to_thread(_placed, booked, count)
        told = [(one, await self._missing_rides(query, booked, telling, one)) for one in placed]
        found = sorted(told, key=lambda pair: (len(pair[1]), *_rank(pair[0], telling)))[: query.alternatives]
        return PlacementRecommendation(
            patient_id=query.patient_id,
            site_id=query.site_id,
            week=query.week,
            timetable_version=version,
            alternatives=[telling.alternative(one, one.parts - found[0][0].parts, missing) for one, missing in found],
        )

    async def recommend_visits(self, query: VisitQuery, caller_token: str) -> VisitRecommendation:
        """Return the best ways to have one visit more, the best one first; rides are asked for when one is taken.

        Raises:
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        version, booked = await self._weeks.of(
            query.site_id, query.week, query.patient_id, caller_token, as_consented=True
        )
        wanted = None if query.practitioner_id is None else str(query.practitioner_id)
        found = await asyncio.to_thread(recommended_visits, booked, query.service, wanted, query.limit)
        telling = WeekTelling(booked)
        return VisitRecommendation(
            patient_id=query.patient_id,
            site_id=query.site_id,
            week=query.week,
            timetable_version=version,
            visits=[telling.visit(one.session, list(one.reasons())) for one in found],
        )

    async def _missing_rides(
        self, query: PlacementQuery, booked: BookedWeek, telling: WeekTelling, alternative: Alternative
    ) -> list[MissingRide]:
        if not booked.needs_transport:
            return []
        new = [session for session in telling.sessions(alternative.sessions) if session.is_new]
        return await self._rides.would_miss(query.site_id, coming_of(query.patient_id, new))

    async def explain(
        self, site_id: SiteId, week: date, patient_id: PatientId, caller_token: str
    ) -> PlacementExplanation:
        """Say why a patient's week is as it is, and why needs stay unmet.

        Raises:
            Whatever `BookedWeeks.of` raises, for the same reasons.
        """
        version, booked = await self._weeks.of(site_id, week, patient_id, caller_token)
        sources = await sources_of(self._commitments, booked.grid, patient_id)
        here, unplaced = await asyncio.to_thread(
            lambda: (why_here(booked.week, booked.patient), why_unplaced(booked.week, booked.patient))
        )
        telling = WeekTelling(booked, await self._cohorts.of(patient_id))
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
        sources = await sources_of(self._commitments, booked.grid, wish.patient_id)
        answer = await asyncio.to_thread(why_not, booked.week, booked.patient, wished)
        telling, instead = WeekTelling(booked, await self._cohorts.of(wish.patient_id)), answer.instead
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
        rides: RidesLogic,
        telehealth: TelehealthRules,
        make_ups: PlannedMakeUps,
        announcements: Announcements,
    ) -> None:
        self._weeks = weeks
        self._moved_weeks = moved_weeks
        self._holds = holds
        self._bookings = bookings
        self._appointments = appointments
        self._rides = rides
        self._telehealth = telehealth
        self._make_ups = make_ups
        self._announcements = announcements

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
            NoRideError: The plan needs transport, no seat is free on a way, and the request does not say why not.
            SiteChangedMeanwhileError: Somebody changed the setup of the site, or what is missing, at this moment.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        try:
            await self._holds.hold(request.site_id, request.week, expected_version)
        except WeekMovedError as stale:
            raise await self._moved_weeks.told(stale, request.site_id) from None
        missing = await self._weeks.missing(request.site_id, request.week)
        # Taken seats are booked one by one, and each booking asks whether the seat is kept for others.
        version, booked = await self._weeks.of(
            request.site_id, request.week, request.patient_id, caller_token, without_kept=False
        )
        joins, visits = _wanted(booked, request)
        await asyncio.to_thread(_refuse_misfit, booked, joins, visits)
        seating = await self._bookings.seating(request.patient_id, caller_token)
        # In one order, so that two placements cannot wait for each other's seats.
        for appointment_id in sorted(request.appointment_ids):
            await self._bookings.seat_for(appointment_id, seating)
        sessions = _sessions(booked, joins, visits)
        new = [session for session in sessions if session.appointment_id is None]
        await self._refuse_telehealth(seating, new)
        made = await self._appointments.add(
            request.site_id, request.week, version, [_visit_session(request.patient_id, visit) for visit in new]
        )
        # A visit holds the site's row: nobody changes the setup from here on, and who did so is seen.
        if await self._weeks.missing(request.site_id, request.week) != missing:
            raise SiteChangedMeanwhileError
        ids = iter(made)
        taken = [
            session if session.appointment_id else session.model_copy(update={"appointment_id": next(ids)})
            for session in sessions
        ]
        await self._make_ups.plan(request.site_id, request.week, _gained(request.patient_id, taken))
        coming = coming_of(request.patient_id, taken)
        await self._rides.bring(seating, request.site_id, coming, request.no_ride_reason)
        if request.notify:
            await self._announcements.tell_once(*_tellings(request, taken))
        return Placement(
            patient_id=request.patient_id,
            site_id=request.site_id,
            week=request.week,
            timetable_version=version,
            sessions=taken,
        )

    async def _refuse_telehealth(self, seating: PatientSeating, visits: Sequence[PlacedSession]) -> None:
        broken = [
            rule.sentence
            for visit in visits
            for rule in await self._telehealth.broken_by(
                [] if visit.practitioner_id is None else [visit.practitioner_id],
                SessionFacts(
                    visit.service,
                    visit.modality,
                    visit.start,
                    visit.end,
                    track=None,
                    language=None,
                    zone=visit.start.tzinfo or UTC,
                ),
                seating,
            )
        ]
        if broken:
            raise PlacementRefusedError(list(dict.fromkeys(broken)))


def _rank(alternative: Alternative, telling: WeekTelling) -> tuple[int, int, int]:
    parts = alternative.parts
    return parts.unmet, parts.changes, -telling.mates_met(alternative)


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
    telling = WeekTelling(booked)
    every = telling.sessions(sessions_with(booked.week, booked.patient, joins, visits))
    return [session for session in every if session.is_new]


def _gained(
    patient_id: PatientId, taken: Iterable[PlacedSession]
) -> dict[tuple[PatientId, ServiceKind], list[AppointmentId]]:
    gained: dict[tuple[PatientId, ServiceKind], list[AppointmentId]] = defaultdict(list)
    for session in taken:
        if session.appointment_id is not None:
            gained[patient_id, session.service].append(session.appointment_id)
    return gained


def _tellings(request: PlacementRequest, taken: Iterable[PlacedSession]) -> Iterator[Telling]:
    for session in taken:
        sitting = Sitting(session.start, session.end, session.modality, session.practitioner_id)
        facts = NoticeFacts(request.site_id, session.appointment_id, after=sitting)
        yield Telling(request.patient_id, NoticeKind.SESSION_ADDED, facts)


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
