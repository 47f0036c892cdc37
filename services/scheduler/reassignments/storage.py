"""Where the book says of which week a session is."""

from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Uuid, bindparam, select

from services.chassis.database import Query, Read
from services.contracts.identifiers import AppointmentId, SiteId
from services.scheduler.appointments.tables import AppointmentRow


class Whereabouts(NamedTuple):
    """The week of which an appointment is, or was."""

    site_id: SiteId
    week: date


_ONE: Final = Query(
    select(AppointmentRow.site_id, AppointmentRow.week).where(
        AppointmentRow.id == bindparam("appointment_id", type_=Uuid)
    )
)


async def whereabouts(read: Read, appointment_id: AppointmentId) -> Whereabouts | None:
    """Fetch of which week an appointment is."""
    row = await read.one_or_none(_ONE, appointment_id=appointment_id)
    return None if row is None else Whereabouts(SiteId(row["site_id"]), row["week"])
