"""The week of a small site as one model with everything in it, whose end proves that no week is better."""

from random import Random
from typing import Final

import numpy as np

from services.scheduler.solver.board import Board
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import DAYS, MODALITIES, SLOTS_A_DAY, Instance, Timetable, Visit
from services.scheduler.solver.model import Join, Problem, Staffing
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.visits import VisitChoices

# Some five people: larger models do not come to their end in the time there is.
MOST_LITERALS: Final = 2_000
_EVERY_START: Final = len(MODALITIES) * DAYS * SLOTS_A_DAY


def whole_problem(instance: Instance, offers: Offers, statics: Statics, *, most: int = MOST_LITERALS) -> Problem | None:
    """Return the problem that leaves nothing out; None where it would have more than so many literals."""
    masks = (offers.eligible, offers.leaders, offers.assistants)
    left = most - sum(int(mask.sum()) for mask in masks)
    choices = VisitChoices(instance, statics, Random(0), each=_EVERY_START)  # noqa: S311 -- nothing secret
    board, visits = Board.of(instance, Timetable()), list[Visit]()
    for column in range(len(instance.patients)):
        if len(visits) > left:
            break
        visits += choices.of(board, column, offers.items)
    if len(visits) > left:
        return None
    people = [patient.id for patient in instance.patients]
    staff = [person.id for person in instance.practitioners]
    return Problem(
        instance=instance,
        joins=tuple(Join(people[who], offers.items[row]) for row, who in _where(offers.eligible)),
        leads=tuple(Staffing(offers.items[row], staff[who]) for row, who in _where(offers.leaders)),
        assists=tuple(Staffing(offers.items[row], staff[who]) for row, who in _where(offers.assistants)),
        visits=tuple(visits),
    )


def _where(mask: Mask) -> list[list[int]]:
    found: list[list[int]] = np.argwhere(mask).tolist()
    return found
