"""A plan of the relaxation made into a week: its meetings opened, and filled with who wanted them most."""

from typing import Final

import numpy as np

from services.scheduler.solver.board import Board
from services.scheduler.solver.dive import Dive, Plan
from services.scheduler.solver.greedy import Groups
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.placement import place_visits
from services.scheduler.solver.statics import Statics

# Somebody who wanted a seat less than this takes it only where the meeting lacks people.
WANTED: Final = 0.3
FEW: Final = 4


def planned(instance: Instance, offers: Offers, statics: Statics, dive: Dive) -> Timetable:
    """Build a week that breaks no rule, from the meetings that enough people were sure of to those that few were."""
    board, plan = Board(instance), dive.plan
    groups = Groups(instance, offers, board)
    for offer, lead in sorted(plan.meetings, key=lambda meeting: -_certainty(plan, meeting[0])):
        group = groups.compose(offer, wishes=plan.wanted[offer], least=WANTED, preferred=lead)
        if group is not None:
            groups.book(group)
    groups.open_all()
    place_visits(instance, statics, board)
    return board.timetable()


def _certainty(plan: Plan, offer: int) -> float:
    """How much the first few wanted the meeting."""
    return float(np.sort(plan.wanted[offer])[::-1][:FEW].sum())
