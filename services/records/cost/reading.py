"""The published figures, read from their file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from services.contracts.records.cost import CostFigures, OwnCostFigure

_FILE: Final = Path(__file__).with_name("figures.toml")


@cache
def figures() -> CostFigures:
    """Return every figure; an unreadable file is an error at the first use."""
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    # The file leaves out a year that nobody knows.
    own_costs = [dict.fromkeys(OwnCostFigure.model_fields) | one for one in written["own_costs"]]
    return CostFigures.model_validate(
        {"items": written["figures"], "own_costs": own_costs, "caveat": written["caveat"]}
    )
