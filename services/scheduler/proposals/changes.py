"""A proposal seen as numbered changes for patients, and the week that remains when some are rejected. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, NamedTuple

from services.contracts.scheduler.timetables import ChangeKind
from services.scheduler.solver.check import check
from services.scheduler.solver.instance import Id, Instance, TherapyGroup, Timetable, Visit

_MOST_TRIALS: Final = 40
"""Checks spent on making a remedy smaller; each costs some milliseconds at a hundred patients."""

_IN_WORDS: Final = (
    ("size out of range", "a group would fall outside its size"),
    ("no co-facilitator", "a group would need a co-facilitator"),
    ("too many", "there would be too few offices or staff at a time"),
    ("room", "a room would be used twice at once, or be too small"),
    ("twice", "somebody would be in two sessions at once"),
    ("meets a commitment", "a patient has a commitment at that time"),
    ("than needed", "a patient would get more than the plan requires"),
    ("not on shift", "a practitioner would not be there"),
    ("on a break", "a practitioner would not be there"),
    ("maximum", "a practitioner would work too long"),
    ("unknown patient", "a patient is no longer planned for this week"),
    ("patient", "a patient's day would break a rule"),
)
_OTHERWISE: Final = "a rule of the week would be broken"


class Seat(NamedTuple):
    """A patient's place in a session; a group is the meeting itself, without its members."""

    patient: Id
    service: str
    session: TherapyGroup | Visit

    @property
    def when(self) -> tuple[int, int]:
        """Day and slot."""
        return self.session.day, self.session.slot


@dataclass(frozen=True, slots=True)
class Change:
    """One difference from what is published; at least one side is there."""

    number: int
    before: Seat | None
    after: Seat | None

    @property
    def kind(self) -> ChangeKind:
        """What becomes of the patient's session."""
        if self.before is None:
            return ChangeKind.ADDED
        if self.after is None:
            return ChangeKind.REMOVED
        return ChangeKind.REASSIGNED if self.before.when == self.after.when else ChangeKind.MOVED

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The sides that are there."""
        return tuple(seat for seat in (self.before, self.after) if seat is not None)


def changes_of(instance: Instance, timetable: Timetable) -> list[Change]:
    """Number the differences of a timetable from what is published, in the order of patients and time."""
    told = set(_seats(instance, instance.published or Timetable()))
    planned = set(_seats(instance, timetable))
    pairs = sorted(_paired(told - planned, planned - told), key=_order)
    return [Change(number, before, after) for number, (before, after) in enumerate(pairs, start=1)]


def _seats(instance: Instance, timetable: Timetable) -> Iterator[Seat]:
    for group in timetable.groups:
        meeting = replace(group, members=())
        yield from (Seat(member, instance.kinds[group.kind].service, meeting) for member in group.members)
    yield from (Seat(visit.patient, visit.service, visit) for visit in timetable.visits)


_Pair = tuple[Seat | None, Seat | None]


def _paired(gone: AbstractSet[Seat], new: AbstractSet[Seat]) -> Iterator[_Pair]:
    """Join what a patient loses of a service with what the patient gets: at the same time first, then in order."""
    for patient_service in {seat[:2] for seat in gone | new}:
        before = {seat.when: seat for seat in gone if seat[:2] == patient_service}
        after = {seat.when: seat for seat in new if seat[:2] == patient_service}
        for when in before.keys() & after.keys():
            yield before.pop(when), after.pop(when)
        yield from zip_longest(
            (before[when] for when in sorted(before)),
            (after[when] for when in sorted(after)),
        )


def _order(pair: _Pair) -> tuple[str, tuple[int, int], str]:
    seat = pair[0] or pair[1]
    if seat is None:
        raise ValueError("a change has a side")
    return str(seat.patient), seat.when, seat.service


def week_without(timetable: Timetable, changes: Iterable[Change], rejected: AbstractSet[int]) -> Timetable:
    """Return the timetable with every rejected change undone, for its patient alone."""
    members: dict[TherapyGroup, list[Id]] = {
        replace(group, members=()): list(group.members) for group in timetable.groups
    }
    visits = list(timetable.visits)
    undone = [change for change in changes if change.number in rejected]
    for seat in (change.after for change in undone if change.after is not None):
        if isinstance(seat.session, Visit):
            visits.remove(seat.session)
        else:
            members[seat.session].remove(seat.patient)
    for seat in (change.before for change in undone if change.before is not None):
        if isinstance(seat.session, Visit):
            visits.append(seat.session)
        else:
            members.setdefault(seat.session, []).append(seat.patient)
    groups = (replace(meeting, members=tuple(present)) for meeting, present in members.items() if present)
    return Timetable(tuple(groups), tuple(visits))


class Decisions:
    """What rejecting or accepting does to the week of a proposal."""

    def __init__(self, instance: Instance, timetable: Timetable) -> None:
        self._instance = instance
        self._timetable = timetable
        self._changes = changes_of(instance, timetable)

    def broken_rules(self, rejected: AbstractSet[int]) -> list[str]:
        """Say in plain words what is wrong with the week that remains; empty where nothing is."""
        result = week_without(self._timetable, self._changes, rejected)
        verdict = check(self._instance, result)
        return list(dict.fromkeys(_in_words(error) for error in verdict.errors))

    def remedy(
        self,
        decided: AbstractSet[int],
        free: AbstractSet[int],
        rejected_with: Callable[[AbstractSet[int]], AbstractSet[int]],
    ) -> list[int]:
        """Return which of the `free` changes to decide along with those `decided`; empty where none would help.

        `rejected_with` says what is rejected when some are decided. The remedy is grown along shared meetings, people,
        rooms and days until the week holds together, and then made smaller again.
        """
        found = set(decided)
        while self.broken_rules(rejected_with(found)):
            more = self._neighbours(found) & free - found
            if not more:
                return []
            found |= more
        for number in sorted(found - decided)[:_MOST_TRIALS]:
            if not self.broken_rules(rejected_with(found - {number})):
                found.discard(number)
        return sorted(found - decided)

    def _neighbours(self, numbers: AbstractSet[int]) -> set[int]:
        touched: dict[object, set[int]] = defaultdict(set)
        for change in self._changes:
            for seat in change.seats:
                for thing in _things(seat):
                    touched[thing].add(change.number)
        return set().union(*(group for group in touched.values() if not group.isdisjoint(numbers)))


def _things(seat: Seat) -> Sequence[object]:
    """What a seat needs of a day, for which others may be in its way."""
    session = seat.session
    people: tuple[Id | None, ...] = (
        (session.practitioner,) if isinstance(session, Visit) else (session.lead, session.co, session.room)
    )
    return [(session.day, who) for who in (seat.patient, *people) if who is not None]


def _in_words(error: str) -> str:
    # Who must not meet whom is nobody's business here, and neither are names: only what kind of rule it is.
    return next((words for fault, words in _IN_WORDS if fault in error), _OTHERWISE)
