"""What is answered about costs, to anybody."""

from services.contracts.records.cost import CostComparison, CostComparisonRequest, CostFigures
from services.records.cost.reading import figures
from services.records.cost.rules import comparison


def published() -> CostFigures:
    """Return the published figures."""
    return figures()


def compare(asked: CostComparisonRequest) -> CostComparison:
    """Compare kinds of treatment; nothing of what was asked is kept."""
    return comparison(figures(), asked)
