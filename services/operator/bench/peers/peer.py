"""A peer: takes an instance, CPU seconds and a seed, and gives a timetable, both as JSON objects."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Document = Mapping[str, Any]


class PeerAbsentError(Exception):
    """The peer cannot run here; the message says what is missing."""


class Answer(NamedTuple):
    """A peer's timetable and what it used."""

    timetable: Document
    cpu_seconds: float


Peer = Callable[[Document, float, int], Answer]
