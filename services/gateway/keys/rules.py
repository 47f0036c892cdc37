"""When another key is due."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from services.chassis.key_rotation import first_waiting

AHEAD: Final = timedelta(hours=1)
"""How long a key is published before it signs: much longer than anybody keeps a key set, or a process a folder."""


def is_due(instants: Collection[datetime], now: datetime, every: timedelta) -> bool:
    """Say whether a key is to be added, given from when those that are there sign: so that none signs for longer."""
    return first_waiting(instants, now) is None and max(instants) + every <= now + AHEAD
