"""How often people are to be tested by those who say so, and whether a programme keeps it: none is refused by it."""

import tomllib
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from services.contracts.records.draw_programmes import DrawStandard, DrawTerms, StandardFinding
from services.contracts.vocabulary import Weekday
from services.records.draw_programmes.predictability import exact_figures

_FILE: Final = Path(__file__).with_name("standards.toml")
_WEEK: Final = 7


@cache
def standards() -> tuple[DrawStandard, ...]:
    """Return every standard that is known."""
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))["standards"]
    return TypeAdapter(tuple[DrawStandard, ...]).validate_python(written)


def held_against(terms: DrawTerms, on: date) -> list[StandardFinding]:
    """Return what each standard of a day that is about this specimen says of a programme."""
    a_day = exact_figures(terms).tests_per_week / _WEEK
    return [
        StandardFinding(standard=one, is_kept=_keeps(terms, a_day, one))
        for one in standards()
        if one.effective_from <= on and (not one.specimens or terms.specimen in one.specimens)
    ]


def _keeps(terms: DrawTerms, a_day: Fraction, standard: DrawStandard) -> bool:
    tests = a_day * standard.per_days
    return (
        (standard.fewest is None or tests >= standard.fewest)
        and (standard.most is None or tests <= standard.most)
        and (not standard.every_weekday or set(Weekday) == terms.call_days)
    )
