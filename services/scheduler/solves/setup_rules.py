"""What of a site's setup is in force in a week, and what a change of it means to a week that was planned. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from services.contracts.identifiers import GroupOfferingId
from services.contracts.scheduler.sites import GroupOffering, Practitioner, Site
from services.contracts.vocabulary import WeeklyWindow
from services.scheduler.solves.rules import SiteSetup, practitioner_part
from services.scheduler.weeks import DAYS, SLOTS_A_DAY, SlotInterval, window_slots

FIRST_VERSION: Final = 1
Slots = Sequence[SlotInterval]


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody works in a week, and rests."""

    shifts: Slots
    breaks: Slots


def hours_of(practitioner: Practitioner) -> Hours:
    """Return somebody's usual hours."""
    return Hours(window_slots(practitioner.shifts), window_slots(practitioner.breaks))


def is_in_force(starts_on: date | None, ends_on: date | None, day: date) -> bool:
    """Say whether something that is there from a day on, and from another no more, is there on a day."""
    return (starts_on is None or starts_on <= day) and (ends_on is None or day < ends_on)


def days_out(starts_on: date | None, ends_on: date | None, monday: date) -> list[SlotInterval]:
    """Return the days of a week on which something is not there yet, or no more."""
    return [
        SlotInterval(day, 0, SLOTS_A_DAY)
        for day in range(DAYS)
        if not is_in_force(starts_on, ends_on, monday + timedelta(days=day))
    ]


def never_open(site: Site) -> list[SlotInterval]:
    """Return the slots of every week in which the site is not open."""
    return without((SlotInterval(day, 0, SLOTS_A_DAY) for day in range(DAYS)), window_slots(site.open))


def in_force(setup: SiteSetup, monday: date, named: Collection[str] = frozenset()) -> SiteSetup:
    """Return what of the setup is there on any day of a week, or is `named` by what was published of it."""

    def counts(identifier: object, starts_on: date | None, ends_on: date | None) -> bool:
        return len(days_out(starts_on, ends_on, monday)) < DAYS or str(identifier) in named

    def is_there(window: WeeklyWindow) -> bool:
        return is_in_force(None, setup.site.ends_on, monday + timedelta(days=window.weekday.number))

    return replace(
        setup,
        site=setup.site.model_copy(update={"open": [window for window in setup.site.open if is_there(window)]}),
        rooms=[room for room in setup.rooms if counts(room.id, room.starts_on, room.ends_on)],
        practitioners=[one for one in setup.practitioners if counts(one.id, one.starts_on, one.ends_on)],
        offerings=[one for one in setup.offerings if counts(one.id, one.starts_on, one.ends_on)],
    )


def named_in(document: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the identifiers that a published week refers to: kinds of group, rooms, and who leads."""
    if document is None:
        return frozenset()
    groups = {group[part] for group in document["groups"] for part in ("kind", "room", "lead", "co")}
    return frozenset(groups | {visit["practitioner"] for visit in document["individuals"]})


def ended_by(setup: SiteSetup, monday: date) -> frozenset[GroupOfferingId]:
    """Return the kinds of group that are not there in a week: no more, or not yet."""
    return frozenset(one.id for one in setup.offerings if not is_in_force(one.starts_on, one.ends_on, monday))


def with_changed_setup(
    instance: Mapping[str, Any], setup: SiteSetup, ended: Collection[GroupOfferingId]
) -> dict[str, Any]:
    """Return the instance with what was changed of the setup since it was first entered, as it is by now.

    A kind of group that is there no more asks for more people than there are, so that nobody can hold it, and what was
    published of it is still understood.
    """
    people = {str(one.id): one for one in setup.practitioners if one.version > FIRST_VERSION}
    rooms = {str(one.id): one.capacity for one in setup.rooms if one.version > FIRST_VERSION}
    kinds = {str(one.id): one for one in setup.offerings if one.version > FIRST_VERSION or one.id in ended}
    nobody = len(instance["patients"]) + 1
    site = {} if setup.site.version == FIRST_VERSION else setup.site.model_dump(include={"offices", "family_rooms"})
    return {
        **instance,
        **site,
        "group_kinds": {
            code: _kind(kind, kinds[code], nobody, is_ended=kinds[code].id in ended) if code in kinds else kind
            for code, kind in instance["group_kinds"].items()
        },
        "rooms": [{**room, "capacity": rooms.get(room["id"], room["capacity"])} for room in instance["rooms"]],
        "practitioners": [
            {**one, **practitioner_part(people[one["id"]])} if one["id"] in people else one
            for one in instance["practitioners"]
        ],
    }


def _kind(kind: Mapping[str, Any], offering: GroupOffering, nobody: int, *, is_ended: bool) -> dict[str, Any]:
    """Narrow a kind to the offering's sizes; figures of rule packs may have narrowed it further before."""
    least = max(kind["min"], offering.minimum_size)
    most = min(kind["max"], offering.maximum_size)
    alone = min(kind["co_facilitator_above"], offering.co_facilitator_above)
    if least > most or is_ended:
        least = most = nobody
    return {**kind, "min": least, "max": most, "co_facilitator_above": alone}


def without(intervals: Iterable[Sequence[int]], gaps: Slots) -> list[SlotInterval]:
    """Return what the gaps leave of intervals."""
    left = [SlotInterval(*interval) for interval in intervals]
    for gap in gaps:
        left = [piece for interval in left for piece in _pieces(interval, gap)]
    return left


def _pieces(interval: SlotInterval, gap: SlotInterval) -> list[SlotInterval]:
    if interval.day != gap.day:
        return [interval]
    day, start, end = interval
    pieces = (SlotInterval(day, start, min(end, gap.start)), SlotInterval(day, max(start, gap.end), end))
    return [piece for piece in pieces if piece.start < piece.end]
