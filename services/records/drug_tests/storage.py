"""Where drug tests are kept; what each step says is sealed with the patient's own key."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Date, String, Uuid, and_, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.base import ResourceModel
from services.contracts.identifiers import AccountId, DrawProgrammeId, DrugTestId, OrganizationId, PatientId
from services.contracts.records.drug_tests import DrugTestStatus, DrugTestStep, Step
from services.records.drug_tests.tables import DrugTestRow, DrugTestStepRow
from services.records.person_seal import PersonSeal

_STEP: Final[TypeAdapter[Step]] = TypeAdapter(Step)
_TEST: Final = select(DrugTestRow.__table__)
_STEPS: Final = select(DrugTestStepRow.__table__).order_by(DrugTestStepRow.test_id, DrugTestStepRow.number)
_ONE: Final = Query(_TEST.where(DrugTestRow.id == bindparam("test_id", type_=Uuid)))
_STEPS_OF_ONE: Final = Query(_STEPS.where(DrugTestStepRow.test_id == bindparam("test_id", type_=Uuid)))
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_OF_PATIENT: Final = Query(
    _TEST.where(DrugTestRow.patient_id == _PATIENT_ID).order_by(DrugTestRow.day.desc(), DrugTestRow.id)
)
_STEPS_OF_PATIENT: Final = Query(
    _STEPS.join(
        DrugTestRow,
        (DrugTestRow.organization_id == DrugTestStepRow.organization_id) & (DrugTestRow.id == DrugTestStepRow.test_id),
    ).where(DrugTestRow.patient_id == _PATIENT_ID)
)


_IS_OPEN: Final = DrugTestRow.status != DrugTestStatus.REVIEWED.value
_OPEN_OF_PATIENT: Final = Query(
    _TEST.where(DrugTestRow.patient_id == _PATIENT_ID, _IS_OPEN).order_by(DrugTestRow.day, DrugTestRow.id)
)
_STEPS_OF_OPEN: Final = Query(
    _STEPS.join(
        DrugTestRow,
        (DrugTestRow.organization_id == DrugTestStepRow.organization_id) & (DrugTestRow.id == DrugTestStepRow.test_id),
    ).where(DrugTestRow.patient_id == _PATIENT_ID, _IS_OPEN)
)

_RECORDED_LAST: Final = func.coalesce(
    select(func.max(DrugTestStepRow.recorded_at))
    .where(DrugTestStepRow.organization_id == DrugTestRow.organization_id, DrugTestStepRow.test_id == DrugTestRow.id)
    .scalar_subquery(),
    DrugTestRow.created_at,
)
_UNSETTLED: Final = Query(
    select(DrugTestRow.__table__, _RECORDED_LAST.label("since"))
    .where(
        DrugTestRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        or_(
            DrugTestRow.status == any_(bindparam("statuses", type_=ARRAY(String))),
            and_(DrugTestRow.status == DrugTestStatus.REVIEWED.value, DrugTestRow.awaits_confirmation),
        ),
    )
    .order_by("since", DrugTestRow.id)
)

_TAKEN_UP: Final = Query(
    select(DrugTestRow.programme_id, DrugTestRow.id).where(
        DrugTestRow.programme_id == any_(bindparam("programme_ids", type_=ARRAY(Uuid))),
        DrugTestRow.day == bindparam("day", type_=Date),
    )
)

IN_CHART: Final = (_OPEN_OF_PATIENT, _STEPS_OF_OPEN)
"""What `DrugTestQueries.open_of` and `steps_of_open` ask."""


class Kept(ResourceModel):
    """A test as it is kept."""

    id: DrugTestId
    patient_id: PatientId
    programme_id: DrawProgrammeId
    programme_version: int
    day: date
    status: DrugTestStatus
    version: int
    due_at: datetime | None
    created_at: datetime
    awaits_confirmation: bool


class SealedStep(NamedTuple):
    """A step whose details are still closed."""

    test_id: DrugTestId
    number: int
    status: DrugTestStatus
    details: bytes
    recorded_by: AccountId
    recorded_at: datetime

    def open(self, seal: PersonSeal) -> DrugTestStep:
        """Open what the step says."""
        details = seal.open(self.details, DrugTestStepRow.__tablename__, _column(self.number), self.test_id)
        return DrugTestStep(
            number=self.number,
            status=self.status,
            details=_STEP.validate_json(details),
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
        )


class DrugTestQueries:
    """Reads of drug tests."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def one(self, test_id: DrugTestId) -> Kept | None:
        """Return a test."""
        row = await self._read.one_or_none(_ONE, test_id=test_id)
        return None if row is None else Kept.model_validate(dict(row))

    async def steps(self, test_id: DrugTestId) -> list[SealedStep]:
        """Return the steps of a test in their order."""
        return _to_steps(await self._read.all(_STEPS_OF_ONE, test_id=test_id))

    async def of_patient(self, patient_id: PatientId) -> list[Kept]:
        """Return a patient's tests, newest day first."""
        return [Kept.model_validate(dict(row)) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def steps_of_patient(self, patient_id: PatientId) -> list[SealedStep]:
        """Return the steps of all of a patient's tests, each test's in their order."""
        return _to_steps(await self._read.all(_STEPS_OF_PATIENT, patient_id=patient_id))

    async def open_of(self, patient_id: PatientId) -> list[Kept]:
        """Return a patient's tests that are not reviewed, oldest day first."""
        rows = await self._read.all(_OPEN_OF_PATIENT, patient_id=patient_id)
        return [Kept.model_validate(dict(row)) for row in rows]

    async def unsettled(
        self, patient_ids: Sequence[PatientId], statuses: Sequence[DrugTestStatus]
    ) -> list[tuple[Kept, datetime]]:
        """Return the tests of these patients that stand so, each with when that was recorded, the longest ago first.

        With them come those that the patient disputed in the review, or whose specimen was handed on after it.
        """
        rows = await self._read.all(_UNSETTLED, patient_ids=list(patient_ids), statuses=list(statuses))
        return [(Kept.model_validate(dict(row)), row["since"]) for row in rows]

    async def taken_up(self, programme_ids: Sequence[DrawProgrammeId], day: date) -> dict[DrawProgrammeId, DrugTestId]:
        """Return which of these programmes' draws of a day were taken up, each with its test."""
        rows = await self._read.all(_TAKEN_UP, programme_ids=list(programme_ids), day=day)
        return {row["programme_id"]: row["id"] for row in rows}

    async def steps_of_open(self, patient_id: PatientId) -> list[SealedStep]:
        """Return the steps of a patient's tests that are not reviewed, each test's in their order."""
        return _to_steps(await self._read.all(_STEPS_OF_OPEN, patient_id=patient_id))


class DrugTestRows:
    """Drug tests within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, test: Kept) -> bool:
        """Write a test; says whether the day had not been taken up."""
        values = {"organization_id": self._organization_id, **test.model_dump(), "status": test.status.value}
        written = insert(DrugTestRow).values(values).on_conflict_do_nothing().returning(DrugTestRow.id)
        return (await self._db.execute(written)).scalar() is not None

    async def one(self, test_id: DrugTestId) -> Kept | None:
        """Return a test."""
        row = (await self._db.execute(_TEST.where(DrugTestRow.id == test_id))).mappings().one_or_none()
        return None if row is None else Kept.model_validate(dict(row))

    async def steps(self, test_id: DrugTestId) -> list[SealedStep]:
        """Return the steps of a test in their order."""
        return _to_steps((await self._db.execute(_STEPS.where(DrugTestStepRow.test_id == test_id))).mappings())

    async def advance(self, before: Kept, after: Kept, step: DrugTestStep, seal: PersonSeal) -> None:
        """Write a step, and where it leads."""
        assert step.details is not None  # noqa: S101 - it is kept back from who reads, and from nobody who records
        details = _STEP.dump_json(step.details)
        self._db.add(
            DrugTestStepRow(
                organization_id=self._organization_id,
                test_id=after.id,
                number=step.number,
                before=before.status.value,
                after=after.status.value,
                details=seal.close(details, DrugTestStepRow.__tablename__, _column(step.number), after.id),
                recorded_by=step.recorded_by,
                recorded_at=step.recorded_at,
            )
        )
        await self._db.flush()
        await self._db.execute(
            update(DrugTestRow)
            .where(DrugTestRow.id == after.id)
            .values(
                status=after.status.value,
                version=after.version,
                due_at=after.due_at,
                awaits_confirmation=after.awaits_confirmation,
            )
        )


def _column(number: int) -> str:
    # The steps of a test share its id: without its number one would open in the place of another.
    return f"details{number}"


def _to_steps(rows: Iterable[Mapping[Any, Any]]) -> list[SealedStep]:
    return [
        SealedStep(
            row["test_id"],
            row["number"],
            DrugTestStatus(row["after"]),
            row["details"],
            row["recorded_by"],
            row["recorded_at"],
        )
        for row in rows
    ]
