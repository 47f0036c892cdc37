"""How the refusal to publish a proposal is documented."""

from typing import Any, Final

from services.contracts.scheduler.publications import PublicationProblem

REFUSED_CHANGES: Final[dict[int | str, dict[str, Any]]] = {
    409: {
        "model": PublicationProblem,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/PublicationProblem"}}},
    }
}
