"""How often prescribers are seen, read from its file."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.medications import VisitCadence

_FILE: Final = Path(__file__).with_name("visits.toml")


@cache
def _visits() -> tuple[VisitCadence, ...]:
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["visits"]
    return TypeAdapter(tuple[VisitCadence, ...]).validate_python(written)


def visits_on(day: date) -> Sequence[VisitCadence]:
    """Return every cadence that is in force on a day, what has been in force for longest first."""
    return sorted((one for one in _visits() if one.effective_from <= day), key=lambda one: one.effective_from)
