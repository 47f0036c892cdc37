"""Decides every request before anything else sees it: form, route, caller, permission, and then where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.chassis.edge import App, Receive, Scope, Send
from services.chassis.errors import AuthenticationRequiredError, InsufficientScopeError, NotAllowedError, NotFoundError
from services.chassis.problems import problem_document, problem_response
from services.chassis.tokens import InvalidTokenError
from services.contracts.identity import Microservice, Principal, Role
from services.contracts.problems import ProblemType
from services.gateway.authentication import AccessTokens
from services.gateway.issuing import TokenIssuer
from services.gateway.proxy.forwarding import Forwarder
from services.gateway.proxy.hosts import Hosts
from services.gateway.proxy.limiting import CallLimits
from services.gateway.proxy.origins import Origins
from services.gateway.proxy.requests import IncomingRequest, read_request
from services.policy.calls import CallDecision, may_call
from services.policy.matching import routes_at
from services.policy.route import Route


def _own(operation_id: str, path: str, *roles: Role) -> tuple[str, Mapping[str, Route]]:
    route = Route(operation_id, Microservice.GATEWAY, "GET", path, frozenset(roles), public=not roles)
    return path, {"GET": route}


# Behind the gateway these stand on a port that only the operator reaches; here it is the world's port.
_PROCESS_ROUTES: Final = MappingProxyType(
    dict((_own("livez", "/livez"), _own("readyz", "/readyz"), _own("metrics", "/metrics", Role.PLATFORM_OPERATOR)))
)


@dataclass(frozen=True, slots=True)
class Front:
    """What the dispatcher works with."""

    access: AccessTokens
    issuer: TokenIssuer
    forwarder: Forwarder
    limits: CallLimits
    hosts: Hosts
    origins: Origins


class Dispatcher:
    """The innermost ASGI layer before the gateway's own application; what it refuses, `Edge` answers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = read_request(scope)
        front: Front = scope["app"].state.equipment.front
        if request.path not in _PROCESS_ROUTES:
            # A prober asks for the address of this very process.
            front.hosts.refuse_foreign(request)
        routes = _routes_from_outside(request.path)
        if not routes:
            raise NotFoundError
        route = routes.get(request.method)
        if route is None:
            await _method_not_allowed(routes, scope, receive, send)
            return
        if route.service is Microservice.GATEWAY and (route.public or route.services):
            # A public route asks for no token; one for services takes another kind, which our application verifies.
            await self._app(scope, receive, send)
            return
        if route.public:
            # Whoever asks is nobody's caller, even with a token: what opens this route is in its body or path.
            scope["route"] = route
            front.limits.take(route, scope)
            await front.forwarder.forward(request, route.service, None, receive=receive, send=send)
            return
        token, principal = _permit(request, route, front.access)
        if route.service is Microservice.GATEWAY:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        internal_token = front.issuer.internal_token_for(token, principal, route.service)
        await front.forwarder.forward(request, route.service, internal_token, receive=receive, send=send)


def _routes_from_outside(path: str) -> Mapping[str, Route]:
    """Return the routes of a path that this door opens to: what services keep among themselves does not exist here."""
    found = _PROCESS_ROUTES.get(path) or routes_at(path)
    return {
        method: route for method, route in found.items() if not route.services or route.service is Microservice.GATEWAY
    }


def _permit(request: IncomingRequest, route: Route, access: AccessTokens) -> tuple[str, Principal]:
    token = request.bearer_token
    if token is None:
        raise AuthenticationRequiredError
    try:
        principal = access.verify(token)
    except InvalidTokenError:
        raise AuthenticationRequiredError from None
    decision = may_call(principal, route).decision
    if decision is CallDecision.DENY_SCOPE:
        raise InsufficientScopeError
    if decision is not CallDecision.PERMIT:
        raise NotAllowedError
    return token, principal


async def _method_not_allowed(routes: Mapping[str, Route], scope: Scope, receive: Receive, send: Send) -> None:
    document = problem_document(ProblemType.METHOD_NOT_ALLOWED, "This resource has other methods; Allow lists them.")
    response = problem_response(document, headers={"allow": ", ".join(sorted(routes))})
    await response(scope, receive, send)
