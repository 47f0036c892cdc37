"""Who has stayed away so long that somebody should ask."""

from services.contracts.disclosure import Information
from services.contracts.identifiers import SiteId
from services.contracts.records.encounters import MissedInARowList
from services.records.encounters.rules import misses_on
from services.records.encounters.storage import EncounterQueries
from services.records.episodes.logic import StaysToPlan
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.site_zones.logic import SiteZoneReads


class AbsenceReads:
    """Reads who missed sessions in a row: a reason to review the plan with them, never one to discharge them."""

    def __init__(
        self,
        queries: EncounterQueries,
        zones: SiteZoneReads,
        stays: StaysToPlan,
        patients: PatientReads,
        gate: Gate,
    ) -> None:
        self._queries = queries
        self._zones = zones
        self._stays = stays
        self._patients = patients
        self._gate = gate

    async def missed_in_a_row(self, site_id: SiteId, zone: str) -> MissedInARowList:
        """Return who of those whom the caller may see has stayed away, those who were discharged left out.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        today = (await self._zones.for_site(site_id, zone)).day(self._gate.clock.now(), site_id)
        reached = await self._patients.reached(site_id, Information.ATTENDANCE)
        left_on = (await self._stays.of(reached)).left_on
        rule = misses_on(today)
        here = [one for one in reached if left_on.get(one, today) >= today]
        items = await self._queries.missed_in_a_row(here, rule.fewest)
        self._patients.shown({one.patient_id for one in items}, Information.ATTENDANCE)
        return MissedInARowList(rule=rule, items=items)
