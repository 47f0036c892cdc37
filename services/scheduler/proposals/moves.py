"""What moved in a week between the version that somebody worked from and the published one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from services.contracts.scheduler.timetables import MovedSession, MovedWeek, TimetableChangeReason
from services.scheduler.proposals.changes import Change, changes_of
from services.scheduler.proposals.rules import difference_to_contract
from services.scheduler.solver.instance import Id, Instance, Timetable
from services.scheduler.weeks import WeekGrid

MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a week; version 0 is the empty week before anything was published."""

    number: int
    reason: TimetableChangeReason | None
    timetable: Timetable


def moved_between(
    older: Instance, newer: Instance, versions: Sequence[Version], grid: WeekGrid, *, most: int | None = MOST_LISTED
) -> MovedWeek:
    """Say what differs between the first and the last of the versions, and which one made it so, and why.

    At most so many sessions are listed; None lists all.

    `older` and `newer` are what their solvers knew; what neither knows, such as a kind of group that is no more, is
    left out.
    """
    known = both(older, newer)
    weeks = [replace(version, timetable=known_of(known, version.timetable)) for version in versions]
    moved = _changes(known, weeks[0], weeks[-1])
    by_whom: dict[tuple[Id, str], Version] = {}
    for before, after in pairwise(weeks):
        by_whom.update({_whose(change): after for change in _changes(known, before, after)})
    return MovedWeek(
        base_version=weeks[0].number,
        current_version=weeks[-1].number,
        count=len(moved),
        sessions=[_listed(known, change, by_whom[_whose(change)], grid) for change in moved[:most]],
    )


def _changes(known: Instance, before: Version, after: Version) -> list[Change]:
    return changes_of(replace(known, published=before.timetable), after.timetable)


def _whose(change: Change) -> tuple[Id, str]:
    seat = change.seats[0]
    return seat.patient, seat.service


def _listed(known: Instance, change: Change, version: Version, grid: WeekGrid) -> MovedSession:
    difference = difference_to_contract(known, change, grid)
    return MovedSession(**difference, version=version.number, reason=version.reason)


def both(older: Instance, newer: Instance) -> Instance:
    """Return the later instance with the kinds of group, rooms and people that only the earlier one knew."""
    rooms = {room.id: room for room in (*older.rooms, *newer.rooms)}
    patients = {patient.id: patient for patient in (*older.patients, *newer.patients)}
    kinds = {**older.kinds, **newer.kinds}
    return replace(newer, kinds=kinds, rooms=tuple(rooms.values()), patients=tuple(patients.values()))


def known_of(known: Instance, timetable: Timetable) -> Timetable:
    """Return what of a timetable is of kinds and people that are known."""
    people = {patient.id for patient in known.patients}
    return Timetable(
        tuple(group for group in timetable.groups if group.kind in known.kinds),
        tuple(visit for visit in timetable.visits if visit.patient in people),
    )
