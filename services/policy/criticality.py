"""Which routes go first when a service has too much to do: what care waits for, before what can be asked later."""

from enum import Enum
from typing import Final

from services.policy.route import Route


class Criticality(Enum):
    """What a route is worth in an hour of need; the value is the share of a service's capacity that it may fill."""

    SHEDDABLE = 0.5
    USUAL = 0.9
    CRITICAL = 1.0


# Who is there, who is not, and what is on today: a group cannot begin without.
_CRITICAL: Final = frozenset(
    {
        "record_attendance", "amend_attendance", "list_attendances", "call_out", "release_appointment",
        "list_appointments", "read_timetable", "read_patient", "create_notice_receipt",
    }
)  # fmt: skip
# Reports and advice: the same tomorrow.
_SHEDDABLE: Final = frozenset(
    {
        "read_census",
        "read_horizon",
        "draw_horizon",
        "read_kpis",
        "read_weekly_kpis",
        "read_intake_kpis",
        "read_fairness",
        "read_capacity_advice",
    }
)


def criticality(route: Route) -> Criticality:
    """Return what a route is worth; a stream, which holds its place for long, never fills more than a report may."""
    if route.deadline_seconds is not None or route.operation_id in _SHEDDABLE:
        return Criticality.SHEDDABLE
    return Criticality.CRITICAL if route.operation_id in _CRITICAL else Criticality.USUAL
