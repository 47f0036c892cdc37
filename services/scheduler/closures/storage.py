"""Where closures are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import TIMESTAMP, Integer, Uuid, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId, ClosureId, OrganizationId, SiteId, SolveId
from services.contracts.scheduler.closures import ClosedSession, Closure, ClosurePolicy, ClosureStatus
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentRow
from services.scheduler.closures.hours import ClosedHours
from services.scheduler.closures.tables import ClosureRow, ClosureSessionRow
from services.scheduler.sites.tables import SiteRow

_INSTANT: Final = TIMESTAMP(timezone=True)
_SHOWN: Final = (
    ClosureRow.id,
    ClosureRow.site_id,
    func.lower(ClosureRow.during).label("start"),
    func.upper(ClosureRow.during).label("end"),
    ClosureRow.policy,
    ClosureRow.reason,
    ClosureRow.status,
    ClosureRow.solve_ids,
    ClosureRow.created_by,
    ClosureRow.created_at,
    ClosureRow.reopened_by,
    ClosureRow.reopened_at,
)
_OF_SITE: Final = ClosureRow.site_id == bindparam("site_id", type_=Uuid)
_ONE: Final = Query(select(*_SHOWN).where(ClosureRow.id == bindparam("closure_id", type_=Uuid)))
_PAGE: Final = Query(
    select(*_SHOWN)
    .where(_OF_SITE, ClosureRow.id > bindparam("after", type_=Uuid))
    .order_by(ClosureRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_IN_FORCE: Final = Query(
    select(func.lower(ClosureRow.during).label("start"), func.upper(ClosureRow.during).label("end"), ClosureRow.policy)
    .where(
        _OF_SITE,
        ClosureRow.status == ClosureStatus.CLOSED.value,
        func.lower(ClosureRow.during) < bindparam("until", type_=_INSTANT),
        func.upper(ClosureRow.during) > bindparam("begin", type_=_INSTANT),
    )
    .order_by(func.lower(ClosureRow.during))
)
_SESSIONS: Final = Query(
    select(
        ClosureSessionRow.appointment_id,
        AppointmentRow.service,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        ClosureSessionRow.outcome,
        ClosureSessionRow.kept.label("kept_patient_ids"),
        ClosureSessionRow.lost.label("lost_patient_ids"),
    )
    .join(
        AppointmentRow,
        and_(
            AppointmentRow.organization_id == ClosureSessionRow.organization_id,
            AppointmentRow.id == ClosureSessionRow.appointment_id,
        ),
    )
    .where(ClosureSessionRow.closure_id == bindparam("closure_id", type_=Uuid))
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
)


async def find(read: Read, closure_id: ClosureId) -> Closure | None:
    """Fetch one closure."""
    row = await read.one_or_none(_ONE, closure_id=closure_id)
    return None if row is None else Closure(**row)


async def page_of_site(read: Read, site_id: SiteId, page: PageRequest) -> list[Closure]:
    """Fetch a page of a site's closures, and one more where there is one."""
    return [Closure(**row) for row in await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit)]


async def in_force(read: Read, site_id: SiteId, begin: datetime, until: datetime) -> list[ClosedHours]:
    """Fetch the hours within a span in which a site is closed, in order of time."""
    rows = await read.all(_IN_FORCE, site_id=site_id, begin=begin, until=until)
    return [ClosedHours(row["start"], row["end"], row["policy"] != ClosurePolicy.TELEHEALTH.value) for row in rows]


async def sessions(read: Read, closure_id: ClosureId) -> list[ClosedSession]:
    """Fetch what a closure made of its sessions, in order of time."""
    return [ClosedSession(**row) for row in await read.all(_SESSIONS, closure_id=closure_id)]


async def hold_site(db: AsyncSession, site_id: SiteId) -> None:
    """Let nobody publish for a site until the transaction ends; waits for whoever is publishing."""
    await db.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update())


async def insert_closure(db: AsyncSession, organization_id: OrganizationId, closure: Closure) -> bool:
    """Keep a closure; says no where it overlaps one that is in force."""
    values = closure.model_dump(exclude={"start", "end"})
    values |= {"organization_id": organization_id, "during": Range(closure.start, closure.end)}
    inserted = await db.scalar(upsert(ClosureRow).values(values).on_conflict_do_nothing().returning(ClosureRow.id))
    return inserted is not None


async def insert_sessions(
    db: AsyncSession, organization_id: OrganizationId, closure_id: ClosureId, concerned: Sequence[ClosedSession]
) -> None:
    """Keep what a closure made of its sessions."""
    if concerned:
        await db.execute(
            insert(ClosureSessionRow),
            [
                {
                    "organization_id": organization_id,
                    "closure_id": closure_id,
                    "appointment_id": session.appointment_id,
                    "outcome": session.outcome.value,
                    "kept": session.kept_patient_ids,
                    "lost": session.lost_patient_ids,
                }
                for session in concerned
            ],
        )


async def set_solves(db: AsyncSession, closure_id: ClosureId, solve_ids: Sequence[SolveId]) -> None:
    """Note which solves plan the weeks anew."""
    await db.execute(update(ClosureRow).where(ClosureRow.id == closure_id).values(solve_ids=list(solve_ids)))


async def reopen(db: AsyncSession, closure_id: ClosureId, account_id: AccountId, now: datetime) -> bool:
    """End a closure; says no where it is not in force."""
    ended = await db.scalar(
        update(ClosureRow)
        .where(ClosureRow.id == closure_id, ClosureRow.status == ClosureStatus.CLOSED.value)
        .values(status=ClosureStatus.REOPENED.value, reopened_by=account_id, reopened_at=now)
        .returning(ClosureRow.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


async def closed_sessions(db: AsyncSession, site_id: SiteId, now: datetime) -> int:
    """Count sessions ahead that lie in closed hours; nobody closes the site until the transaction ends.

    Waits for whoever is closing the site at this moment, so that one of the two sees what the other does.
    """
    await db.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update(read=True, key_share=True))
    found = await db.scalar(
        select(func.count())
        .select_from(AppointmentRow)
        .join(
            ClosureRow,
            and_(
                ClosureRow.organization_id == AppointmentRow.organization_id,
                ClosureRow.site_id == AppointmentRow.site_id,
                ClosureRow.during.op("&&")(AppointmentRow.during),
            ),
        )
        .where(
            AppointmentRow.site_id == site_id,
            AppointmentRow.status == AppointmentStatus.BOOKED.value,
            func.lower(AppointmentRow.during) > now,
            ClosureRow.status == ClosureStatus.CLOSED.value,
            or_(
                AppointmentRow.modality == Modality.ON_SITE.value,
                ClosureRow.policy != ClosurePolicy.TELEHEALTH.value,
            ),
        )
    )
    return int(found or 0)
