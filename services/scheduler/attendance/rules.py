"""When what may be recorded, and what a week comes to. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from services.contracts.scheduler.attendance import AttendanceStatus, LedgerEntry, LedgerLine
from services.contracts.vocabulary import ServiceKind

EARLIEST: Final = timedelta(hours=1)
"""How long before the start somebody may check in."""
LATEST: Final = timedelta(days=1)
"""How long after the end it may be recorded who came."""
AMENDABLE: Final = timedelta(days=30)
"""How long after the end a record may be corrected."""

_MINUTE: Final = timedelta(minutes=1)
SEEN: Final = frozenset({AttendanceStatus.ARRIVED, AttendanceStatus.FULFILLED})
"""What is recorded of who came."""
_MISSED: Final = frozenset({AttendanceStatus.NOSHOW, AttendanceStatus.CANCELLED})


def is_missed(status: AttendanceStatus) -> bool:
    """Whether somebody who was to come did not."""
    return status in _MISSED


def may_follow(before: AttendanceStatus | None, status: AttendanceStatus) -> bool:
    """Whether it may be recorded after what was recorded before, which stays true: who arrived may then have stayed.

    Who called out and was given a seat again is expected like anybody else.
    """
    if before in {None, AttendanceStatus.CANCELLED}:
        return True
    return (before, status) == (AttendanceStatus.ARRIVED, AttendanceStatus.FULFILLED)


def refusal_of_time(status: AttendanceStatus, start: datetime, end: datetime, now: datetime) -> tuple[str, str] | None:
    """Say why it is too early or too late, as a code and a sentence; None where it is the time."""
    if status is AttendanceStatus.CANCELLED:
        return None if now < start else ("session-begun", "The session has begun: a call-out comes before its start.")
    earliest = start - EARLIEST if status is AttendanceStatus.ARRIVED else start
    latest = end if status is AttendanceStatus.ARRIVED else end + LATEST
    if now < earliest:
        hours = "an hour before its start" if status is AttendanceStatus.ARRIVED else "its start"
        return "too-early", f"The session is still ahead: this can be recorded from {hours} on."
    if now > latest:
        return "too-late", "The session is over for too long: amend what was recorded, or ask the programme director."
    return None


def refusal_of_amendment(end: datetime, now: datetime) -> tuple[str, str] | None:
    """Say why a record can no longer be corrected, as a code and a sentence; None where it can."""
    if now <= end + AMENDABLE:
        return None
    return "too-late", f"The session ended more than {AMENDABLE.days} days ago."


def minutes_late(start: datetime, now: datetime) -> int:
    """Return how many whole minutes after the start it is."""
    return max(0, (now - start) // _MINUTE)


def delivered(entry: LedgerEntry) -> int:
    """Return the minutes that a patient was there."""
    if entry.status not in SEEN:
        return 0
    return max(0, entry.minutes - entry.minutes_late - entry.minutes_left_early)


def lines(entries: Iterable[LedgerEntry], still_open: dict[ServiceKind, int]) -> list[LedgerLine]:
    """Add up a week by service; `still_open` are the minutes that are owed and not booked."""
    by_service: dict[ServiceKind, list[LedgerEntry]] = {}
    for entry in entries:
        by_service.setdefault(entry.service, []).append(entry)
    found = []
    for service in ServiceKind:
        mine = by_service.get(service, [])
        planned = [entry for entry in mine if entry.makes_up_for is None]
        if not mine and not still_open.get(service):
            continue
        found.append(
            LedgerLine(
                service=service,
                planned_minutes=sum(entry.minutes for entry in planned),
                attended_minutes=sum(map(delivered, planned)),
                late_minutes=sum(entry.minutes_late for entry in mine),
                missed_minutes=sum(entry.minutes for entry in planned if entry.status in _MISSED),
                made_up_minutes=sum(delivered(entry) for entry in mine if entry.makes_up_for is not None),
                open_minutes=still_open.get(service, 0),
            )
        )
    return found
