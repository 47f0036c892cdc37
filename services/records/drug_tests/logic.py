"""What may be done with drug tests."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import DrugTestId, PatientId
from services.contracts.records.drug_tests import (
    DrugTest,
    DrugTestRequest,
    DrugTestStatus,
    DrugTestStep,
    Excuse,
    Excused,
    Notified,
    Reconciled,
    Reconciliation,
    Review,
    Reviewed,
    Step,
)
from services.policy.calls import may_call
from services.policy.routes import BY_OPERATION
from services.records.draw_programmes.logic import DrawProgrammeCommands
from services.records.draw_programmes.rules import released_at
from services.records.drug_tests.limits import limits_on
from services.records.drug_tests.rules import (
    Standing,
    awaits_confirmation,
    due_after,
    finding,
    is_reviewable,
    kept_back,
    misfit,
    possible,
    readings,
    reconciled,
    specimen_flags,
    status_after,
)
from services.records.drug_tests.storage import DrugTestQueries, DrugTestRows, Kept
from services.records.errors import AlreadyTakenUpError, StepOutOfTurnError
from services.records.gate import Gate
from services.records.medications.logic import Prescriptions
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal

_FIRST_VERSION: Final = 1


class DrugTestCommands:
    """Changes to drug tests, within one unit of work."""

    def __init__(
        self,
        rows: DrugTestRows,
        beside: tuple[DrawProgrammeCommands, Prescriptions],
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._programmes, self._prescriptions = beside
        self._patients = patients
        self._gate = gate

    async def take_up(self, patient_id: PatientId, request: DrugTestRequest) -> DrugTest:
        """Begin the test of a drawn day.

        Raises:
            NotFoundError: There is no such patient or programme of theirs here, or not for the caller.
            NotDrawnError: The day was not drawn, or has not been released.
            AlreadyTakenUpError: The day has its test.
        """
        seal = (await self._patients.lock_sealed(patient_id, Information.DRUG_TESTS)).seal
        programme = await self._programmes.drawn(patient_id, request.programme_id, request.version, request.day, seal)
        now = self._gate.clock.now()
        test = Kept(
            id=DrugTestId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            programme_id=programme.id,
            programme_version=programme.version,
            day=request.day,
            status=DrugTestStatus.DRAWN,
            version=_FIRST_VERSION,
            due_at=None,
            created_at=now,
            awaits_confirmation=False,
        )
        if not await self._rows.add(test):
            raise AlreadyTakenUpError
        return _told(test, [])

    async def record(self, test_id: DrugTestId, step: Step, version: int) -> DrugTest:
        """Add a step to a test's history.

        Raises:
            NotFoundError: There is no such test here, or not for the caller.
            StaleVersionError: Another step has been recorded meanwhile.
            StepOutOfTurnError: No such step can follow where the test stands.
            InvalidRequestError: The step does not fit to the steps before, or to the time.
        """
        return await self._record(*await self._lock(test_id, version), step)

    async def excuse(self, test_id: DrugTestId, request: Excuse, version: int) -> DrugTest:
        """Excuse a test; the caller is who approves it. Raises as `record` does."""
        return await self.record(test_id, Excused(kind="excused", reason=request.reason), version)

    async def reconcile(self, test_id: DrugTestId, request: Reconciliation, version: int) -> DrugTest:
        """Hold the result against what the patient was prescribed on the day of the test.

        Raises as `record` does, and NotFoundError where the patient's medication is not for the caller.
        """
        test, _ = await self._lock(test_id, version)
        seal = (await self._patients.lock_sealed(test.patient_id, Information.MEDICATION)).seal
        listed = await self._prescriptions.on(test.patient_id, test.day, seal)
        return await self._record(test, seal, reconciled(request, listed))

    async def review(self, test_id: DrugTestId, request: Review, version: int) -> DrugTest:
        """Settle a test by what was talked over with the patient. Raises as `record` does."""
        return await self.record(test_id, Reviewed(kind="reviewed", **request.model_dump()), version)

    async def _record(self, test: Kept, seal: PersonSeal, step: Step) -> DrugTest:
        now = self._gate.clock.now()
        steps = [sealed.open(seal) for sealed in await self._rows.steps(test.id)]
        after = status_after(test.status, step.kind, test.due_at, now)
        if after is None:
            raise StepOutOfTurnError(test.status, possible(test.status))
        terms = await self._programmes.terms(test.programme_id, test.programme_version)
        began = released_at(terms, test.day)
        fault = misfit(step, _standing(test, _details(steps), began), now)
        if fault is not None:
            raise InvalidRequestError(fault.pointer, fault.detail, code=fault.code)
        due_at = due_after(terms, now) if isinstance(step, Notified) else test.due_at
        awaited = awaits_confirmation(test.status, _details(steps), step, awaited_before=test.awaits_confirmation)
        changes = {"status": after, "due_at": due_at, "awaits_confirmation": awaited}
        advanced = test.model_copy(update={**changes, "version": test.version + 1})
        added = DrugTestStep(
            number=len(steps) + 1,
            status=after,
            details=step,
            recorded_by=self._gate.caller.account_id,
            recorded_at=now,
        )
        await self._rows.advance(test, advanced, added, seal)
        return _as_for(self._gate, _told(advanced, [*steps, added]))

    async def _lock(self, test_id: DrugTestId, version: int) -> tuple[Kept, PersonSeal]:
        found = await self._rows.one(test_id)
        if found is None:
            self._gate.refuse(test_id)
            raise NotFoundError
        seal = (await self._patients.lock_sealed(found.patient_id, Information.DRUG_TESTS)).seal
        # Read again: a step may have been recorded before the patient was locked.
        test = await self._rows.one(test_id) or found
        if test.version != version:
            raise StaleVersionError("The test has changed since you read it; read it again and send its ETag.")
        return test, seal


class DrugTestsToDisclose:
    """Drug tests as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: DrugTestQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId, seal: PersonSeal) -> list[DrugTest]:
        """Return a patient's tests with their histories, newest day first; of none is more concluded than may be told.

        Whoever is outside, and the patient, learns what came of it once it was talked over with the patient.
        """
        return [
            one if one.status is DrugTestStatus.REVIEWED else _kept_back(one)
            for one in await self.known_of(patient_id, seal)
        ]

    async def known_of(self, patient_id: PatientId, seal: PersonSeal) -> list[DrugTest]:
        """Return a patient's tests with their histories as those who treat the patient know them."""
        steps: dict[DrugTestId, list[DrugTestStep]] = defaultdict(list)
        for sealed in await self._queries.steps_of_patient(patient_id):
            steps[sealed.test_id].append(sealed.open(seal))
        return [_told(test, steps[test.id]) for test in await self._queries.of_patient(patient_id)]


class DrugTestReads:
    """What can be read of drug tests."""

    def __init__(self, queries: DrugTestQueries, patients: PatientReads, gate: Gate) -> None:
        self._tests = DrugTestsToDisclose(queries)
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def one(self, test_id: DrugTestId) -> DrugTest:
        """Return a test with its history.

        Raises:
            NotFoundError: There is no such test here, or not for the caller.
        """
        test = await self._queries.one(test_id)
        if test is None:
            self._gate.refuse(test_id)
            raise NotFoundError
        seal = await self._patients.seal(test.patient_id, Information.DRUG_TESTS)
        return _as_for(self._gate, _told(test, [sealed.open(seal) for sealed in await self._queries.steps(test_id)]))

    async def of_patient(self, patient_id: PatientId) -> Page[DrugTest]:
        """Return a patient's tests, newest day first; raises NotFoundError where the patient is not for the caller."""
        seal = await self._patients.seal(patient_id, Information.DRUG_TESTS)
        items = [_as_for(self._gate, one) for one in await self._tests.known_of(patient_id, seal)]
        return Page(items=items, next_page_token=None)

    async def to_review(self, patient_id: PatientId, seal: PersonSeal) -> list[DrugTest]:
        """Return the tests that can be reviewed with the patient now, oldest day first.

        The caller has let the patient through. What waits for another step before is not told here.
        """
        tests = [one for one in await self._queries.open_of(patient_id) if is_reviewable(one.status)]
        steps = await self._queries.steps_of_open(patient_id)
        return [
            _as_for(self._gate, _told(test, [sealed.open(seal) for sealed in steps if sealed.test_id == test.id]))
            for test in tests
        ]


def _standing(test: Kept, steps: Sequence[Step], since: datetime) -> Standing:
    return Standing(test.due_at, since, steps, limits_on(test.day))


def _details(steps: Sequence[DrugTestStep]) -> list[Step]:
    return [step.details for step in steps if step.details is not None]


def _as_for(gate: Gate, test: DrugTest) -> DrugTest:
    """Return a test as the caller may know it: what is prescribed is not for whoever may not reconcile with it."""
    return test if may_call(gate.caller, BY_OPERATION["reconcile_drug_test"]).is_permitted else _kept_back(test)


def _kept_back(test: DrugTest) -> DrugTest:
    measured, said = kept_back(test.readings, test.finding)
    steps = [
        step.model_copy(update={"details": None}) if isinstance(step.details, Reconciled) else step
        for step in test.steps
    ]
    return test.model_copy(update={"readings": measured, "finding": said, "steps": steps})


def _told(test: Kept, steps: Sequence[DrugTestStep]) -> DrugTest:
    details = _details(steps)
    is_assessed = any(step.status is DrugTestStatus.ASSESSED for step in steps)
    flags = specimen_flags(_standing(test, details, test.created_at))
    read = readings(details)
    return DrugTest(
        specimen_flags=flags if is_assessed else None,
        readings=read,
        finding=finding(read),
        steps=list(steps),
        **test.model_dump(),
    )
