"""Proxies that carry the bytes themselves and ask us for the decision: nginx, Traefik, Envoy.

Nothing they say counts unless their address is one that the operator named: by default none is, and `/authz` does not
exist (oauth2-proxy CVE-2026-40575 came from the opposite default). What a request was is read from the fields that each
engine is configured to overwrite, and then from the request's own, as if it had come here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from types import MappingProxyType
from typing import Any, Final

from services.chassis.edge import Scope
from services.contracts.identity import Microservice
from services.gateway.errors import MalformedRequestError
from services.gateway.proxy.deciding import Passage
from services.gateway.proxy.requests import IncomingRequest, read_request

Network = IPv4Network | IPv6Network
Fields = list[tuple[bytes, bytes]]

PREFIX: Final = b"/authz/"
_MOST_REMEMBERED: Final = 1024


class Engine(StrEnum):
    """Whose way of asking it is: auth_request, forwardAuth, ext_authz over HTTP."""

    NGINX = "nginx"
    TRAEFIK = "traefik"
    ENVOY = "envoy"


_BEFORE_PATH: Final = PREFIX + b"envoy/"
_ASKING_AT: Final = MappingProxyType({PREFIX + one.encode(): one for one in (Engine.NGINX, Engine.TRAEFIK)})


@dataclass(frozen=True, slots=True)
class _Shape:
    """The names of the fields in which an engine tells what it was asked; none where the question itself has it."""

    method: bytes | None
    target: bytes | None
    host: bytes
    client: bytes
    length: bytes | None = None
    coding: bytes | None = None
    others: frozenset[bytes] = frozenset()
    """What the engine adds for the question alone."""

    @property
    def own(self) -> frozenset[bytes]:
        """The fields that are about the question and not about the request."""
        named = {self.method, self.target, self.host, self.client, self.length, self.coding} - {None}
        return frozenset(name for name in named if name) | self.others | _ABOUT_THE_QUESTION


_ABOUT_THE_QUESTION: Final = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding"})
_SHAPES: Final[Mapping[Engine, _Shape]] = MappingProxyType(
    {
        Engine.NGINX: _Shape(
            b"x-original-method",
            b"x-original-uri",
            b"x-original-host",
            b"x-original-client",
            length=b"x-original-content-length",
            coding=b"x-original-transfer-encoding",
        ),
        Engine.TRAEFIK: _Shape(
            b"x-forwarded-method",
            b"x-forwarded-uri",
            b"x-forwarded-host",
            b"x-forwarded-for",
            others=frozenset({b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-server", b"x-real-ip"}),
        ),
        Engine.ENVOY: _Shape(
            None,
            None,
            b"host",
            b"x-original-client",
            length=b"x-original-content-length",
            others=frozenset(
                {b"x-forwarded-for", b"x-forwarded-proto", b"x-envoy-internal", b"x-envoy-expected-rq-timeout-ms"}
            ),
        ),
    }
)
_OWN: Final = MappingProxyType({engine: shape.own for engine, shape in _SHAPES.items()})


class TrustedEngines:
    """The addresses from which an engine may ask."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)
        self._known: dict[str, bool] = {}

    def asking(self, scope: Scope) -> Engine | None:
        """Return which engine asks for a decision, or none where this is a request like any other."""
        path: bytes = scope["raw_path"]
        if not path.startswith(PREFIX) or not self._trusts(scope.get("client")):
            return None
        return Engine.ENVOY if path.startswith(_BEFORE_PATH) else _ASKING_AT.get(path)

    def _trusts(self, client: Any) -> bool:
        if not self._networks or not client:
            return False
        trusted = self._known.get(client[0])
        if trusted is None:
            trusted = self._looked_up(client[0])
            if len(self._known) < _MOST_REMEMBERED:
                self._known[client[0]] = trusted
        return trusted

    def _looked_up(self, address: str) -> bool:
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._networks)


def asked_about(engine: Engine, scope: Scope) -> tuple[IncomingRequest, Any]:
    """Return the request that an engine asks about, and the address it came from.

    Raises:
        HeadersTooLargeError: The request has too many fields.
        MalformedRequestError: The request could be read in two ways, or the engine does not say what it was.
    """
    shape, own, headers = _SHAPES[engine], _OWN[engine], scope["headers"]
    told = dict(headers)
    if len(told) < len(headers):
        _refuse_told_twice(shape, headers)
    if shape.target is None:
        raw_path, query = scope["raw_path"].removeprefix(_BEFORE_PATH[:-1]), scope["query_string"]
    else:
        raw_path, _, query = _told(told, shape.target).partition(b"?")
    method = scope["method"] if shape.method is None else _told(told, shape.method).decode("latin-1")
    fields = [field for field in headers if field[0] not in own]
    fields.append((b"host", _told(told, shape.host)))
    if shape.length in told or shape.coding in told:
        fields += _framing(headers, shape)
    request = read_request({"method": method, "raw_path": raw_path, "query_string": query, "headers": fields})
    return request, (_nearest(_told(told, shape.client)), 0)


def told_of(engine: Engine, passage: Passage, request: IncomingRequest) -> Fields:
    """Return the fields by which an engine learns where a permitted request goes, and with what word of ours."""
    comes_here, token = passage.comes_here, passage.internal_token
    told = [
        (b"x-gw-service", (Microservice.GATEWAY if comes_here else passage.route.service).encode()),
        (b"x-decision-cache", b"private" if passage.may_be_remembered else b"no"),
    ]
    word = None if comes_here or token is None else b"Bearer " + token.encode()
    if word is not None:
        told.append((b"x-gw-assertion", word))
    if engine is Engine.TRAEFIK:
        # It cannot write one field from another: what it is told replaces the caller's, or takes it away.
        own = request.headers.get(b"authorization", b"") if comes_here else b""
        told += [(b"authorization", word or own)] if word or own else []
    return told


def _told(told: Mapping[bytes, bytes], name: bytes) -> bytes:
    value = told.get(name)
    if value is None:
        raise MalformedRequestError("The proxy before this gateway does not say what it was asked.")
    return value


def _refuse_told_twice(shape: _Shape, headers: Fields) -> None:
    names = [name for name, _ in headers]
    if any(names.count(name) > 1 for name in (shape.method, shape.target, shape.host, shape.client) if name):
        raise MalformedRequestError("The proxy before this gateway says twice what it was asked.")


def _framing(headers: Fields, shape: _Shape) -> Fields:
    names = {shape.length: b"content-length", shape.coding: b"transfer-encoding"}
    return [(names[field], value) for field, value in headers if field in names]


def _nearest(forwarded_for: bytes) -> str:
    """Return the address that the engine saw itself: whatever stands before it, the caller may have written."""
    return forwarded_for.decode("latin-1").rpartition(",")[2].strip()
