"""What is true of disruptions: what they keep from a week, and from one session of it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from services.contracts.identifiers import GroupOfferingId, PractitionerId, RoomId
from services.contracts.scheduler.disruptions import Disruption, DisruptionKind
from services.contracts.vocabulary import Modality
from services.scheduler.closures.hours import ClosedHours
from services.scheduler.disruptions.sessions import PlannedSession
from services.scheduler.solves.outages import Outages
from services.scheduler.solves.rules import SiteSetup
from services.scheduler.solves.setup_rules import (
    FIRST_VERSION,
    Hours,
    Slots,
    days_out,
    ended_by,
    hours_of,
    never_open,
    without,
)
from services.scheduler.weeks import SlotInterval, WeekGrid, window_slots


def outages_of(
    disruptions: Iterable[Disruption],
    closures: Sequence[ClosedHours],
    grid: WeekGrid,
    setup: SiteSetup | None = None,
) -> Outages:
    """Sum up what is in force in the slots of its week; a slot that is touched is gone whole.

    Of the setup counts who and what is not there yet, or no more, and what was changed since it was first entered.
    """
    hours: dict[PractitionerId, Hours] = {}
    away: dict[PractitionerId, list[SlotInterval]] = defaultdict(list)
    lost: dict[RoomId, list[SlotInterval]] = defaultdict(list)
    closed = grid.busy((closure.start, closure.end) for closure in closures)
    nobody: list[SlotInterval] = []
    ended = frozenset[GroupOfferingId]()
    if setup is not None:
        ended = ended_by(setup, grid.monday)
        hours |= {one.id: hours_of(one) for one in setup.practitioners if one.version > FIRST_VERSION}
        away |= {one.id: days_out(one.starts_on, one.ends_on, grid.monday) for one in setup.practitioners}
        lost |= {one.id: days_out(one.starts_on, one.ends_on, grid.monday) for one in setup.rooms}
        closed += never_open(setup.site) if setup.site.version > FIRST_VERSION else []
        nobody = days_out(None, setup.site.ends_on, grid.monday)
        closed += nobody
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
    nobody += grid.busy((closure.start, closure.end) for closure in closures if closure.for_all)
    return Outages(hours, away, lost, closed, nobody, setup, ended)


def _slots(disruption: Disruption, grid: WeekGrid) -> list[SlotInterval]:
    if disruption.start is None or disruption.end is None:
        return []
    return grid.busy([(disruption.start, disruption.end)])


def meets_week(disruption: Disruption, grid: WeekGrid) -> bool:
    """Say whether the interval, where there is one, takes anything from the week."""
    return disruption.start is None or bool(_slots(disruption, grid))


def what_is_missing(session: PlannedSession, outages: Outages, grid: WeekGrid) -> DisruptionKind | None:
    """Say what keeps a session from being held as planned; None where nothing does."""
    slots = grid.busy([(session.start, session.end)])
    closed = outages.closed if session.modality is Modality.ON_SITE else outages.nobody
    if _meet(slots, closed):
        return DisruptionKind.SITE_CLOSED
    if session.room_id is not None and _meet(slots, outages.lost.get(session.room_id, ())):
        return DisruptionKind.ROOM_LOST
    if any(_is_away(practitioner_id, slots, outages) for practitioner_id in session.practitioner_ids):
        return DisruptionKind.PRACTITIONER_OUT
    return None


def _is_away(practitioner_id: PractitionerId, slots: Slots, outages: Outages) -> bool:
    if _meet(slots, outages.away.get(practitioner_id, ())):
        return True
    hours = outages.hours.get(practitioner_id)
    return hours is not None and bool(without(slots, without(hours.shifts, hours.breaks)))


def _meet(slots: Slots, others: Slots) -> bool:
    return without(slots, others) != list(slots)
