"""All that one patient could still attend in a frozen week, and what each session would cost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Patient,
    Practitioner,
    SessionKey,
)
from services.scheduler.solver.interactive.frozen import FrozenWeek, Meeting
from services.scheduler.solver.interactive.ranking import NEVER, Ranking
from services.scheduler.solver.interactive.slots import (
    WHOLE_DAY,
    Week,
    as_mask,
    covered,
    starts_in,
    starts_within,
)

Numbers = npt.NDArray[np.int64]


class Seat(NamedTuple):
    """A free seat the patient could take, its price in points of comfort, and its whole cost."""

    meeting: Meeting
    scarcity: int
    cost: int


@dataclass(frozen=True, slots=True)
class VisitStarts:
    """Where visits of one kind may start: cost and practitioner by [modality, day, slot].

    `watched` is the practitioner where the week's hours have to be counted across visits; else the
    cheapest free one is in `who`, as a position among the instance's practitioners, -1 for a pool.
    """

    service: str
    slots: int
    watched: Id | None
    cost: Numbers
    who: Numbers


@dataclass(frozen=True, slots=True)
class Watched:
    """A practitioner of whom the patient could take so many slots that it matters how many."""

    practitioner: Practitioner
    load: int

    def cost(self, slots: int, ranking: Ranking, busy_percent: int) -> int:
        """Price so many slots more in the week; NEVER beyond the maximum."""
        most = self.practitioner.max_slots_week
        if slots and self.load + slots > most:
            return NEVER
        return ranking.balance * _overtime(self.practitioner, self.load, slots, busy_percent)


def _overtime(person: Practitioner, load: int, slots: int, busy_percent: int) -> int:
    share = person.max_slots_week * busy_percent // 100
    return max(0, load + slots - share) - max(0, load - share)


class Options:
    """Free seats and visit starts of one patient; the patient's own sessions stay where they are."""

    def __init__(self, week: FrozenWeek, patient: Patient, prices: Mapping[int, int], ranking: Ranking) -> None:
        self.week = week
        self.patient = patient
        self.ranking = ranking
        self.missing = week.missing(patient)
        self._prices = prices
        self._instance = week.instance
        self._published = {
            (key.service, key.day, key.slot) for key in _own_keys(week.instance.published_keys(), patient.id)
        }
        self._free = {modality: self._own_time(modality) for modality in MODALITIES}
        self._positions = {person.id: number for number, person in enumerate(week.instance.practitioners)}
        self._preference = self._preferences()
        self.watched = self._watch()
        self.seats = list(self._seats())
        self.visits = [starts for service in INDIVIDUAL_SERVICES for starts in self._visits(service)]

    def _own_time(self, modality: str) -> Week:
        """Slots clear of commitments and of the travel around them; none in a modality that is not allowed."""
        if modality not in self.patient.modalities:
            return [0] * DAYS
        margin = self.patient.travel_slots if modality == ON_SITE else 0
        return [WHOLE_DAY & ~busy for busy in covered(self.patient.commitments, margin)]

    def _preferences(self) -> Numbers:
        """What a start costs, by [day, slot]."""
        like, ranking = self.patient.preference, self.ranking
        return (
            ranking.preference
            * np.array([[like.cost(day, slot) for slot in range(SLOTS_A_DAY)] for day in (0, DAYS - 1)], np.int64)[
                [0, 0, 0, 0, 0, 1, 1]
            ]
        )

    def session_cost(self, service: str, day: int, slot: int, slots: int) -> int:
        """What delivering the session there costs by itself: below zero, for it meets a need."""
        cost = int(self._preference[day, slot]) - self.ranking.unmet * slots
        return cost - (self.ranking.changes if (service, day, slot) in self._published else 0)

    def _seats(self) -> Iterator[Seat]:
        """Yield one seat for each service, length, modality and start: the one that is missed least."""
        best: dict[tuple[object, ...], Seat] = {}
        for meeting in self.week.meetings:
            if not self._may_join(meeting):
                continue
            group = meeting.group
            price = self._prices.get(meeting.number, 0)
            cost = self.session_cost(meeting.kind.service, group.day, group.slot, meeting.slots)
            seat = Seat(meeting, price, cost + self.ranking.comfort * price)
            alike = (meeting.kind.service, meeting.slots, group.modality, group.day, group.slot)
            rival = best.get(alike)
            if rival is None or (seat.cost, -meeting.seats) < (rival.cost, -rival.meeting.seats):
                best[alike] = seat
        return iter(best.values())

    def _may_join(self, meeting: Meeting) -> bool:
        group, service = meeting.group, meeting.kind.service
        return (
            meeting.seats > 0
            and self.missing.get(service, 0) >= meeting.slots
            and (service != PROCESS_GROUP or group.track == self.patient.track)
            and group.language in self.patient.languages
            and bool(starts_in(self._free[group.modality][group.day], meeting.slots) >> group.slot & 1)
            and self.patient.id not in group.members
            and not self.week.sits_with_enemy(self.patient, meeting)
        )

    def _visits(self, service: str) -> Iterator[VisitStarts]:
        slots = self._instance.visit_slots(self.patient, service)
        if not slots or self.missing.get(service, 0) < slots:
            return
        places = {modality: self._places(service, slots, modality) for modality in MODALITIES}
        if service not in STAFFED_SERVICES:
            yield self._starts(service, slots, None, [(-1, places, 0)])
            return
        shared: list[tuple[int, Mapping[str, Week], int]] = []
        for person in self.holders(service):
            work = self._working(person, slots)
            if not any(work):
                continue
            open_starts = {m: [a & b for a, b in zip(places[m], work, strict=True)] for m in MODALITIES}
            extra = self.ranking.continuity * self.strangeness(service, person.id)
            if person.id in self.watched:
                yield self._starts(service, slots, person.id, [(self._positions[person.id], open_starts, extra)])
            else:
                load = self.week.work[person.id].load
                overtime = _overtime(person, load, slots, self._instance.weights.busy_percent)
                extra += self.ranking.balance * overtime
                shared.append((self._positions[person.id], open_starts, extra))
        if shared:
            yield self._starts(service, slots, None, shared)

    def holders(self, service: str) -> list[Practitioner]:
        """Who may hold the patient's visits of a staffed service."""
        people = self.week.practitioners
        team = [people[member] for member in self.patient.team] if service == INDIVIDUAL else list(people.values())
        return [person for person in team if service in person.individual]

    def strangeness(self, service: str, practitioner: Id | None) -> int:
        """What it costs that the visit is not with the primary practitioner."""
        primary = self.patient.primary
        is_other = service == INDIVIDUAL and primary is not None and practitioner != primary
        return self._instance.weights.continuity if is_other else 0

    def _places(self, service: str, slots: int, modality: str) -> Week:
        """Starts at which the patient is free and an office, a room or somebody of the pool is too."""
        if service == NURSE_VISIT and modality != ON_SITE:
            return [0] * DAYS
        free = self._free[modality]
        if modality == ON_SITE or service in (MEDICATION, NURSE_VISIT):
            free = [own & ~full for own, full in zip(free, self.week.full[service], strict=True)]
        if service == FAMILY:
            free = [a & b for a, b in zip(free, covered(self.patient.family_available or ()), strict=True)]
        found = [starts_in(own, slots) for own in free]
        if modality == ON_SITE:
            opening = starts_within(self._instance.site_open, slots)
            found = [a & b for a, b in zip(found, opening, strict=True)]
        if service == NURSE_VISIT:
            found = [own if self._is_apart(day) else 0 for day, own in enumerate(found)]
        return found

    def _is_apart(self, day: int) -> bool:
        """Say whether a nurse visit on this day keeps its distance from those the patient has."""
        apart = self._instance.limits.nurse_days_apart
        had = self.week.sessions.get(self.patient.id, ())
        return all(abs(day - session.day) >= apart for session in had if session.service == NURSE_VISIT)

    def _working(self, person: Practitioner, slots: int) -> Week:
        """Starts at which the practitioner has the time and the hours left."""
        work = self.week.work[person.id]
        if work.load + slots > person.max_slots_week:
            return [0] * DAYS
        duty, pauses = starts_within(person.shifts, slots), covered(person.breaks)
        return [
            duty[day] & starts_in(WHOLE_DAY & ~(pauses[day] | work.busy[day]), slots)
            if work.on(day) + slots <= person.max_slots_day
            else 0
            for day in range(DAYS)
        ]

    def _starts(
        self, service: str, slots: int, watched: Id | None, ways: list[tuple[int, Mapping[str, Week], int]]
    ) -> VisitStarts:
        shape = (len(MODALITIES), DAYS, SLOTS_A_DAY)
        cost, who = np.full(shape, NEVER, np.int64), np.full(shape, -1, np.int64)
        base = self._preference - self.ranking.unmet * slots
        for published, day, slot in self._published:
            if published == service:
                base[day, slot] -= self.ranking.changes
        for position, starts, extra in ways:
            for index, modality in enumerate(MODALITIES):
                for day in range(DAYS):
                    if starts[modality][day]:
                        mask = as_mask(starts[modality][day])
                        better = mask & (base[day] + extra < cost[index, day])
                        cost[index, day][better] = base[day][better] + extra
                        who[index, day][better] = position
        return VisitStarts(service, slots, watched, cost, who)

    def _watch(self) -> dict[Id, Watched]:
        """Find the practitioners whose hours couple one visit with another: two visits, and the sum matters."""
        visits: dict[Id, list[int]] = {}
        for service in STAFFED_SERVICES:
            slots = self._instance.visit_slots(self.patient, service)
            count = self.missing.get(service, 0) // slots if slots else 0
            for person in self.holders(service) if count else ():
                visits.setdefault(person.id, []).extend([slots] * count)
        return {
            person: Watched(self.week.practitioners[person], self.week.work[person].load)
            for person, lengths in visits.items()
            if len(lengths) > 1 and self._matters(self.week.practitioners[person], sum(lengths))
        }

    def _matters(self, person: Practitioner, slots: int) -> bool:
        work = self.week.work[person.id]
        share = person.max_slots_week * self._instance.weights.busy_percent // 100
        return (
            work.load + slots > person.max_slots_week
            or work.load < share < work.load + slots
            or any(work.on(day) + slots > person.max_slots_day for day in range(DAYS))
        )


def _own_keys(keys: frozenset[SessionKey], patient: Id) -> Iterator[SessionKey]:
    return (key for key in keys if key.patient == patient)
