"""The decision about a request: one function, behind the embedded proxy and behind the engines that ask for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from services.chassis.clock import Clock
from services.chassis.errors import (
    AuthenticationRequiredError,
    InsufficientScopeError,
    NotAllowedError,
    NotFoundError,
    ServiceError,
    StaleAuthenticationError,
    TokenNotTakenError,
)
from services.chassis.tokens import InvalidTokenError
from services.contracts.identity import Microservice, Principal, Role
from services.gateway.authentication import AccessTokens
from services.gateway.dpop.rules import Nonces, Proof, read_proof
from services.gateway.errors import NoSuchMethodError, ProofMissingError, ProofNonceError, ProofRefusedError
from services.gateway.issuing import TokenIssuer
from services.gateway.proxy.hosts import Hosts
from services.gateway.proxy.limiting import CallLimits
from services.gateway.proxy.requests import IncomingRequest, SentToken
from services.gateway.proxy.streams import Listener
from services.gateway.security_events.denials import Denials
from services.policy.calls import CallDecision, is_fresh, may_call
from services.policy.matching import routes_at
from services.policy.route import Route


def _own(operation_id: str, path: str, *roles: Role) -> tuple[str, Mapping[str, Route]]:
    route = Route(operation_id, Microservice.GATEWAY, "GET", path, frozenset(roles), public=not roles)
    return path, {"GET": route}


# Behind the gateway these stand on a port that only the operator reaches; here it is the world's port.
_PROCESS_ROUTES: Final = MappingProxyType(
    dict((_own("livez", "/livez"), _own("readyz", "/readyz"), _own("metrics", "/metrics", Role.PLATFORM_OPERATOR)))
)


class Proving(NamedTuple):
    """What proofs of possession are checked against."""

    base: str
    """Where the world finds us: what the URL of a proof begins with, whatever name a request came under."""
    nonces: Nonces


class Passage(NamedTuple):
    """A permitted request: its route, and what the service takes in place of the caller's token."""

    route: Route
    internal_token: str | None
    """None for a public route, and for one of the gateway's own, which looks at the caller's token again."""
    proof: Proof | None = None
    """What the caller proved to hold the token's key with: good in itself, and still to be used up."""
    listener: Listener | None = None
    """Who hears the answer, where it may go on for longer than others do."""
    caller: Principal | None = None
    """Whose proof is used up."""

    @property
    def comes_here(self) -> bool:
        """Whether an engine hands the request to this gateway: for its own routes, and for streams, which it ends."""
        return self.route.service is Microservice.GATEWAY or self.listener is not None

    @property
    def may_be_remembered(self) -> bool:
        """Whether the same request may be let pass for some seconds without another decision."""
        is_for_a_service = self.internal_token is not None and not self.comes_here
        return is_for_a_service and self.route.method == "GET" and self.proof is None


class DecisionPoint:
    """Decides by form, host, route, caller and permission, in this order; deny is the default.

    That a proof of possession comes for the first time is for the door to find out, which has a database.
    """

    def __init__(
        self,
        access: AccessTokens,
        issuer: TokenIssuer,
        limits: CallLimits,
        hosts: Hosts,
        clock: Clock,
        *,
        proving: Proving,
        denials: Denials,
        absent: frozenset[str] = frozenset(),
    ) -> None:
        """`absent` are the operations that this installation does not have: they are not there, for nobody."""
        self._absent = absent
        self._denials = denials
        self._proving = proving
        self._access = access
        self._issuer = issuer
        self._limits = limits
        self._hosts = hosts
        self._clock = clock

    def decide(
        self, request: IncomingRequest, client: Any, *, comes_next: bool = False, is_noted: bool = True
    ) -> Passage:
        """Let a request pass; `client` is the caller's address as ASGI gives it, or none.

        Where only an engine's question about it is here, one for the gateway itself `comes_next`, and counts then; and
        where an engine hands over what is refused, that is not noted yet.

        Raises:
            MalformedRequestError: It asks for another host.
            NotFoundError: No route that this door opens to is there.
            NoSuchMethodError: The resource has other methods.
            AuthenticationRequiredError: The route needs a token, and there is none.
            TokenNotTakenError: The token is not good.
            ProofMissingError: The token is bound to a key, and came as a bearer token.
            ProofRefusedError: The proof is not of the token's key, or not for this request now.
            ProofNonceError: The proof has another nonce than ours.
            NotAllowedError: The caller may not call the route.
            InsufficientScopeError: The caller's application may not.
            StaleAuthenticationError: The caller has to prove a second factor first, or once more.
            CalledTooOftenError: The address has called a public route too often, or the caller another one.
        """
        route = self._route(request)
        if route.public:
            # Whoever asks is nobody's caller, even with a token: what opens this route is in its body or path.
            if not (comes_next and _is_answered_here(route)):
                self._limits.take(route, client)
            return Passage(route, None)
        if route.service is Microservice.GATEWAY and route.services:
            # It takes another kind of token, which our application verifies.
            return Passage(route, None)
        token = request.token
        try:
            return self._passage(request, _sent(token), route, comes_next=comes_next, is_noted=is_noted)
        except (AuthenticationRequiredError, TokenNotTakenError):
            if is_noted:
                reason = CallDecision.DENY_ANONYMOUS.value if token is None else "token-not-taken"
                self._denials.note_nobody(route.operation_id, reason)
            raise

    def decide_at_once(self, request: IncomingRequest) -> Passage | None:
        """Return the passage of a plain request with a bearer token for a service; None where there is more to it.

        Nothing is noted or used up, and what is refused is not counted: that, and what is not plain, is still to be
        decided on.
        """
        try:
            route, token = self._route(request), request.token
            if token is None or token.is_proved or _needs_more(route):
                return None
            principal = self._access.verify(token.text)
            if principal.proof_key is not None:
                return None
            self._permit(principal, route)
            self._limits.take_of_caller(route, principal)
            internal_token = self._issuer.internal_token_for(token.text, principal, route.service)
        except (ServiceError, InvalidTokenError):
            return None
        return Passage(route, internal_token, caller=principal)

    def forget(self, passage: Passage) -> None:
        """Take back what was decided at once on a request that is still to be decided on."""
        if passage.caller is not None:
            self._limits.give_back(passage.route, passage.caller)

    def _route(self, request: IncomingRequest) -> Route:
        if request.path not in _PROCESS_ROUTES:
            # A prober asks for the address of this very process.
            self._hosts.refuse_foreign(request)
        found = _PROCESS_ROUTES.get(request.path) or routes_at(request.path)
        route = found.get(request.method)
        if route is not None and self._is_there(route):
            return route
        outside = [method for method, route in found.items() if self._is_there(route)]
        if not outside:
            raise NotFoundError
        raise NoSuchMethodError(outside)

    def _is_there(self, route: Route) -> bool:
        return _is_outside(route) and route.operation_id not in self._absent

    def _passage(
        self, request: IncomingRequest, token: SentToken, route: Route, *, comes_next: bool, is_noted: bool
    ) -> Passage:
        principal = self._caller(token)
        if not (comes_next and _is_answered_here(route)):
            # Whatever comes of it: who is refused again and again is held up as well.
            self._limits.take_of_caller(route, principal)
        proof = self._permitted(request, token, principal, route, is_noted=is_noted)
        if route.service is Microservice.GATEWAY:
            return Passage(route, None, proof, caller=principal)
        internal_token = self._issuer.internal_token_for(token.text, principal, route.service)
        return Passage(route, internal_token, proof, self._listener(principal, token, route), principal)

    def _listener(self, principal: Principal, token: SentToken, route: Route) -> Listener | None:
        return None if route.deadline_seconds is None else Listener(principal, self._access.expires_at(token.text))

    def _permitted(
        self, request: IncomingRequest, token: SentToken, principal: Principal, route: Route, *, is_noted: bool
    ) -> Proof | None:
        try:
            proof = self._proof(request, token, principal)
            self._permit(principal, route)
        except ServiceError as refusal:
            # A nonce of ours, or a second factor, is asked for in the usual course: whoever goes on is not refused.
            if is_noted and not isinstance(refusal, ProofNonceError | StaleAuthenticationError):
                self._denials.note(principal, route.operation_id, _reason(principal, route, refusal))
            raise
        return proof

    def _caller(self, token: SentToken) -> Principal:
        try:
            principal = self._access.verify(token.text)
        except InvalidTokenError:
            raise TokenNotTakenError from None
        if principal.proof_key is None and token.is_proved:
            raise TokenNotTakenError
        return principal

    def _proof(self, request: IncomingRequest, token: SentToken, principal: Principal) -> Proof | None:
        if not token.is_proved:
            if principal.proof_key is not None:
                raise ProofMissingError
            return None
        url, now = self._proving.base + request.path, self._clock.now()
        proof = read_proof(request.proof, method=request.method, url=url, now=now, access_token=token.text)
        if proof is None or proof.key != principal.proof_key:
            raise ProofRefusedError
        if proof.nonce is not None and not self._proving.nonces.is_good(proof.nonce, now):
            raise ProofNonceError
        return proof

    def _permit(self, principal: Principal, route: Route) -> None:
        decision = may_call(principal, route).decision
        if decision is CallDecision.DENY_SCOPE:
            raise InsufficientScopeError
        if decision is not CallDecision.PERMIT:
            raise NotAllowedError
        if route.fresh_seconds is not None and not is_fresh(principal, route, self._clock.now()):
            raise StaleAuthenticationError(route.fresh_seconds)


def _sent(token: SentToken | None) -> SentToken:
    if token is None:
        raise AuthenticationRequiredError
    return token


def _reason(principal: Principal, route: Route, refusal: ServiceError) -> str:
    """Say which rule refused, in words of ours."""
    if isinstance(refusal, ProofMissingError | ProofRefusedError):
        return "proof"
    return may_call(principal, route).decision.value


def _is_outside(route: Route) -> bool:
    """Tell whether this door opens to a route: what services keep among themselves does not exist here."""
    return not route.services or route.service is Microservice.GATEWAY


def _is_answered_here(route: Route) -> bool:
    """Tell whether an engine hands a route's requests to this gateway: its own, and streams, which it ends."""
    return route.service is Microservice.GATEWAY or route.deadline_seconds is not None


def _needs_more(route: Route) -> bool:
    """Tell whether there is more to a route than a caller and one answer: an address, our own application, a stream."""
    return route.public or _is_answered_here(route)
