"""Where fairness reads the book."""

from collections import Counter, defaultdict
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, Text, Uuid, and_, bindparam, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from services.chassis.database import Query, Read
from services.contracts.identifiers import PatientId, PractitionerId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.fairness.contact import Attended, Employment, PractitionerContact
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.setup_versions.tables import SetupVersionRow
from services.scheduler.storing import json_of
from services.scheduler.timetables.tables import TimetableRow

_SATURDAY: Final = 6
_EVENING_HOUR: Final = 17
_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_FIRST: Final = bindparam("first", type_=Date)
_LAST: Final = bindparam("last", type_=Date)
_IN_WINDOW: Final = (
    AppointmentRow.site_id == _SITE_ID,
    AppointmentRow.week.between(_FIRST, _LAST),
    AppointmentRow.status == AppointmentStatus.BOOKED.value,
)
_START: Final = func.lower(AppointmentRow.during)
_LOCAL: Final = func.timezone(bindparam("zone", type_=Text), _START)
_MINUTES: Final = cast(func.extract("epoch", func.upper(AppointmentRow.during) - _START) / 60, Integer)
_IS_WEEKEND: Final = func.extract("isodow", _LOCAL) >= _SATURDAY
_IS_EVENING: Final = and_(~_IS_WEEKEND, func.extract("hour", _LOCAL) >= _EVENING_HOUR)
_WORKED: Final = Query(
    select(
        AppointmentPractitionerRow.practitioner_id,
        func.sum(_MINUTES).label("minutes"),
        func.coalesce(func.sum(_MINUTES).filter(_IS_EVENING), 0).label("evening"),
        func.coalesce(func.sum(_MINUTES).filter(_IS_WEEKEND), 0).label("weekend"),
        func.count(cast(_LOCAL, Date).distinct()).label("days"),
    )
    .join(
        AppointmentRow,
        and_(
            AppointmentRow.organization_id == AppointmentPractitionerRow.organization_id,
            AppointmentRow.id == AppointmentPractitionerRow.appointment_id,
        ),
    )
    .where(*_IN_WINDOW)
    .group_by(AppointmentPractitionerRow.practitioner_id)
)
_WEEKS: Final = (
    select(TimetableRow.week)
    .where(TimetableRow.site_id == _SITE_ID, TimetableRow.week.between(_FIRST, _LAST))
    .distinct()
    .subquery("weeks")
)
_VERSION: Final = (
    select(SetupVersionRow.document)
    .where(
        SetupVersionRow.organization_id == PractitionerRow.organization_id,
        SetupVersionRow.subject_id == PractitionerRow.id,
        or_(SetupVersionRow.effective_on.is_(None), SetupVersionRow.effective_on <= _WEEKS.c.week),
    )
    .order_by(SetupVersionRow.version.desc())
    .limit(1)
    .lateral("version")
)
_EMPLOYED: Final = Query(
    select(
        PractitionerRow.id.label("practitioner_id"),
        _WEEKS.c.week,
        func.coalesce(
            cast(_VERSION.c.document["contract_minutes_week"].astext, Integer), PractitionerRow.contract_minutes_week
        ).label("contract_minutes"),
    )
    .outerjoin(
        _WEEKS,
        and_(
            PractitionerRow.starts_on < _WEEKS.c.week + 7,
            or_(PractitionerRow.ends_on.is_(None), PractitionerRow.ends_on > _WEEKS.c.week),
        ),
    )
    .outerjoin(_VERSION, true())
    .where(PractitionerRow.site_id == _SITE_ID)
    .order_by(PractitionerRow.id)
)
_ATTENDED: Final = Query(
    select(AppointmentPatientRow.patient_id, _START.label("start"), func.upper(AppointmentRow.during).label("end"))
    .join(
        AppointmentRow,
        and_(
            AppointmentRow.organization_id == AppointmentPatientRow.organization_id,
            AppointmentRow.id == AppointmentPatientRow.appointment_id,
        ),
    )
    .where(*_IN_WINDOW, AppointmentPatientRow.held_until.is_(None))
)
_PUBLISHED: Final = Query(
    select(TimetableRow.week)
    .where(TimetableRow.site_id == _SITE_ID, TimetableRow.week.between(_FIRST, _LAST))
    .distinct()
)


_UNMET: Final = Query(
    select(TimetableRow.unmet)
    .where(TimetableRow.site_id == _SITE_ID, TimetableRow.week.between(_FIRST, _LAST))
    .ext(distinct_on(TimetableRow.week))
    .order_by(TimetableRow.week, TimetableRow.version.desc())
)


async def worked(read: Read, site_id: SiteId, first: date, last: date, zone: str) -> list[PractitionerContact]:
    """Count what each practitioner has done."""
    rows = await read.all(_WORKED, site_id=site_id, first=first, last=last, zone=zone)
    return [PractitionerContact(**row) for row in rows]


async def employed(read: Read, site_id: SiteId, first: date, last: date) -> list[Employment]:
    """Fetch the practitioners' contracts in the published weeks, as they were in each; none where somebody had none."""
    contracts: dict[PractitionerId, dict[date, int]] = defaultdict(dict)
    for row in await read.all(_EMPLOYED, site_id=site_id, first=first, last=last):
        weeks = contracts[PractitionerId(row["practitioner_id"])]
        if row["week"] is not None:
            weeks[row["week"]] = row["contract_minutes"]
    return [Employment(practitioner_id, weeks) for practitioner_id, weeks in contracts.items()]


async def attended(read: Read, site_id: SiteId, first: date, last: date, zone: ZoneInfo) -> list[Attended]:
    """Fetch the patients' sessions, with the site's offset."""
    return [
        Attended(PatientId(row["patient_id"]), row["start"].astimezone(zone), row["end"].astimezone(zone))
        for row in await read.all(_ATTENDED, site_id=site_id, first=first, last=last)
    ]


async def unmet(read: Read, site_id: SiteId, first: date, last: date) -> Counter[PatientId]:
    """Add up the minutes that the newest versions of the weeks leave undelivered to each patient."""
    minutes = Counter[PatientId]()
    for row in await read.all(_UNMET, site_id=site_id, first=first, last=last):
        for requirement in json_of(row["unmet"]):
            minutes[PatientId(UUID(requirement["patient_id"]))] += requirement["minutes"]
    return minutes


async def published_weeks(read: Read, site_id: SiteId, first: date, last: date) -> list[date]:
    """Fetch which of the weeks are published."""
    return [row["week"] for row in await read.all(_PUBLISHED, site_id=site_id, first=first, last=last)]
