"""The practice of discharge summaries, read from its file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from services.contracts.records.discharge_summaries import SummaryPractice

_FILE: Final = Path(__file__).with_name("practice.toml")


@cache
def practice() -> SummaryPractice:
    """Return within how many days a summary is there; an unreadable file is an error at the first use."""
    return SummaryPractice.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
