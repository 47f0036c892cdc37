"""Editions of criteria, as files: the names of their dimensions and the numbers of their levels, and nothing else."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from services.contracts.base import Code, RequestModel
from services.contracts.rule_packs import Population, RuleMark

_FOLDER: Final = Path(__file__).parent / "criteria"

_Text = Annotated[str, StringConstraints(min_length=3, max_length=400)]
_Level = Annotated[str, StringConstraints(pattern=r"^[0-4](\.[0-9])?$")]


class Dimension(RequestModel):
    """A dimension's number and name."""

    number: Annotated[int, Field(ge=1, le=9)]
    name: _Text


class LevelHours(RequestModel):
    """The hours a week that a level of care stands for, of those whom it is about."""

    level: _Level
    population: Population
    fewest: Annotated[int, Field(ge=1, le=168)] | None = None
    most: Annotated[int, Field(ge=1, le=168)] | None = None
    fewer_than: Annotated[int, Field(ge=1, le=168)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.fewest is None and self.most is None and self.fewer_than is None:
            raise ValueError("a level's hours name fewest, most or fewer_than")
        return self

    def fits(self, minutes: int) -> bool:
        """Whether so many minutes a week are the level's."""
        return (
            (self.fewest is None or minutes >= self.fewest * 60)
            and (self.most is None or minutes <= self.most * 60)
            and (self.fewer_than is None or minutes < self.fewer_than * 60)
        )


class Edition(RequestModel):
    """An edition: names and numbers, how well we know them, and where they are written."""

    id: Code
    title: _Text
    mark: RuleMark
    citation: _Text
    levels: Annotated[list[_Level], Field(min_length=1)]
    taper_weeks_most: Annotated[int, Field(ge=0, le=12)] | None = None
    taper_citation: _Text | None = None
    hours: list[LevelHours] = Field(default_factory=list)
    dimensions: Annotated[list[Dimension], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if sorted(set(self.levels), key=float) != self.levels:
            raise ValueError("levels must be listed once each, from the lowest up")
        if [dimension.number for dimension in self.dimensions] != list(range(1, len(self.dimensions) + 1)):
            raise ValueError("dimensions must be numbered from 1, in order")
        if (self.taper_weeks_most is None) is not (self.taper_citation is None):
            raise ValueError("taper_weeks_most and taper_citation come together")
        if not {one.level for one in self.hours} <= set(self.levels):
            raise ValueError("hours must be those of a level of the edition")
        return self

    def hours_of(self, level: str, population: Population) -> LevelHours | None:
        """Return the hours of a level, or None where the edition has no figure for them."""
        return next((one for one in self.hours if (one.level, one.population) == (level, population)), None)

    def rank(self, level: str) -> int:
        """Return how high a level of this edition is, 0 for the lowest."""
        return self.levels.index(level)


@cache
def editions() -> tuple[Edition, ...]:
    """Return every edition, in order of id; an unreadable file is an error at the first use."""
    return tuple(
        Edition.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(_FOLDER.glob("*.toml"))
    )


def edition_of(edition_id: str) -> Edition | None:
    """Return an edition by its id, or None where there is none."""
    return next((edition for edition in editions() if edition.id == edition_id), None)
