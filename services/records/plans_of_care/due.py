"""What is due of plans of care at a site, for whoever may see the plans; what they say stays sealed."""

from datetime import UTC, date, timedelta
from typing import Final, NamedTuple

from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import SiteId
from services.contracts.records.due_plans import DuePlan, PlanDuty
from services.contracts.records.episodes import Episode
from services.records.documentation.logic import Standards
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import EpisodeReads
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.plans_of_care.facts import PlanFacts
from services.records.plans_of_care.rules import Course, course_of, duties
from services.records.plans_of_care.standing import status_of
from services.records.plans_of_care.storage import PlanOfCareQueries

# As the plan itself: who plans weeks sees the one of everybody, and the other of nobody.
_SEEN_BY_BOTH: Final = (Information.TREATMENT_PLAN, Information.DIAGNOSES)


class DueBeside(NamedTuple):
    """What the duties of plans depend on beside the plans."""

    episodes: EpisodeReads
    attended: AttendedReads
    standards: Standards


class DuePlanReads:
    """What can be read of what plans lack."""

    def __init__(self, queries: PlanOfCareQueries, beside: DueBeside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._beside = beside
        self._patients = patients
        self._gate = gate

    async def at_site(
        self, site_id: SiteId, day: date | None, within_days: int, requested: PageRequest
    ) -> Page[DuePlan]:
        """Return a page of open episodes whose plan lacks something, of those at a site whose plans the caller may see.

        Each tells what is due within so many days of a day, and what is overdue on it; without a day it is today
        where the site is. The standard that the site of the episode is held to on that day decides.
        """
        reached = await self._patients.reached(site_id, *_SEEN_BY_BOTH)
        asked = day or self._gate.clock.now().astimezone(UTC).date()
        episodes = [one for one in await self._beside.episodes.open_on(reached, asked) if one.id > requested.after]
        standards = await self._beside.standards.of_all({(one.site_id, asked) for one in episodes})
        facts = await self._queries.facts([one.id for one in episodes])
        starts = await self._beside.attended.starts({one.patient_id for one in episodes})
        found = []
        for one in episodes:
            standard = standards[one.site_id, asked]
            zone = UTC if standard is None else standard.zone
            on = day or self._gate.clock.now().astimezone(zone).date()
            course = course_of(one, facts.get(one.id, PlanFacts()), starts.get(one.patient_id, ()), on, zone)
            due = duties(course, standard, on, on + timedelta(days=within_days))
            if due:
                found.append(_due_plan(one, course, due))
        page = requested.page(found)
        self._patients.shown({one.patient_id for one in page.items}, Information.TREATMENT_PLAN)
        return page


def _due_plan(episode: Episode, course: Course, due: list[PlanDuty]) -> DuePlan:
    return DuePlan(
        id=episode.id,
        patient_id=episode.patient_id,
        site_id=episode.site_id,
        programme=episode.programme,
        began_on=course.began_on,
        plan_version=course.newest,
        plan_status=None
        if course.newest is None
        else status_of(course.done_to_newest, needs_cosignature=course.needs_cosignature),
        duties=due,
    )
