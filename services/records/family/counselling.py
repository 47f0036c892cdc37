"""The rules of family counselling, read from their file."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.family import FamilyRule

_FILE: Final = Path(__file__).with_name("rules.toml")


@cache
def _rules() -> tuple[FamilyRule, ...]:
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["rules"]
    return TypeAdapter(tuple[FamilyRule, ...]).validate_python(written)


def rule_of(jurisdiction: str, on: date) -> FamilyRule | None:
    """Return the rule of a jurisdiction on a day, or None where none is known."""
    found = [one for one in _rules() if one.jurisdiction == jurisdiction and one.effective_from <= on]
    return max(found, key=lambda one: one.effective_from) if found else None
