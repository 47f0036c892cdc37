"""What can fall out of a published week, as a change of the facts. Pure.

Nothing here says what becomes of a session: a week is repaired against the instance that remains.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.scheduler.solver.instance import (
    Id,
    Instance,
    Interval,
    Practitioner,
)


@dataclass(frozen=True, slots=True)
class PractitionerOut:
    """A practitioner is away; patients are seen by others."""

    practitioner: Id
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class RoomLost:
    """A group room cannot be used."""

    room: Id
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class SiteClosed:
    """Nobody can come to the site; telehealth goes on."""

    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ShiftChanged:
    """A practitioner works other hours this week."""

    practitioner: Id
    shifts: tuple[Interval, ...]
    breaks: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class CommitmentsAdded:
    """A patient is at work or at school when the week says otherwise."""

    patient: Id
    intervals: tuple[Interval, ...]


Disruption = PractitionerOut | RoomLost | SiteClosed | ShiftChanged | CommitmentsAdded


def disrupted(instance: Instance, disruptions: Iterable[Disruption]) -> Instance:
    """Return the instance as it is after everything that happened; who or what is unknown changes nothing."""
    for disruption in disruptions:
        instance = _after(instance, disruption)
    return instance


def _after(instance: Instance, disruption: Disruption) -> Instance:
    match disruption:
        case PractitionerOut(practitioner, intervals):
            return _with_staff(instance, practitioner, lambda person: _away(person, intervals))
        case ShiftChanged(practitioner, shifts, breaks):
            return _with_staff(instance, practitioner, lambda person: replace(person, shifts=shifts, breaks=breaks))
        case RoomLost(lost, intervals):
            rooms = (
                replace(room, closed=(*room.closed, *intervals)) if room.id == lost else room for room in instance.rooms
            )
            return replace(instance, rooms=tuple(rooms))
        case SiteClosed(intervals):
            return replace(instance, site_open=without(instance.site_open, intervals))
        case CommitmentsAdded(patient, intervals):
            return replace(
                instance,
                patients=tuple(
                    replace(person, commitments=(*person.commitments, *intervals)) if person.id == patient else person
                    for person in instance.patients
                ),
            )


def _with_staff(instance: Instance, who: Id, change: Callable[[Practitioner], Practitioner]) -> Instance:
    staff = (change(person) if person.id == who else person for person in instance.practitioners)
    return replace(instance, practitioners=tuple(staff))


def _away(person: Practitioner, intervals: tuple[Interval, ...]) -> Practitioner:
    return replace(person, breaks=(*person.breaks, *intervals))


def without(intervals: Iterable[Interval], gone: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return what remains of intervals when others are taken out."""
    left = tuple(intervals)
    for day, start, end in gone:
        left = tuple(
            piece
            for interval in left
            for piece in (
                (interval,)
                if not interval.touches(day, start, end)
                else (Interval(day, interval.start, start), Interval(day, end, interval.end))
            )
            if piece.start < piece.end
        )
    return left
