"""When a patient was treated, as far as consents end with it."""

from datetime import date
from typing import NamedTuple


class Stay(NamedTuple):
    """From which day to which an episode of care is open; None while it lasts."""

    admitted_on: date
    discharged_on: date | None
