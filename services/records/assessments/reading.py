"""What can be read of assessments: one, a patient's, how they moved, and a site's in counts."""

from datetime import UTC, date, datetime, time
from typing import Final

from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AssessmentId, PatientId, SiteId
from services.contracts.records.assessments import (
    Assessment,
    AssessmentTrends,
    LatestScore,
    MeasurementReport,
    SafetyTask,
    SafetyTasks,
)
from services.records.assessments.instruments import all_instruments
from services.records.assessments.rules import SMALLEST, counted, latest_of, measured, trends
from services.records.assessments.storage import AssessmentQueries
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.person_seal import PersonSeal

_BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)
_END: Final = datetime(2300, 1, 1, tzinfo=UTC)
_MONTHS: Final = 12


class AssessmentsToDisclose:
    """Assessments as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: AssessmentQueries) -> None:
        self._queries = queries

    async def settled(self, patient_id: PatientId, seal: PersonSeal) -> list[Assessment]:
        """Return the completed assessments of a patient in their newest versions, without their tasks."""
        return await self._queries.settled_of(patient_id, seal)


class AssessmentReads:
    """Reads assessments of those whom the caller may see."""

    def __init__(self, queries: AssessmentQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def one(self, assessment_id: AssessmentId) -> Assessment:
        """Return the newest version of an assessment.

        Raises:
            NotFoundError: There is no such assessment here, or not for the caller.
        """
        return (await self.versions(assessment_id)).items[0]

    async def versions(self, assessment_id: AssessmentId) -> Page[Assessment]:
        """Return every version of an assessment, newest first.

        Raises:
            NotFoundError: There is no such assessment here, or not for the caller.
        """
        stored = await self._queries.versions(assessment_id)
        if not stored:
            self._gate.refuse(assessment_id)
            raise NotFoundError
        seal = await self._patients.seal(stored[0].patient_id, Information.ASSESSMENTS)
        return Page(items=await self._queries.opened(stored, seal), next_page_token=None)

    async def page(self, patient_id: PatientId, instrument_id: str | None, page: PageRequest) -> Page[Assessment]:
        """Return a page of a patient's assessments, earliest entry first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seal = await self._patients.seal(patient_id, Information.ASSESSMENTS)
        return page.page(await self._queries.page(patient_id, instrument_id, page, seal))

    async def trends(self, patient_id: PatientId, instrument_id: str | None) -> AssessmentTrends:
        """Return how a patient's scores have moved, completed assessments only.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seal = await self._patients.seal(patient_id, Information.ASSESSMENTS)
        settled = await self._queries.settled({patient_id: seal}, instrument_id, _BEGINNING, _END)
        values = measured(settled.get(patient_id, []))
        return AssessmentTrends(patient_id=patient_id, series=trends(values, all_instruments()))

    async def latest(self, patient_id: PatientId, seal: PersonSeal) -> list[LatestScore]:
        """Return what each score came to last; the caller has let the patient through."""
        values = measured(await self._queries.settled_of(patient_id, seal))
        return [latest_of(series) for series in trends(values, all_instruments())]

    async def waiting(self, patient_id: PatientId, seal: PersonSeal) -> list[SafetyTask]:
        """Return the patient's open safety tasks; the caller has let the patient through."""
        return await self._queries.open_tasks_of(patient_id, seal)

    async def open_tasks(self, site_id: SiteId) -> SafetyTasks:
        """Return the open safety tasks of those at a site whom the caller may see."""
        seals = await self._patients.seals_at(site_id, Information.ASSESSMENTS)
        tasks = await self._queries.open_tasks(seals)
        self._patients.shown({task.patient_id for task in tasks}, Information.ASSESSMENTS)
        return SafetyTasks(items=tasks)

    async def report(self, site_id: SiteId, first_month: date, last_month: date) -> MeasurementReport:
        """Return a site's measurement-based care in whole months (UTC): counts of patients, small ones left out.

        Raises:
            InvalidRequestError: The months are not named by their first days, are in the wrong order or too many.
        """
        until = _month_after(last_month)
        if first_month.day != 1 or last_month.day != 1:
            raise InvalidRequestError("first_month", "and last_month must be first days of months", location="query")
        months = (last_month.year - first_month.year) * 12 + last_month.month - first_month.month + 1
        if not 1 <= months <= _MONTHS:
            remedy = f"must name one of the {_MONTHS} months from first_month on"
            raise InvalidRequestError("last_month", remedy, location="query")
        seals = await self._patients.seals_at(site_id, Information.ASSESSMENTS)
        settled = await self._queries.settled(seals, None, _instant(first_month), _instant(until))
        instruments = all_instruments()
        self._patients.shown(settled, Information.ASSESSMENTS)
        return MeasurementReport(
            site_id=site_id,
            first_month=first_month,
            last_month=last_month,
            smallest=SMALLEST,
            items=counted(trends(measured(one), instruments) for one in settled.values()),
        )


def _month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
