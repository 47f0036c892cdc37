"""Passkeys over HTTP; signing in with one is among the login sessions."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.passkeys import (
    Passkey,
    PasskeyNameRequest,
    PasskeyOptions,
    PasskeyOptionsRequest,
    PasskeyRequest,
)
from services.contracts.identifiers import PasskeyId
from services.gateway.dependencies import COUNTED, Login, Passkeys

router = APIRouter(prefix="/v1/me/passkeys", tags=["login"], route_class=IdempotentRoute)
challenges_router = APIRouter(prefix="/v1/passkey_challenges", tags=["login"], route_class=StrictJsonRoute)


@router.post(
    ":options",
    operation_id="create_my_passkey_options",
    status_code=201,
    responses=documented(401, 403, 429, 503),
    dependencies=[COUNTED],
)
async def create_my_passkey_options(
    request: PasskeyOptionsRequest, passkeys: Passkeys, principal: Caller
) -> PasskeyOptions:
    """Begin to add a passkey, with the password once more.

    Who has a second factor or a passkey already proves it instead, within the five minutes before.
    """
    return await passkeys.begin(request, principal=principal)


@router.post("", operation_id="create_my_passkey", status_code=201, responses=documented(401, 403, 409))
async def create_my_passkey(
    request: PasskeyRequest, passkeys: Passkeys, principal: Caller, response: Response
) -> Passkey:
    """Add the passkey that a device made for the options of this session; from now on it signs you in."""
    passkey = await passkeys.add(request, principal=principal)
    response.headers["location"] = f"/v1/me/passkeys/{passkey.id}"
    return passkey


@router.get("", operation_id="list_my_passkeys", responses=documented(401, 403))
async def list_my_passkeys(passkeys: Passkeys, principal: Caller) -> Page[Passkey]:
    """List your passkeys in the order they were added."""
    return Page(items=await passkeys.show(principal=principal), next_page_token=None)


@router.post("/{passkey_id}:rename", operation_id="rename_my_passkey", responses=documented(401, 403, 404))
async def rename_my_passkey(
    passkey_id: PasskeyId, request: PasskeyNameRequest, passkeys: Passkeys, principal: Caller
) -> Passkey:
    """Call one of your passkeys something else."""
    return await passkeys.rename(passkey_id, request, principal=principal)


@router.post(
    "/{passkey_id}:remove",
    operation_id="remove_my_passkey",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 404),
)
async def remove_my_passkey(passkey_id: PasskeyId, passkeys: Passkeys, principal: Caller) -> None:
    """Remove one of your passkeys; asks for a second factor of the last five minutes."""
    await passkeys.remove(passkey_id, principal=principal)


@router.post(
    ":step_up_options", operation_id="create_step_up_options", status_code=201, responses=documented(401, 403, 404)
)
async def create_step_up_options(passkeys: Passkeys, principal: Caller) -> PasskeyOptions:
    """Get what a browser needs to prove one of your passkeys once more; the answer goes to the session's `:step_up`."""
    return await passkeys.step_up_options(principal=principal)


@challenges_router.post("", operation_id="create_passkey_challenge", status_code=201, responses=documented(429))
async def create_passkey_challenge(login: Login) -> PasskeyOptions:
    """Get what a browser needs to sign anybody in with a passkey; the answer goes to `:with_passkey`."""
    return await login.passkey_options()
