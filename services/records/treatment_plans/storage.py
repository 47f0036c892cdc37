"""Where treatment plans and separated pairs are kept."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import ARRAY, Date, Label, Text, Uuid, any_, bindparam, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.chassis.database import Query, Read
from services.contracts.base import ResourceModel
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, TreatmentPlanId
from services.contracts.records.treatment_plans import NoContact, TreatmentPlan, TreatmentPlanVersion
from services.records.treatment_plans.tables import NoContactRow, TreatmentPlanRow

_JSON: Final = ("required_services", "family_available", "preference_cost", "taper_weeks")


def _as_text(column: InstrumentedAttribute[Any]) -> Label[str]:
    # SQLAlchemy's connections hand jsonb over in another form than the pool of reads; text is text on both.
    return cast(column, Text).label(column.key)


_PLAN: Final = (
    TreatmentPlanRow.id,
    TreatmentPlanRow.version,
    TreatmentPlanRow.effective_from,
    TreatmentPlanRow.phase,
    TreatmentPlanRow.created_at,
    TreatmentPlanRow.patient_id,
    _as_text(TreatmentPlanRow.required_services),
    TreatmentPlanRow.track,
    TreatmentPlanRow.languages,
    TreatmentPlanRow.modalities,
    TreatmentPlanRow.travel_minutes,
    TreatmentPlanRow.team,
    TreatmentPlanRow.primary_practitioner_id,
    _as_text(TreatmentPlanRow.family_available),
    _as_text(TreatmentPlanRow.preference_cost),
    TreatmentPlanRow.planned_admission,
    TreatmentPlanRow.planned_discharge,
    TreatmentPlanRow.payer,
    TreatmentPlanRow.telehealth_consented_on,
    TreatmentPlanRow.telehealth_jurisdiction,
    TreatmentPlanRow.needs_transport,
    _as_text(TreatmentPlanRow.taper_weeks),
)
_PATIENT_IDS: Final = any_(bindparam("patient_ids", type_=ARRAY(Uuid)))

_NEWEST: Final = Query(
    select(*_PLAN)
    .where(TreatmentPlanRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(TreatmentPlanRow.version.desc())
    .limit(1)
)
_VERSIONS: Final = Query(
    select(*_PLAN, TreatmentPlanRow.written_by)
    .where(TreatmentPlanRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(TreatmentPlanRow.version.desc())
)
_IN_FORCE: Final = Query(
    select(TreatmentPlanRow.id)
    .ext(distinct_on(TreatmentPlanRow.patient_id))
    .where(
        TreatmentPlanRow.patient_id == _PATIENT_IDS,
        TreatmentPlanRow.effective_from <= bindparam("day", type_=Date),
    )
    .order_by(TreatmentPlanRow.patient_id, TreatmentPlanRow.version.desc())
)
_PLANS: Final = Query(select(*_PLAN).where(TreatmentPlanRow.id == any_(bindparam("plan_ids", type_=ARRAY(Uuid)))))
_EFFECTIVE: Final = Query(
    select(*_PLAN)
    .where(
        TreatmentPlanRow.patient_id == _PATIENT_IDS,
        TreatmentPlanRow.effective_from <= bindparam("day", type_=Date),
    )
    .order_by(TreatmentPlanRow.patient_id, TreatmentPlanRow.version.desc())
)
_APART: Final = Query(
    select(NoContactRow.lower_patient_id, NoContactRow.higher_patient_id)
    .where(NoContactRow.lower_patient_id == _PATIENT_IDS, NoContactRow.higher_patient_id == _PATIENT_IDS)
    .order_by(NoContactRow.lower_patient_id, NoContactRow.higher_patient_id)
)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_APART_FROM: Final = Query(
    select(
        case(
            (NoContactRow.lower_patient_id == _PATIENT_ID, NoContactRow.higher_patient_id),
            else_=NoContactRow.lower_patient_id,
        ).label("other")
    ).where(or_(NoContactRow.lower_patient_id == _PATIENT_ID, NoContactRow.higher_patient_id == _PATIENT_ID))
)

IN_CHART: Final = (_NEWEST,)
"""What `TreatmentPlanQueries.newest` asks."""

Schema = TypeVar("Schema", bound=ResourceModel)


class TreatmentPlanQueries:
    """Reads of treatment plans."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def newest(self, patient_id: PatientId) -> TreatmentPlan | None:
        """Return the newest version of a patient's plan."""
        row = await self._read.one_or_none(_NEWEST, patient_id=patient_id)
        return None if row is None else _to_schema(TreatmentPlan, row)

    async def versions(self, patient_id: PatientId) -> list[TreatmentPlanVersion]:
        """Return every version of a patient's plan, newest first."""
        rows = await self._read.all(_VERSIONS, patient_id=patient_id)
        return [TreatmentPlanVersion(written_by=row["written_by"], plan=_to_schema(TreatmentPlan, row)) for row in rows]

    async def in_force(self, patient_ids: list[PatientId], day: date) -> list[TreatmentPlanId]:
        """Return which are the newest versions that are effective by a day, in the order of their patients."""
        rows = await self._read.all(_IN_FORCE, patient_ids=patient_ids, day=day)
        return [TreatmentPlanId(row["id"]) for row in rows]

    async def some(self, plan_ids: list[TreatmentPlanId]) -> list[TreatmentPlan]:
        """Return these versions of plans."""
        return [_to_schema(TreatmentPlan, row) for row in await self._read.all(_PLANS, plan_ids=plan_ids)]

    async def effective(self, patient_ids: list[PatientId], day: date) -> list[TreatmentPlan]:
        """Return every version that is effective by a day, each patient's newest first."""
        rows = await self._read.all(_EFFECTIVE, patient_ids=patient_ids, day=day)
        return [_to_schema(TreatmentPlan, row) for row in rows]

    async def apart(self, patient_ids: list[PatientId]) -> list[NoContact]:
        """Return the pairs among these patients that are kept apart."""
        rows = await self._read.all(_APART, patient_ids=patient_ids)
        return [NoContact(patient_ids=[row["lower_patient_id"], row["higher_patient_id"]]) for row in rows]

    async def apart_from(self, patient_id: PatientId) -> list[PatientId]:
        """Return who is kept apart from a patient."""
        return [PatientId(row["other"]) for row in await self._read.all(_APART_FROM, patient_id=patient_id)]


def _to_schema(schema: type[Schema], row: Mapping[Any, Any]) -> Schema:
    values: Mapping[str, Any] = {**row, **{name: orjson.loads(row[name]) for name in _JSON}}
    return schema.model_validate(values)


class TreatmentPlanRows:
    """Treatment plans within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def newest(self, patient_id: PatientId) -> TreatmentPlan | None:
        """Return the newest version of a patient's plan."""
        newest = select(*_PLAN).where(TreatmentPlanRow.patient_id == patient_id)
        found = await self._db.execute(newest.order_by(TreatmentPlanRow.version.desc()).limit(1))
        row = found.mappings().one_or_none()
        return None if row is None else _to_schema(TreatmentPlan, row)

    async def newest_version(self, patient_id: PatientId) -> int | None:
        """Return the number of the newest version, or None where there is no plan."""
        newest = select(func.max(TreatmentPlanRow.version)).where(TreatmentPlanRow.patient_id == patient_id)
        version: int | None = await self._db.scalar(newest)
        return version

    async def add(self, plan: TreatmentPlan, written_by: AccountId) -> None:
        """Write one version of a plan."""
        values = plan.model_dump()
        written = plan.model_dump(mode="json", include={*_JSON, "phase", "modalities"})
        # A process of the release before knows no every_weeks: what is each week's is written as it writes it.
        written["required_services"] = [
            one.model_dump(mode="json", exclude_defaults=True) for one in plan.required_services
        ]
        self._db.add(
            TreatmentPlanRow(organization_id=self._organization_id, written_by=written_by, **(values | written))
        )
        await self._db.flush()


class NoContactRows:
    """Separated pairs within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, pair: NoContact, now: datetime) -> bool:
        """Write a pair; says whether it is new."""
        lower, higher = pair.patient_ids
        written = insert(NoContactRow).values(
            organization_id=self._organization_id, lower_patient_id=lower, higher_patient_id=higher, created_at=now
        )
        returned = written.on_conflict_do_nothing().returning(NoContactRow.lower_patient_id)
        return (await self._db.execute(returned)).scalar() is not None
