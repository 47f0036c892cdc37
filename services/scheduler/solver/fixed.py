"""What an instance fixes must not break a rule by itself: no timetable could keep it."""

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import Instance

# A fixed group may gain members and a co-facilitator, so being too small is no contradiction.
AMENDABLE = ("size out of range",)


def contradictions(instance: Instance) -> tuple[str, ...]:
    """Say which fixed sessions break which rule, in the checker's words."""
    errors = check(instance, instance.fixed).errors
    return tuple(error for error in errors if not error.endswith(AMENDABLE))
