"""Setting a compiled week from a timetable."""

import numpy as np

from services.scheduler.solver.annealing.boxes import facts_in, week_in
from services.scheduler.solver.annealing.facts import Ints
from services.scheduler.solver.annealing.seats import join
from services.scheduler.solver.annealing.week import (
    BOUND,
    FIXED,
    WRITTEN,
    add,
    open_meeting,
)
from services.scheduler.solver.compiled import entry


@entry
def seat_all(
    facts_flat: Ints,
    facts_table: Ints,
    week_flat: Ints,
    week_table: Ints,
    groups: Ints,
    members: Ints,
    visits: Ints,
) -> None:
    """Book everything into an empty week.

    `groups` is [group, (offer, lead, co, room, bound)], `members` [entry, (group, patient)], `visits`
    [visit, (patient, the session's columns)]. Members of a bound group stay in it.
    """
    facts, week = facts_in(facts_flat, facts_table), week_in(week_flat, week_table)
    numbers = np.empty(len(groups), np.int64)
    for row in range(len(groups)):
        week.total[WRITTEN] = 0
        group = groups[row]
        numbers[row] = open_meeting(facts, week, group[0], group[1], group[2], group[3])
        week.meetings[numbers[row], BOUND] = group[4]
    for row in range(len(members)):
        week.total[WRITTEN] = 0
        patient = members[row, 1]
        join(facts, week, patient, numbers[members[row, 0]])
        week.sessions[patient, week.count[patient] - 1, FIXED] = groups[members[row, 0], 4]
    for row in range(len(visits)):
        week.total[WRITTEN] = 0
        session = np.empty(8, np.int64)
        for column in range(8):
            session[column] = visits[row, column + 1]
        add(facts, week, visits[row, 0], session)
