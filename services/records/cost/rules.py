"""What kinds of treatment come to. Pure."""

from collections.abc import Iterable
from typing import Final

from services.contracts.records.cost import (
    CostComparison,
    CostComparisonRequest,
    CostFigure,
    CostFigures,
    CostPart,
    DollarSpan,
    OwnCostFigure,
    OwnCostUnit,
    SettingCost,
    SettingInput,
)

OWN_INPUTS: Final = frozenset(CostComparisonRequest.model_fields) - {"settings"}
"""What a person says of the own time and way; whoever says any of it is told no published figure of them."""

_DAYS_A_WEEK: Final = 7


def comparison(figures: CostFigures, asked: CostComparisonRequest) -> CostComparison:
    """Compare kinds of treatment, each by the price that was given or by its published figure."""
    published = {figure.setting: figure for figure in figures.items}
    own = {} if asked.model_fields_set & OWN_INPUTS else {figure.setting: figure for figure in figures.own_costs}
    settings = [
        _cost(asked, one, None if one.price_per_week else published[one.setting], own.get(one.setting))
        for one in asked.settings
    ]
    sources = [source for one in settings for source in (one.source, one.own_source) if source is not None]
    return CostComparison(
        settings=settings,
        dollar_years=sorted({one.dollar_year for one in sources if one.dollar_year is not None}),
        caveat=figures.caveat,
    )


def _cost(
    asked: CostComparisonRequest, one: SettingInput, source: CostFigure | None, own_source: OwnCostFigure | None
) -> SettingCost:
    week = one.price_per_week if source is None else source.week
    assert week is not None  # noqa: S101 - whoever gives no price is told a published one
    way_hours = one.visits_per_week * asked.travel_minutes_per_visit / 60
    own = {
        "own_time": (one.hours_per_week + way_hours) * asked.value_of_free_hour,
        "travel": one.visits_per_week * asked.travel_dollars_per_visit,
        "child_care": (one.hours_per_week + way_hours) * asked.child_care_dollars_per_hour,
        "lost_wages": one.lost_work_hours_per_week * asked.wage_dollars_per_hour,
        "published_own_cost": 0 if own_source is None else _units(one, own_source) * own_source.dollars,
    }
    price = CostPart(code="price", dollars=_over(week.least, week.most, one.weeks))
    parts = [CostPart(code=code, dollars=_over(dollars, dollars, one.weeks)) for code, dollars in own.items()]
    return SettingCost(
        setting=one.setting,
        weeks=one.weeks,
        parts=[price, *parts],
        total=_sum([price, *parts]),
        own_share=_sum(parts),
        source=source,
        own_source=own_source,
    )


def _units(one: SettingInput, figure: OwnCostFigure) -> int:
    return one.visits_per_week if figure.unit is OwnCostUnit.VISIT else _DAYS_A_WEEK


def _over(least: float, most: float, weeks: int) -> DollarSpan:
    return DollarSpan(least=round(least * weeks, 2), most=round(most * weeks, 2))


def _sum(parts: Iterable[CostPart]) -> DollarSpan:
    dollars = [part.dollars for part in parts]
    return DollarSpan(
        least=round(sum(one.least for one in dollars), 2), most=round(sum(one.most for one in dollars), 2)
    )
