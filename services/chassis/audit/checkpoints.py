"""Checkpoints: signed heads of an organization's lanes, kept in a folder that the database does not reach.

Whoever rewrites the trail, even with the database's superuser, cannot make it agree with what was signed before.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.chassis.audit.chain import Head
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.telemetry import frames
from services.contracts.identifiers import OrganizationId

_HEADS: Final = """
    select lane, number, hash from audit_events e
    where number = (select max(number) from audit_events m
                    where m.organization_id = e.organization_id and m.lane = e.lane)
"""
_SUFFIX: Final = ".jsonl"
_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n?", re.DOTALL)


class BadCheckpointError(Exception):
    """A line of a checkpoint file does not bear our signature."""


class VerifyingKeys:
    """The public keys of those that sign checkpoints and of those that have signed, while what they signed is kept."""

    def __init__(self, *keys: Ed25519PublicKey) -> None:
        self._keys = keys

    def verify(self, signature: bytes, signed: bytes) -> None:
        """Verify a signature by whichever key made it; raises InvalidSignature where none of them did."""
        for key in self._keys:
            with suppress(InvalidSignature):
                key.verify(signature, signed)
                return
        raise InvalidSignature


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Load the key that signs checkpoints; raises ValueError where the file holds no Ed25519 private key, or two."""
    found = [block for block in blocks_of(path) if b"PRIVATE" in block]
    key = load_pem_private_key(found[0], password=None) if len(found) == 1 else None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("checkpoints are signed with an Ed25519 private key, and with one")  # noqa: TRY004 - a bad file
    return key


def load_verifying_keys(path: Path) -> VerifyingKeys:
    """Load what verifies checkpoints: of the key that signs, and of those before it, whose public half is kept.

    Raises:
        ValueError: The file holds something else.
    """
    retired = [load_pem_public_key(block) for block in blocks_of(path) if b"PUBLIC" in block]
    keys = [key for key in retired if isinstance(key, Ed25519PublicKey)]
    if len(keys) < len(retired):
        raise ValueError("checkpoints are verified with Ed25519 public keys")
    return VerifyingKeys(load_signing_key(path).public_key(), *keys)


def blocks_of(path: Path) -> list[bytes]:
    """Return the PEM blocks of a file (RFC 7468), in their order."""
    return _PEM.findall(path.read_bytes())


def signed_line(key: Ed25519PrivateKey, organization_id: UUID, at: datetime, heads: Mapping[int, Head]) -> bytes:
    """Write one checkpoint as a line of JSON."""
    lanes = {str(lane): [head.number, head.hash.hex()] for lane, head in sorted(heads.items())}
    # As text: the identifiers that the driver of the database makes are of a kind of their own.
    body = orjson.dumps({"v": 1, "organization_id": str(organization_id), "at": at, "lanes": lanes})
    signature = base64.b64encode(key.sign(body)).decode()
    return orjson.dumps({"checkpoint": body.decode(), "signature": signature}) + b"\n"


def read_line(key: Ed25519PublicKey | VerifyingKeys, organization_id: UUID, line: bytes) -> dict[int, Head]:
    """Read one checkpoint of an organization.

    Raises:
        BadCheckpointError: The signature is not ours, or it is of another organization.
    """
    try:
        written = orjson.loads(line)
        body = written["checkpoint"].encode()
        key.verify(base64.b64decode(written["signature"]), body)
        members = orjson.loads(body)
        heads = {int(lane): Head(number, bytes.fromhex(of)) for lane, (number, of) in members["lanes"].items()}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidSignature):
        raise BadCheckpointError from None
    if members["organization_id"] != str(organization_id):
        raise BadCheckpointError
    return heads


def read_checkpoints(
    key: Ed25519PublicKey | VerifyingKeys, folder: Path, organization_id: UUID
) -> tuple[list[dict[int, Head]], int]:
    """Return the checkpoints of an organization, and how many lines bear no signature of ours."""
    path, good, bad = file_of(folder, organization_id), list[dict[int, Head]](), 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            good.append(read_line(key, organization_id, line))
        except BadCheckpointError:
            bad += 1
    return good, bad


def file_of(folder: Path, organization_id: UUID) -> Path:
    """Name the file of an organization's checkpoints."""
    return folder / f"{organization_id}{_SUFFIX}"


def organizations_in(folder: Path) -> Iterable[UUID]:
    """Name the organizations that have checkpoints."""
    return [UUID(path.stem) for path in sorted(folder.glob(f"*{_SUFFIX}"))]


async def heads_of(connection: Any) -> dict[int, Head]:
    """Read the heads of the organization that a connection's transaction has set."""
    return {row["lane"]: Head(row["number"], row["hash"]) for row in await connection.fetch(_HEADS)}


class Checkpointer:
    """Signs the heads of the organizations whose trail has grown; `grown` is filled by those who write to it."""

    def __init__(self, key: Ed25519PrivateKey, folder: Path, clock: Clock, grown: set[OrganizationId]) -> None:
        self._key = key
        self._folder = folder
        self._clock = clock
        self._grown = grown

    async def sign_all(self, database: Database) -> int:
        """Sign what has grown since the last time, and return how many organizations that were.

        Where one cannot be signed the others are all the same; then the first failure is raised.
        """
        signed = 0
        failures: list[Exception] = []
        for organization_id in list(self._grown):
            self._grown.discard(organization_id)
            try:
                await self._sign(database, organization_id)
            except BaseException as failure:
                # Whatever went wrong, it is tried again with the next round.
                self._grown.add(organization_id)
                if not isinstance(failure, Exception):
                    raise
                failures.append(failure)
            else:
                signed += 1
        if failures:
            raise failures[0]
        return signed

    async def _sign(self, database: Database, organization_id: OrganizationId) -> None:
        async with database.read(organization_id) as read:
            heads = await heads_of(read.connection)
        line = signed_line(self._key, organization_id, self._clock.now(), heads)
        await asyncio.to_thread(_append_line, file_of(self._folder, organization_id), line)

    @asynccontextmanager
    async def running(self, database: Database, seconds: float) -> AsyncIterator[None]:
        """Sign every so many seconds while the block runs, and once more at its end."""
        rounds = asyncio.create_task(self._sign_for_ever(database, seconds))
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.wait([rounds])
            await self._try_to_sign(database)

    async def _sign_for_ever(self, database: Database, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._try_to_sign(database)

    async def _try_to_sign(self, database: Database) -> None:
        try:
            await self.sign_all(database)
        except Exception as error:  # noqa: BLE001 - the next round tries again, and the log tells
            structlog.get_logger().error("checkpoint failed", error_type=type(error).__name__, frames=frames(error))


def _append_line(path: Path, line: bytes) -> None:
    # One write: several processes may sign the same organization.
    with path.open("ab", buffering=0) as file:
        file.write(line)
