"""Where cohorts are kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import ARRAY, Integer, Uuid, and_, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import CohortId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.cohorts import Cohort
from services.scheduler.cohorts.tables import CohortMemberRow, CohortRow

_MEMBERS: Final = (
    select(func.count())
    .where(CohortMemberRow.organization_id == CohortRow.organization_id, CohortMemberRow.cohort_id == CohortRow.id)
    .scalar_subquery()
)
_COHORT: Final = select(CohortRow.id, CohortRow.site_id, CohortRow.name, CohortRow.starts_on, _MEMBERS.label("members"))
_COHORT_ID: Final = bindparam("cohort_id", type_=Uuid)
_ONE: Final = Query(_COHORT.where(CohortRow.id == _COHORT_ID))
_PAGE: Final = Query(
    _COHORT.where(CohortRow.site_id == bindparam("site_id", type_=Uuid), CohortRow.id > bindparam("after", type_=Uuid))
    .order_by(CohortRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_MEMBERS_OF: Final = Query(
    select(CohortMemberRow.patient_id)
    .where(CohortMemberRow.cohort_id == _COHORT_ID)
    .order_by(CohortMemberRow.patient_id)
)
_AMONG: Final = Query(
    select(CohortMemberRow.cohort_id, CohortMemberRow.patient_id)
    .where(CohortMemberRow.patient_id == any_(bindparam("patients", type_=ARRAY(Uuid))))
    .order_by(CohortMemberRow.cohort_id, CohortMemberRow.patient_id)
)
_OTHER: Final = aliased(CohortMemberRow, name="other")
_MATES: Final = Query(
    select(_OTHER.patient_id)
    .join(
        CohortMemberRow,
        and_(CohortMemberRow.organization_id == _OTHER.organization_id, CohortMemberRow.cohort_id == _OTHER.cohort_id),
    )
    .where(
        CohortMemberRow.patient_id == bindparam("patient_id", type_=Uuid),
        _OTHER.patient_id != CohortMemberRow.patient_id,
    )
)


async def find(read: Read, cohort_id: CohortId) -> Cohort | None:
    """Fetch a cohort."""
    row = await read.one_or_none(_ONE, cohort_id=cohort_id)
    return None if row is None else Cohort(**row)


async def page(read: Read, site_id: SiteId, request: PageRequest) -> list[Cohort]:
    """Fetch a page of a site's cohorts, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, after=request.after, limit=request.limit)
    return [Cohort(**row) for row in rows]


async def members_of(read: Read, cohort_id: CohortId) -> list[PatientId]:
    """Fetch who is in a cohort."""
    return [PatientId(row["patient_id"]) for row in await read.all(_MEMBERS_OF, cohort_id=cohort_id)]


async def mates_of(read: Read, patient_id: PatientId) -> frozenset[PatientId]:
    """Fetch who else is in a patient's cohort."""
    return frozenset(PatientId(row["patient_id"]) for row in await read.all(_MATES, patient_id=patient_id))


async def among(read: Read, patients: Collection[PatientId]) -> list[list[PatientId]]:
    """Fetch who of some people are in a cohort, cohort by cohort."""
    rows = await read.all(_AMONG, patients=list(patients))
    return [
        [PatientId(row["patient_id"]) for row in members] for _, members in groupby(rows, lambda row: row["cohort_id"])
    ]


async def insert_cohort(db: AsyncSession, organization_id: OrganizationId, cohort: Cohort, now: datetime) -> None:
    """Keep a cohort of a site that exists."""
    values = cohort.model_dump(exclude={"members"})
    await db.execute(insert(CohortRow).values(organization_id=organization_id, created_at=now, **values))


async def insert_members(
    db: AsyncSession,
    organization_id: OrganizationId,
    cohort_id: CohortId,
    patient_ids: Sequence[PatientId],
    now: datetime,
) -> int:
    """Let people be in a cohort; returns how many of them were in none."""
    rows = [
        {"organization_id": organization_id, "cohort_id": cohort_id, "patient_id": patient_id, "joined_at": now}
        for patient_id in patient_ids
    ]
    statement = insert(CohortMemberRow).values(rows).on_conflict_do_nothing().returning(CohortMemberRow.patient_id)
    return len((await db.scalars(statement)).all())


async def delete_member(db: AsyncSession, cohort_id: CohortId, patient_id: PatientId) -> bool:
    """Let somebody be in a cohort no more; says whether they were."""
    gone = await db.scalar(
        delete(CohortMemberRow)
        .where(CohortMemberRow.cohort_id == cohort_id, CohortMemberRow.patient_id == patient_id)
        .returning(CohortMemberRow.patient_id)
        .execution_options(synchronize_session=False)
    )
    return gone is not None
