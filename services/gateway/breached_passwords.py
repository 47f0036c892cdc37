"""A list of passwords that leaked somewhere, as a file that is looked into and not read whole (NIST SP 800-63B, 5.1.1).

The file is what public lists of SHA-1 hashes come to: a head, how many hashes begin with at most each of the 65,536
values of two bytes, and then the other 18 bytes of every hash in order. A look costs two entries of that index and a
binary search among some thousand neighbours, and is exact. Nothing is asked of anybody outside.
"""

import hashlib
import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Self, overload

from typing_extensions import override

_HEAD: Final = b"eventide sha1 1\n"
_FIRST: Final = 2
_REST: Final = hashlib.sha1(usedforsecurity=False).digest_size - _FIRST
_PREFIXES: Final = 1 << (8 * _FIRST)
_ENTRY: Final = struct.Struct(">Q")
_BEGINNING: Final = len(_HEAD) + _PREFIXES * _ENTRY.size
_BATCH: Final = 1 << 16


class ListUnreadableError(ValueError):
    """The file is no such list, or is not whole."""

    def __init__(self) -> None:
        super().__init__("the list of leaked passwords is none, or not whole: make it again with `passwords import`")


class _Rests(Sequence[bytes]):
    """The hashes between two places of the file, without the bytes that they begin with."""

    def __init__(self, file: mmap.mmap, first: int, end: int) -> None:
        self._file = file
        self._first = first
        self._count = end - first

    @override
    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    @override
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            raise TypeError("one at a time")
        at = _BEGINNING + (self._first + index) * _REST
        return self._file[at : at + _REST]


class BreachedPasswords:
    """The list as it lies on disk; pages of it are read as they are looked at."""

    def __init__(self, file: mmap.mmap) -> None:
        self._file = file
        self.count = 0 if len(file) < _BEGINNING else self._up_to(_PREFIXES - 1)
        if file[: len(_HEAD)] != _HEAD or len(file) != _BEGINNING + self.count * _REST:
            raise ListUnreadableError

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a list; raises ListUnreadableError where the file is none."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ListUnreadableError
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def has(self, password: bytes) -> bool:
        """Say whether a password is on the list, in exactly this spelling."""
        digest = hashlib.sha1(password, usedforsecurity=False).digest()
        prefix, rest = int.from_bytes(digest[:_FIRST]), digest[_FIRST:]
        among = _Rests(self._file, self._up_to(prefix - 1) if prefix else 0, self._up_to(prefix))
        place = bisect_left(among, rest)
        return place < len(among) and among[place] == rest

    def _up_to(self, prefix: int) -> int:
        found: int = _ENTRY.unpack_from(self._file, len(_HEAD) + prefix * _ENTRY.size)[0]
        return found


def write_list(hashes: Iterable[bytes], file: BinaryIO) -> int:
    """Write SHA-1 hashes as a list, and return how many there are.

    The file must be open for writing and seekable; who needs it whole or not at all writes it beside its place.

    Raises:
        ValueError: They are not in order, each once.
    """
    counts, last, batch = [0] * _PREFIXES, b"", bytearray()
    file.write(_HEAD + bytes(_PREFIXES * _ENTRY.size))
    for digest in hashes:
        if digest <= last:
            raise ValueError("hashes must come in order, each once")
        last = digest
        counts[int.from_bytes(digest[:_FIRST])] += 1
        batch += digest[_FIRST:]
        if len(batch) >= _BATCH:
            file.write(batch)
            batch.clear()
    file.write(batch)
    file.seek(len(_HEAD))
    total = 0
    for count in counts:
        total += count
        file.write(_ENTRY.pack(total))
    return total
