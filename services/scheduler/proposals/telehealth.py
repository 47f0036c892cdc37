"""What each session by telehealth that is about to be published needs: consent, and licences for the place.

A proposal may be published weeks after its week was solved. What was true then is asked again: of records what the
plans say today, and of the licences of today whether they are good on the day of the session.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.contracts.identifiers import PatientId, PractitionerId, SiteId
from services.contracts.records.treatment_plans import PatientSeating, WeekRequirements
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus, Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.bookings.facts import SessionFacts, seating_in
from services.scheduler.bookings.rules import (
    patient_by_telehealth_broken,
    plan_rules_broken,
    session_by_telehealth_broken,
)
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.proposals.facts import Place, TelehealthFault
from services.scheduler.solves.logic import WeekFacts
from services.scheduler.solves.setup_rules import is_in_force

_NOT_PLANNED: Final = "modality-not-planned"
_PRESCRIBER: Final = "prescriber"


class TelehealthGate:
    """Says who would be treated by telehealth in a week that is about to be published, and may not be."""

    def __init__(
        self,
        book: AppointmentsReader,
        licences: LicencesReader,
        facts: WeekFacts,
        clock: Clock,
    ) -> None:
        self._book = book
        self._licences = licences
        self._facts = facts
        self._clock = clock

    async def faults(
        self, site_id: SiteId, week: date, sessions: Sequence[Session], zone: ZoneInfo, caller_token: str
    ) -> list[TelehealthFault]:
        """Hold what is new against the plans and the licences of today; records is asked only where something is.

        What is booked by telehealth already, with the same people leading it, was asked about then; what has begun is
        as it was.

        Raises:
            UpstreamUnavailableError: Something is new, and records does not answer.
        """
        asked = await self._new(site_id, week, sessions)
        if not asked:
            return []
        seatings = _seatings(await self._facts.requirements(caller_token, site_id, week))
        staff = (await self._facts.setup(site_id, week)).practitioners
        prescribers = [one for one in staff if one.role == _PRESCRIBER]
        faults: list[TelehealthFault] = []
        for session, new in asked:
            facts = SessionFacts(session.service, session.modality, session.start, session.end, None, None, zone)
            pool = [one.id for one in prescribers if is_in_force(one.starts_on, one.ends_on, facts.day)]
            licensed = await self._licences.on_day(_held_by(session, pool), facts.day)
            faults += [
                TelehealthFault(Place(one, session.service, session.start), rule)
                for one in new
                for rule in _broken(facts, seatings.get(one, _without_plan(one)), licensed)
            ]
        return faults

    async def _new(
        self, site_id: SiteId, week: date, sessions: Sequence[Session]
    ) -> list[tuple[Session, list[PatientId]]]:
        now = self._clock.now()
        ahead = [one for one in sessions if one.start > now]
        if not ahead:
            return []
        booked = await self._book.all_of_week(site_id, week)
        told = set(_told(booked))
        # What is planned on site and was switched to video by hand stays by video in the next version.
        by_hand = await self._book.switched(site_id, week)
        switched = {who_and_when[:3] for who_and_when in _told(one for one in booked if one.id in by_hand)}
        found = [
            (one.model_copy(update={"modality": Modality.TELEHEALTH}), _new_to(one, told, switched)) for one in ahead
        ]
        return [(session, new) for session, new in found if new]


_Told = tuple[ServiceKind, datetime, PractitionerId | None, PractitionerId | None]


def _as_told(session: Session | Appointment) -> _Told:
    return session.service, session.start, session.practitioner_id, session.co_facilitator_id


def _told(appointments: Iterable[Appointment]) -> Iterator[tuple[PatientId, *_Told]]:
    for one in appointments:
        if one.status is AppointmentStatus.BOOKED and one.modality is Modality.TELEHEALTH:
            yield from ((patient_id, *_as_told(one)) for patient_id in one.patient_ids)


def _new_to(
    session: Session,
    told: AbstractSet[tuple[PatientId, *_Told]],
    switched: AbstractSet[tuple[PatientId, ServiceKind, datetime]],
) -> list[PatientId]:
    """Return who would be treated by telehealth and was not, or by others."""
    return [
        patient
        for patient in session.patient_ids
        if (session.modality is Modality.TELEHEALTH or (patient, session.service, session.start) in switched)
        and (patient, *_as_told(session)) not in told
    ]


def _held_by(session: Session, pool: Sequence[PractitionerId]) -> Collection[PractitionerId]:
    """Return who holds a session; for a medication visit it may be any prescriber of the site."""
    held_by = [one for one in (session.practitioner_id, session.co_facilitator_id) if one is not None]
    return pool if not held_by and session.service is ServiceKind.MEDICATION else held_by


def _seatings(requirements: WeekRequirements) -> dict[PatientId, PatientSeating]:
    return {plan.patient_id: seating_in(plan) for plan in requirements.patients}


def _without_plan(patient_id: PatientId) -> PatientSeating:
    return PatientSeating(patient_id=patient_id, travel_minutes=0, no_contact=[], plan=None, left_on=None)


def _broken(
    facts: SessionFacts, seating: PatientSeating, licensed: Mapping[PractitionerId, frozenset[str]]
) -> Iterator[BrokenRule]:
    yield from session_by_telehealth_broken(facts, licensed)
    yield from (rule for rule in plan_rules_broken(facts, seating) if rule.code == _NOT_PLANNED)
    yield from patient_by_telehealth_broken(facts, seating, licensed)
