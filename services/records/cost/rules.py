"""What kinds of treatment come to. Pure."""

from collections.abc import Iterable

from services.contracts.records.cost import (
    CostComparison,
    CostComparisonRequest,
    CostFigure,
    CostFigures,
    CostPart,
    DollarRange,
    DollarSpan,
    SettingCost,
    SettingInput,
)


def comparison(figures: CostFigures, asked: CostComparisonRequest) -> CostComparison:
    """Compare kinds of treatment, each by the price that was given or by its published figure."""
    published = {figure.setting: figure for figure in figures.items}
    settings = [
        _cost(asked, one, published[one.setting].week, published[one.setting])
        if one.price_per_week is None
        else _cost(asked, one, one.price_per_week, None)
        for one in asked.settings
    ]
    return CostComparison(
        settings=settings,
        dollar_years=sorted({one.source.dollar_year for one in settings if one.source is not None}),
        caveat=figures.caveat,
    )


def _cost(
    asked: CostComparisonRequest, one: SettingInput, week: DollarRange | DollarSpan, source: CostFigure | None
) -> SettingCost:
    way_hours = one.visits_per_week * asked.travel_minutes_per_visit / 60
    own = {
        "own_time": (one.hours_per_week + way_hours) * asked.value_of_free_hour,
        "travel": one.visits_per_week * asked.travel_dollars_per_visit,
        "child_care": (one.hours_per_week + way_hours) * asked.child_care_dollars_per_hour,
        "lost_wages": one.lost_work_hours_per_week * asked.wage_dollars_per_hour,
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
    )


def _over(least: float, most: float, weeks: int) -> DollarSpan:
    return DollarSpan(least=round(least * weeks, 2), most=round(most * weeks, 2))


def _sum(parts: Iterable[CostPart]) -> DollarSpan:
    dollars = [part.dollars for part in parts]
    return DollarSpan(
        least=round(sum(one.least for one in dollars), 2), most=round(sum(one.most for one in dollars), 2)
    )
