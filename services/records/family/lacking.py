"""Of whom a site's state wants family counselling that was not held, of those whom the caller may see."""

from collections import defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.encounters import Encounter
from services.contracts.records.family import DueFamilyCounselling, DueFamilyCounsellings
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import EpisodeReads
from services.records.family.counselling import rule_of
from services.records.family.rules import Stay, counselled, first_of, lacking
from services.records.family.storage import FamilyQueries
from services.records.patients.logic import PatientReads
from services.records.site_zones.logic import SiteZoneReads

# As the months of one patient: whoever may see the plan of care.
_KEPT: Final = Information.TREATMENT_PLAN


class Months(NamedTuple):
    """What tells who is in treatment since when, and which sessions were held."""

    episodes: EpisodeReads
    attended: AttendedReads
    zones: SiteZoneReads


class DueFamilyReads:
    """Reads of whom family counselling is lacking."""

    def __init__(self, queries: FamilyQueries, months: Months, patients: PatientReads, now: datetime) -> None:
        self._queries = queries
        self._episodes, self._attended, self._zones = months
        self._patients = patients
        self._now = now

    async def at_site(self, site_id: SiteId, zone: str) -> DueFamilyCounsellings:
        """Return who is in treatment at a site and lacks it in a month of this stay.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        zones = await self._zones.for_site(site_id, zone)
        today = zones.day(self._now, site_id)
        jurisdiction = await self._zones.jurisdiction(site_id)
        rule = None if jurisdiction is None else rule_of(jurisdiction, today)
        if rule is None:
            self._patients.shown([], _KEPT)
            return DueFamilyCounsellings(jurisdiction=jurisdiction, rule=None, items=[])
        reached = await self._patients.reached(site_id, _KEPT)
        stays: dict[PatientId, list[Stay]] = defaultdict(list)
        for one in await self._episodes.open_on(reached, today):
            stays[one.patient_id].append((one.admitted_on, None))
        exempt = await self._queries.exempt_months(list(stays))
        sessions = defaultdict[PatientId, list[Encounter]](list)
        for encounter in await self._attended.of_service(stays, ServiceKind.FAMILY):
            sessions[encounter.patient_id].append(encounter)
        items = []
        for patient_id, of_patient in stays.items():
            held = counselled(sessions[patient_id], zones)
            without = lacking(of_patient, rule, held, {month for who, month in exempt if who == patient_id}, today)
            if without:
                missed = [month for month in without if month != first_of(today)]
                is_due = len(missed) < len(without)
                items.append(DueFamilyCounselling(patient_id=patient_id, is_due=is_due, missed=missed))
        self._patients.shown([one.patient_id for one in items], _KEPT)
        return DueFamilyCounsellings(jurisdiction=jurisdiction, rule=rule, items=items)
