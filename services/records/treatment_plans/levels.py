"""Whether the hours that plans ask for are those of the level of care that holds, at a site in this week."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.level_findings import LevelFindings
from services.contracts.records.treatment_plans import PlanRequirement
from services.records.episodes.logic import EpisodeReads, TaperReads
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.treatment_plans.rules import level_finding, tapered, week_of
from services.records.treatment_plans.storage import TreatmentPlanQueries

_SEEN: Final = Information.TREATMENT_PLAN
_TO_SUNDAY: Final = timedelta(days=6)


class Beside(NamedTuple):
    """What a plan's hours are held against."""

    episodes: EpisodeReads
    tapers: TaperReads


class LevelFindingReads:
    """What can be read of plans and levels of care that do not fit."""

    def __init__(self, queries: TreatmentPlanQueries, beside: Beside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._beside = beside
        self._patients = patients
        self._gate = gate

    async def at_site(self, site_id: SiteId, zone: str) -> LevelFindings:
        """Return what does not fit, of the patients of a site whom the caller may see."""
        today = self._gate.clock.now().astimezone(ZoneInfo(zone)).date()
        monday = today - timedelta(days=today.weekday())
        reached = await self._patients.reached(site_id, _SEEN)
        stays = await self._beside.episodes.open_on(reached, today)
        required = await self._required({one.patient_id for one in stays}, monday)
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

    async def _required(self, patient_ids: Iterable[PatientId], monday: date) -> dict[PatientId, PlanRequirement]:
        ids = sorted(patient_ids)
        tapers = await self._beside.tapers.taper_weeks(ids)
        required: dict[PatientId, PlanRequirement | None] = {}
        for plan in await self._queries.effective(ids, monday + _TO_SUNDAY):
            if plan.patient_id not in required:
                required[plan.patient_id] = week_of(plan, monday)
        return {one: tapered(week, monday, tapers) for one, week in required.items() if week is not None}
