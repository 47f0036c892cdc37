"""Where the book says which weeks a change of the setup may touch."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy import TIMESTAMP, ColumnElement, Uuid, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.scheduler.appointments.tables import AppointmentRow

_WEEKS: Final = Query(
    select(AppointmentRow.week)
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        func.lower(AppointmentRow.during) > bindparam("now", type_=TIMESTAMP(timezone=True)),
    )
    .distinct()
    .order_by(AppointmentRow.week)
)


async def weeks_ahead(read: Read, site_id: SiteId, now: datetime) -> list[date]:
    """Fetch the weeks of which a session is booked that has not begun."""
    return [row["week"] for row in await read.all(_WEEKS, site_id=site_id, now=now)]


async def limit_seats(db: AsyncSession, appointments: Collection[AppointmentId], most: int) -> None:
    """Let no more than so many seats of sessions be given; seats that are taken stay until they are given back.

    They are held in the order in which bookings hold theirs, so that neither waits for the other for ever.
    """
    await db.execute(
        update(AppointmentRow)
        .where(await _hold(db, appointments), AppointmentRow.capacity > most)
        .values(
            capacity=func.greatest(AppointmentRow.taken, most),
            seat_limit=func.least(AppointmentRow.seat_limit, most),
        )
    )


async def give_again(db: AsyncSession, appointments: Collection[AppointmentId], before: int, after: int) -> None:
    """Let seats of sessions be given that the setup has kept from it; one with fewer for another reason stays so."""
    await db.execute(
        update(AppointmentRow)
        .where(await _hold(db, appointments), AppointmentRow.capacity == func.greatest(AppointmentRow.taken, before))
        .values(capacity=func.greatest(AppointmentRow.taken, after), seat_limit=after)
    )


async def _hold(db: AsyncSession, appointments: Collection[AppointmentId]) -> ColumnElement[bool]:
    of_these = AppointmentRow.id.in_(appointments)
    await db.execute(
        select(AppointmentRow.id).where(of_these).order_by(AppointmentRow.id).with_for_update(key_share=True)
    )
    return of_these
