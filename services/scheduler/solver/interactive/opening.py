"""What is free for one group meeting more at a time of the week, everybody who is placed staying as they are."""

from dataclasses import dataclass

from services.scheduler.solver.instance import GroupKind, Id
from services.scheduler.solver.interactive.capacity import Meetings, Unmet, together
from services.scheduler.solver.interactive.frozen import FrozenWeek


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """A time of the week and what the group would be there."""

    day: int
    slot: int
    modality: str
    track: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Who could lead and who assist, rooms, and who lacks it and may sit there: who lacks the most comes first."""

    leaders: tuple[Id, ...]
    helpers: tuple[Id, ...]
    rooms: tuple[Id, ...]
    people: tuple[Id, ...]


def opening(week: FrozenWeek, kind: GroupKind, place: GroupPlace) -> Opening:
    """Return what is free for a group of a kind."""
    unmet = Unmet(week)
    meetings, day, slot = Meetings(week, unmet), place.day, place.slot
    able = [
        patient
        for patient in unmet.people(kind.service, kind.slots)
        if place.track in (None, patient.track)
        and place.language in patient.languages
        and unmet.starts(patient, kind.service, kind.slots, place.modality, day) >> slot & 1
    ]
    able.sort(key=lambda patient: -week.missing(patient).get(kind.service, 0))
    return Opening(
        leaders=tuple(meetings.staff(day, slot, kind.slots, place.language, kind.service)),
        helpers=tuple(meetings.staff(day, slot, kind.slots, place.language, None)),
        rooms=tuple(room.id for room in meetings.free_rooms(day, slot, kind.slots)),
        people=tuple(together([patient.id for patient in able], week)),
    )
