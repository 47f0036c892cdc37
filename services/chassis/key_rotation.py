"""When a key begins to sign: its file is named for that instant, so that a new key is published before it is used.

Who rotates keys puts the next one beside the others, named for some time ahead. The gateways look into the folder
again and again: soon all of them publish it, none signs with it, and from that instant on all of them do.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol, TypeVar

NAME_FORMAT: Final = "%Y%m%dT%H%M%SZ"
"""What `strftime` names a key's file with, before `.pem`; UTC."""
ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Dated(Protocol):
    """A key that signs from some instant on."""

    @property
    def signs_from(self) -> datetime:
        """The instant, with its offset."""


AnyKey = TypeVar("AnyKey", bound=Dated)


def read_keys(directory: Path, read: Callable[[bytes, datetime], AnyKey]) -> tuple[AnyKey, ...]:
    """Load every `*.pem`, in the order in which they begin to sign.

    Raises:
        ValueError: A file is not named for an instant, or `read` refuses what is in it.
    """
    return tuple(read(path.read_bytes(), instant_of(path)) for path in sorted(directory.glob("*.pem")))


def signing_at(keys: Sequence[AnyKey], now: datetime) -> AnyKey:
    """Return the key that signs: the last that has begun, or the first where the clock is behind all of them."""
    begun = [key for key in keys if key.signs_from <= now]
    return begun[-1] if begun else keys[0]


def first_waiting(instants: Iterable[datetime], now: datetime) -> datetime | None:
    """Return when the next key begins to sign, or None where none waits for its time."""
    return min((instant for instant in instants if instant > now), default=None)


def next_instant(now: datetime, ahead: timedelta) -> datetime:
    """Return the instant for a key that is to be published for so long before it signs.

    In whole seconds, as the names have them; rounded up, or it could sign before.
    """
    return (now + ahead).replace(microsecond=0) + timedelta(seconds=1)


def superseded(instants: Iterable[datetime], now: datetime, *, kept: timedelta) -> list[datetime]:
    """Return of which keys nothing can be good any more: another took over as long ago as they must be kept."""
    return [before for before, successor in pairwise(sorted(instants)) if successor + kept <= now]


def instant_of(path: Path) -> datetime:
    """Return the instant from which the key of a file signs; raises ValueError where it is not named for one."""
    try:
        return datetime.strptime(path.stem, NAME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(
            f"{path.name} must be named for the instant from which the key signs: 20260131T120000Z.pem"
        ) from None
