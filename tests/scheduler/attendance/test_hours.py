"""What a week's hours come to, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import AppointmentId, MakeUpId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientRequirement, RequiredService
from services.contracts.scheduler.attendance import AttendanceStatus, LedgerEntry
from services.contracts.scheduler.make_ups import MakeUp, MakeUpStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.attendance.hours import owed_hours

MONDAY = date(2026, 10, 5)
NOON = datetime(2026, 10, 7, 12, tzinfo=UTC)
GROUP, VISIT = ServiceKind.PROCESS_GROUP, ServiceKind.INDIVIDUAL


def required(*services: tuple[ServiceKind, int]) -> PatientRequirement:
    return PatientRequirement(
        patient_id=PatientId(uuid4()),
        week=MONDAY,
        plan_version=1,
        required_services=[RequiredService(service=one, minutes_per_week=minutes) for one, minutes in services],
    )


def entry(
    hours_from_noon: int,
    status: AttendanceStatus | None = None,
    *,
    service: ServiceKind = GROUP,
    excused: bool | None = None,
    late: int = 0,
) -> LedgerEntry:
    start = NOON + timedelta(hours=hours_from_noon)
    return LedgerEntry(
        appointment_id=AppointmentId(uuid4()),
        service=service,
        modality=Modality.ON_SITE,
        start=start,
        end=start + timedelta(hours=3),
        minutes=180,
        status=status,
        excused=excused,
        minutes_late=late,
        minutes_left_early=0,
        makes_up_for=None,
    )


def make_up(service: ServiceKind) -> MakeUp:
    return MakeUp(
        id=MakeUpId(uuid4()),
        site_id=SiteId(uuid4()),
        patient_id=PatientId(uuid4()),
        week=MONDAY,
        due=MONDAY + timedelta(days=6),
        service=service,
        minutes=180,
        missed_appointment_id=AppointmentId(uuid4()),
        status=MakeUpStatus.OPEN,
        appointment_id=None,
        created_at=NOON,
    )


def test_a_week_in_its_middle() -> None:
    entries = [
        entry(-48, AttendanceStatus.FULFILLED, late=20),
        entry(-30, AttendanceStatus.NOSHOW),
        entry(-24, AttendanceStatus.CANCELLED, excused=True),
        entry(-12),
        entry(-1, AttendanceStatus.ARRIVED),
        entry(24),
    ]

    owed = [make_up(GROUP), make_up(GROUP)]

    hours = owed_hours(required((GROUP, 720)), entries, owed, NOON)

    [line] = hours.services
    assert hours.make_ups == owed

    assert line.model_dump(exclude={"service"}) == {
        "required_minutes": 720,
        "planned_minutes": 1080,
        "attended_minutes": 160,
        "excused_minutes": 180,
        "missed_minutes": 180,
        "unrecorded_minutes": 180,
        "ahead_minutes": 360,
        "missing_minutes": 560,
        "unplanned_minutes": 200,
        "open_make_up_minutes": 360,
    }


def test_one_service_makes_up_for_no_other() -> None:
    entries = [entry(-48, AttendanceStatus.FULFILLED), entry(-24, AttendanceStatus.FULFILLED)]

    hours = owed_hours(required((GROUP, 180), (VISIT, 60)), entries, [], NOON)

    assert [(one.service, one.missing_minutes, one.unplanned_minutes) for one in hours.services] == [
        (GROUP, 0, 0),
        (VISIT, 60, 60),
    ]
    assert (hours.attended_minutes, hours.missing_minutes, hours.due) == (360, 60, date(2026, 10, 11))


STATUSES = st.sampled_from([None, *AttendanceStatus])


@given(st.lists(st.tuples(st.integers(-48, 96), STATUSES), max_size=12), st.integers(1, 80))
def test_every_planned_minute_is_somewhere_and_nothing_is_owed_twice(
    sessions: list[tuple[int, AttendanceStatus | None]], quarters: int
) -> None:
    entries = [entry(*one, excused=True if one[1] is AttendanceStatus.CANCELLED else None) for one in sessions]

    hours = owed_hours(required((GROUP, quarters * 15)), entries, [], NOON)

    for line in hours.services:
        known = line.attended_minutes + line.excused_minutes + line.missed_minutes
        assert line.planned_minutes == known + line.unrecorded_minutes + line.ahead_minutes
        assert 0 <= line.unplanned_minutes <= line.missing_minutes <= line.required_minutes
        assert line.attended_minutes + line.ahead_minutes + line.unplanned_minutes >= line.required_minutes
