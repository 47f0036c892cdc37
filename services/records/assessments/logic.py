"""What is allowed with assessments: a dangerous answer is acted on before an assessment can be closed."""

import secrets
from datetime import UTC, timedelta
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.disclosure import Information
from services.contracts.identifiers import AssessmentId, PatientId, SafetyTaskId
from services.contracts.records.assessments import (
    Assessment,
    AssessmentAmendment,
    AssessmentRequest,
    AssessmentStatus,
    Instrument,
    SafetyAnswer,
    SafetyAnswerRequest,
    SafetyTask,
)
from services.records.assessments.errors import AnswersRefusedError, AssessmentSettledError, SafetyTaskOpenError
from services.records.assessments.instruments import all_instruments
from services.records.assessments.rules import danger_of, due_at, faults, is_news, scored, suffices
from services.records.assessments.storage import AssessmentRows
from services.records.errors import OverAlreadyError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.person_seal import PersonSeal

ASSESSMENTS: Final = Information.ASSESSMENTS
_TOLERANCE: Final = timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours."""


class AssessmentCommands:
    """Changes to assessments, within one unit of work."""

    def __init__(self, rows: AssessmentRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def create(self, patient_id: PatientId, request: AssessmentRequest) -> Assessment:
        """Write down what a patient answered; it is closed by `complete`.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: There is no such instrument, or it was filled in in the future.
            AnswersRefusedError: The answers are not those of the instrument.
        """
        _, seal = await self._patients.lock_sealed(patient_id, ASSESSMENTS)
        instrument = all_instruments().get(request.instrument_id)
        if instrument is None:
            raise InvalidRequestError("/instrument_id", "must be one of the instruments (list_instruments)")
        self._refuse_wrong(instrument, request)
        now = self._gate.clock.now()
        one = Assessment(
            id=AssessmentId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            instrument_id=instrument.id,
            edition=instrument.edition,
            version=1,
            status=AssessmentStatus.IN_PROGRESS,
            administered_at=request.administered_at.astimezone(UTC),
            answers=request.answers,
            scores=scored(instrument, request.answers, request.scores),
            safety_tasks=[],
            amendment_reason=None,
            recorded_by=self._gate.caller.account_id,
            recorded_at=now,
        )
        return await self._write(one, seal, is_dangerous=False)

    async def amend(self, assessment_id: AssessmentId, request: AssessmentAmendment, version: int) -> Assessment:
        """Write another version in the place of the newest; an answer that is dangerous anew sets a task going.

        Raises:
            NotFoundError: There is no such assessment here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            AssessmentSettledError: It was entered in error, or its instrument is of another edition now.
            AnswersRefusedError: The answers are not those of the instrument.
        """
        before, seal, is_dangerous = await self._lock(assessment_id, version)
        instrument = all_instruments().get(before.instrument_id)
        if before.status is AssessmentStatus.ENTERED_IN_ERROR:
            raise AssessmentSettledError(before.status.value)
        if instrument is None or instrument.edition != before.edition:
            raise AssessmentSettledError("of-another-edition")
        self._refuse_wrong(instrument, request)
        is_settled = before.status is not AssessmentStatus.IN_PROGRESS
        one = self._next(before).model_copy(
            update={
                "status": AssessmentStatus.AMENDED if is_settled else AssessmentStatus.IN_PROGRESS,
                "administered_at": request.administered_at.astimezone(UTC),
                "answers": request.answers,
                "scores": scored(instrument, request.answers, request.scores),
                "amendment_reason": request.reason,
            }
        )
        return await self._write(one, seal, is_dangerous=is_dangerous)

    async def complete(self, assessment_id: AssessmentId, version: int) -> Assessment:
        """Close an assessment; from then on it counts.

        Raises:
            NotFoundError: There is no such assessment here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            AssessmentSettledError: It is closed already.
            SafetyTaskOpenError: A dangerous answer has not been acted on.
        """
        before, seal, is_dangerous = await self._lock(assessment_id, version)
        if before.status is not AssessmentStatus.IN_PROGRESS:
            raise AssessmentSettledError(before.status.value)
        was_completed = await self._rows.was_completed(assessment_id)
        status = AssessmentStatus.AMENDED if was_completed else AssessmentStatus.COMPLETED
        return await self._settle(before, seal, status, is_dangerous=is_dangerous)

    async def retract(self, assessment_id: AssessmentId, version: int) -> Assessment:
        """Say that an assessment was entered in error; what was written stays on record, and a task stays a task.

        Raises:
            NotFoundError: There is no such assessment here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            AssessmentSettledError: It was entered in error already.
            SafetyTaskOpenError: A dangerous answer has not been acted on, be it a mistake.
        """
        before, seal, is_dangerous = await self._lock(assessment_id, version)
        if before.status is AssessmentStatus.ENTERED_IN_ERROR:
            raise AssessmentSettledError(before.status.value)
        return await self._settle(before, seal, AssessmentStatus.ENTERED_IN_ERROR, is_dangerous=is_dangerous)

    async def answer(self, task_id: SafetyTaskId, request: SafetyAnswerRequest) -> SafetyTask:
        """Write down who was told of a dangerous answer, when, and what was done.

        Raises:
            NotFoundError: There is no such task here, or not for the caller.
            OverAlreadyError: It is answered.
            InvalidRequestError: Somebody was told in the future or before it was known, or the steps do not answer it.
        """
        patient_id = await self._rows.patient_of_task(task_id)
        if patient_id is None:
            self._gate.refuse(task_id)
            raise NotFoundError
        _, seal = await self._patients.lock_sealed(patient_id, ASSESSMENTS)
        task = await self._rows.task(task_id, seal)
        if task.answer is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        if not task.created_at - _TOLERANCE <= request.told_at <= now:
            raise InvalidRequestError("/told_at", "must lie between the assessment and now")
        if not suffices(task.urgency, request.steps):
            raise InvalidRequestError(
                "/steps", "must contain same_day_evaluation or emergency_services: the danger is acute", code="acute"
            )
        answer = SafetyAnswer(
            told_account_id=request.told_account_id,
            told_at=request.told_at.astimezone(UTC),
            steps=sorted(request.steps),
            note=request.note,
            answered_by=self._gate.caller.account_id,
            answered_at=now,
        )
        await self._rows.answer(task, answer, seal)
        return task.model_copy(update={"answer": answer})

    def _refuse_wrong(self, instrument: Instrument, request: AssessmentRequest | AssessmentAmendment) -> None:
        if request.administered_at > self._gate.clock.now() + _TOLERANCE:
            raise InvalidRequestError("/administered_at", "must not lie in the future")
        fields = faults(instrument, request.answers, request.scores)
        if fields:
            raise AnswersRefusedError(fields)

    async def _lock(self, assessment_id: AssessmentId, version: int) -> tuple[Assessment, PersonSeal, bool]:
        patient_id = await self._rows.patient_of(assessment_id)
        if patient_id is None:
            self._gate.refuse(assessment_id)
            raise NotFoundError
        _, seal = await self._patients.lock_sealed(patient_id, ASSESSMENTS)
        newest, is_dangerous = await self._rows.newest(assessment_id, seal)
        if newest.version != version:
            raise StaleVersionError("The assessment has changed since you read it; read it again and send its ETag.")
        return newest, seal, is_dangerous

    def _next(self, before: Assessment) -> Assessment:
        return before.model_copy(
            update={
                "version": before.version + 1,
                "recorded_by": self._gate.caller.account_id,
                "recorded_at": self._gate.clock.now(),
            }
        )

    async def _settle(
        self, before: Assessment, seal: PersonSeal, status: AssessmentStatus, *, is_dangerous: bool
    ) -> Assessment:
        if any(task.answer is None for task in before.safety_tasks):
            raise SafetyTaskOpenError
        one = self._next(before).model_copy(update={"status": status})
        await self._rows.add(one, seal, is_dangerous=is_dangerous, answered_task_id=_newest_task(one))
        return one

    async def _write(self, one: Assessment, seal: PersonSeal, *, is_dangerous: bool) -> Assessment:
        """Write a version, and a task where its answers are dangerous in a way that no task knows of yet."""
        danger = danger_of(all_instruments()[one.instrument_id], one.answers, one.scores)
        known = [finding for task in one.safety_tasks for finding in task.findings]
        if danger is None or not is_news(danger, known):
            await self._rows.add(one, seal, is_dangerous=is_dangerous, answered_task_id=_newest_task(one))
            return one
        one = one.model_copy(update={"status": AssessmentStatus.IN_PROGRESS})
        await self._rows.add(one, seal, is_dangerous=True, answered_task_id=None)
        now = self._gate.clock.now()
        task = SafetyTask(
            id=SafetyTaskId(new_id(now, secrets.token_bytes(10))),
            patient_id=one.patient_id,
            assessment_id=one.id,
            urgency=danger.urgency,
            findings=list(danger.findings),
            created_at=now,
            due_at=due_at(danger, now),
            answer=None,
        )
        await self._rows.add_task(task, one.version, seal)
        return one.model_copy(update={"safety_tasks": [*one.safety_tasks, task]})


def _newest_task(one: Assessment) -> SafetyTaskId | None:
    answered = [task.id for task in one.safety_tasks if task.answer is not None]
    return max(answered) if answered else None
