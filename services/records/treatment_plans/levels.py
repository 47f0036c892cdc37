"""Whether the hours that plans ask for are those of the level of care that holds, at a site in this week."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.level_findings import LevelFindings
from services.contracts.records.treatment_plans import PlanRequirement, TreatmentPlan
from services.records.episodes.logic import EpisodeReads, StaysToPlan
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.site_zones.logic import SiteZoneReads
from services.records.treatment_plans.rules import level_finding, rule_pack_on, weeks_until
from services.records.treatment_plans.storage import TreatmentPlanQueries

_SEEN: Final = Information.TREATMENT_PLAN
_TO_SUNDAY: Final = timedelta(days=6)


class Beside(NamedTuple):
    """What a plan's hours are held against, and by which days."""

    episodes: EpisodeReads
    stays: StaysToPlan
    zones: SiteZoneReads


class LevelFindingReads:
    """What can be read of plans and levels of care that do not fit."""

    def __init__(self, queries: TreatmentPlanQueries, beside: Beside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._beside = beside
        self._patients = patients
        self._gate = gate

    async def at_site(self, site_id: SiteId, zone: str) -> LevelFindings:
        """Return what does not fit, of the patients of a site whom the caller may see.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        today = (await self._beside.zones.for_site(site_id, zone)).day(self._gate.clock.now(), site_id)
        monday = today - timedelta(days=today.weekday())
        reached = await self._patients.reached(site_id, _SEEN)
        stays = await self._beside.episodes.open_on(reached, today)
        required = await self._required({one.patient_id for one in stays}, today, monday)
        ages = await self._patients.ages(required, today)
        found = [
            finding
            for one in stays
            # Of a patient whose key was destroyed nobody knows an age any more.
            if one.patient_id in required
            and one.patient_id in ages
            and (finding := level_finding(one, required[one.patient_id], ages[one.patient_id], today)) is not None
        ]
        self._patients.shown({one.patient_id for one in found}, _SEEN)
        return LevelFindings(week=monday, items=found)

    async def _required(
        self, patient_ids: Iterable[PatientId], today: date, monday: date
    ) -> dict[PatientId, list[PlanRequirement]]:
        ids, pack = sorted(patient_ids), rule_pack_on(today)
        stays = await self._beside.stays.of(ids)
        plans: dict[PatientId, list[TreatmentPlan]] = defaultdict(list)
        for plan in await self._queries.effective(ids, monday + _TO_SUNDAY):
            plans[plan.patient_id].append(plan)
        longest = 0 if pack is None else pack.taper_weeks
        weeks = {one: weeks_until(versions, monday, stays, longest) for one, versions in plans.items()}
        return {one: required for one, required in weeks.items() if required}
