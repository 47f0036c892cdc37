"""Which series the meetings of a published week belong to. Pure."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import GroupOfferingId, PatientId, PractitionerId
from services.scheduler.group_series.meetings import Meeting, SeriesIdentity
from services.scheduler.weeks import DAY_START, SLOT

_SOME_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001 -- wall time of no day


def meetings_of(document: Mapping[str, Any]) -> list[Meeting]:
    """Return the group meetings of a timetable as the solver writes it, in the order of their identities."""
    meetings = [
        Meeting(_identity(group), sorted(PatientId(UUID(member)) for member in group["members"]))
        for group in document["groups"]
    ]
    return sorted(meetings, key=lambda meeting: str(meeting.identity))


def _identity(group: Mapping[str, Any]) -> SeriesIdentity:
    return SeriesIdentity(
        GroupOfferingId(UUID(group["kind"])),
        group["track"],
        group["language"],
        group["day"],
        wall_time(group["slot"]),
        PractitionerId(UUID(group["lead"])),
    )


def wall_time(slot: int) -> time:
    """Return the wall time at which a slot of the day begins."""
    return (datetime.combine(_SOME_DAY, DAY_START) + SLOT * slot).time()
