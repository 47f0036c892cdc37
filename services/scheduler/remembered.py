"""What was made last from the same things, so that it need not be made again.

A front desk asks about one week many times, and between two questions next to nothing of it changes. What is remembered
is found by a key and given back only where everything it was made from is equal to what it would be made from now: it
cannot be stale.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")
_MOST: Final = 16
"""Weeks of three hundred people take some megabytes each."""


class Remembered(Generic[_T]):
    """Keeps the last result for each key, the least recently asked for forgotten first; for any number of threads.

    Results are shared: nobody may change them.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[object, _T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, made_from: object, make: Callable[[], _T]) -> _T:
        """Return what `make` makes, without asking it where the last time was from the same."""
        with self._lock:
            known = self._known.get(key)
        if known is None or known[0] != made_from:
            known = (made_from, make())
        with self._lock:
            self._known[key] = known
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return known[1]
