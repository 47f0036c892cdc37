"""One patient's best week among the meetings that already take place, everybody else unmoved."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from services.scheduler.solver.batches import batch_of
from services.scheduler.solver.board import Board
from services.scheduler.solver.days import Costs
from services.scheduler.solver.instance import (
    MODALITIES,
    PROCESS_GROUP,
    STAFFED_SERVICES,
    Id,
    Instance,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.weeks import PlannedSession, WeekPlanner

ATTEMPTS = 4


class Insertion:
    """Places patients one after another into a timetable under construction.

    Meetings may be below their minimum meanwhile; `timetable` leaves those out.
    """

    def __init__(self, instance: Instance, statics: Statics, timetable: Timetable) -> None:
        self._instance = instance
        self._statics = statics
        self._person = {patient.id: n for n, patient in enumerate(instance.patients)}
        self._planners: dict[int, WeekPlanner] = {}
        self._rooms = {room.id: room.capacity for room in instance.rooms}
        self._groups = [replace(group, members=()) for group in timetable.groups]
        self._members = [list(group.members) for group in timetable.groups]
        self._visits: dict[Id, list[Visit]] = defaultdict(list)
        for visit in timetable.visits:
            self._visits[visit.patient].append(visit)
        self._board = Board.of(instance, Timetable(tuple(self._groups), timetable.visits))

    def timetable(self) -> Timetable:
        """Return the week with every meeting that has its minimum of members."""
        groups = [
            replace(group, members=tuple(members), co=self._co(group, len(members)))
            for group, members in zip(self._groups, self._members, strict=True)
            if len(members) >= self._instance.kinds[group.kind].size.minimum
        ]
        visits = [visit for own in self._visits.values() for visit in own]
        return Timetable(tuple(groups), tuple(visits))

    def _co(self, group: TherapyGroup, members: int) -> Id | None:
        alone = self._instance.kinds[group.kind].size.co_facilitator_above
        return group.co if members > alone else None

    def small(self) -> list[int]:
        """List the meetings that have members, but too few."""
        return [
            number
            for number, group in enumerate(self._groups)
            if 0 < len(self._members[number]) < self._instance.kinds[group.kind].size.minimum
        ]

    def members(self, number: int) -> list[Id]:
        """Return the members of a meeting."""
        return list(self._members[number])

    def close(self, number: int) -> None:
        """Close a meeting and take everybody in it out of the week."""
        for member in self.members(number):
            self.remove(member)
        self._board.release_group(self._groups[number])
        del self._groups[number], self._members[number]

    def remove(self, patient: Id) -> None:
        """Take a patient out of every session."""
        for members in self._members:
            if patient in members:
                members.remove(patient)
        for visit in self._visits.pop(patient, []):
            self._board.release_visit(visit)

    def place(self, patient: Id, *, prefer: float = 0.0) -> None:
        """Give the patient the cheapest week the rules and the others allow.

        `prefer` is earned by joining a meeting that still lacks members.
        """
        number = self._person[patient]
        costs = self._costs(number, prefer)
        for _ in range(ATTEMPTS):
            plan = self._planner(number).solve(costs[None]).plan(0)
            overlong = self._waits_too_long(plan)
            if not overlong:
                self._book(patient, plan)
                return
            session = overlong[0]
            option = self._planner(number).batch.options.index(session.option)
            costs[option, session.modality, session.day, session.slot] = np.inf

    def _planner(self, number: int) -> WeekPlanner:
        if number not in self._planners:
            batch = batch_of(self._instance, number)
            static = self._statics.costs(batch)
            self._planners[number] = WeekPlanner(self._instance, batch, static)
        return self._planners[number]

    def _costs(self, number: int, prefer: float) -> Costs:
        planner, patient = self._planner(number), self._instance.patients[number]
        costs: Costs = np.full(planner.static.shape[1:], np.inf)
        for column, option in enumerate(planner.batch.options):
            if option.kind is None:
                costs[column] = self._visit_costs(number, column)
        enemies = {other for pair in self._instance.no_contact if patient.id in pair for other in pair}
        for group, members in zip(self._groups, self._members, strict=True):
            if not self._may_join(group, members, number) or enemies.intersection(members):
                continue
            for column, option in enumerate(planner.batch.options):
                if option.kind == group.kind:
                    place = (column, MODALITIES.index(group.modality), group.day, group.slot)
                    size = self._instance.kinds[group.kind].size
                    bonus = prefer if len(members) < size.minimum else 0.0
                    costs[place] = planner.static[(0, *place)] - bonus
        return costs

    def _may_join(self, group: TherapyGroup, members: list[Id], number: int) -> bool:
        patient, kind = self._instance.patients[number], self._instance.kinds[group.kind]
        seats = kind.size.maximum if group.co is not None else kind.size.co_facilitator_above
        if group.room is not None:
            seats = min(seats, self._rooms[group.room])
        return (
            len(members) < seats
            and group.language in patient.languages
            and (kind.service != PROCESS_GROUP or group.track == patient.track)
        )

    def _visit_costs(self, number: int, column: int) -> Costs:
        planner = self._planner(number)
        option = planner.batch.options[column]
        costs: Costs = planner.static[0, column].copy()
        for index, modality in enumerate(MODALITIES):
            is_open = self._board.open_starts(option.service, option.slots, modality)
            costs[index][~is_open] = np.inf
        if option.service in STAFFED_SERVICES:
            team = [
                np.where(mask & self._board.working_starts(person, option.slots), extra, np.inf)
                for person, mask, extra in self._statics.team(number, option)
            ]
            costs += np.min(team, axis=0) if team else np.inf
        return costs

    def _waits_too_long(self, plan: Iterable[PlannedSession]) -> list[PlannedSession]:
        days: dict[int, list[PlannedSession]] = defaultdict(list)
        for session in plan:
            days[session.day].append(session)
        limits = self._instance.limits
        for sessions in days.values():
            first = min(session.slot for session in sessions)
            last = max(session.slot + session.option.slots for session in sessions)
            busy = sum(session.option.slots for session in sessions)
            if last - first - busy - limits.gap_slots * (len(sessions) - 1) > limits.idle_slots:
                return sorted(sessions, key=lambda session: session.option.slots)
        return []

    def _book(self, patient: Id, plan: Iterable[PlannedSession]) -> None:
        for session in plan:
            if session.option.kind is None:
                self._visit(patient, session)
            else:
                self._join(patient, session)

    def _join(self, patient: Id, session: PlannedSession) -> None:
        number = self._person[patient]
        options = [
            (-len(members), position)
            for position, (group, members) in enumerate(zip(self._groups, self._members, strict=True))
            if (group.kind, group.day, group.slot) == (session.option.kind, session.day, session.slot)
            and group.modality == MODALITIES[session.modality]
            and self._may_join(group, members, number)
        ]
        self._members[min(options)[1]].append(patient)

    def _visit(self, patient: Id, session: PlannedSession) -> None:
        number, option = self._person[patient], session.option
        who: Id | None = None
        if option.service in STAFFED_SERVICES:
            able = [
                (extra, int(self._board.busy[person].sum()), person)
                for person, mask, extra in self._statics.team(number, option)
                if mask[session.day, session.slot]
                and self._board.may_work(person, session.day, session.slot, option.slots)
            ]
            if not able:
                return
            who = self._instance.practitioners[min(able)[2]].id
        modality = MODALITIES[session.modality]
        visit = Visit(patient, option.service, session.day, session.slot, modality, who)
        self._visits[patient].append(visit)
        self._board.book_visit(visit)
