"""What is true of patients."""

from datetime import date
from typing import Final

OLDEST_YEARS: Final = 120


def age_on(birth_date: date, day: date) -> int:
    """Return the completed years on a day; who is born on 29 February is a year older on 1 March of common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_plausible_birth_date(birth_date: date, today: date) -> bool:
    """Whether a living person can have been born then."""
    return birth_date <= today and age_on(birth_date, today) <= OLDEST_YEARS
