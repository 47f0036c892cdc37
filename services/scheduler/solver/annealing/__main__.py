"""`python -m services.scheduler.solver.annealing`: compile the kernels ahead, where machine code is kept."""

import os

from services.scheduler.solver.annealing.engine import compile_kernels
from services.scheduler.solver.lifetime import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    # What waits for the machine code can wait; what the machine does meanwhile may not.
    os.nice(10)
    compile_kernels()
