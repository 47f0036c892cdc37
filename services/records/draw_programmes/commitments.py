"""What a programme commits to: its terms, and the anchor of a chain of keys, one for each day."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.contracts.identifiers import DrawProgrammeId
from services.contracts.records.draw_programmes import DrawTerms
from services.contracts.vocabulary import Weekday

FORMAT: Final = "eventide-draws/1"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the draws of one version of a programme follow from, beside its keys."""

    programme_id: DrawProgrammeId
    version: int
    terms: DrawTerms

    @property
    def days(self) -> int:
        """How many days it was planned for."""
        return (self.terms.ends_on - self.terms.starts_on).days + 1

    def number(self, day: date) -> int:
        """Number a day, the first as 1."""
        return (day - self.terms.starts_on).days + 1


def key_chain(schedule: Schedule, seed: bytes) -> Sequence[bytes]:
    """Return the keys by the number of their day; each is the SHA-256 of the next, and number 0 is the anchor.

    Who knows a day's key can make those of the days before it, and none of the days after.
    """
    keys = [seed]
    for _ in range(schedule.days):
        keys.append(hashlib.sha256(keys[-1]).digest())
    return keys[::-1]


def document(schedule: Schedule, anchor: bytes) -> str:
    """Write what a programme commits to; every draw follows from it and from keys that hash to its anchor."""
    terms = schedule.terms
    call_days = [day for day in Weekday if day in terms.call_days]
    return "\n".join(
        (
            FORMAT,
            f"programme={schedule.programme_id}",
            f"version={schedule.version}",
            f"starts_on={terms.starts_on}",
            f"ends_on={terms.ends_on}",
            f"call_days={','.join(call_days)}",
            f"hazard={terms.hazard.tests}/{terms.hazard.opportunities}",
            f"cap_days={'none' if terms.cap_days is None else terms.cap_days}",
            f"anchor={anchor.hex()}",
        )
    )


def commitment(text: str) -> str:
    """Return what is published before the first day: the SHA-256 of the document."""
    return hashlib.sha256(text.encode()).hexdigest()
