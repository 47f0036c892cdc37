"""Reads packs from their files: every figure whole, cited, dated and said once, or the file is refused."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from services.contracts.base import RequestModel
from services.contracts.rule_packs import (
    PeriodWeeks,
    Population,
    ProgrammeKind,
    RuleFigure,
    RuleKey,
    RuleLayer,
    RuleMark,
    RulePack,
    refuse_no_days,
    refuse_no_figure,
)
from services.contracts.vocabulary import ServiceKind

PACKS_FOLDER: Final = Path(__file__).parent / "packs"

_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
_Text = Annotated[str, StringConstraints(min_length=3, max_length=400)]


class InvalidRulePackError(ValueError):
    """A pack cannot be relied on; the message names the file and the place in it."""


class _Figure(RequestModel):
    """A figure as it is written in a file; what is about every service, population or programme leaves them out."""

    id: _Id
    key: RuleKey
    value: Annotated[int, Field(ge=1, le=10080, strict=True)]
    weeks: Annotated[PeriodWeeks, Field(strict=True)] | None = None
    service: ServiceKind | None = None
    population: Population | None = None
    programme: ProgrammeKind | None = None
    clause: _Text
    citation: _Text
    mark: RuleMark
    effective_from: date
    effective_until: date | None = None
    because: _Text | None = None
    note: _Text | None = None

    @model_validator(mode="after")
    def _is_a_figure(self) -> Self:
        refuse_no_figure(self.key, self.value, self.weeks, self.service)
        refuse_no_days(self.effective_from, self.effective_until)
        return self


class _Pack(RequestModel):
    """A file of figures."""

    id: _Id
    title: _Text
    layer: RuleLayer
    jurisdiction: Annotated[str, Field(pattern=r"^US-[A-Z]{2}$")] | None = None
    figures: Annotated[list[_Figure], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_of_its_layer(self) -> Self:
        if (self.layer is RuleLayer.STATE) != (self.jurisdiction is not None):
            raise ValueError("jurisdiction belongs to the packs of states, and to each of them")
        if self.layer is RuleLayer.ORGANIZATION:
            raise ValueError("what an organization decides is its own to write, and no pack of ours")
        return self


@cache
def all_packs() -> tuple[RulePack, ...]:
    """Return every pack, in order of id.

    Raises:
        InvalidRulePackError: A file is not one, or two have the same id.
    """
    packs = [read_pack(path.name, path.read_text(encoding="utf-8")) for path in sorted(PACKS_FOLDER.glob("*.toml"))]
    _refuse_twice("packs", [pack.id for pack in packs])
    return tuple(sorted(packs, key=lambda pack: pack.id))


def read_pack(name: str, text: str) -> RulePack:
    """Read one file.

    Raises:
        InvalidRulePackError: It is no TOML, has a key that is unknown, lacks one, or says a figure twice for one day.
    """
    try:
        pack = _Pack.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidRulePackError(f"{name}: {error}") from None
    except ValidationError as error:
        raise InvalidRulePackError(f"{name}: {'; '.join(map(_fault, error.errors()))}") from None
    _refuse_twice(name, [figure.id for figure in pack.figures])
    for one, other in combinations(pack.figures, 2):
        if _subject(one) == _subject(other) and _overlap(one, other):
            raise InvalidRulePackError(f"{name}: {one.id} and {other.id} are about the same on the same days")
    return _pack(pack)


def _fault(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    words = {"extra_forbidden": "unknown key", "missing": "missing"}.get(error["type"], error["msg"])
    return f"{place}: {words}" if place else words


def _refuse_twice(place: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for identifier in ids:
        if identifier in seen:
            raise InvalidRulePackError(f"{place}: {identifier} is there twice")
        seen.add(identifier)


def _subject(figure: _Figure) -> tuple[object, ...]:
    return figure.key, figure.service, figure.population, figure.programme


def _overlap(one: _Figure, other: _Figure) -> bool:
    return one.effective_from <= (other.effective_until or date.max) and other.effective_from <= (
        one.effective_until or date.max
    )


def _pack(pack: _Pack) -> RulePack:
    figures: list[Mapping[str, Any]] = [
        {**figure.model_dump(), "id": f"{pack.id}/{figure.id}"} for figure in pack.figures
    ]
    return RulePack(
        id=pack.id,
        title=pack.title,
        layer=pack.layer,
        jurisdiction=pack.jurisdiction,
        figures=[RuleFigure.model_validate(figure) for figure in figures],
    )
