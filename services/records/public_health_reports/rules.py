"""What is true of counts that tell of nobody."""

from collections.abc import Iterable
from typing import Final

FEWEST: Final = 11
"""A count from 1 to 10 is told to nobody: in so few, one can be recognized (CMS cell size suppression policy)."""


def told(count: int) -> int | None:
    """Return a count as it is told; None where it is withheld."""
    return count if count == 0 or count >= FEWEST else None


def total(counts: Iterable[int]) -> int | None:
    """Return the sum as it is told; None where it would tell a count that is withheld."""
    found = list(counts)
    return None if any(told(one) is None for one in found) else told(sum(found))
