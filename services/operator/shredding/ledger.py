"""The list of destroyed keys: signed lines in a file that no restore of a database rolls back."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.chassis.audit.checkpoints import VerifyingKeys
from services.operator.errors import OperatorError


class UnsignedShreddingError(OperatorError):
    """A line of the list does not bear our signature; following it could destroy what nobody asked to destroy."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(f"Line {number} of {path} does not bear this installation's signature. Nothing was done.")


class Shredding(NamedTuple):
    """Whose keys were destroyed, by whom and why; `keys` are their ids, in whichever service they were."""

    organization_id: UUID
    patient_id: UUID
    keys: tuple[UUID, ...]
    by: UUID
    reason: str
    at: str

    def body(self) -> bytes:
        """Write it as it is signed."""
        return orjson.dumps({"v": 1, **self._asdict()}, default=str, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read what `body` wrote."""
        members: dict[str, Any] = orjson.loads(body)
        return cls(
            UUID(members["organization_id"]),
            UUID(members["patient_id"]),
            tuple(map(UUID, members["keys"])),
            UUID(members["by"]),
            members["reason"],
            members["at"],
        )


def append(path: Path, key: Ed25519PrivateKey, shredding: Shredding) -> None:
    """Add a line, and return when it is on the disk: only then may a key be destroyed."""
    body = shredding.body()
    line = orjson.dumps({"shredding": body.decode(), "signature": base64.b64encode(key.sign(body)).decode()}) + b"\n"
    _append_line(path, line)


def join(path: Path, other: Path) -> None:
    """Add the lines of another copy of the list that this one lacks."""
    present = set(path.read_bytes().splitlines() if path.exists() else ())
    for line in other.read_bytes().splitlines() if other.exists() else ():
        if line not in present:
            _append_line(path, line + b"\n")


def _append_line(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_all(path: Path, key: Ed25519PublicKey | VerifyingKeys) -> Sequence[Shredding]:
    """Return every line, oldest first.

    Raises:
        UnsignedShreddingError: A line is not ours.
    """
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [_read_line(path, number, key, line) for number, line in enumerate(lines, 1)]


def _read_line(path: Path, number: int, key: Ed25519PublicKey | VerifyingKeys, line: bytes) -> Shredding:
    try:
        written = orjson.loads(line)
        body = written["shredding"].encode()
        key.verify(base64.b64decode(written["signature"]), body)
        return Shredding.read(body)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidSignature):
        raise UnsignedShreddingError(path, number) from None
