"""What speaks against giving a patient a seat, asked of everything that knows something of it."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from services.chassis.database import Read, UnitOfWork
from services.contracts.identifiers import AppointmentId, PractitionerId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.vocabulary import Modality
from services.scheduler.bookings import storage
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import rules_broken, telehealth_rules_broken, way_of
from services.scheduler.bookings.storage import SeatedSession
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.solver.limits import RuleLimits


class DayRules(Protocol):
    """Knows what a patient's day may be at a site, and whose figures these are."""

    async def limits(self, site_id: SiteId, day: date) -> RuleLimits:
        """Return the limits that count on a day."""


class TelehealthRules:
    """Knows who leads a session by telehealth, and where they may treat."""

    def __init__(self, read: Read, licences: LicencesReader) -> None:
        self._read = read
        self._licences = licences

    async def broken(
        self, appointment_id: AppointmentId, session: SessionFacts, seating: PatientSeating
    ) -> list[BrokenRule]:
        """Say what a session by telehealth demands that the patient, or who leads it, does not have."""
        if session.modality is not Modality.TELEHEALTH:
            return []
        return await self.broken_by(await storage.practitioners_of(self._read, appointment_id), session, seating)

    async def broken_by(
        self, leads: Collection[PractitionerId], session: SessionFacts, seating: PatientSeating
    ) -> list[BrokenRule]:
        """Say the same of a session that is not in the book yet, and that these would lead."""
        if session.modality is not Modality.TELEHEALTH:
            return []
        return telehealth_rules_broken(session, seating, await self._licences.on_day(leads, session.day))


class SeatRules:
    """Asks the plan, the calendar, the day and, by telehealth, consent and licences."""

    def __init__(
        self, db: UnitOfWork, *, commitments: CommitmentsReader, rules: DayRules, telehealth: TelehealthRules
    ) -> None:
        self._db = db
        self._commitments = commitments
        self._rules = rules
        self._telehealth = telehealth

    async def broken(
        self, session: SeatedSession, seating: PatientSeating, *, without: Sequence[AppointmentId]
    ) -> list[BrokenRule]:
        """Say what speaks against giving a patient a seat in a session, were they not in those of `without`."""
        facts, patient_id = session.facts, seating.patient_id
        way = way_of(facts.modality, seating)
        busy = await self._commitments.of_patients([patient_id], facts.start - way, facts.end + way)
        others = await storage.other_sessions(self._db, patient_id, facts, without=without)
        limits = await self._rules.limits(session.site_id, facts.day)
        return [
            *rules_broken(facts, seating, busy=busy.get(patient_id, ()), others=others, limits=limits),
            *await self._telehealth.broken(session.id, facts, seating),
        ]
