"""How the routes that ask for the version of a week document their 412."""

from typing import Any, Final

from services.contracts.scheduler.timetables import MovedWeekProblem

MOVED_WEEK: Final[dict[int | str, dict[str, Any]]] = {
    412: {
        "model": MovedWeekProblem,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/MovedWeekProblem"}}},
    }
}
