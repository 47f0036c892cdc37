"""What is true of disruptions: what they keep from a week. Pure."""

from collections import defaultdict
from collections.abc import Iterable

from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.scheduler.disruptions import Disruption, DisruptionKind
from services.scheduler.solves.outages import Hours, Outages
from services.scheduler.weeks import SlotInterval, WeekGrid, window_slots


def outages_of(disruptions: Iterable[Disruption], grid: WeekGrid) -> Outages:
    """Sum up open disruptions in the slots of their week; a slot that is touched is gone whole."""
    hours: dict[PractitionerId, Hours] = {}
    away: dict[PractitionerId, list[SlotInterval]] = defaultdict(list)
    lost: dict[RoomId, list[SlotInterval]] = defaultdict(list)
    closed: list[SlotInterval] = []
    for disruption in disruptions:
        slots = _slots(disruption, grid)
        if disruption.kind is DisruptionKind.SITE_CLOSED:
            closed += slots
        elif disruption.room_id is not None:
            lost[disruption.room_id] += slots
        elif disruption.practitioner_id is not None and disruption.shifts is not None:
            hours[disruption.practitioner_id] = Hours(window_slots(disruption.shifts), window_slots(disruption.breaks))
        elif disruption.practitioner_id is not None:
            away[disruption.practitioner_id] += slots
    return Outages(hours, away, lost, closed)


def _slots(disruption: Disruption, grid: WeekGrid) -> list[SlotInterval]:
    if disruption.start is None or disruption.end is None:
        return []
    return grid.busy([(disruption.start, disruption.end)])


def meets_week(disruption: Disruption, grid: WeekGrid) -> bool:
    """Say whether the interval, where there is one, takes anything from the week."""
    return disruption.start is None or bool(_slots(disruption, grid))
