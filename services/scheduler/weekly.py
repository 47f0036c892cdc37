"""Ranges of whole weeks that a report is asked for."""

from datetime import date, timedelta
from typing import Final

from services.chassis.errors import InvalidRequestError

_MOST_WEEKS: Final = 53


def refuse_no_monday(name: str, week: date) -> None:
    """Refuse a day that does not begin a week.

    Raises:
        InvalidRequestError: It is no Monday.
    """
    if week.weekday() != 0:
        raise InvalidRequestError(name, "must be a Monday, the first day of the week", location="query")


def refuse_range(first_week: date, last_week: date) -> None:
    """Refuse a range that is none, or longer than a year.

    Raises:
        InvalidRequestError: A day is no Monday, the last comes before the first, or they lie over a year apart.
    """
    refuse_no_monday("first_week", first_week)
    refuse_no_monday("last_week", last_week)
    if not timedelta(0) <= last_week - first_week < timedelta(weeks=_MOST_WEEKS):
        raise InvalidRequestError(
            "last_week", f"must not lie before first_week, nor {_MOST_WEEKS} weeks or more after it", location="query"
        )
