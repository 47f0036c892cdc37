"""Where disruptions are kept."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import ARRAY, Date, Integer, Text, Uuid, and_, any_, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import (
    AppointmentId,
    DisruptionBatchId,
    DisruptionId,
    OrganizationId,
    SiteId,
    SolveId,
)
from services.contracts.scheduler.closures import ClosureStatus
from services.contracts.scheduler.disruptions import Disruption, DisruptionStatus
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentPractitionerRow, AppointmentRow
from services.scheduler.closures.tables import ClosureRow
from services.scheduler.disruptions.sessions import PlannedSession
from services.scheduler.disruptions.tables import DisruptionRow
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.sites.tables import RoomRow, SiteRow
from services.scheduler.storing import decoded

# What became of the repair is told by the solve and the proposal.
_ELSEWHERE: Final = {"solve_status", "proposal_id", "repair"}
_COLUMNS: Final = select(*(column for column in DisruptionRow.__table__.c if column.name != "organization_id"))
_ONE: Final = Query(_COLUMNS.where(DisruptionRow.id == bindparam("disruption_id", type_=Uuid)))
_OF_BATCH: Final = Query(
    _COLUMNS.where(DisruptionRow.batch_id == bindparam("batch_id", type_=Uuid)).order_by(DisruptionRow.week)
)
_OF_WEEK: Final = (
    DisruptionRow.site_id == bindparam("site_id", type_=Uuid),
    DisruptionRow.week == bindparam("week", type_=Date),
    DisruptionRow.status == bindparam("status", type_=Text),
)
_ALL: Final = Query(_COLUMNS.where(*_OF_WEEK).order_by(DisruptionRow.id))
_OF_WEEKS: Final = Query(
    _COLUMNS.where(
        DisruptionRow.site_id == bindparam("site_id", type_=Uuid),
        DisruptionRow.week == any_(bindparam("weeks", type_=ARRAY(Date))),
        DisruptionRow.status == bindparam("status", type_=Text),
    ).order_by(DisruptionRow.id)
)
_PAGE: Final = Query(
    _COLUMNS.where(*_OF_WEEK, DisruptionRow.id > bindparam("after", type_=Uuid))
    .order_by(DisruptionRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_DISTURBED: Final = Query(
    select(
        AppointmentRow.id,
        AppointmentRow.site_id,
        SiteRow.zone,
        AppointmentRow.week,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.modality,
        AppointmentRow.room_id,
        func.array(
            select(AppointmentPractitionerRow.practitioner_id)
            .where(AppointmentPractitionerRow.appointment_id == AppointmentRow.id)
            .scalar_subquery()
        ).label("practitioner_ids"),
    )
    .join(
        SiteRow,
        and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id),
    )
    .where(
        AppointmentRow.id == any_(bindparam("appointments", type_=ARRAY(Uuid))),
        or_(
            exists().where(
                DisruptionRow.site_id == AppointmentRow.site_id,
                DisruptionRow.week == AppointmentRow.week,
                DisruptionRow.status == DisruptionStatus.OPEN.value,
            ),
            exists().where(
                ClosureRow.site_id == AppointmentRow.site_id,
                ClosureRow.during.op("&&")(AppointmentRow.during),
                ClosureRow.status == ClosureStatus.CLOSED.value,
            ),
            # What was entered and is as it was on that day has nothing to say.
            SiteRow.version > 1,
            exists().where(
                RoomRow.id == AppointmentRow.room_id,
                or_(RoomRow.ends_on.is_not(None), RoomRow.starts_on > AppointmentRow.week),
            ),
            exists().where(
                AppointmentPractitionerRow.appointment_id == AppointmentRow.id,
                PractitionerRow.id == AppointmentPractitionerRow.practitioner_id,
                or_(
                    PractitionerRow.version > 1,
                    PractitionerRow.ends_on.is_not(None),
                    PractitionerRow.starts_on > AppointmentRow.week,
                ),
            ),
        ),
    )
)


def _disruption(row: asyncpg.Record) -> Disruption:
    values: dict[str, Any] = decoded(row, "shifts", "breaks") | dict.fromkeys(_ELSEWHERE)
    return Disruption(**values, start=values["starts_at"], end=values["ends_at"])


async def add(db: AsyncSession, organization_id: OrganizationId, disruption: Disruption) -> bool:
    """Keep a new disruption; says False where the practitioner's hours of that week are changed already."""
    values: dict[str, Any] = disruption.model_dump(exclude=_ELSEWHERE | {"start", "end", "shifts", "breaks"})
    values |= disruption.model_dump(mode="json", include={"kind", "reason", "status", "shifts", "breaks"})
    kept = await db.scalar(
        insert(DisruptionRow)
        .values(organization_id=organization_id, starts_at=disruption.start, ends_at=disruption.end, **values)
        .on_conflict_do_nothing()
        .returning(DisruptionRow.id)
    )
    return kept is not None


async def find(read: Read, disruption_id: DisruptionId) -> Disruption | None:
    """Fetch one disruption."""
    row = await read.one_or_none(_ONE, disruption_id=disruption_id)
    return None if row is None else _disruption(row)


async def page(
    read: Read, site_id: SiteId, week: date, status: DisruptionStatus, page: PageRequest
) -> list[Disruption]:
    """Fetch a page of a week's disruptions, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, week=week, status=status.value, after=page.after, limit=page.limit)
    return [_disruption(row) for row in rows]


async def of_batch(read: Read, batch_id: DisruptionBatchId) -> list[Disruption]:
    """Fetch the disruptions of a batch in the order of their weeks."""
    return [_disruption(row) for row in await read.all(_OF_BATCH, batch_id=batch_id)]


async def open_in_week(read: Read, site_id: SiteId, week: date) -> list[Disruption]:
    """Fetch every disruption of a week that is open."""
    rows = await read.all(_ALL, site_id=site_id, week=week, status=DisruptionStatus.OPEN.value)
    return [_disruption(row) for row in rows]


async def open_in_weeks(read: Read, site_id: SiteId, weeks: Collection[date]) -> list[Disruption]:
    """Fetch every disruption of some weeks that is open."""
    rows = await read.all(_OF_WEEKS, site_id=site_id, weeks=list(weeks), status=DisruptionStatus.OPEN.value)
    return [_disruption(row) for row in rows]


async def disturbed_sessions(read: Read, appointments: Collection[AppointmentId]) -> list[PlannedSession]:
    """Fetch those of the sessions from whose week anything is missing at all; most weeks are spared the looking."""
    return [_planned(row) for row in await read.all(_DISTURBED, appointments=list(appointments))]


def _planned(row: asyncpg.Record) -> PlannedSession:
    values: dict[str, Any] = dict(row)
    values |= {
        "zone": ZoneInfo(row["zone"]),
        "modality": Modality(row["modality"]),
        "practitioner_ids": frozenset(row["practitioner_ids"]),
    }
    return PlannedSession(**values)


async def set_solve(db: AsyncSession, disruption_id: DisruptionId, solve_id: SolveId) -> bool:
    """Note which solve repairs what an open disruption broke; says whether it is open still."""
    kept = await db.scalar(
        update(DisruptionRow)
        .where(DisruptionRow.id == disruption_id, DisruptionRow.status == DisruptionStatus.OPEN.value)
        .values(solve_id=solve_id)
        .returning(DisruptionRow.id)
    )
    return kept is not None


class Withdrawn(NamedTuple):
    """A disruption that was ended, and the newest solve that was to repair what it broke."""

    disruption_id: DisruptionId
    solve_id: SolveId | None


async def withdraw(db: AsyncSession, disruption_id: DisruptionId, now: datetime) -> Withdrawn | None:
    """End a disruption that is open; None where it was not."""
    ended = await db.execute(
        update(DisruptionRow)
        .where(DisruptionRow.id == disruption_id, DisruptionRow.status == DisruptionStatus.OPEN.value)
        .values(status=DisruptionStatus.WITHDRAWN.value, withdrawn_at=now)
        .returning(DisruptionRow.solve_id)
    )
    row = ended.one_or_none()
    return None if row is None else Withdrawn(disruption_id, None if row.solve_id is None else SolveId(row.solve_id))
