"""Generated requests against every operation of the published document, through the gateway: no 500, no surprise."""

import asyncio
import base64
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.identity import Microservice, Role
from services.operator.demo import story
from services.operator.stack import Addresses
from services.operator.token_command import mint
from services.policy.oauth_routes import REGISTRATION
from services.policy.routes import ROUTES

DOCUMENT = orjson.loads((Path(__file__).resolve().parents[2] / "docs" / "api" / "eventide.json").read_bytes())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations() if isinstance(operation, Ok)
}
EXAMPLES = 12
EXAMPLES_A_SWEEP = 2
ROUTE_OF = {f"{route.method} {route.path}": route for route in ROUTES}
# Whoever asks for these is nobody's caller: a role makes no difference.
OF_A_CALLER = sorted(label for label in OPERATIONS if not ROUTE_OF[label].public)
# Who asks these is known by what they send with the request, not by a bearer token.
OWN_CREDENTIALS = {
    "POST /oauth/introspect",
    "POST /oauth/par",
    "POST /oauth/revoke",
    "POST /oauth/token",
    "POST /v1/login_sessions",
    "POST /v1/login_sessions:refresh",
    "POST /v1/login_sessions:with_passkey",
    "POST /v1/organizations/{organization_id}/attendance_events",
    "POST /v1/organizations/{organization_id}/emergency_events",
    "POST /v1/organizations/{organization_id}/notice_receipts",
    "POST /v1/organizations/{organization_id}/site_events",
    "POST /v1/record_seals:exchange",
}
LETTERS = {"POST /v1/invitations", "POST /v1/invitations/{invitation_id}:resend", "POST /v1/password_resets"}
ASKING = [route for route in ROUTES if route.fresh_seconds is not None]
# Behind the gateway, these are asked as somebody who has just proved a second factor.
PROVED = {f"{route.method} {route.path}" for route in ASKING if route.service is not Microservice.GATEWAY}
# And the gateway's own are about the session's person, who has none.
FRESH = {f"{route.method} {route.path}" for route in ASKING if route.service is Microservice.GATEWAY}
# This installation lets no application register: whoever asks, these are not there.
NOT_THERE = {f"{route.method} {route.path}" for route in ROUTES if route.operation_id in REGISTRATION}
# What two parsers could read in two ways is refused before anybody looks at who sends it.
AMBIGUOUS = {400, 413, 415, 431}

# For one of these tests.
ENOUGH = timedelta(minutes=5)

pytestmark = pytest.mark.system


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


@pytest.fixture(scope="session")
def director_token(stack: Addresses, operator_token: str) -> Callable[[], str]:
    """Tokens of a director, whose organization is founded anew where the one before would soon end.

    On a busy machine these tests take longer than a token lives.
    """
    known: list[str] = []

    async def found() -> str:
        http = HttpClient()
        director, _ = await story.found_organization(ApiClient(http, stack.gateway, operator_token))
        await http.close()
        return director.token or ""

    def token() -> str:
        soon = Clock(stack.ahead).now() + ENOUGH
        if not known or claims_of(known[-1])["exp"] < soon.timestamp():
            known.append(asyncio.run(found()))
        return known[-1]

    return token


@pytest.fixture(scope="session")
def proved(stack: Addresses, director_token: Callable[[], str]) -> Callable[[], str]:
    """Tokens of the same director, with a second factor proved at the moment in which each is made."""
    claims = claims_of(director_token())

    def token() -> str:
        return mint(
            stack.secrets,
            frozenset(map(Role, claims["roles"])),
            user=UUID(claims["sub"]),
            organization=UUID(claims["org"]),
            offset=stack.ahead,
            is_proved=True,
        )

    return token


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_whatever_is_sent_is_answered_as_documented(
    label: str, stack: Addresses, director_token: Callable[[], str], proved: Callable[[], str]
) -> None:
    statuses, own = set[int](), director_token()

    @given(case=OPERATIONS[label].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: schemathesis.Case[Any]) -> None:
        headers = {"authorization": f"Bearer {proved() if label in PROVED else own}"}
        response = case.call(base_url=stack.gateway, headers=headers)
        statuses.add(response.status_code)
        if label in NOT_THERE:
            assert response.status_code in {404, *AMBIGUOUS}
            return
        checks = [status_code_conformance, content_type_conformance, response_schema_conformance]
        # This installation names no relay for its letters, and says so.
        is_without_mail = label in LETTERS and response.status_code == 503 and response.json()["code"] == "no-mail"
        case.validate_response(response, checks=checks if is_without_mail else [not_a_server_error, *checks])

    send()
    # Were the token refused, every answer would be as documented and nothing would have been tried.
    assert statuses - {401} or label in OWN_CREDENTIALS | FRESH


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        yield made


@pytest.fixture(scope="session")
def tokens(stack: Addresses, director_token: Callable[[], str]) -> Mapping[Role, Mapping[bool, str]]:
    """For each role a token of somebody who has no other, with and without a second factor proved just now."""
    claims = claims_of(director_token())

    def token(role: Role, *, is_proved: bool) -> str:
        organization = None if role is Role.PLATFORM_OPERATOR else UUID(claims["org"])
        return mint(
            stack.secrets, frozenset({role}), organization=organization, offset=stack.ahead, is_proved=is_proved
        )

    return {role: {is_proved: token(role, is_proved=is_proved) for is_proved in (False, True)} for role in Role}


@pytest.mark.parametrize("label", OF_A_CALLER)
def test_whoever_asks_is_answered_and_only_those_who_may_are_let_further(
    label: str, stack: Addresses, session: requests.Session, tokens: Mapping[Role, Mapping[bool, str]]
) -> None:
    route, refused, asking = ROUTE_OF[label], set[Role](), deque(Role)

    def ask(case: schemathesis.Case[Any], role: Role) -> None:
        headers = {"authorization": f"Bearer {tokens[role][label in PROVED]}"}
        response = case.call(base_url=stack.gateway, session=session, headers=headers)
        is_without_mail = label in LETTERS and response.status_code == 503 and response.json()["code"] == "no-mail"
        checks = [status_code_conformance] if is_without_mail else [not_a_server_error, status_code_conformance]
        case.validate_response(response, checks=[not_a_server_error] if label in NOT_THERE else checks)
        if role not in route.roles and response.status_code not in AMBIGUOUS:
            assert response.status_code == (404 if label in NOT_THERE else 403), role
            refused.add(role)

    @given(case=OPERATIONS[label].as_strategy())
    @settings(
        max_examples=EXAMPLES_A_SWEEP,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: schemathesis.Case[Any]) -> None:
        # Half of the roles with each example, or all with the only one that there is.
        is_first = len(asking) == len(Role)
        for _ in range(len(Role) // 2 if is_first else len(asking)):
            ask(case, asking.popleft())
        last.append(case)

    last: list[schemathesis.Case[Any]] = []
    send()
    while asking:
        ask(last[-1], asking.popleft())
    assert refused or not set(Role) - route.roles
