"""How the API's document describes forms and the refusals of the authorization server."""

from typing import Any, Final

from services.chassis.wiring import documented
from services.contracts.gateway.oauth_tokens import OauthRefusal

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": OauthRefusal},
    401: {"model": OauthRefusal},
    **documented(429),
}
_TEXT: Final = {"type": "string"}


def form(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Document a form of such parameters."""
    schema = {"type": "object", "properties": dict.fromkeys(names, _TEXT), "required": list(required)}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}
