"""What a check is, how it says no, and the list that all of them are on."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from services.operator.drill.checklist.world import World

LAST: Final = 88


class CheckFailedError(Exception):
    """The front door does what it must not, or does not do what it must; the text says what was seen."""


class NotApplicableError(Exception):
    """There truly is no such thing here, so nothing can be right or wrong about it; the text says why."""


class Check(NamedTuple):
    """One numbered check of the list."""

    number: int
    section: str
    title: str
    make: Callable[[World], Awaitable[str | None]]
    """Returns what should be said along with a pass, or None."""


_CHECKS: Final[dict[int, Check]] = {}
CHECKS: Final[Mapping[int, Check]] = _CHECKS
"""By number; filled as the modules of the sections are imported."""

Made = Callable[[World], Awaitable[str | None]]


def check(number: int, title: str) -> Callable[[Made], Made]:
    """Put a function on the list under its number; its module is the section."""

    def put(function: Made) -> Made:
        if number in _CHECKS:
            raise ValueError(f"check {number} is there twice")
        section = function.__module__.rpartition(".")[2]
        _CHECKS[number] = Check(number, section, title, function)
        return function

    return put


def require(holds: object, otherwise: str) -> None:
    """Go on where something holds.

    Raises:
        CheckFailedError: It does not.
    """
    if not holds:
        raise CheckFailedError(otherwise)


def same(found: Any, expected: Any, what: str) -> None:
    """Go on where what was found is what had to be; raises as `require` does."""
    require(found == expected, f"{what}: {found!r} instead of {expected!r}")


def all_within(found: Mapping[str, Any], allowed: set[Any], what: str) -> None:
    """Go on where every named finding is one of those allowed; raises as `require` does."""
    wrong = {name: value for name, value in found.items() if value not in allowed}
    require(not wrong, f"{what}: {wrong}")
