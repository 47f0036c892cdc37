"""The practice of discharge summaries, read from its file."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.discharge_summaries import SummaryPractice

_FILE: Final = Path(__file__).with_name("practice.toml")


@cache
def _practices() -> tuple[SummaryPractice, ...]:
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["practices"]
    return TypeAdapter(tuple[SummaryPractice, ...]).validate_python(written)


def practice_on(day: date) -> SummaryPractice:
    """Return within how many days a summary is there, as it is held on a day; the oldest holds for all before it."""
    in_order = sorted(_practices(), key=lambda one: one.effective_from)
    return next((one for one in reversed(in_order) if one.effective_from <= day), in_order[0])
