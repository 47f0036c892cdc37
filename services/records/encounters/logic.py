"""What is allowed with encounters: the scheduler alone tells of them, and whoever treats the patient reads them."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from services.chassis.audit.trail import Trail
from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import AppointmentId, EncounterId, PatientId
from services.contracts.records.encounters import AttendanceEvent, AttendanceReceipt, Encounter, HoursLedger
from services.contracts.records.site_zones import SiteEvent
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.rules import encounter_of, hours_ledger
from services.records.encounters.storage import EncounterQueries, EncounterRows
from services.records.errors import NotAMondayError
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.treatment_plans.logic import TreatmentPlanReads


class KnownPatients(Protocol):
    """Knows who is a patient of the organization."""

    async def known(self, patient_ids: list[PatientId]) -> set[PatientId]:
        """Return which of these patients exist."""


class KnownZones(Protocol):
    """Knows by which zone the days of sites are counted."""

    async def put(self, event: SiteEvent, now: datetime) -> None:
        """Write a site's zone, once."""


class Beside(NamedTuple):
    """What is known beside encounters."""

    patients: KnownPatients
    zones: KnownZones


class AttendanceConsumer:
    """Takes the scheduler's events: in any order, and each of them once, however often it is told."""

    def __init__(self, rows: EncounterRows, beside: Beside, trail: Trail, clock: Clock) -> None:
        self._rows = rows
        self._beside = beside
        self._trail = trail
        self._clock = clock

    async def take(self, event: AttendanceEvent) -> AttendanceReceipt:
        """Take an event; it is a use within the programme (42 CFR 2.12(c)(3)), and the trail says so.

        Raises:
            InvalidRequestError: The session ends before it starts, or its week begins on no Monday.
            NotFoundError: There is no such patient in the organization.
        """
        if event.end <= event.start:
            raise InvalidRequestError("/end", "must lie after start")
        if event.week.weekday() != 0:
            raise InvalidRequestError("/week", "must be a Monday")
        if not await self._beside.patients.known([event.patient_id]):
            raise NotFoundError
        self._trail.permit(
            event.patient_id,
            basis="use",
            purpose=Purpose.OPERATIONS,
            information=Information.ATTENDANCE,
            event=event.id,
        )
        one = await self._rows.taken(event.id) or await self._keep(event)
        return AttendanceReceipt(encounter_id=one.id, revision=one.revision)

    async def _keep(self, event: AttendanceEvent) -> Encounter:
        now = self._clock.now()
        if event.zone is not None:
            await self._beside.zones.put(SiteEvent(id=event.site_id, zone=event.zone), now)
        one = await self._rows.keep(encounter_of(event, EncounterId(new_id(now, secrets.token_bytes(10)))))
        await self._rows.take(event, one.id, now)
        return one


class Sessions:
    """Tells other subjects of sessions within their unit of work; they pass the gate of each patient themselves."""

    def __init__(self, rows: EncounterRows) -> None:
        self._rows = rows

    async def one(self, encounter_id: EncounterId) -> Encounter | None:
        """Return an encounter, or None where there is none."""
        return await self._rows.one(encounter_id)

    async def members(self, appointment_id: AppointmentId) -> list[Encounter]:
        """Return the encounters of one session, one for each who had a seat in it."""
        return await self._rows.members(appointment_id)

    async def beside(self, patient_id: PatientId) -> list[PatientId]:
        """Return who else had a seat in any session of a patient's."""
        return await self._rows.beside(patient_id)

    async def starts(self, patient_ids: set[PatientId]) -> Mapping[PatientId, list[datetime]]:
        """Return when the sessions began that each of these patients attended, in the order of time."""
        return await self._rows.attended(patient_ids)


class AttendedReads:
    """Tells other subjects of sessions; they have asked the gate, and tell the trail of whom they show."""

    def __init__(self, queries: EncounterQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId) -> list[Encounter]:
        """Return a patient's encounters, in the order of time."""
        return await self._queries.of_patient(patient_id)

    async def between(self, patient_id: PatientId, from_on: date, until_on: date) -> list[Encounter]:
        """Return a patient's encounters of every week that these days touch, in the order of time."""
        monday = from_on - timedelta(days=from_on.weekday())
        return [one for one in await self._queries.of_patient(patient_id) if monday <= one.week <= until_on]

    async def shared(self, patient_id: PatientId) -> list[Encounter]:
        """Return the encounters of everybody who had a seat in a session of this patient, the patient's among them."""
        return await self._queries.shared(patient_id)

    async def starts(self, patient_ids: set[PatientId]) -> Mapping[PatientId, list[datetime]]:
        """Return when the sessions began that each of these patients attended, in the order of time."""
        return await self._queries.attended(patient_ids)

    async def of_service(self, patient_ids: Iterable[PatientId], service: ServiceKind) -> list[Encounter]:
        """Return the encounters of these patients that are of a service, in the order of time."""
        return await self._queries.of_service(patient_ids, service)

    async def last_starts(self, patient_ids: Iterable[PatientId], service: ServiceKind) -> Mapping[PatientId, datetime]:
        """Return when the last session of a service began that each of those of these patients attended who did."""
        return await self._queries.last_attended(patient_ids, service)


class EncounterReads:
    """What can be read of encounters."""

    def __init__(
        self, queries: EncounterQueries, patients: PatientReads, plans: TreatmentPlanReads, gate: Gate
    ) -> None:
        self._queries = queries
        self._patients = patients
        self._plans = plans
        self._gate = gate

    async def one(self, encounter_id: EncounterId) -> Encounter:
        """Return an encounter.

        Raises:
            NotFoundError: There is no such encounter here, or not for the caller.
        """
        one = await self._queries.one(encounter_id)
        if one is None:
            self._gate.refuse(encounter_id)
            raise NotFoundError
        await self._patients.presence(one.patient_id, Information.ATTENDANCE)
        return one

    async def page(self, patient_id: PatientId, page: PageRequest) -> Page[Encounter]:
        """Return a page of a patient's encounters, the first told of ahead.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.ATTENDANCE)
        return page.page(await self._queries.page(patient_id, page))

    async def between(self, patient_id: PatientId, from_on: date, until_on: date) -> list[Encounter]:
        """Return a patient's encounters of every week that these days touch, in the order of time.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.ATTENDANCE)
        return await self._queries.between(patient_id, from_on - timedelta(days=from_on.weekday()), until_on)

    async def ledger(self, patient_id: PatientId, monday: date) -> HoursLedger:
        """Return what a patient's week requires, and what has been delivered of it so far.

        Raises:
            NotAMondayError: The day does not begin a week.
            NotFoundError: There is no such patient here, or not for the caller.
        """
        if monday.weekday() != 0:
            raise NotAMondayError
        await self._patients.presence(patient_id, Information.ATTENDANCE)
        requirement = await self._plans.requirement(patient_id, monday)
        return hours_ledger(patient_id, monday, requirement, await self._queries.week(patient_id, monday))
