"""What each session by telehealth that is about to be published needs: consent, and licences for the place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.contracts.identifiers import PatientId, PractitionerId, SiteId
from services.contracts.records.treatment_plans import PatientSeating, SeatingPlan
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.timetables import AppointmentStatus, Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import patient_by_telehealth_broken, session_by_telehealth_broken
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.proposals.errors import TelehealthRefusedError


class TelehealthGate:
    """Refuses a week in which somebody would be treated by telehealth who may not be."""

    def __init__(self, book: AppointmentsReader, licences: LicencesReader, clock: Clock) -> None:
        self._book = book
        self._licences = licences
        self._clock = clock

    async def refuse(
        self, site_id: SiteId, week: date, sessions: Sequence[Session], instance: Mapping[str, Any], zone: ZoneInfo
    ) -> None:
        """Hold what is new against the plans in the instance, and against the licences of today.

        What is booked by telehealth already was asked about then; what has begun is as it was.

        Raises:
            TelehealthRefusedError: Consent, a known place or a licence is missing; it says of which sessions.
        """
        told = await self._told(site_id, week)
        now = self._clock.now()
        asked = [
            (session, new)
            for session in sessions
            if session.modality is Modality.TELEHEALTH and session.start > now
            if (new := [one for one in session.patient_ids if (one, session.service, session.start) not in told])
        ]
        if not asked:
            return
        people = {PatientId(UUID(one["id"])): one for one in instance["patients"]}
        pool = [PractitionerId(UUID(one["id"])) for one in instance["practitioners"] if one["role"] == "prescriber"]
        broken = []
        for session, new in asked:
            facts = _facts(session, zone)
            licensed = await self._licences.on_day(_held_by(session, pool), facts.day)
            broken += [
                (session.start, rule) for rule in _broken(facts, [_seating(people[one]) for one in new], licensed)
            ]
        if broken:
            raise TelehealthRefusedError(broken)

    async def _told(self, site_id: SiteId, week: date) -> set[tuple[PatientId, ServiceKind, datetime]]:
        return {
            (patient_id, appointment.service, appointment.start)
            for appointment in await self._book.all_of_week(site_id, week)
            if appointment.status is AppointmentStatus.BOOKED and appointment.modality is Modality.TELEHEALTH
            for patient_id in appointment.patient_ids
        }


def _facts(session: Session, zone: ZoneInfo) -> SessionFacts:
    return SessionFacts(session.service, session.modality, session.start, session.end, None, None, zone)


def _held_by(session: Session, pool: Sequence[PractitionerId]) -> Collection[PractitionerId]:
    """Return who holds a session; for a medication visit it may be any prescriber of the site."""
    held_by = [one for one in (session.practitioner_id, session.co_facilitator_id) if one is not None]
    return pool if not held_by and session.service is ServiceKind.MEDICATION else held_by


def _broken(
    facts: SessionFacts, seatings: Sequence[PatientSeating], licensed: Mapping[PractitionerId, frozenset[str]]
) -> Iterator[BrokenRule]:
    yield from session_by_telehealth_broken(facts, licensed)
    for seating in seatings:
        yield from patient_by_telehealth_broken(facts, seating, licensed)


def _seating(patient: Mapping[str, Any]) -> PatientSeating:
    """Read the plan that the week was made for; an earlier release did not write down what telehealth depends on."""
    plan = patient.get("telehealth") or {"consented_on": None, "jurisdiction": None}
    consented_on = plan["consented_on"]
    return PatientSeating(
        patient_id=PatientId(UUID(patient["id"])),
        travel_minutes=0,
        no_contact=[],
        plan=SeatingPlan(
            services=[ServiceKind(service) for service in patient["needs"]],
            track=patient["track"],
            languages=patient["languages"],
            modalities=[Modality(modality) for modality in patient["modalities"]],
            telehealth_consented_on=None if consented_on is None else date.fromisoformat(consented_on),
            telehealth_jurisdiction=plan["jurisdiction"],
            needs_transport=bool(patient.get("needs_transport", False)),
        ),
    )
