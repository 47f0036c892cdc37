"""Group meetings of a week ahead: as published, or as the newest published week before it would have them again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import HorizonWeek, PatientWeek
from services.contracts.scheduler.horizon import HorizonBasis, PartOfWeek
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.census.meetings import BookedMeeting
from services.scheduler.closures.hours import ClosedHours
from services.scheduler.weeks import part_of

Needs = dict[tuple[PatientId, ServiceKind], int]
"""Minutes that a person's plan asks for and that are not covered yet."""


@dataclass(frozen=True, slots=True)
class ExpectedMeeting:
    """A meeting in one week with those who are expected in it."""

    booked: BookedMeeting
    members: frozenset[PatientId]
    is_closed: bool

    @property
    def seats(self) -> int:
        """How many may sit there: none where the site is closed."""
        return 0 if self.is_closed else self.booked.capacity

    @property
    def part(self) -> PartOfWeek:
        """The part of the week in which it starts."""
        return part_of(self.booked.start)


@dataclass(frozen=True, slots=True)
class ExpectedWeek:
    """What is known of a week ahead, and what its people still lack."""

    basis: HorizonBasis
    based_on: date | None
    meetings: tuple[ExpectedMeeting, ...]
    lacking: Needs


def needs_of(week: HorizonWeek) -> Needs:
    """Return the minutes in groups that the plans ask of a week."""
    return {
        (patient.patient_id, need.service): need.minutes_per_week
        for patient in week.patients
        for need in patient.required_services
        if need.service.is_group
    }


def expected_week(
    week: HorizonWeek,
    booked: Iterable[BookedMeeting],
    published: Iterable[date],
    closed: Sequence[ClosedHours],
) -> ExpectedWeek:
    """Return the meetings of a week with their members, and the minutes that these leave open.

    A week that is not published has the meetings of the newest published one before it, at their wall times, with those
    members whose plan still asks for the service: as many of their meetings as it asks for, in the order of the week.
    A closed meeting covers nobody.
    """
    basis = max((day for day in published if day <= week.week), default=None)
    ahead = timedelta(0) if basis is None else week.week - basis
    people = {patient.patient_id: patient for patient in week.patients}
    needs = Counter(needs_of(week))
    found = []
    for meeting in sorted((one for one in booked if one.week == basis and one.service.is_group), key=_when):
        moved = _moved(meeting, ahead)
        is_closed = _is_closed(moved, closed)
        members = moved.patients if not ahead else _still_there(moved, people, needs)
        found.append(ExpectedMeeting(moved, frozenset(members), is_closed))
        if not is_closed:
            needs.subtract({(member, moved.service): moved.minutes for member in members})
    kind = HorizonBasis.NOTHING if basis is None else HorizonBasis.PROJECTED if ahead else HorizonBasis.PUBLISHED
    return ExpectedWeek(
        kind, basis if ahead else None, tuple(found), {key: left for key, left in needs.items() if left > 0}
    )


def _when(meeting: BookedMeeting) -> tuple[datetime, str, str]:
    return meeting.start, meeting.service.value, str(meeting.practitioner_id)


def _moved(meeting: BookedMeeting, ahead: timedelta) -> BookedMeeting:
    # Wall time of one zone: both ends move by whole days, and the zone finds the offsets.
    return replace(meeting, start=meeting.start + ahead, end=meeting.end + ahead)


def _is_closed(meeting: BookedMeeting, closed: Iterable[ClosedHours]) -> bool:
    return any(
        hours.start < meeting.end and meeting.start < hours.end
        for hours in closed
        if hours.for_all or meeting.modality is Modality.ON_SITE
    )


def _still_there(
    meeting: BookedMeeting, people: Mapping[PatientId, PatientWeek], needs: Mapping[tuple[PatientId, ServiceKind], int]
) -> list[PatientId]:
    return [
        member
        for member in sorted(meeting.patients)
        if member in people
        and needs.get((member, meeting.service), 0) >= meeting.minutes
        and meeting.is_of_track(people[member].track)
    ]
