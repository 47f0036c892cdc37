"""What is true of broken glass."""

from datetime import timedelta
from typing import Final

GLASS_STAYS_BROKEN: Final = timedelta(minutes=60)
"""Long enough to act, short enough that nobody works that way."""
