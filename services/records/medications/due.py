"""Which injections and visits to prescribers are due at a site; nobody is awaited who has been discharged."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from services.contracts.disclosure import Information
from services.contracts.identifiers import MedicationId, PatientId, SiteId
from services.contracts.records.medications import (
    Dose,
    DueInjection,
    DueInjections,
    DueMedicationVisit,
    DueMedicationVisits,
)
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import StaysToPlan
from services.records.gate import Gate
from services.records.medications.intervals import INJECTIONS
from services.records.medications.rules import next_due, next_visit, was_prescribed
from services.records.medications.storage import Kept, MedicationQueries
from services.records.medications.visits import visits_on
from services.records.patients.logic import PatientReads
from services.records.person_seal import PersonSeal
from services.records.site_zones.logic import SiteZoneReads


class DueBeside(NamedTuple):
    """What visits depend on beside the medicines."""

    zones: SiteZoneReads
    attended: AttendedReads
    stays: StaysToPlan


class DueReads:
    """What can be read of what is due."""

    def __init__(self, queries: MedicationQueries, beside: DueBeside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._zones, self._attended, self._stays = beside
        self._patients = patients
        self._gate = gate

    async def visits(self, site_id: SiteId, zone: str, within_days: int) -> DueMedicationVisits:
        """Return which visits are due within so many days or overdue, of whom the caller may see it and who came.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        zones = await self._zones.for_site(site_id, zone)
        today = zones.day(self._gate.clock.now(), site_id)
        until = today + timedelta(days=within_days)
        seals = await self._patients.seals_at(site_id, Information.MEDICATION, Information.ATTENDANCE)
        attended = await self._attended.last_starts(seals, ServiceKind.MEDICATION)
        visits = {one: zones.day(at, site_id) for one, at in attended.items()}
        due = [
            _due_visit(one, visits.get(one.patient_id), seals[one.patient_id], today)
            for one in await self._kept_of(seals, today)
        ]
        found = [one for one in due if one is not None and one.due_on <= until]
        self._patients.shown({one.patient_id for one in found}, Information.MEDICATION)
        items = sorted(found, key=lambda one: (one.due_on, one.medication_id))
        return DueMedicationVisits(today=today, until=until, items=items)

    async def injections(self, site_id: SiteId, zone: str, within_days: int) -> DueInjections:
        """Return which injections of a site are due within so many days or overdue, of whom the caller may see it.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        today = (await self._zones.for_site(site_id, zone)).day(self._gate.clock.now(), site_id)
        seals = await self._patients.seals_at(site_id, Information.MEDICATION)
        until = today + timedelta(days=within_days)
        kept = await self._kept_of(seals, today)
        given = {one.id: one for one in kept if one.said(seals[one.patient_id]).regimen in INJECTIONS}
        doses: dict[MedicationId, list[Dose]] = defaultdict(list)
        for sealed in await self._queries.doses_of_many(list(given)):
            doses[sealed.medication_id].append(sealed.open(seals[given[sealed.medication_id].patient_id]))
        due = [_due_injection(one, doses[one.id], seals[one.patient_id], today) for one in given.values()]
        found = [one for one in due if one is not None and one.due_on <= until]
        self._patients.shown({one.patient_id for one in found}, Information.MEDICATION)
        items = sorted(found, key=lambda one: (one.due_on, one.medication_id))
        return DueInjections(today=today, until=until, items=items)

    async def _kept_of(self, seals: Mapping[PatientId, PersonSeal], today: date) -> list[Kept]:
        left_on = (await self._stays.of(sorted(seals))).left_on
        return await self._queries.of_many([one for one in seals if left_on.get(one, today) >= today])


def _due_injection(kept: Kept, doses: Sequence[Dose], seal: PersonSeal, today: date) -> DueInjection | None:
    said, end = kept.said(seal), kept.ended(seal)
    due_on = next_due(said.regimen, said.started_on, None if end is None else end.last_day, doses)
    if due_on is None or not was_prescribed(end):
        return None
    return DueInjection(
        patient_id=kept.patient_id,
        medication_id=kept.id,
        regimen=said.regimen,
        due_on=due_on,
        is_overdue=due_on < today,
    )


def _due_visit(kept: Kept, last_visit: date | None, seal: PersonSeal, today: date) -> DueMedicationVisit | None:
    said, end = kept.said(seal), kept.ended(seal)
    due = next_visit(said, None if end is None else end.last_day, last_visit, visits_on(today))
    if due is None or not was_prescribed(end):
        return None
    due_on, cadence = due
    return DueMedicationVisit(
        patient_id=kept.patient_id,
        medication_id=kept.id,
        regimen=said.regimen,
        last_visit_on=None if last_visit is None or last_visit < said.started_on else last_visit,
        due_on=due_on,
        is_overdue=due_on < today,
        cadence=cadence,
    )
