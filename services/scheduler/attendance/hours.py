"""What a week's hours come to: what the plan requires beside what is booked, came, and is missing. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.contracts.records.treatment_plans import PatientRequirement
from services.contracts.scheduler.attendance import AttendanceStatus, LedgerEntry
from services.contracts.scheduler.hours import OwedHours, OwedHoursLine
from services.contracts.scheduler.make_ups import MakeUp
from services.contracts.vocabulary import ServiceKind
from services.scheduler.attendance.rules import delivered, is_missed

_TO_SUNDAY: Final = timedelta(days=6)
# Whoever has arrived is still there until somebody says that they stayed.
_PENDING: Final = frozenset({None, AttendanceStatus.ARRIVED})


def owed_hours(
    required: PatientRequirement,
    entries: Iterable[LedgerEntry],
    make_ups: Sequence[MakeUp],
    now: datetime,
) -> OwedHours:
    """Return a week's hours; a service that was attended beyond what is required makes up for no other one.

    `make_ups` are those that are open: neither booked nor withdrawn.
    """
    asked = {one.service: one.minutes_per_week for one in required.required_services}
    found = list(entries)
    still_open = Counter[ServiceKind]()
    for make_up in make_ups:
        still_open[make_up.service] += make_up.minutes
    kinds = {*asked, *(one.service for one in found), *still_open}
    lines = [
        _line(kind, asked.get(kind, 0), [one for one in found if one.service is kind], still_open[kind], now)
        for kind in ServiceKind
        if kind in kinds
    ]
    return OwedHours(
        patient_id=required.patient_id,
        week=required.week,
        due=required.week + _TO_SUNDAY,
        plan_version=required.plan_version,
        services=lines,
        make_ups=list(make_ups),
        required_minutes=sum(line.required_minutes for line in lines),
        attended_minutes=sum(line.attended_minutes for line in lines),
        ahead_minutes=sum(line.ahead_minutes for line in lines),
        missing_minutes=sum(line.missing_minutes for line in lines),
        unplanned_minutes=sum(line.unplanned_minutes for line in lines),
    )


def _line(
    service: ServiceKind, required: int, entries: list[LedgerEntry], open_minutes: int, now: datetime
) -> OwedHoursLine:
    pending = [one for one in entries if one.status in _PENDING]
    missed = [one for one in entries if one.status is not None and is_missed(one.status)]
    attended = sum(delivered(one) for one in entries if one not in pending)
    ahead = sum(one.minutes for one in pending if one.end > now)
    missing = max(0, required - attended)
    return OwedHoursLine(
        service=service,
        required_minutes=required,
        planned_minutes=sum(one.minutes for one in entries),
        attended_minutes=attended,
        excused_minutes=sum(one.minutes for one in missed if one.excused is True),
        missed_minutes=sum(one.minutes for one in missed if one.excused is not True),
        unrecorded_minutes=sum(one.minutes for one in pending if one.end <= now),
        ahead_minutes=ahead,
        missing_minutes=missing,
        unplanned_minutes=max(0, missing - ahead),
        open_make_up_minutes=open_minutes,
    )
