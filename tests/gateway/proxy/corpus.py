"""Requests that every way in has to decide on alike, and how each engine asks about one."""

import re
from typing import NamedTuple
from uuid import UUID

from services.contracts.identity import Microservice, Role
from services.gateway.proxy.engines import Engine
from services.operator.drill.checklist.probes.requests import HEADS, TARGETS
from services.policy.routes import ROUTES
from tests.gateway.proxy.test_requests import HOSTS
from tests.support.tokens import Tokens, principal

ROLES = (Role.COUNSELLOR, Role.BILLING, Role.PATIENT)
# Where a body ends is between the caller and the engine; and to send a field twice is nothing that a scope of ASGI
# passes on to an engine's question.
OF_THE_CONNECTION = {"two hosts", "two lengths", "folded line", "folded line after a tab", "space before the colon",
                     "control character", "70 KiB", "name beyond ASCII", "encoded body"}  # fmt: skip
FRAMING = {"length and transfer coding", "negative length", "length with a plus", "unknown transfer coding",
           "body of a GET", "chunked body of a GET", "transfer coding in two parts",
           "transfer coding behind another"}  # fmt: skip


Fields = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """One request as an engine or we would get it."""

    name: str
    method: str
    target: str
    fields: tuple[tuple[str, str], ...] = ()
    host: str = "eventide.test"

    @property
    def headers(self) -> Fields:
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.fields]


def as_engine(engine: Engine, asked: Asked, client: str = "192.0.2.7") -> tuple[str, str, Fields]:
    """Return method, target and fields of the question that an engine puts about a request."""
    host, target = asked.host.encode("latin-1"), asked.target.encode("latin-1")
    told = {b"content-length": b"x-original-content-length"}
    if engine is Engine.NGINX:
        told[b"transfer-encoding"] = b"x-original-transfer-encoding"
    framed = [(told.get(name, name), value) for name, value in asked.headers]
    if engine is Engine.ENVOY:
        return asked.method, f"/authz/envoy{asked.target}", [
            (b"host", host), *framed, (b"x-forwarded-for", b"10.9.9.9"), (b"x-original-client", client.encode()),
        ]  # fmt: skip
    if engine is Engine.TRAEFIK:
        return "GET", "/authz/traefik", [
            (b"host", b"gateway:8080"), *asked.headers, (b"x-forwarded-method", asked.method.encode()),
            (b"x-forwarded-uri", target), (b"x-forwarded-host", host), (b"x-forwarded-for", client.encode()),
            (b"x-forwarded-proto", b"https"),
        ]  # fmt: skip
    return "GET", "/authz/nginx", [
        (b"host", b"gateway"), *framed,
        (b"x-original-method", asked.method.encode()), (b"x-original-uri", target), (b"x-original-host", host),
        (b"x-original-client", client.encode()),
    ]  # fmt: skip


def _parsed(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def corpus_of(tokens: Tokens, organization_id: UUID) -> list[Asked]:
    def bearer(*roles: Role) -> tuple[str, str]:
        return "Authorization", f"Bearer {tokens.access(principal(*roles, organization=organization_id))}"

    counsellor = bearer(Role.COUNSELLOR)
    behind = [route for route in ROUTES if route.service is not Microservice.GATEWAY and not route.public]
    made = [
        Asked(f"{route.operation_id} as {role}", route.method, re.sub(r"\{[a-z_]+\}", str(organization_id), route.path),
              (bearer(role), ("Content-Length", "0")))
        for number, route in enumerate(behind[::3]) for role in (ROLES[number % 3], ROLES[(number + 1) % 3])
    ]  # fmt: skip
    made += [Asked(f"target: {name}", "GET", target, (counsellor,)) for name, target in TARGETS.items()]
    made += [Asked(f"host: {name}", "GET", "/v1/patients", (counsellor,), host) for name, host in HOSTS.items()]
    made += [
        Asked(f"head: {name}", "GET", "/v1/patients", (
            *([] if any("Authorization" in line for line in lines) else [counsellor]), *map(_parsed, lines)))
        for name, (_, lines) in HEADS.items() if name not in OF_THE_CONNECTION
    ]  # fmt: skip
    others = [
        ("nobody", "GET", "/v1/patients", ()),
        ("scheme of another kind", "GET", "/v1/patients", (("Authorization", "Basic eDp5"),)),
        ("token that is none", "GET", "/v1/patients", (("Authorization", "Bearer x"),)),
        ("method that is not there", "DELETE", "/v1/patients", (counsellor,)),
        ("method that nobody knows", "BREW", "/v1/patients", (counsellor,)),
        ("path that is not there", "GET", "/v1/nothing", (counsellor,)),
        ("what services keep among themselves", "GET", "/v1/week_requirements", (counsellor,)),
        ("query", "GET", "/v1/patients?page_size=2&name=%C3%A9", (counsellor,)),
    ]
    return made + [Asked(*one) for one in others]
