"""A bounded memory whose entries end at an instant."""

from collections import OrderedDict
from typing import Generic, TypeVar

from services.chassis.clock import Clock

Key = TypeVar("Key")
Value = TypeVar("Value")


class ExpiringCache(Generic[Key, Value]):
    """Keeps at most `limit` entries, each until its own instant; forgets the one unused for longest first."""

    def __init__(self, clock: Clock, *, limit: int = 4096) -> None:
        self._clock = clock
        self._limit = limit
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, or None where there is none any more."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock.now().timestamp():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: Key, value: Value, *, until: float) -> None:
        """Keep a value until an instant, in seconds of the POSIX epoch."""
        self._entries[key] = (until, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)
