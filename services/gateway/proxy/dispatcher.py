"""Decides every request before anything else sees it, and sends it where it goes or tells an engine that asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from services.chassis.edge import App, Receive, Scope, Send
from services.chassis.errors import AuthenticationRequiredError, ServiceError, TokenNotTakenError
from services.chassis.problems import problem_document, problem_response, respond_to
from services.chassis.wiring import PROVED_KEY, Process
from services.contracts.identity import Microservice
from services.contracts.problems import ProblemType
from services.gateway.dpop.logic import Proofs
from services.gateway.dpop.rules import Proof
from services.gateway.errors import NoSuchMethodError, ProofRefusedError
from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.deciding import DecisionPoint, Passage
from services.gateway.proxy.engines import Engine, TrustedEngines, asked_about, told_of
from services.gateway.proxy.forwarding import BEGUN_KEY, Forwarder, Sending
from services.gateway.proxy.origins import Origins
from services.gateway.proxy.requests import IncomingRequest, read_request
from services.gateway.proxy.streams import Streams
from services.gateway.security_events.denials import Denials
from services.gateway.security_events.trails import trails_of

# Told by the next round: no stranger makes a request wait for the database, or keeps it from others.
_NOBODYS: Final = (AuthenticationRequiredError, TokenNotTakenError)


@dataclass(frozen=True, slots=True)
class Front:
    """What the dispatcher works with."""

    decisions: DecisionPoint
    forwarder: Forwarder
    origins: Origins
    engines: TrustedEngines
    proxies: TrustedProxies
    streams: Streams
    denials: Denials


class Dispatcher:
    """The innermost ASGI layer before the gateway's own application; what it refuses, `Edge` answers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        front: Front = scope["app"].state.equipment.front
        begun: Sending | None = scope.get(BEGUN_KEY)
        if begun is not None:
            scope["route"] = begun.route
            await front.forwarder.go_on(begun, receive=receive, send=send)
            return
        engine = front.engines.asking(scope)
        if engine is not None:
            await (await _answer_engine(engine, front, scope))(scope, receive, send)
            return
        request = read_request(scope)
        try:
            passage = await _decided(front, request, scope)
        except NoSuchMethodError as refusal:
            await _no_such_method(refusal.methods)(scope, receive, send)
            return
        if passage.proof is not None:
            await _use_up(passage.proof, passage, front, scope)
            scope[PROVED_KEY] = passage.proof.key
        if passage.route.service is Microservice.GATEWAY:
            await self._app(scope, receive, send)
            return
        scope["route"] = passage.route
        await _forward(front, request, passage, receive, send)


async def _forward(front: Front, request: IncomingRequest, passage: Passage, receive: Receive, send: Send) -> None:
    async def forward(send: Send) -> None:
        await front.forwarder.forward(request, passage.route, passage.internal_token, receive=receive, send=send)

    if passage.listener is None:
        await forward(send)
    else:
        await front.streams.relay(passage.listener, forward, send)


async def _decided(front: Front, request: IncomingRequest, scope: Scope) -> Passage:
    try:
        return front.decisions.decide(request, scope.get("client"))
    except _NOBODYS:
        raise
    except ServiceError:
        await front.denials.tell(trails_of(scope["app"]))
        raise


async def _answer_engine(engine: Engine, front: Front, scope: Scope) -> Response:
    """Tell an engine what a request of its own would have met here."""
    try:
        request, client = asked_about(engine, scope)
        # nginx hands over what is refused.
        passage = front.decisions.decide(request, client, comes_next=True, is_noted=engine is not Engine.NGINX)
        # What comes here next uses its proof up then.
        if passage.proof is not None and not passage.comes_here:
            await _use_up(passage.proof, passage, front, scope, is_noted=engine is not Engine.NGINX)
    except NoSuchMethodError as refusal:
        return _as_heard_by(engine, _no_such_method(refusal.methods))
    except _NOBODYS as refusal:
        return _as_heard_by(engine, respond_to(refusal))
    except ServiceError as refusal:
        await front.denials.tell(trails_of(scope["app"]))
        return _as_heard_by(engine, respond_to(refusal))
    scope["route"] = passage.route
    answer = Response(status_code=HTTPStatus.OK.value)
    answer.raw_headers += told_of(engine, passage, request)
    return answer


async def _use_up(proof: Proof, passage: Passage, front: Front, scope: Scope, *, is_noted: bool = True) -> None:
    process: Process = scope["app"].state.process
    try:
        await Proofs(process.database, process.clock).use_at_a_resource(proof)
    except ProofRefusedError:
        if passage.caller is not None and is_noted:
            front.denials.note(passage.caller, passage.route.operation_id, "proof-replayed")
            await front.denials.tell(trails_of(scope["app"]))
        raise


def _as_heard_by(engine: Engine, refusal: Response) -> Response:
    """Say no so that the engine understands: nginx knows 401 and 403, and fails with 500 on any other status."""
    refusal.headers["X-Gw-Status"] = str(refusal.status_code)
    if engine is Engine.NGINX and refusal.status_code != HTTPStatus.UNAUTHORIZED:
        refusal.status_code = HTTPStatus.FORBIDDEN.value
    return refusal


def _no_such_method(methods: Iterable[str]) -> Response:
    document = problem_document(ProblemType.METHOD_NOT_ALLOWED, "This resource has other methods; Allow lists them.")
    return problem_response(document, headers={"allow": ", ".join(sorted(methods))})
