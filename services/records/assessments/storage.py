"""Where assessments are kept: answers, scores and findings sealed with the patient's own key."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, TIMESTAMP, Integer, Text, Uuid, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AssessmentId, OrganizationId, PatientId, SafetyTaskId
from services.contracts.records.assessments import Assessment, AssessmentStatus, SafetyAnswer, SafetyTask
from services.records.assessments.tables import AssessmentRow, SafetyAnswerRow, SafetyTaskRow
from services.records.person_seal import PersonSeal

_SEALED: Final = frozenset({"answers", "scores"})
_ASSESSMENT: Final = select(AssessmentRow.__table__)
_TASK: Final = select(
    SafetyTaskRow.__table__,
    SafetyAnswerRow.told_account_id,
    SafetyAnswerRow.told_at,
    SafetyAnswerRow.steps,
    SafetyAnswerRow.note,
    SafetyAnswerRow.answered_by,
    SafetyAnswerRow.answered_at,
).outerjoin_from(
    SafetyTaskRow,
    SafetyAnswerRow,
    (SafetyAnswerRow.organization_id == SafetyTaskRow.organization_id) & (SafetyAnswerRow.task_id == SafetyTaskRow.id),
)
_ID: Final = bindparam("assessment_id", type_=Uuid)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_PATIENT_IDS: Final = any_(bindparam("patient_ids", type_=ARRAY(Uuid)))
_TASK_ID: Final = bindparam("task_id", type_=Uuid)
_INSTRUMENT: Final = bindparam("instrument_id", type_=Text)
_OF_INSTRUMENT: Final = or_(_INSTRUMENT.is_(None), AssessmentRow.instrument_id == _INSTRUMENT)
_VERSIONS_OF_ONE: Final = _ASSESSMENT.where(AssessmentRow.id == _ID).order_by(AssessmentRow.version.desc())
_VERSIONS: Final = Query(_VERSIONS_OF_ONE)
_NEWEST: Final = _ASSESSMENT.ext(distinct_on(AssessmentRow.id)).order_by(AssessmentRow.id, AssessmentRow.version.desc())
_PAGE: Final = Query(
    _NEWEST.where(
        AssessmentRow.patient_id == _PATIENT_ID, _OF_INSTRUMENT, AssessmentRow.id > bindparam("after", type_=Uuid)
    ).limit(bindparam("limit", type_=Integer))
)
_NEWEST_OF_MANY: Final = _NEWEST.where(AssessmentRow.patient_id == _PATIENT_IDS, _OF_INSTRUMENT).subquery("newest")
_SETTLED: Final = Query(
    select(_NEWEST_OF_MANY).where(
        or_(
            _NEWEST_OF_MANY.c.status == AssessmentStatus.COMPLETED.value,
            _NEWEST_OF_MANY.c.status == AssessmentStatus.AMENDED.value,
        ),
        _NEWEST_OF_MANY.c.administered_at >= bindparam("from_at", type_=TIMESTAMP(timezone=True)),
        _NEWEST_OF_MANY.c.administered_at < bindparam("until_at", type_=TIMESTAMP(timezone=True)),
    )
)
_LAST_SETTLED: Final = Query(
    select(_NEWEST_OF_MANY.c.patient_id, func.max(_NEWEST_OF_MANY.c.administered_at).label("last_at"))
    .where(
        or_(
            _NEWEST_OF_MANY.c.status == AssessmentStatus.COMPLETED.value,
            _NEWEST_OF_MANY.c.status == AssessmentStatus.AMENDED.value,
        )
    )
    .group_by(_NEWEST_OF_MANY.c.patient_id)
)
_NEWEST_OF_ONE: Final = _NEWEST.where(AssessmentRow.patient_id == _PATIENT_ID).subquery("newest_of_one")
_SETTLED_OF_ONE: Final = Query(
    select(_NEWEST_OF_ONE).where(
        or_(
            _NEWEST_OF_ONE.c.status == AssessmentStatus.COMPLETED.value,
            _NEWEST_OF_ONE.c.status == AssessmentStatus.AMENDED.value,
        )
    )
)
_TASKS_OF: Final = _TASK.where(
    SafetyTaskRow.assessment_id == any_(bindparam("assessment_ids", type_=ARRAY(Uuid)))
).order_by(SafetyTaskRow.id)
_TASKS: Final = Query(_TASKS_OF)
_OPEN: Final = Query(
    _TASK.where(SafetyTaskRow.patient_id == _PATIENT_IDS, SafetyAnswerRow.task_id.is_(None)).order_by(
        SafetyTaskRow.due_at, SafetyTaskRow.id
    )
)


_OPEN_OF_ONE: Final = Query(
    _TASK.where(SafetyTaskRow.patient_id == _PATIENT_ID, SafetyAnswerRow.task_id.is_(None)).order_by(
        SafetyTaskRow.due_at, SafetyTaskRow.id
    )
)

IN_CHART: Final = (_SETTLED_OF_ONE, _OPEN_OF_ONE)
"""What `AssessmentQueries.settled_of` and `open_tasks_of` ask."""


class Stored(NamedTuple):
    """A version as it lies in the table, still sealed."""

    patient_id: PatientId
    row: Mapping[Any, Any]


class AssessmentQueries:
    """Reads of assessments; what they find is opened with the seal of the patient."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def versions(self, assessment_id: AssessmentId) -> list[Stored]:
        """Return every version of an assessment, sealed, newest first."""
        return [_stored(row) for row in await self._read.all(_VERSIONS, assessment_id=assessment_id)]

    async def page(
        self, patient_id: PatientId, instrument_id: str | None, page: PageRequest, seal: PersonSeal
    ) -> list[Assessment]:
        """Return the newest versions of a page of a patient's assessments, and one more where there is one."""
        rows = await self._read.all(
            _PAGE, patient_id=patient_id, instrument_id=instrument_id, after=page.after, limit=page.limit
        )
        return await self.opened([_stored(row) for row in rows], seal)

    async def opened(self, stored: list[Stored], seal: PersonSeal) -> list[Assessment]:
        """Open versions of one patient, each with the tasks of its assessment.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        rows = await self._read.all(_TASKS, assessment_ids=list({one.row["id"] for one in stored}))
        tasks = _by_assessment(rows, seal)
        return [_to_assessment(one.row, tasks[one.row["id"]], seal) for one in stored]

    async def settled(
        self,
        seals: Mapping[PatientId, PersonSeal],
        instrument_id: str | None,
        from_at: datetime,
        until_at: datetime,
    ) -> dict[PatientId, list[Assessment]]:
        """Return the completed assessments of these patients in a time, without their tasks."""
        rows = await self._read.all(
            _SETTLED, patient_ids=list(seals), instrument_id=instrument_id, from_at=from_at, until_at=until_at
        )
        found: defaultdict[PatientId, list[Assessment]] = defaultdict(list)
        for row in rows:
            patient_id = PatientId(row["patient_id"])
            found[patient_id].append(_to_assessment(row, [], seals[patient_id]))
        return found

    async def settled_of(self, patient_id: PatientId, seal: PersonSeal) -> list[Assessment]:
        """Return the completed assessments of one patient, without their tasks."""
        rows = await self._read.all(_SETTLED_OF_ONE, patient_id=patient_id)
        return [_to_assessment(row, [], seal) for row in rows]

    async def last_settled(self, patient_ids: Sequence[PatientId], instrument_id: str) -> dict[PatientId, datetime]:
        """Return when each of these patients last answered an instrument to its end; what it was stays sealed."""
        rows = await self._read.all(_LAST_SETTLED, patient_ids=list(patient_ids), instrument_id=instrument_id)
        return {PatientId(row["patient_id"]): row["last_at"] for row in rows}

    async def open_tasks_of(self, patient_id: PatientId, seal: PersonSeal) -> list[SafetyTask]:
        """Return the tasks of one patient that nobody has answered, the one due first ahead."""
        return [_to_task(row, seal) for row in await self._read.all(_OPEN_OF_ONE, patient_id=patient_id)]

    async def open_tasks(self, seals: Mapping[PatientId, PersonSeal]) -> list[SafetyTask]:
        """Return the tasks of these patients that nobody has answered, the one due first ahead."""
        rows = await self._read.all(_OPEN, patient_ids=list(seals))
        return [_to_task(row, seals[PatientId(row["patient_id"])]) for row in rows]


class AssessmentRows:
    """Assessments within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def patient_of(self, assessment_id: AssessmentId) -> PatientId | None:
        """Return whose assessment it is."""
        found = select(AssessmentRow.patient_id).where(AssessmentRow.id == assessment_id).limit(1)
        patient_id = await self._db.scalar(found)
        return None if patient_id is None else PatientId(patient_id)

    async def patient_of_task(self, task_id: SafetyTaskId) -> PatientId | None:
        """Return of whom a safety task is."""
        patient_id = await self._db.scalar(select(SafetyTaskRow.patient_id).where(SafetyTaskRow.id == task_id))
        return None if patient_id is None else PatientId(patient_id)

    async def newest(self, assessment_id: AssessmentId, seal: PersonSeal) -> tuple[Assessment, bool]:
        """Return the newest version, and whether it is dangerous; the patient must be locked."""
        row = (await self._db.execute(_VERSIONS_OF_ONE.limit(1), {"assessment_id": assessment_id})).mappings().one()
        tasks = (await self._db.execute(_TASKS_OF, {"assessment_ids": [assessment_id]})).mappings()
        return _to_assessment(row, _by_assessment(tasks, seal)[row["id"]], seal), row["is_dangerous"]

    async def was_completed(self, assessment_id: AssessmentId) -> bool:
        """Say whether some version was complete: what follows is an amendment."""
        settled = [AssessmentStatus.COMPLETED.value, AssessmentStatus.AMENDED.value]
        found = select(AssessmentRow.version).where(
            AssessmentRow.id == assessment_id, AssessmentRow.status.in_(settled)
        )
        return await self._db.scalar(found.limit(1)) is not None

    async def add(
        self, one: Assessment, seal: PersonSeal, *, is_dangerous: bool, answered_task_id: SafetyTaskId | None
    ) -> None:
        """Write one version."""
        content = orjson.dumps(one.model_dump(mode="json", include=set(_SEALED)))
        self._db.add(
            AssessmentRow(
                organization_id=self._organization_id,
                content=seal.close(content, AssessmentRow.__tablename__, f"content.{one.version}", one.id),
                is_dangerous=is_dangerous,
                answered_task_id=answered_task_id,
                **one.model_dump(exclude={*_SEALED, "safety_tasks"}),
            )
        )
        await self._db.flush()

    async def add_task(self, task: SafetyTask, version: int, seal: PersonSeal) -> None:
        """Write what somebody must act on."""
        findings = orjson.dumps([finding.model_dump() for finding in task.findings])
        self._db.add(
            SafetyTaskRow(
                organization_id=self._organization_id,
                assessment_version=version,
                findings=seal.close(findings, SafetyTaskRow.__tablename__, "findings", task.id),
                **task.model_dump(exclude={"findings", "answer"}),
            )
        )
        await self._db.flush()

    async def task(self, task_id: SafetyTaskId, seal: PersonSeal) -> SafetyTask:
        """Return a task; the patient must be locked."""
        row = (await self._db.execute(_TASK.where(SafetyTaskRow.id == _TASK_ID), {"task_id": task_id})).mappings()
        return _to_task(row.one(), seal)

    async def answer(self, task: SafetyTask, answer: SafetyAnswer, seal: PersonSeal) -> None:
        """Write what became of a task."""
        note = None
        if answer.note is not None:
            note = seal.close(answer.note.encode(), SafetyAnswerRow.__tablename__, "note", task.id)
        self._db.add(
            SafetyAnswerRow(
                organization_id=self._organization_id,
                task_id=task.id,
                note=note,
                **answer.model_dump(exclude={"note"}),
            )
        )
        await self._db.flush()


def _stored(row: Mapping[Any, Any]) -> Stored:
    return Stored(PatientId(row["patient_id"]), row)


def _by_assessment(rows: Iterable[Mapping[Any, Any]], seal: PersonSeal) -> defaultdict[UUID, list[SafetyTask]]:
    found: defaultdict[UUID, list[SafetyTask]] = defaultdict(list)
    for row in rows:
        found[row["assessment_id"]].append(_to_task(row, seal))
    return found


def _to_assessment(row: Mapping[Any, Any], tasks: list[SafetyTask], seal: PersonSeal) -> Assessment:
    column = f"content.{row['version']}"
    content = orjson.loads(seal.open(row["content"], AssessmentRow.__tablename__, column, row["id"]))
    return Assessment.model_validate({**row, **content, "safety_tasks": tasks})


def _to_task(row: Mapping[Any, Any], seal: PersonSeal) -> SafetyTask:
    findings = orjson.loads(seal.open(row["findings"], SafetyTaskRow.__tablename__, "findings", row["id"]))
    return SafetyTask.model_validate({**row, "findings": findings, "answer": _to_answer(row, seal)})


def _to_answer(row: Mapping[Any, Any], seal: PersonSeal) -> SafetyAnswer | None:
    if row["answered_at"] is None:
        return None
    sealed = row["note"]
    note = None if sealed is None else seal.open(sealed, SafetyAnswerRow.__tablename__, "note", row["id"]).decode()
    return SafetyAnswer.model_validate({**row, "note": note})
