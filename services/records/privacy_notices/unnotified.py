"""Who is in treatment and was given no notice of privacy practices, of those whom the caller may see."""

from datetime import date, datetime
from typing import NamedTuple

from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.privacy_notices import UnnotifiedPatient
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import EpisodeReads
from services.records.patients.logic import PatientReads
from services.records.privacy_notices.storage import PrivacyNoticeQueries
from services.records.site_zones.logic import SiteZoneReads


class Treated(NamedTuple):
    """What tells who is in treatment, and who has come."""

    episodes: EpisodeReads
    attended: AttendedReads
    zones: SiteZoneReads


class UnnotifiedReads:
    """Reads who was given no notice."""

    def __init__(self, queries: PrivacyNoticeQueries, treated: Treated, patients: PatientReads, now: datetime) -> None:
        self._queries = queries
        self._episodes, self._attended, self._zones = treated
        self._patients = patients
        self._now = now

    async def at_site(self, site_id: SiteId) -> Page[UnnotifiedPatient]:
        """Return who at a site is in an episode of care and was given none, whoever was admitted first ahead."""
        reached = await self._patients.reached(site_id, Information.CONSENTS)
        today = await self._zones.day(self._now, site_id)
        admitted: dict[PatientId, date] = {}
        for one in await self._episodes.open_on(reached, today):
            admitted[one.patient_id] = min(one.admitted_on, admitted.get(one.patient_id, one.admitted_on))
        given = await self._queries.given_to(list(admitted))
        without = {patient_id: on for patient_id, on in admitted.items() if patient_id not in given}
        came = await self._attended.starts(set(without))
        self._patients.shown(without, Information.CONSENTS)
        items = [
            UnnotifiedPatient(patient_id=patient_id, admitted_on=on, is_overdue=patient_id in came)
            for patient_id, on in without.items()
        ]
        return Page(items=sorted(items, key=lambda one: (one.admitted_on, one.patient_id)), next_page_token=None)
