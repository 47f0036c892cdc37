"""What planning needs to know of episodes."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from services.contracts.identifiers import PatientId

_NOBODY: Final[Mapping[PatientId, date]] = MappingProxyType({})


class Stays(NamedTuple):
    """What of the episodes of some patients decides which weeks are planned for them, and how."""

    taper_weeks: Mapping[PatientId, frozenset[date]] = MappingProxyType({})
    """The Mondays of the taper weeks of those who have some."""
    left_on: Mapping[PatientId, date] = _NOBODY
    """The last day of those who have been discharged from every episode of theirs; who has none may come yet."""
