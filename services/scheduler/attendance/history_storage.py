"""Where the sessions of many patients over many weeks are read, with what was last recorded of each."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import ARRAY, Date, Uuid, and_, any_, bindparam, null, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.chassis.database import Query, Read
from services.contracts.identifiers import PatientId
from services.contracts.scheduler.attendance import LedgerEntry
from services.contracts.scheduler.timetables import AppointmentStatus
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.attendance.storage import entry_columns, entry_of
from services.scheduler.attendance.tables import AttendanceRow

_PATIENTS: Final = bindparam("patients", type_=ARRAY(Uuid))
_LAST_SEEN: Final = (
    select(
        AttendanceRow.appointment_id,
        AttendanceRow.patient_id,
        AttendanceRow.status,
        AttendanceRow.excused,
        AttendanceRow.minutes_late,
        AttendanceRow.minutes_left_early,
    )
    .ext(distinct_on(AttendanceRow.patient_id, AttendanceRow.appointment_id))
    .where(AttendanceRow.patient_id == any_(_PATIENTS))
    .order_by(AttendanceRow.patient_id, AttendanceRow.appointment_id, AttendanceRow.revision.desc())
    .subquery("seen")
)
_ENTRIES: Final = Query(
    select(
        AppointmentPatientRow.patient_id,
        AppointmentRow.week,
        *entry_columns(_LAST_SEEN),
        null().label("makes_up_for"),
    )
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .outerjoin(
        _LAST_SEEN,
        and_(
            _LAST_SEEN.c.appointment_id == AppointmentRow.id,
            _LAST_SEEN.c.patient_id == AppointmentPatientRow.patient_id,
        ),
    )
    .where(
        AppointmentPatientRow.patient_id == any_(_PATIENTS),
        AppointmentPatientRow.booked,
        AppointmentPatientRow.held_until.is_(None),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentRow.week >= bindparam("first", type_=Date),
        AppointmentRow.week < bindparam("until", type_=Date),
    )
)


async def entries(
    read: Read, patients: Sequence[PatientId], first: date, until: date
) -> list[tuple[PatientId, date, LedgerEntry]]:
    """Fetch the booked sessions of patients in the weeks from `first` on and before `until`, with their weeks."""
    rows = await read.all(_ENTRIES, patients=list(patients), first=first, until=until)
    return [(PatientId(row["patient_id"]), row["week"], entry_of(row)) for row in rows]
