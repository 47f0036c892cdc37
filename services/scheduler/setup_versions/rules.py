"""Which version of something is in force in a week. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, TypeVar

from services.contracts.scheduler.sites import GroupOffering, Practitioner, Room, Site
from services.scheduler.setup_versions.facts import SetupVersion

Part = TypeVar("Part", Site, Room, Practitioner, GroupOffering)

_DATED: Final[Mapping[type, tuple[str, ...]]] = MappingProxyType(
    {
        Site: ("open", "offices", "family_rooms", "version"),
        Room: ("capacity", "version"),
        Practitioner: (
            "role",
            "leads",
            "co_facilitates",
            "individual",
            "languages",
            "shifts",
            "breaks",
            "max_minutes_day",
            "max_minutes_week",
            "contract_minutes_week",
            "version",
        ),
        GroupOffering: ("minimum_size", "maximum_size", "co_facilitator_above", "version"),
    }
)
"""What a version is asked for; names, and the days on which something begins and ends, are those of today."""


def counts_from(before: Part, after: Part, versions: Iterable[SetupVersion], asked: date) -> date:
    """Return from which week on a change counts: whatever is no part of a version brings no planned change forward."""
    newest = max(versions, key=lambda one: one.version, default=None)
    dated = [member for member in _DATED[type(before)] if member != "version"]
    is_new = any(getattr(before, member) != getattr(after, member) for member in dated)
    planned = None if newest is None or is_new else newest.effective_on
    return asked if planned is None else max(asked, planned)


def as_of(current: Part, versions: Iterable[SetupVersion], monday: date) -> Part:
    """Return something as it is in a week: by the newest version that counts then."""
    newest = max((one for one in versions if one.counts_in(monday)), key=lambda one: one.version, default=None)
    if newest is None or newest.version == current.version:
        return current
    dated = {member: newest.document[member] for member in _DATED[type(current)] if member in newest.document}
    return type(current)(**(current.model_dump() | dated))
