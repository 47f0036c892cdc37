"""What may be done with medication."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import MedicationId, PatientId, SiteId
from services.contracts.records.medications import (
    Dose,
    DoseRequest,
    Medication,
    MedicationEnd,
    MedicationRequest,
)
from services.records.errors import OverAlreadyError
from services.records.gate import Gate
from services.records.medications.intervals import NOT_CONDITIONAL
from services.records.medications.rules import (
    covered_percent,
    is_prescribed,
    is_refused,
    is_taken,
    next_due,
    standing,
)
from services.records.medications.storage import Kept, MedicationQueries, MedicationRows
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.site_zones.logic import KnownSites, SiteZoneReads


class MedicationCommands:
    """Changes to medication, within one unit of work."""

    def __init__(self, rows: MedicationRows, patients: PatientCommands, sites: KnownSites, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._sites = sites
        self._gate = gate

    async def add(self, patient_id: PatientId, request: MedicationRequest) -> Medication:
        """Enter a medicine that the patient is prescribed.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        patient, seal = await self._patients.lock_sealed(patient_id, Information.MEDICATION)
        now = self._gate.clock.now()
        medication_id = MedicationId(new_id(now, secrets.token_bytes(10)))
        kept = await self._rows.add(medication_id, patient_id, request, seal, (self._gate.caller.account_id, now))
        return _told(kept, [], seal, await self._sites.day(now, patient.site_id))

    async def end(self, medication_id: MedicationId, request: MedicationEnd) -> Medication:
        """End a medicine after a day.

        Raises:
            NotFoundError: There is no such medicine here, or not for the caller.
            InvalidRequestError: The programme demands it, which it may not; or the day lies before the first.
            OverAlreadyError: It has ended.
        """
        kept, seal, site_id = await self._lock(medication_id)
        if is_refused(request.reason):
            raise InvalidRequestError(
                "/reason",
                f"must not be a condition of taking part ({NOT_CONDITIONAL})",
                code="participation-not-conditional",
            )
        if request.last_day < kept.said(seal).started_on:
            raise InvalidRequestError("/last_day", "must not lie before started_on")
        if kept.ending is not None:
            raise OverAlreadyError
        return await self._now(await self._rows.end(kept, request, seal), seal, site_id)

    async def record(self, medication_id: MedicationId, request: DoseRequest) -> Medication:
        """Record a day's dose; a later record of the same day stands for it, and the earlier one is kept.

        Raises:
            NotFoundError: There is no such medicine here, or not for the caller.
            InvalidRequestError: The medicine was not taken on that day, or the day lies ahead.
        """
        kept, seal, site_id = await self._lock(medication_id)
        now = self._gate.clock.now()
        end = kept.ended(seal)
        if request.day < kept.said(seal).started_on or (end is not None and request.day > end.last_day):
            raise InvalidRequestError("/day", "must lie between started_on and last_day")
        if request.day > await self._sites.latest_day(now, site_id):
            raise InvalidRequestError("/day", "must not lie ahead")
        dose = Dose(day=request.day, outcome=request.outcome, recorded_by=self._gate.caller.account_id, recorded_at=now)
        await self._rows.add_dose(kept, dose, seal)
        return await self._now(kept, seal, site_id)

    async def _lock(self, medication_id: MedicationId) -> tuple[Kept, PersonSeal, SiteId]:
        found = await self._rows.one(medication_id)
        if found is None:
            self._gate.refuse(medication_id)
            raise NotFoundError
        patient, seal = await self._patients.lock_sealed(found.patient_id, Information.MEDICATION)
        # Read again: it may have ended before the patient was locked.
        return await self._rows.one(medication_id) or found, seal, patient.site_id

    async def _now(self, kept: Kept, seal: PersonSeal, site_id: SiteId) -> Medication:
        doses = [sealed.open(seal) for sealed in await self._rows.doses(kept.id)]
        return _told(kept, doses, seal, await self._sites.day(self._gate.clock.now(), site_id))


class Prescriptions:
    """What a patient is prescribed, as what is found in a specimen is held against it within one unit of work."""

    def __init__(self, rows: MedicationRows) -> None:
        self._rows = rows

    async def on(self, patient_id: PatientId, day: date, seal: PersonSeal) -> list[MedicationRequest]:
        """Return what the medication list has of a day; the caller has let the patient through."""
        listed = [(one.said(seal), one.ended(seal)) for one in await self._rows.of_patient(patient_id)]
        return [said for said, end in listed if is_prescribed(said, end, day)]


class MedicinesToDisclose:
    """Medication as a disclosure takes it, which decides on it itself."""

    def __init__(self, queries: MedicationQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId, seal: PersonSeal, today: date) -> list[Medication]:
        """Return a patient's medicines with their doses, in the order they were entered."""
        doses: dict[MedicationId, list[Dose]] = defaultdict(list)
        for sealed in await self._queries.doses(patient_id):
            doses[sealed.medication_id].append(sealed.open(seal))
        kept = await self._queries.of_patient(patient_id)
        return [_told(one, doses[one.id], seal, today) for one in kept]


class MedicationReads:
    """What can be read of medication."""

    def __init__(self, queries: MedicationQueries, patients: PatientReads, zones: SiteZoneReads, gate: Gate) -> None:
        self._medicines = MedicinesToDisclose(queries)
        self._queries = queries
        self._patients = patients
        self._zones = zones
        self._gate = gate

    async def of_patient(self, patient_id: PatientId) -> Page[Medication]:
        """Return a patient's medicines with their doses; raises NotFoundError where they are not for the caller."""
        patient, seal = await self._patients.sealed(patient_id, Information.MEDICATION)
        today = await self._zones.day(self._gate.clock.now(), patient.site_id)
        items = await self._medicines.of_patient(patient_id, seal, today)
        return Page(items=items, next_page_token=None)

    async def taken(self, patient_id: PatientId, seal: PersonSeal, today: date) -> list[Medication]:
        """Return the medicines that are taken today; the caller has let the patient through."""
        medicines = await self._medicines.of_patient(patient_id, seal, today)
        return [one for one in medicines if is_taken(one.last_day, today)]


def _told(kept: Kept, doses: Sequence[Dose], seal: PersonSeal, today: date) -> Medication:
    said, end = kept.said(seal), kept.ended(seal)
    last_day = None if end is None else end.last_day
    return Medication(
        id=kept.id,
        patient_id=kept.patient_id,
        **said.model_dump(exclude={"explains"}),
        explains=sorted(said.explains),
        last_day=last_day,
        end_reason=None if end is None else end.reason,
        doses=standing(doses),
        next_due_on=next_due(said.regimen, said.started_on, last_day, doses),
        days_covered_percent=covered_percent(said.regimen, last_day, doses, today),
        created_by=kept.created_by,
        created_at=kept.created_at,
    )
