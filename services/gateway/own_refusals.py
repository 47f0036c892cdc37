"""What the gateway's own application refuses a caller with, told in the trail as what the door refuses is."""

from typing import Final
from uuid import UUID

from fastapi import FastAPI, Request, Response

from services.chassis.errors import AuthenticationRequiredError, NotFoundError, ServiceError, TokenNotTakenError
from services.chassis.problems import respond_to
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal
from services.contracts.problems import ProblemType
from services.gateway.errors import CodeRefusedError, PasskeyNotAddedError, PasswordRefusedError, UngrantableRolesError
from services.gateway.organizations.rules import may_see
from services.gateway.security_events.trails import trails_of
from services.policy.routes import BY_OPERATION

_TOLD_AS_ATTEMPTS: Final = (CodeRefusedError, PasskeyNotAddedError, PasswordRefusedError)
_NO_TOKEN: Final = (AuthenticationRequiredError, TokenNotTakenError)


def install_own_refusals(app: FastAPI) -> None:
    """Answer a refusal as every application does, once it is noted where it is one of the caller."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)  # noqa: S101 - the registration below says so
        await _note(request, error)
        return respond_to(error)

    app.add_exception_handler(ServiceError, refused)


async def _note(request: Request, refusal: ServiceError) -> None:
    operation_id = getattr(request.scope.get("route"), "operation_id", None)
    route = BY_OPERATION.get(operation_id or "")
    if route is None:
        return
    denials = request.app.state.equipment.front.denials
    caller: Principal | None = getattr(request.state, "caller", None)
    if caller is not None:
        reason = _reason(request, caller, refusal)
        if reason is not None:
            denials.note(caller, route.operation_id, reason)
            await denials.tell(trails_of(request.app))
    elif route.services and refusal.problem in {ProblemType.AUTHENTICATION_REQUIRED, ProblemType.NOT_ALLOWED}:
        # The door lets pass whoever asks for what only services may; told by the next round, as of any stranger.
        denials.note_nobody(route.operation_id, "token-not-taken" if isinstance(refusal, _NO_TOKEN) else "not-allowed")


def _reason(request: Request, caller: Principal, refusal: ServiceError) -> str | None:
    """Say in words of ours why a caller may not, or None where it is no matter of that."""
    if isinstance(refusal, _TOLD_AS_ATTEMPTS):
        return None
    if isinstance(refusal, UngrantableRolesError):
        return "ungrantable-roles"
    if refusal.problem is ProblemType.NOT_ALLOWED:
        return refusal.code or "not-allowed"
    return "other-organization" if isinstance(refusal, NotFoundError) and _is_elsewhere(request, caller) else None


def _is_elsewhere(request: Request, caller: Principal) -> bool:
    try:
        named = OrganizationId(UUID(request.path_params["organization_id"]))
    except (KeyError, ValueError):
        # The path names none, or nothing that could be one.
        return False
    return not may_see(caller, named)
