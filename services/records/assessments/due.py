"""Whose turn it is to be measured at a site, for whoever may see it; what was answered stays sealed."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.due_assessments import DueAssessment, DueAssessments, MeasurementCadence
from services.contracts.records.episodes import Episode
from services.records.assessments.cadences import cadences_on
from services.records.assessments.rules import due_measure
from services.records.assessments.storage import AssessmentQueries
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import EpisodeReads
from services.records.episodes.rules import began_on, held_on
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.site_zones.logic import SiteZoneReads

_SEEN_BY_BOTH = (Information.ASSESSMENTS, Information.TREATMENT_PLAN)
_TO_SUNDAY = 6


class DueAssessmentReads:
    """What can be read of whose turn it is."""

    def __init__(
        self,
        queries: AssessmentQueries,
        beside: tuple[EpisodeReads, AttendedReads, SiteZoneReads],
        patients: PatientReads,
        gate: Gate,
    ) -> None:
        self._queries = queries
        self._episodes, self._attended, self._zones = beside
        self._patients = patients
        self._gate = gate

    async def at_site(self, site_id: SiteId, zone: str) -> DueAssessments:
        """Return who of a site's patients whom the caller may see is to be measured by the Sunday of this week.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        where = (await self._zones.for_site(site_id, zone)).of(site_id)
        today = self._gate.clock.now().astimezone(where).date()
        until = today + timedelta(days=_TO_SUNDAY - today.weekday())
        reached = await self._patients.reached(site_id, *_SEEN_BY_BOTH)
        begun = await self._begun(reached, today, where)
        cadences = cadences_on(today)
        found = [one for cadence in cadences for one in await self._due(cadence, begun, (today, until), where)]
        self._patients.shown({one.patient_id for one in found}, Information.ASSESSMENTS)
        return DueAssessments(
            today=today,
            until=until,
            due=sum(not one.is_overdue for one in found),
            overdue=sum(one.is_overdue for one in found),
            cadences=cadences,
            items=sorted(found, key=lambda one: (one.due_on, one.patient_id)),
        )

    async def _begun(self, reached: list[PatientId], today: date, zone: ZoneInfo) -> list[tuple[Episode, date]]:
        # Before the first session nobody is in treatment yet, and nobody is late.
        stays = await self._episodes.open_on(reached, today)
        starts = await self._attended.starts({one.patient_id for one in stays})
        begun = [(one, began_on(one, starts.get(one.patient_id, ()), today, zone)) for one in stays]
        return [(one, began) for one, began in begun if began is not None]

    async def _due(
        self, cadence: MeasurementCadence, begun: list[tuple[Episode, date]], days: tuple[date, date], zone: ZoneInfo
    ) -> list[DueAssessment]:
        today, until = days
        stays = [
            (one, began)
            for one, began in begun
            if (held := held_on(one, today)) is not None and held.level in cadence.levels
        ]
        last = await self._queries.last_settled([one.patient_id for one, _ in stays], cadence.instrument_id)
        found: dict[PatientId, DueAssessment] = {}
        for one, began in stays:
            at = last.get(one.patient_id)
            answered = None if at is None else at.astimezone(zone).date()
            due = due_measure(one.patient_id, cadence, (one.admitted_on, began, answered), today)
            # Who is in two programmes answers once.
            if due.due_on <= until and due.due_on <= found.get(one.patient_id, due).due_on:
                found[one.patient_id] = due
        return list(found.values())
