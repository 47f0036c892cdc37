"""The key set over HTTP."""

from fastapi import APIRouter, Response

from services.contracts.gateway.keys import KeySet
from services.gateway.dependencies import Keys

router = APIRouter(tags=["keys"])


@router.get("/.well-known/jwks.json", operation_id="read_key_set")
async def read_key_set(keys: Keys, response: Response) -> KeySet:
    """Read the public keys that tokens are signed with (RFC 7517)."""
    # Short, because a service that meets an unknown key asks again at once.
    response.headers["cache-control"] = "public, max-age=60"
    response.headers["access-control-allow-origin"] = "*"
    return KeySet.model_validate({"keys": keys})
