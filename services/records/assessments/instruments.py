"""Reading the instruments: one file each, checked as it is read, so that a wrong figure never reaches a patient."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from services.contracts.base import RequestModel
from services.contracts.records.assessments import (
    Administration,
    Instrument,
    ItemId,
    LicenceState,
    SafetyUrgency,
)
from services.contracts.rule_packs import RuleMark

FOLDER: Final = Path(__file__).parent / "instruments"
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
_Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}-[0-9]$")]


class InvalidInstrumentError(ValueError):
    """A file is no instrument."""


class _Scale(RequestModel):
    id: ItemId
    options: list[tuple[int, _Text]] = Field(default_factory=list)
    least: int | None = None
    most: int | None = None

    @model_validator(mode="after")
    def _takes_answers(self) -> Self:
        if bool(self.options) == (self.least is not None and self.most is not None):
            raise ValueError("a scale has options, or least and most")
        return self

    def members(self) -> dict[str, Any]:
        values = [value for value, _ in self.options] or [self.least or 0, self.most or 0]
        options = [{"value": value, "label": label} for value, label in self.options]
        return {"options": options, "least": min(values), "most": max(values)}


class _Item(RequestModel):
    id: ItemId
    scale: ItemId
    text: _Text
    optional: bool = False
    asked_if_any_of: list[ItemId] = Field(default_factory=list)


class _Score(RequestModel):
    id: ItemId
    title: _Text
    items: list[ItemId] = Field(default_factory=list)
    least: int
    most: int
    higher_is_better: bool
    loinc: _Code | None = None
    bands: list[tuple[int, _Text]]
    meaningful_change: Annotated[int, Field(ge=1)]
    source: _Text
    mark: RuleMark

    @model_validator(mode="after")
    def _has_ordered_bands(self) -> Self:
        starts = [least for least, _ in self.bands]
        if starts and (starts != sorted(set(starts)) or starts[0] != self.least or starts[-1] > self.most):
            raise ValueError("bands begin with the least value and rise")
        return self


class _Safety(RequestModel):
    subject: ItemId
    at_least: int
    urgency: SafetyUrgency
    within_minutes: Annotated[int, Field(ge=0, le=1440)]
    source: _Text


class _File(RequestModel):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,32}$")]
    title: _Text
    edition: _Text
    administered_by: Administration
    stem: _Text | None = None
    loinc_panel: _Code | None = None
    licence_state: LicenceState
    licence: _Text
    source: _Text
    scales: list[_Scale] = Field(default_factory=list)
    items: list[_Item] = Field(default_factory=list)
    scores: Annotated[list[_Score], Field(min_length=1)]
    safety: list[_Safety] = Field(default_factory=list)

    @model_validator(mode="after")
    def _embeds_what_it_may(self) -> Self:
        if (self.licence_state is LicenceState.SCORE_ONLY) != (not self.items):
            raise ValueError("an instrument has items unless its licence lets only its score be entered")
        if any(bool(score.items) != bool(self.items) for score in self.scores):
            raise ValueError("scores are sums of items where there are any")
        return self

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        ids = [item.id for item in self.items] + [score.id for score in self.scores]
        if len(ids) != len(set(ids)):
            raise ValueError("an item or score is there twice")
        named = {
            *(name for score in self.scores for name in score.items),
            *(name for item in self.items for name in item.asked_if_any_of),
            *(rule.subject for rule in self.safety),
        }
        if not named <= set(ids) or {item.scale for item in self.items} > {scale.id for scale in self.scales}:
            raise ValueError("an item, a score or a scale is named that is not there")
        return self


@cache
def all_instruments() -> dict[str, Instrument]:
    """Return every instrument by its id.

    Raises:
        InvalidInstrumentError: A file is none.
    """
    found = [read_instrument(path.name, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    return {instrument.id: instrument for instrument in found}


def read_instrument(name: str, text: str) -> Instrument:
    """Read one file.

    Raises:
        InvalidInstrumentError: It is no TOML, names what is not there, or its scores do not span their items.
    """
    try:
        read = _File.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidInstrumentError(f"{name}: {error}") from None
    instrument = _instrument(read)
    _refuse_wrong_span(name, instrument)
    return instrument


def _instrument(read: _File) -> Instrument:
    scales = {scale.id: scale.members() for scale in read.scales}
    return Instrument.model_validate(
        {
            **read.model_dump(exclude={"scales"}),
            "items": [{**item.model_dump(), **scales[item.scale]} for item in read.items],
            "scores": [
                {**score.model_dump(), "bands": [{"least": least, "label": label} for least, label in score.bands]}
                for score in read.scores
            ],
        }
    )


def _refuse_wrong_span(name: str, instrument: Instrument) -> None:
    items = {item.id: item for item in instrument.items}
    for score in instrument.scores:
        summed = [items[item_id] for item_id in score.items]
        span = (sum(item.least for item in summed), sum(item.most for item in summed))
        if summed and span != (score.least, score.most):
            raise InvalidInstrumentError(f"{name}: {score.id} spans {span[0]} to {span[1]}")
