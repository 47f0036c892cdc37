"""How the refusal of a seat that somebody would have no way to is documented."""

from typing import Any, Final

from services.contracts.scheduler.transport import MissingRidesProblem

NO_RIDE: Final[dict[int | str, dict[str, Any]]] = {
    409: {
        "model": MissingRidesProblem,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/MissingRidesProblem"}}},
    }
}
