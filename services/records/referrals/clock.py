"""The clock of intake, read from its file."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from services.contracts.base import RequestModel
from services.contracts.rule_packs import RuleMark

_FILE: Final = Path(__file__).with_name("intake_clock.toml")


class IntakeClock(RequestModel):
    """Within how many hours of a referral intake should be, and from when on it is about to be too late."""

    hours: Annotated[int, Field(ge=1, le=24 * 90)]
    due_soon_hours: Annotated[int, Field(ge=1)]
    citation: str
    mark: RuleMark
    effective_from: date


@cache
def intake_clock() -> IntakeClock:
    """Return the clock; an unreadable file is an error at the first use."""
    return IntakeClock.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
