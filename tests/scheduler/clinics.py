"""What a small clinic consists of, for fixtures and for what is written by hand."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

Json = dict[str, Any]
Make = Callable[..., Awaitable[Json]]


class Clinic(NamedTuple):
    """One site with one room, a counsellor and a therapist, and a process group of 90 minutes for two to twelve."""

    site: Json
    room: Json
    counsellor: Json
    therapist: Json
    offering: Json
