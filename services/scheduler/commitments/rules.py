"""What is true of an import: which days are kept."""

from datetime import date, timedelta
from typing import Final

KEPT_BEFORE: Final = timedelta(days=7)
KEPT_AFTER: Final = timedelta(days=370)
"""A year, which is how far ahead a week may be planned, and the rest of its last week."""


def horizon(today: date) -> tuple[date, date]:
    """Return the first day that an import keeps, and the day after the last."""
    return today - KEPT_BEFORE, today + KEPT_AFTER
