"""What an instance fixes must not break a rule by itself: no timetable could keep it."""

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import Instance, Timetable

# A fixed group may gain members and a co-facilitator, so being too small is no contradiction.
AMENDABLE = ("size out of range",)


def with_past(instance: Instance, timetable: Timetable) -> Timetable:
    """Return the timetable with the part of the week that has begun as it was."""
    begun = instance.begun()
    return Timetable(
        (*begun.groups, *(group for group in timetable.groups if not instance.has_begun(group))),
        (*begun.visits, *(visit for visit in timetable.visits if not instance.has_begun(visit))),
    )


def contradictions(instance: Instance) -> tuple[str, ...]:
    """Say which fixed sessions break which rule, in the checker's words."""
    errors = check(instance, instance.fixed).errors
    return tuple(error for error in errors if not error.endswith(AMENDABLE))
