"""What was made last from the same things, so that it need not be made again.

Somebody asks about one week many times, and between two questions next to nothing of it changes. What is remembered is
found by a key and given back only where everything it was made from is equal to what it would be made from now: it
cannot be stale, and whoever asks has just been given all that it is made from.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Final, Generic, TypeVar

_P = TypeVar("_P")
_T = TypeVar("_T")
_MOST: Final = 16
"""Weeks of three hundred people take some megabytes each."""


class _Latest(Generic[_T]):
    """The last result for each key, the least recently asked for forgotten first; for any number of threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, _T] = OrderedDict()
        self._lock = Lock()

    def find(self, key: str) -> _T | None:
        with self._lock:
            return self._known.get(key)

    def keep(self, key: str, result: _T) -> None:
        with self._lock:
            self._known[key] = result
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


class Remembered(Generic[_T]):
    """Keeps the last result for each key, the least recently asked for forgotten first; for any number of threads.

    Results are shared: nobody may change them.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._latest = _Latest[tuple[object, _T]](most)

    def get(self, key: str, made_from: object, make: Callable[[], _T]) -> _T:
        """Return what `make` makes, without asking it where the last time was from the same."""
        known = self._latest.find(key)
        if known is None or known[0] != made_from:
            known = (made_from, make())
        self._latest.keep(key, known)
        return known[1]


class RememberedParts(Generic[_P, _T]):
    """Keeps the last results for the parts of each key, so that only a part that has changed is made again.

    A part that is gone is forgotten with the next question. Results are shared: nobody may change them.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._latest = _Latest[dict[Hashable, tuple[_P, _T]]](most)

    def all(self, key: str, parts: Mapping[Hashable, _P], make: Callable[[_P], _T]) -> list[_T]:
        """Return what `make` makes of each part, in their order, without asking it where the last time was the same."""
        known = self._latest.find(key) or {}
        made = {name: _made(known.get(name), part, make) for name, part in parts.items()}
        self._latest.keep(key, made)
        return [result for _, result in made.values()]


def _made(known: tuple[_P, _T] | None, part: _P, make: Callable[[_P], _T]) -> tuple[_P, _T]:
    # What is the very same needs no comparing, and schemas do not look for that by themselves.
    if known is not None and (known[0] is part or known[0] == part):
        return known
    return part, make(part)
