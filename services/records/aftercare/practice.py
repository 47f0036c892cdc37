"""The practice of aftercare contacts, read from its file."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.recovery import ContactPractice

_FILE: Final = Path(__file__).with_name("practice.toml")


@cache
def _practices() -> tuple[ContactPractice, ...]:
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["practices"]
    return TypeAdapter(tuple[ContactPractice, ...]).validate_python(written)


def practice_on(day: date) -> ContactPractice:
    """Return on which days after a discharge of this day contact is sought; the oldest holds for all before it."""
    in_order = sorted(_practices(), key=lambda one: one.effective_from)
    return next((one for one in reversed(in_order) if one.effective_from <= day), in_order[0])
