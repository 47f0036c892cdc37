"""What is true of counts that tell of nobody."""

from collections.abc import Iterable
from typing import Final

from services.records.public_health_reports.facts import Count

FEWEST: Final = 11
"""Of 1 to 10 patients no count is told: in so few, one can be recognized (CMS cell size suppression policy)."""


def told(count: Count) -> int | None:
    """Return a count of stays as it is told; None where it is withheld."""
    return count.stays if count.stays == 0 or count.patients >= FEWEST else None


def total(counts: Iterable[Count]) -> int | None:
    """Return the sum of stays as it is told; None where it would tell a count that is withheld."""
    shown = [told(one) for one in counts]
    return None if None in shown else sum(one for one in shown if one is not None)
