"""What a session, a seat and a meeting cost, in half units, whatever else the week holds."""

from services.scheduler.solver.annealing.facts import Facts
from services.scheduler.solver.compiled import kernel


@kernel
def session_cost(facts: Facts, patient: int, service: int, day: int, start: int, staff: int) -> int:
    """Return what the session costs the patient, its delivery aside."""
    cost = facts.preference[patient, day, start]
    if (facts.told[patient, service, day] >> start) & 1:
        cost -= facts.cost_changes
    if service == facts.individual and facts.primary[patient] >= 0 and facts.primary[patient] != staff:
        cost += facts.cost_continuity
    return cost


@kernel
def kept_visit(facts: Facts, patient: int, service: int, day: int, start: int) -> int:
    """Return what a visit at its usual hour saves."""
    return facts.cost_moved if facts.usual[patient, service, day, 0] == start else 0


@kernel
def kept_seat(facts: Facts, patient: int, offer: int, lead: int) -> int:
    """Return what a seat in the usual meeting saves, which has its usual lead."""
    usual = facts.usual[patient, facts.offer_service[offer], facts.offer_day[offer]]
    if usual[0] != facts.offer_slot[offer] or usual[1] != facts.offer_alike[offer] or usual[2] != lead:
        return 0
    return facts.cost_moved


@kernel
def cost_of_meeting(facts: Facts, offer: int, co: int) -> int:
    """Return what a meeting costs, and a helper half as much again."""
    length = facts.offer_length[offer]
    return facts.cost_group * (2 * length + (length if co >= 0 else 0))
