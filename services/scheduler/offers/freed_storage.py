"""Where it is read which seats have become free."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, TIMESTAMP, Integer, Uuid, and_, any_, bindparam, func, select

from services.chassis.database import Query, Read
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.scheduler.appointments.tables import AppointmentRow
from services.scheduler.bookings.tables import ReleaseRow
from services.scheduler.offers.tables import OfferBatchRow

_SINCE: Final = bindparam("since", type_=TIMESTAMP(timezone=True))
_IS_AHEAD: Final = func.lower(AppointmentRow.during) > bindparam("now", type_=TIMESTAMP(timezone=True))
_AHEAD: Final = Query(
    select(AppointmentRow.id)
    .where(
        AppointmentRow.id == any_(bindparam("appointments", type_=ARRAY(Uuid))),
        _IS_AHEAD,
    )
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_GIVEN_BACK: Final = Query(
    select(AppointmentRow.id, func.count().label("seats"))
    .join(
        ReleaseRow,
        and_(
            ReleaseRow.organization_id == AppointmentRow.organization_id, ReleaseRow.appointment_id == AppointmentRow.id
        ),
    )
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        _IS_AHEAD,
        ReleaseRow.released_at >= _SINCE,
        ~select(OfferBatchRow.id)
        .where(
            OfferBatchRow.organization_id == AppointmentRow.organization_id,
            OfferBatchRow.appointment_id == AppointmentRow.id,
            OfferBatchRow.created_at >= _SINCE,
        )
        .exists(),
    )
    .group_by(AppointmentRow.id, AppointmentRow.during)
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
    .limit(bindparam("limit", type_=Integer))
)


async def sessions_ahead(
    read: Read, appointments: Sequence[AppointmentId], now: datetime, limit: int
) -> list[AppointmentId]:
    """Fetch which of these begin later than now, the first ones first."""
    rows = await read.all(_AHEAD, appointments=list(appointments), now=now, limit=limit)
    return [AppointmentId(row["id"]) for row in rows]


async def given_back_since(
    read: Read, site_id: SiteId, since: datetime, now: datetime, limit: int
) -> dict[AppointmentId, int]:
    """Fetch how many seats of a site's sessions ahead were given back since then, and nobody was asked, in order."""
    rows = await read.all(_GIVEN_BACK, site_id=site_id, since=since, now=now, limit=limit)
    return {AppointmentId(row["id"]): row["seats"] for row in rows}
