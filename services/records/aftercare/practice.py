"""The practice of aftercare contacts, read from its file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from services.contracts.records.recovery import ContactPractice

_FILE: Final = Path(__file__).with_name("practice.toml")


@cache
def practice() -> ContactPractice:
    """Return on which days after discharge contact is sought; an unreadable file is an error at the first use."""
    return ContactPractice.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
