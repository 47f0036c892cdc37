"""`python -m services.scheduler.solver.kernels`: compile everything ahead, where machine code is kept."""

import os

from services.scheduler.solver.annealing.engine import Annealing
from services.scheduler.solver.bound import BoundSearch
from services.scheduler.solver.compiled import say_compiled
from services.scheduler.solver.duals.engine import compiled_relaxation
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Instance, Timetable
from services.scheduler.solver.lifetime import die_with_parent
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.statics import Statics

NOBODY_ANYWHERE = Instance(
    name="nobody",
    tracks=(),
    languages=(),
    kinds={},
    site_open=(),
    rooms=(),
    offices=0,
    family_rooms=0,
    medication_pool=(0,) * (DAYS * SLOTS_A_DAY),
    nurse_pool=(0,) * (DAYS * SLOTS_A_DAY),
    practitioners=(),
    patients=(),
)


def compile_kernels() -> None:
    """Compile what solves run, or load it from where it is kept; takes two minutes the first time."""
    instance = NOBODY_ANYWHERE
    grid = Grid(instance)
    offers, statics = enumerate_offers(instance, grid), Statics(instance, grid)
    annealing = Annealing(instance, offers, statics, grid, seed=0)
    annealing.load(Timetable())
    annealing.anneal(0, 1.0)
    BoundSearch(instance, offers, compiled_relaxation(instance, offers, statics)).step()
    say_compiled()


if __name__ == "__main__":
    die_with_parent()
    # What waits for the machine code can wait; what the machine does meanwhile may not.
    os.nice(10)
    compile_kernels()
