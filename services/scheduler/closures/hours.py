"""Closed hours, as planning knows them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ClosedHours:
    """Hours in which the building is closed, or with `for_all` nobody works at all."""

    start: datetime
    end: datetime
    for_all: bool
