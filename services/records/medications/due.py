"""Which visits to prescribers are due at a site, for whoever may see medication and who came."""

from datetime import date, timedelta
from typing import NamedTuple

from services.contracts.disclosure import Information
from services.contracts.identifiers import SiteId
from services.contracts.records.medications import DueMedicationVisit, DueMedicationVisits
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import StaysToPlan
from services.records.gate import Gate
from services.records.medications.rules import next_visit, was_prescribed
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


class DueVisitReads:
    """What can be read of visits that are due."""

    def __init__(self, queries: MedicationQueries, beside: DueBeside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._zones, self._attended, self._stays = beside
        self._patients = patients
        self._gate = gate

    async def at_site(self, site_id: SiteId, zone: str, within_days: int) -> DueMedicationVisits:
        """Return which visits are due within so many days or overdue, of those of whom the caller may see it.

        Nobody is awaited who has been discharged.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        zones = await self._zones.for_site(site_id, zone)
        today = zones.day(self._gate.clock.now(), site_id)
        until = today + timedelta(days=within_days)
        seals = await self._patients.seals_at(site_id, Information.MEDICATION, Information.ATTENDANCE)
        left_on = (await self._stays.of(sorted(seals))).left_on
        attended = await self._attended.last_starts(seals, ServiceKind.MEDICATION)
        visits = {one: zones.day(at, site_id) for one, at in attended.items()}
        due = [
            _due_visit(one, visits.get(one.patient_id), seals[one.patient_id], today)
            for one in await self._queries.of_many([one for one in seals if left_on.get(one, today) >= today])
        ]
        found = [one for one in due if one is not None and one.due_on <= until]
        self._patients.shown({one.patient_id for one in found}, Information.MEDICATION)
        items = sorted(found, key=lambda one: (one.due_on, one.medication_id))
        return DueMedicationVisits(today=today, until=until, items=items)


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
