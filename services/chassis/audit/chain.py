"""How events are chained, and how a chain is told from a changed one; pure."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

import orjson

LANES: Final = 16
_BEGINNING: Final = bytes(32)
_LEAF: Final = b"\x00"


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the trail: `event` is the very text that was hashed, `seal` its authentication code."""

    lane: int
    number: int
    event: str
    seal: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a lane at some time."""

    number: int
    hash: bytes


class Fault(StrEnum):
    """What a verifier can find."""

    CHANGED = "changed"
    """The hash is not that of the link and the one before."""
    FORGED = "forged"
    """The event was not written by who holds the key."""
    MISSING = "missing"
    """Numbers are left out."""
    REPEATED = "repeated"
    """An event is there twice."""
    REWRITTEN = "rewritten"
    """Another link stands where a checkpoint saw one."""
    TRUNCATED = "truncated"
    """The lane ends before a checkpoint's last link."""
    CHECKPOINT = "checkpoint"
    """A checkpoint does not bear our signature."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault and where it is."""

    fault: Fault
    lane: int
    number: int


@dataclass(slots=True)
class _Lane:
    number: int = 0
    hash: bytes = _BEGINNING


@dataclass(slots=True)
class Verified:
    """What came of a verification."""

    events: int = 0
    heads: dict[int, Head] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@lru_cache(maxsize=4)
def audit_key(root_key: bytes) -> bytes:
    """Derive the key that seals events; who holds only the database has no way to it."""
    return hmac.digest(root_key, b"eventide audit trail", "sha256")


def sealed(key: bytes, organization_id: UUID, event: str) -> bytes:
    """Return the authentication code of an event in an organization."""
    return hmac.digest(key, organization_id.bytes + event.encode(), "sha256")


def linked(previous: bytes, organization_id: UUID, link: Link) -> bytes:
    """Return the hash that a link must bear after another; `APPEND` computes the same in the database."""
    place = organization_id.bytes + link.lane.to_bytes(2) + link.number.to_bytes(8)
    return hashlib.sha256(_LEAF + previous + place + link.seal + link.event.encode()).digest()


class Verifier:
    """Verifies the links of an organization, given one by one in the order of lanes and numbers.

    What was written after the newest checkpoint and then cut off the end of a lane leaves no trace: a checkpoint bounds
    that by its age.
    """

    def __init__(self, key: bytes, organization_id: UUID, checkpoints: Iterable[Mapping[int, Head]] = ()) -> None:
        self._key = key
        self._organization_id = organization_id
        self._expected = _expected(checkpoints)
        self._lanes: dict[int, _Lane] = {}
        self._seen: set[str] = set()
        self._verified = Verified()

    def add(self, link: Link) -> None:
        """Take the next link."""
        lane = self._lanes.setdefault(link.lane, _Lane())
        found = self._verified.findings
        found += _faults(self._key, self._organization_id, link, lane, self._seen)
        if self._expected.pop((link.lane, link.number), link.hash) != link.hash:
            found.append(Finding(Fault.REWRITTEN, link.lane, link.number))
        lane.number, lane.hash = link.number, link.hash
        self._verified.events += 1

    def finish(self) -> Verified:
        """Say what came of it, when every link has been taken."""
        self._verified.heads = {number: Head(lane.number, lane.hash) for number, lane in self._lanes.items()}
        self._verified.findings += [Finding(Fault.TRUNCATED, *place) for place in sorted(self._expected)]
        self._expected = {}
        return self._verified


def verify(
    key: bytes, organization_id: UUID, links: Iterable[Link], checkpoints: Iterable[Mapping[int, Head]] = ()
) -> Verified:
    """Verify the links of an organization at once; otherwise as `Verifier`."""
    verifier = Verifier(key, organization_id, checkpoints)
    for link in links:
        verifier.add(link)
    return verifier.finish()


def _expected(checkpoints: Iterable[Mapping[int, Head]]) -> dict[tuple[int, int], bytes]:
    return {(lane, head.number): head.hash for heads in checkpoints for lane, head in heads.items()}


def _faults(key: bytes, organization_id: UUID, link: Link, lane: _Lane, seen: set[str]) -> list[Finding]:
    found = []
    if link.number != lane.number + 1:
        found.append(Fault.MISSING)
    if link.hash != linked(lane.hash, organization_id, link):
        found.append(Fault.CHANGED)
    if not hmac.compare_digest(link.seal, sealed(key, organization_id, link.event)):
        found.append(Fault.FORGED)
    event_id = _id_of(link.event)
    if event_id in seen:
        found.append(Fault.REPEATED)
    seen.add(event_id)
    return [Finding(fault, link.lane, link.number) for fault in found]


def _id_of(event: str) -> str:
    try:
        return str(orjson.loads(event)["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return event
