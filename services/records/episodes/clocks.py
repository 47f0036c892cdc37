"""The clocks of quality measures and of states, read from their file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.episodes import Clock

_FILE: Final = Path(__file__).with_name("clocks.toml")


@cache
def clocks() -> tuple[Clock, ...]:
    """Return every clock, in the order of the file; an unreadable file is an error at the first use."""
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["clocks"]
    return TypeAdapter(tuple[Clock, ...]).validate_python(written)


def clock_of(code: str) -> Clock | None:
    """Return a clock by its code, or None where there is none."""
    return next((clock for clock in clocks() if clock.code == code), None)
