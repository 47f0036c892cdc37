"""Seats kept free for people who can come at few other times: a week made without them, and then for those people.

Seats kept back in a first phase for an optimised second one win most of what a full optimisation would (Vaughan, 2020).
Who has no place for a need when everybody else has a week is whom a kept seat is for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from services.scheduler.solver.bound import unavoidable_unmet
from services.scheduler.solver.check import check
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import (
    PROCESS_GROUP,
    GroupKind,
    Id,
    Instance,
    Patient,
    Room,
    TherapyGroup,
    Timetable,
)
from services.scheduler.solver.interactive.frozen import FrozenWeek, Meeting, Session
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Outcome, Progress, Status, UnmetNeed, relative_gap
from services.scheduler.solver.steady import solve_steadily


def solve_with_kept_seats(
    instance: Instance, *, on_progress: Callable[[Progress], None] | None = None, **effort: Any
) -> Outcome:
    """Find the best week as `solve_steadily` does, within the seats that are not kept, and then give out kept ones.

    The bound is one of the week with all its seats, so that it holds whoever is given a kept one.
    """
    if not any(kind.size.kept for kind in instance.kinds.values()):
        return solve_steadily(instance, on_progress=on_progress, **effort)
    bounds = _Bounds(instance)
    outcome = solve_steadily(
        without_kept_seats(instance),
        on_progress=on_progress and (lambda progress: on_progress(bounds.of_progress(progress))),
        **effort,
    )
    return bounds.of_outcome(_given_out(instance, outcome))


class _Bounds:
    """What no week can do better than, whoever has the kept seats: needs that nobody could meet."""

    def __init__(self, instance: Instance) -> None:
        grid = Grid(instance)
        self._unmet = round(float(unavoidable_unmet(instance, enumerate_offers(instance, grid), grid).sum()))
        self._cost = float(instance.weights.unmet * self._unmet)

    def of_progress(self, progress: Progress) -> Progress:
        bound = min(progress.bound, self._cost)
        gap = relative_gap(progress.incumbent, bound)
        return replace(progress, bound=bound, gap=gap, unmet_bound=min(progress.unmet_bound, self._unmet))

    def of_outcome(self, outcome: Outcome) -> Outcome:
        bound = None if outcome.bound is None else min(outcome.bound, self._cost)
        is_proven = bound is not None and outcome.objective is not None and bound >= outcome.objective
        status = Status.FEASIBLE if outcome.status is Status.OPTIMAL and not is_proven else outcome.status
        return replace(outcome, status=status, bound=bound, unmet_bound=min(outcome.unmet_bound, self._unmet))


def without_kept_seats(instance: Instance) -> Instance:
    """Return the instance whose groups end before their kept seats, with and without a co-facilitator and in any room.

    Nobody who has a seat in the week that people know loses it for that: a kind of group keeps fewer seats where one
    of its meetings is known to be that full.
    """
    known = [group for week in (instance.published, instance.usual, instance.fixed) if week for group in week.groups]
    sizes = {code: _Sitting(kind, known) for code, kind in instance.kinds.items()}
    in_every_room = min(one.kept for one in sizes.values())
    return replace(
        instance,
        kinds={code: one.without_kept() for code, one in sizes.items()},
        rooms=tuple(_smaller(room, in_every_room, instance, known) for room in instance.rooms),
    )


class _Sitting:
    """A kind of group, how full its meetings are known to be, and what that leaves to keep."""

    def __init__(self, kind: GroupKind, known: Sequence[TherapyGroup]) -> None:
        mine = [group for group in known if group.kind == kind.code]
        self._kind = kind
        self._alone = max((len(group.members) for group in mine if group.co is None), default=0)
        fullest = max((len(group.members) for group in mine), default=0)
        self.kept = max(0, min(kind.size.kept, kind.size.maximum - max(kind.size.minimum, fullest)))

    def without_kept(self) -> GroupKind:
        size = self._kind.size
        maximum = size.maximum - self.kept
        alone = max(size.minimum, self._alone, size.co_facilitator_above - self.kept)
        alone = min(maximum, size.co_facilitator_above, alone)
        return replace(self._kind, size=replace(size, maximum=maximum, co_facilitator_above=alone, kept=0))


def _smaller(room: Room, kept: int, instance: Instance, known: Sequence[TherapyGroup]) -> Room:
    fullest = max((len(group.members) for group in known if group.room == room.id), default=0)
    smallest_group = min(kind.size.minimum for kind in instance.kinds.values())
    return replace(room, capacity=min(room.capacity, max(room.capacity - kept, fullest, smallest_group)))


def _given_out(instance: Instance, outcome: Outcome) -> Outcome:
    """Give free seats to whoever lacks a group they could have, first to who could have the fewest."""
    if outcome.timetable is None:
        return outcome
    timetable = seated(instance, outcome.timetable)
    verdict = check(instance, timetable)
    if not verdict.ok:
        return outcome
    left = FrozenWeek(instance, timetable)
    return replace(
        outcome,
        timetable=timetable,
        objective=verdict.cost,
        goals=verdict.goals,
        unmet=tuple(_still_unmet(outcome.unmet, left)),
    )


def _still_unmet(unmet: Iterable[UnmetNeed], week: FrozenWeek) -> Iterator[UnmetNeed]:
    for need in unmet:
        slots = week.missing(week.patients[need.patient]).get(need.service, 0)
        if slots:
            yield replace(need, slots=slots)


def seated(instance: Instance, timetable: Timetable) -> Timetable:
    """Return the week in which everybody who lacks a group, and could join one that meets anyway, has joined it."""
    week = FrozenWeek(instance, timetable)
    seats = {patient.id: list(_seats(week, patient)) for patient in instance.patients}
    wanting = [patient for patient in instance.patients if seats[patient.id]]
    # A seat that many could have is not the first to give to somebody who could sit elsewhere.
    asked = Counter(meeting.number for patient in wanting for meeting in seats[patient.id])
    for patient in sorted(wanting, key=lambda one: (len(seats[one.id]), str(one.id))):
        while free := list(_seats(week, patient)):
            chosen = min(free, key=lambda meeting: (asked[meeting.number] / meeting.seats, meeting.number))
            week = FrozenWeek(instance, _joined(week.timetable, chosen.number, patient.id))
    return week.timetable


def _joined(timetable: Timetable, number: int, patient: Id) -> Timetable:
    groups = list(timetable.groups)
    groups[number] = replace(groups[number], members=(*groups[number].members, patient))
    return replace(timetable, groups=tuple(groups))


def _seats(week: FrozenWeek, patient: Patient) -> Iterator[Meeting]:
    missing = week.missing(patient)
    for meeting in week.meetings:
        if missing.get(meeting.kind.service, 0) >= meeting.slots and _suits(week, patient, meeting):
            yield meeting


def _suits(week: FrozenWeek, patient: Patient, meeting: Meeting) -> bool:
    group, service = meeting.group, meeting.kind.service
    session = Session(service, group.day, group.slot, meeting.slots, group.modality, meeting.number, group.lead)
    today = [one for one in week.sessions.get(patient.id, ()) if one.day == group.day]
    return (
        meeting.seats > 0
        and not week.instance.has_begun(group)
        and (service != PROCESS_GROUP or group.track == patient.track)
        and group.language in patient.languages
        and group.modality in patient.modalities
        and patient.is_free(group.day, group.slot, session.end, group.modality)
        and week.fits_day(patient, today, session)
        and not week.sits_with_enemy(patient, meeting)
    )
