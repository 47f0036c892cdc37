"""People of one cohort meet in groups as far as that costs nobody anything.

The solve knows of no cohorts: of two meetings of one kind it takes anybody into either. Afterwards two people change
places where neither has it worse for that in anything they are asked about, and more people of a cohort meet. Whoever
has a place that they know keeps it, so that who is together stays so from week to week.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import (
    ON_SITE,
    PROCESS_GROUP,
    Id,
    Instance,
    Patient,
    SessionKey,
    Timetable,
    UsualSeat,
)
from services.scheduler.solver.interactive.frozen import FrozenWeek, Session
from services.scheduler.solver.kept import solve_with_kept_seats
from services.scheduler.solver.outcome import Outcome

Cohorts = Sequence[Sequence[Id]]
"""Who began together; nobody is in two."""

# Of changes of two places, some 30 us each; in a week of 300 people who are all in cohorts it is some 15,000.
MOST_WEIGHED: Final = 40_000


def solve_for_cohorts(instance: Instance, cohorts: Cohorts, **effort: Any) -> Outcome:
    """Find the best week as `solve_with_kept_seats` does, and let cohorts meet in it as `together` does."""
    outcome = solve_with_kept_seats(instance, **effort)
    if outcome.timetable is None or not cohorts:
        return outcome
    timetable = together(instance, outcome.timetable, cohorts)
    if timetable == outcome.timetable:
        return outcome
    verdict = check(instance, timetable)
    if not verdict.ok:
        return outcome
    return replace(outcome, timetable=timetable, objective=verdict.cost, goals=verdict.goals)


def together(instance: Instance, timetable: Timetable, cohorts: Cohorts) -> Timetable:
    """Return a week in which no two people can change places and more of a cohort meet, with nobody worse off.

    Neither do fewer pairs of a cohort meet at all, nor is any meeting or anybody's week longer or at a worse time.
    """
    return _Places(instance, timetable, cohorts).settled()


class _Exchange(NamedTuple):
    """Two people who may change places; how many more pairs then meet at all, and how many more times in all."""

    here: int
    there: int
    one: Id
    other: Id
    pairs: int
    times: int


class _Day(NamedTuple):
    """What a day of somebody's asks of them: whether to come at all, and slots of waiting."""

    trips: int = 0
    idle: int = 0


class _Places:
    def __init__(self, instance: Instance, timetable: Timetable, cohorts: Cohorts) -> None:
        self._instance = instance
        self._week = FrozenWeek(instance, timetable)
        self._cohort = {member: number for number, cohort in enumerate(cohorts) for member in cohort}
        self._members = [list(group.members) for group in timetable.groups]
        self._seated = [self._by_cohort(group.members) for group in timetable.groups]
        self._sessions = {who: list(sessions) for who, sessions in self._week.sessions.items()}
        told = [week for week in (instance.published, instance.usual) if week is not None]
        self._known = {seat for week in told for seat in instance.seats(week)}
        self._told = instance.published_keys()
        fixed = {(group.kind, group.day, group.slot, group.lead): group.members for group in instance.fixed.groups}
        self._fixed = [
            frozenset(fixed.get((group.kind, group.day, group.slot, group.lead), ())) for group in timetable.groups
        ]
        self._alike = self._meetings_alike()
        self._beside = {
            number: [other for other in others if self._are_side_by_side(number, other)]
            for number, others in self._alike.items()
        }
        self._met = Counter(
            frozenset((one, mate))
            for number, members in enumerate(self._members)
            for one in members
            for mate in self._mates(one, number)
            if str(one) < str(mate)
        )
        self._weighed = 0
        self._may: dict[Id, dict[tuple[int, int], bool]] = defaultdict(dict)

    def settled(self) -> Timetable:
        while self._round():
            pass
        timetable = self._week.timetable
        groups = (
            replace(group, members=tuple(members))
            for group, members in zip(timetable.groups, self._members, strict=True)
        )
        return replace(timetable, groups=tuple(groups))

    def _round(self) -> int:
        """Let everybody change places once, and every cohort come to each meeting; returns how often that was good."""
        settled = sum(self._settle(who) for who in self._cohort)
        cohorts = sorted(set(self._cohort.values()))
        return settled + sum(self._gather(cohort, there) for there in self._alike for cohort in cohorts)

    def _settle(self, who: Id) -> bool:
        """Let somebody change places once, where more of their cohort meet then; says whether they did."""
        ways = (
            way
            for here in self._meetings_of(who)
            for there in self._alike[here]
            if self._mates(who, there)
            for way in self._ways(who, here, there)
            if _is_better(way.pairs, way.times)
        )
        best = max(ways, key=_worth, default=None)
        if best is not None:
            self._perform(best)
        return best is not None

    def _gather(self, cohort: int, there: int) -> bool:
        """Let a cohort come to a meeting from those at its side; says whether more of it meet, and undoes it if not.

        Where most of them sit there may be too few seats for all, and then one alone has no reason to go elsewhere.
        """
        coming = [(here, who) for here in self._beside[there] for who in self._seated[here].get(cohort, ())]
        done: list[_Exchange] = []
        for here, who in coming:
            ways = (way for way in self._ways(who, here, there) if self._cohort.get(way.other) != cohort)
            best = max(ways, key=_worth, default=None)
            if best is not None:
                self._perform(best)
                done.append(best)
        if _is_better(sum(one.pairs for one in done), sum(one.times for one in done)):
            return True
        for exchange in reversed(done):
            self._perform(exchange._replace(one=exchange.other, other=exchange.one))
        return False

    def _meetings_of(self, who: Id) -> list[int]:
        numbers = [session.meeting for session in self._sessions.get(who, ())]
        return [number for number in numbers if number is not None and number in self._alike]

    def _are_side_by_side(self, here: int, there: int) -> bool:
        groups = self._week.timetable.groups
        return (groups[here].day, groups[here].slot) == (groups[there].day, groups[there].slot)

    def _meetings_alike(self) -> dict[int, list[int]]:
        """Name the other meetings of its kind beside each that is to come.

        By telehealth they are not alike: who leads has to be licensed where everybody is.
        """
        kinds: dict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(self._week.timetable.groups):
            if group.modality == ON_SITE and not self._instance.has_begun(group):
                kinds[group.kind].append(number)
        return {
            number: [other for other in numbers if other != number] for numbers in kinds.values() for number in numbers
        }

    def _ways(self, who: Id, here: int, there: int) -> Iterator[_Exchange]:
        """Yield with whom somebody may change places."""
        if not self._may_go(who, here, there):
            return
        for other in self._members[there]:
            if self._weighed == MOST_WEIGHED:
                return
            self._weighed += 1
            exchange = self._exchange(here, there, who, other)
            if self._may_meet(exchange) and self._may_go(other, there, here):
                yield exchange

    def _exchange(self, here: int, there: int, one: Id, other: Id) -> _Exchange:
        pairs = times = 0
        for who, left, found in ((one, here, there), (other, there, here)):
            lost, won = self._mates(who, left), self._mates(who, found) - {one, other}
            times += len(won) - len(lost)
            pairs += sum(not self._met[frozenset((who, mate))] for mate in won)
            pairs -= sum(self._met[frozenset((who, mate))] == 1 for mate in lost - won)
        return _Exchange(here, there, one, other, pairs, times)

    def _by_cohort(self, members: Sequence[Id]) -> dict[int, list[Id]]:
        found: dict[int, list[Id]] = defaultdict(list)
        for member in members:
            if member in self._cohort:
                found[self._cohort[member]].append(member)
        return found

    def _mates(self, who: Id, number: int) -> set[Id]:
        """Return who else of the cohort is in a meeting."""
        cohort = self._cohort.get(who)
        return set() if cohort is None else {one for one in self._seated[number].get(cohort, ()) if one != who}

    def _may_meet(self, exchange: _Exchange) -> bool:
        here, there, one, other = exchange[:4]
        return all(
            self._week.enemies.get(who, set()).isdisjoint({*self._members[found]} - {left})
            for who, found, left in ((one, there, other), (other, here, one))
        )

    def _may_go(self, who: Id, here: int, there: int) -> bool:
        known = self._may[who]
        if (here, there) not in known:
            known[here, there] = self._is_no_worse(self._week.patients[who], here, there)
        return known[here, there]

    def _is_no_worse(self, patient: Patient, here: int, there: int) -> bool:
        """Say whether somebody may sit in another meeting, and loses nothing that they know by it."""
        group = self._week.timetable.groups[there]
        if patient.id in self._fixed[here] or group.language not in patient.languages:
            return False
        if self._week.meetings[there].kind.service == PROCESS_GROUP and group.track != patient.track:
            return False
        told_here, seat_here = self._knows(patient.id, here)
        told_there, seat_there = self._knows(patient.id, there)
        if told_here > told_there or seat_here > seat_there:
            return False
        left, found = self._session(here), self._session(there)
        return self._are_side_by_side(here, there) or self._is_no_worse_then(patient, left, found)

    def _knows(self, who: Id, number: int) -> tuple[bool, bool]:
        """Say whether somebody was told of this time, and has this seat already."""
        group, service = self._week.timetable.groups[number], self._week.meetings[number].kind.service
        seat = UsualSeat(who, group.kind, group.day, group.slot, group.track, group.language, group.lead)
        return SessionKey(who, service, group.day, group.slot) in self._told, seat in self._known

    def _is_no_worse_then(self, patient: Patient, left: Session, found: Session) -> bool:
        """Say whether another time suits somebody as well: its hours, its days, its trips and its waiting."""
        likes, before = patient.preference, self._sessions[patient.id]
        if likes.cost(found.day, found.slot) > likes.cost(left.day, left.slot):
            return False
        if not patient.is_free(found.day, found.slot, found.end, found.modality):
            return False
        after = [found if session == left else session for session in before]
        days = {left.day, found.day}
        were = [self._day(patient, before, day) for day in days]
        are = [self._day(patient, after, day) for day in days]
        if None in were or None in are:
            return False
        return all(
            sum(getattr(day, part) for day in are) <= sum(getattr(day, part) for day in were) for part in _Day._fields
        )

    def _day(self, patient: Patient, sessions: Sequence[Session], day: int) -> _Day | None:
        """Return what a day costs; None where it breaks a rule."""
        today = sorted((session for session in sessions if session.day == day), key=lambda one: one.slot)
        if not today:
            return _Day()
        if not self._week.fits_day(patient, today[1:], today[0]):
            return None
        length, gaps = today[-1].end - today[0].slot, self._instance.limits.gap_slots * (len(today) - 1)
        return _Day(1, length - sum(session.slots for session in today) - gaps)

    def _session(self, number: int) -> Session:
        group, kind = self._week.timetable.groups[number], self._week.meetings[number].kind
        return Session(kind.service, group.day, group.slot, kind.slots, group.modality, number, group.lead)

    def _perform(self, exchange: _Exchange) -> None:
        moves = ((exchange.one, exchange.here, exchange.there), (exchange.other, exchange.there, exchange.here))
        for who, left, _ in moves:
            self._met.subtract(frozenset((who, mate)) for mate in self._mates(who, left))
        for who, left, _ in moves:
            seats = self._members[left]
            seats[seats.index(who)] = exchange.other if who == exchange.one else exchange.one
            self._seated[left] = self._by_cohort(seats)
        for who, left, found in moves:
            self._met.update(frozenset((who, mate)) for mate in self._mates(who, found))
            sessions = self._sessions[who]
            sessions[sessions.index(self._session(left))] = self._session(found)
            if not self._are_side_by_side(left, found):
                self._may.pop(who, None)


def _is_better(pairs: int, times: int) -> bool:
    """Say whether more of a cohort meet, or more often, and neither at the other's expense."""
    return min(pairs, times) >= 0 and pairs + times > 0


def _worth(exchange: _Exchange) -> tuple[int, int]:
    return exchange.pairs, exchange.times
