"""How often instruments are answered, read from their file."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.due_assessments import MeasurementCadence

_FILE: Final = Path(__file__).with_name("cadences.toml")


@cache
def _cadences() -> tuple[MeasurementCadence, ...]:
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["cadences"]
    return TypeAdapter(tuple[MeasurementCadence, ...]).validate_python(written)


def cadences_on(day: date) -> list[MeasurementCadence]:
    """Return of each instrument the newest cadence that is in force on a day."""
    found = {one.instrument_id: one for one in sorted(_cadences(), key=_since) if one.effective_from <= day}
    return list(found.values())


def _since(cadence: MeasurementCadence) -> date:
    return cadence.effective_from
