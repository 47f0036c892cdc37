"""Costs: what three kinds of treatment come to, the person's own time and way included; ranges, never a point."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.rule_packs import RuleMark


class CareSetting(StrEnum):
    """The kinds of treatment that are compared."""

    OUTPATIENT = "outpatient"
    INTENSIVE_OUTPATIENT = "intensive_outpatient"
    RESIDENTIAL = "residential"


Dollars = Annotated[float, Field(ge=0, le=100_000)]


class DollarRange(RequestModel):
    """From the least to the most, in dollars."""

    least: Dollars
    most: Dollars

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.most < self.least:
            raise ValueError("most must not be less than least")
        return self


class DollarSpan(ResourceModel):
    """From the least to the most that something comes to, in dollars."""

    least: float
    most: float


class CostFigure(ResourceModel):
    """A published figure: the price of a week in dollars of its year, and where it was read."""

    code: str
    setting: CareSetting
    week: DollarSpan
    dollar_year: int = Field(description="The year whose dollars they are; no inflation is added.")
    citation: str
    mark: RuleMark
    effective_from: date
    note: str


class OwnCostUnit(StrEnum):
    """Of what a published figure of the person's own cost is."""

    VISIT = "visit"
    DAY = "day"


class OwnCostFigure(ResourceModel):
    """What treatment was found to cost the person who has it, beside its price: time, ways, care of others."""

    code: str
    setting: CareSetting
    unit: OwnCostUnit
    dollars: float
    dollar_year: int | None = Field(description="Null where what we read does not say it.")
    citation: str
    mark: RuleMark
    effective_from: date
    note: str


class CostFigures(ResourceModel):
    """Every figure, and what no figure says."""

    items: list[CostFigure]
    own_costs: list[OwnCostFigure]
    caveat: str


class SettingInput(RequestModel):
    """One kind of treatment as the person would have it; every number may be changed."""

    setting: CareSetting
    weeks: Annotated[int, Field(ge=1, le=104)]
    visits_per_week: int = Field(ge=0, le=14, description="Ways there and back; 0 where the person stays there.")
    hours_per_week: float = Field(
        ge=0, le=168, description="Hours in treatment that would otherwise be free or spent caring for others."
    )
    lost_work_hours_per_week: Annotated[float, Field(ge=0, le=168)] = 0
    price_per_week: DollarRange | None = Field(
        default=None, description="What a programme asks, or a plan leaves to pay; the published figure without it."
    )


class CostComparisonRequest(RequestModel):
    """What the person's own time and way are worth, and the kinds of treatment to compare.

    Where nothing is said of time, way, care and wages, what was published of them stands in, as far as there is such.
    """

    settings: Annotated[list[SettingInput], Field(min_length=1, max_length=3)]
    travel_minutes_per_visit: Annotated[int, Field(ge=0, le=1440)] = 0
    travel_dollars_per_visit: Dollars = 0
    child_care_dollars_per_hour: Dollars = 0
    wage_dollars_per_hour: Dollars = 0
    value_of_free_hour: Dollars = 0

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        named = [one.setting for one in self.settings]
        if len(named) != len(set(named)):
            raise ValueError("settings names a setting twice")
        return self


class CostPart(ResourceModel):
    """One part of what it comes to."""

    code: str
    dollars: DollarSpan


class SettingCost(ResourceModel):
    """What one kind of treatment comes to over its weeks."""

    setting: CareSetting
    weeks: int
    parts: list[CostPart]
    total: DollarSpan
    own_share: DollarSpan = Field(description="All but the price: the person's time, ways, care of others, wages.")
    source: CostFigure | None = Field(description="The published figure; null where the price was given.")
    own_source: OwnCostFigure | None = Field(
        description="The published figure of the own share; null where numbers of your own made it, or none is known."
    )


class CostComparison(ResourceModel):
    """The kinds of treatment side by side; prices of different dollar years are not made alike."""

    settings: list[SettingCost]
    dollar_years: list[int]
    caveat: str
