"""The generations of the root key: the newest wraps, older ones open what they wrapped, retired ones open nothing.

Their file has a line a generation, the oldest first: 32 bytes in base64, and `retired` behind those that wrap nothing
any more. What a generation wrapped begins with a byte of format and the 8 bytes of the generation's id; what has
another format was wrapped before there were generations, by the first.
"""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self
from uuid import UUID

from services.chassis.sealing import KEY_BYTES, Place, SealBrokenError, SealingKey

_FORMAT: Final = b"\x02"
_ID_BYTES: Final = 8
_RETIRED: Final = b"retired"


class RootKeyError(RuntimeError):
    """The root key's file does not hold 32 bytes in base64, on each line."""

    def __init__(self) -> None:
        super().__init__(f"the root key's file must hold {KEY_BYTES} bytes in base64, on a line for each generation")


class Generation(NamedTuple):
    """One root key; a retired one is kept only for backups from before its retirement."""

    secret: bytes
    is_retired: bool = False

    @property
    def key(self) -> SealingKey:
        """The key itself."""
        return SealingKey.root(self.secret)

    @property
    def mark(self) -> bytes:
        """What everything begins with that this generation wraps."""
        return _FORMAT + bytes.fromhex(self.key.id)


def read_generations(path: Path) -> tuple[Generation, ...]:
    """Read the root keys of the installation, the oldest first and at least one; the last is not retired.

    Raises:
        RootKeyError: The file does not hold keys.
    """
    generations = tuple(_generation(line) for line in path.read_bytes().splitlines() if line.strip())
    if not generations or generations[-1].is_retired:
        raise RootKeyError
    return generations


def written(generations: Sequence[Generation]) -> bytes:
    """Return the content of the file that `read_generations` reads."""
    lines = (base64.b64encode(one.secret) + (b" " + _RETIRED if one.is_retired else b"") for one in generations)
    return b"\n".join(lines) + b"\n"


def read_root_key(path: Path) -> bytes:
    """Read the first root key, from which what never changes is derived, or the only key of a file with one.

    Raises:
        RootKeyError: The file does not hold a key.
    """
    return read_generations(path)[0].secret


def _generation(line: bytes) -> Generation:
    text, *marks = line.split()
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RootKeyError from None
    if len(secret) != KEY_BYTES or marks not in ([], [_RETIRED]):
        raise RootKeyError
    return Generation(secret, is_retired=bool(marks))


class RootKeys:
    """The root keys as a process uses them; it sees a new generation without being started again.

    A generation is in the file before anything is wrapped with it, so an unknown one is a reason to read it again.
    """

    def __init__(self, generations: Sequence[Generation], path: Path | None = None) -> None:
        self._path = path
        self._generations = tuple(generations)
        self._opening = self._those_that_open()
        self._first_mark = generations[0].mark

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the keys from their file.

        Raises:
            RootKeyError: The file does not hold keys.
        """
        return cls(read_generations(path), path)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Make the keys of an installation that has only one, and no file of it."""
        return cls((Generation(secret),))

    @property
    def first(self) -> bytes:
        """What the audit trail and events are sealed with is derived from the first generation, and never changes."""
        return self._generations[0].secret

    def wrap(self, key: SealingKey, place: Place) -> bytes:
        """Wrap another key with the newest generation, for which the file is read each time.

        Whoever stores it takes the lock of its table before calling this: a rotation counts under a stronger one what
        older generations wrapped, and would otherwise miss what is wrapped already and not yet stored.
        """
        self._read_again()
        newest = self._generations[-1]
        return newest.mark + newest.key.wrap(key, place)

    def unwrap(self, key_id: UUID, wrapped: bytes, place: Place) -> SealingKey:
        """Open another key that one of the generations wrapped.

        Raises:
            SealBrokenError: It was changed or moved, or its generation is retired or unknown.
        """
        mark, sealed = self._first_mark, wrapped
        if wrapped.startswith(_FORMAT):
            mark, sealed = wrapped[: 1 + _ID_BYTES], wrapped[1 + _ID_BYTES :]
        if mark not in self._opening:
            self._read_again()
        if mark not in self._opening:
            raise SealBrokenError
        return self._opening[mark].unwrap(key_id, sealed, place)

    def _read_again(self) -> None:
        if self._path is not None:
            self._generations = read_generations(self._path)
            # What was retired meanwhile stays: a read that began before may hold what it wrapped.
            self._opening |= self._those_that_open()

    def _those_that_open(self) -> dict[bytes, SealingKey]:
        return {one.mark: one.key for one in self._generations if not one.is_retired}
