"""Where the book is kept."""

from collections.abc import Collection
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    Date,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.remembered import RememberedParts
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.sites import Site
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus
from services.scheduler.appointments.tables import (
    EXPIRED_HOLDS,
    AppointmentPatientRow,
    AppointmentPractitionerRow,
    AppointmentRow,
)


def _part(part: str) -> Any:
    return aliased(AppointmentPractitionerRow, name=part)


_LEAD: Final = _part("lead")
_CO: Final = _part("co_facilitator")


def _takes_part(alias: Any, part: str) -> Any:
    return and_(
        alias.organization_id == AppointmentRow.organization_id,
        alias.appointment_id == AppointmentRow.id,
        alias.part == part,
    )


_PATIENTS: Final = (
    select(func.array_agg(aggregate_order_by(AppointmentPatientRow.patient_id, AppointmentPatientRow.patient_id)))
    .where(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.held_until.is_(None),
    )
    .scalar_subquery()
)
_AFTER: Final = bindparam("after", type_=Uuid)
_IS_FIRST_PAGE: Final = _AFTER.op("=", is_comparison=True)(UUID(int=0))
_LAST: Final = aliased(AppointmentRow, name="last")
_PLACE_OF_LAST: Final = select(func.lower(_LAST.during), _LAST.id).where(_LAST.id == _AFTER).scalar_subquery()
_OF_SITE: Final = (
    select(
        AppointmentRow.id,
        AppointmentRow.site_id,
        AppointmentRow.timetable_version,
        AppointmentRow.sequence,
        AppointmentRow.changed_at,
        AppointmentRow.status,
        AppointmentRow.service,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.room_id,
        _LEAD.practitioner_id.label("practitioner_id"),
        _CO.practitioner_id.label("co_facilitator_id"),
        AppointmentRow.track,
        AppointmentRow.language,
        AppointmentRow.capacity,
        (AppointmentRow.taken - EXPIRED_HOLDS).label("taken"),
        _PATIENTS.label("patient_ids"),
    )
    .outerjoin(_LEAD, _takes_part(_LEAD, "lead"))
    .outerjoin(_CO, _takes_part(_CO, "co_facilitator"))
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.status == bindparam("status", type_=Text),
    )
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
)
_OF_WEEK: Final = _OF_SITE.where(AppointmentRow.week == bindparam("week", type_=Date))
_OF_WEEKS: Final = Query(
    _OF_SITE.add_columns(AppointmentRow.week).where(AppointmentRow.week == any_(bindparam("weeks", type_=ARRAY(Date))))
)
_PAGE: Final = Query(
    _OF_WEEK.where(
        or_(_IS_FIRST_PAGE, tuple_(func.lower(AppointmentRow.during), AppointmentRow.id) > _PLACE_OF_LAST)
    ).limit(bindparam("limit", type_=Integer))
)
_BEGUN: Final = Query(
    _OF_WEEK.where(func.lower(AppointmentRow.during) <= bindparam("now", type_=TIMESTAMP(timezone=True)))
)


_SWITCHED: Final = Query(
    select(AppointmentRow.id).where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.week == bindparam("week", type_=Date),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentRow.modality_by_hand,
    )
)
_NO_LIMIT: Final = 2**31 - 1
_BOOKS: Final = RememberedParts[asyncpg.Record, Appointment]()


async def page_of_week(
    read: Read, site: Site, week: date, status: AppointmentStatus, page: PageRequest, *, now: datetime
) -> list[Appointment]:
    """Fetch a page of a week's appointments, and one more where there is one; times have the site's offset."""
    site_id, zone = site.id, ZoneInfo(site.zone)
    asked = {"site_id": site_id, "week": week, "status": status.value, "now": now}
    rows = await read.all(_PAGE, **asked, after=page.after, limit=page.limit)
    return [_to_appointment(row, zone) for row in rows]


async def begun_of_week(read: Read, site_id: SiteId, week: date, now: datetime) -> list[Appointment]:
    """Fetch the booked appointments of a week that have begun, in order of time; times are in UTC."""
    asked = {"site_id": site_id, "week": week, "status": AppointmentStatus.BOOKED.value, "now": now}
    return [_to_appointment(row) for row in await read.all(_BEGUN, **asked)]


async def all_of_week(read: Read, site_id: SiteId, week: date, *, now: datetime) -> list[Appointment]:
    """Fetch everything that is booked in a week; times are in UTC.

    What has not changed is the very same object as the last time.
    """
    asked = {"site_id": site_id, "week": week, "status": AppointmentStatus.BOOKED.value, "now": now}
    rows = await read.all(_PAGE, **asked, after=UUID(int=0), limit=_NO_LIMIT)
    return _BOOKS.all(f"{site_id} {week}", {row["id"]: row for row in rows}, _to_appointment)


async def all_of_weeks(
    read: Read, site_id: SiteId, weeks: Collection[date], *, now: datetime
) -> dict[date, list[Appointment]]:
    """Fetch everything that is booked in some weeks at once, in order of time; times are in UTC."""
    asked = {"site_id": site_id, "weeks": list(weeks), "status": AppointmentStatus.BOOKED.value, "now": now}
    found: dict[date, list[Appointment]] = {week: [] for week in weeks}
    for row in await read.all(_OF_WEEKS, **asked):
        found[row["week"]].append(_to_appointment(row))
    return found


async def switched_of_week(read: Read, site_id: SiteId, week: date) -> set[AppointmentId]:
    """Fetch which booked appointments of a week somebody switched to another modality by hand."""
    return {AppointmentId(row["id"]) for row in await read.all(_SWITCHED, site_id=site_id, week=week)}


def _to_appointment(row: asyncpg.Record, zone: tzinfo = UTC) -> Appointment:
    values = dict(row)
    values["patient_ids"] = values["patient_ids"] or ()
    if zone is not UTC:
        values |= {"start": values["start"].astimezone(zone), "end": values["end"].astimezone(zone)}
    return Appointment(**values)
