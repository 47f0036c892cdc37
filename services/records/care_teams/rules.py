"""What is true of broken glass."""

from datetime import timedelta
from typing import Final

GLASS_STAYS_BROKEN: Final = timedelta(minutes=60)
"""Long enough to act, short enough that nobody works that way."""

TOLD_WITHIN: Final = timedelta(minutes=1)
"""After so long whoever was telling those who lead of it has ended, one way or the other: another begins."""
WORTH_TELLING: Final = timedelta(days=1)
"""Of what nobody could be told for so long, the review that is due tells."""
