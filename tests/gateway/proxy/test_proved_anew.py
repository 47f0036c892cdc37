"""Prescribing, handing out a record and breaking the glass ask for a second factor of the last minutes (RFC 9470)."""

import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identifiers import LoginSessionId
from services.contracts.identity import Assurance, Microservice, SignIn
from services.policy.route import FRESH_SECONDS, Route
from services.policy.routes import ROUTES
from tests.gateway.conftest import Upstream
from tests.support.serving import call_in_process
from tests.support.tokens import Tokens, principal

ASKING = [route for route in ROUTES if route.fresh_seconds is not None]
BEHIND = [route for route in ASKING if route.service is not Microservice.GATEWAY]
SOMETHING = str(uuid4())

SignedIn = Callable[..., httpx2.AsyncClient]


@pytest.fixture
def signed_in(gateway_app: Any, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> SignedIn:
    """Clients of somebody who may call a route, and proved who they are so many seconds ago."""

    def client(route: Route, acr: Assurance, seconds: float) -> httpx2.AsyncClient:
        proved_at = tokens.clock.now() - timedelta(seconds=seconds)
        sign_in = SignIn(login_session_id=LoginSessionId(uuid4()), auth_time=proved_at, amr=("pwd",), acr=acr)
        token = tokens.access(principal(*route.roles, organization=organization_id, sign_in=sign_in))
        made = call_in_process(gateway_app, headers={"authorization": f"Bearer {token}"})
        clients.push_async_callback(made.aclose)
        return made

    return client


async def ask(client: httpx2.AsyncClient, route: Route) -> httpx2.Response:
    return await client.request(route.method, re.sub(r"\{[a-z_]+\}", SOMETHING, route.path), json={})


def test_what_asks_for_a_second_factor_is_this() -> None:
    assert {route.operation_id for route in ASKING} == {
        "activate_identity_provider",
        "cancel_programme_closing",
        "certify_plan_of_care",
        "confirm_oauth_client",
        "create_identity_provider",
        "create_disclosure",
        "create_emergency_access",
        "create_medication",
        "create_patient_account",
        "create_programme_closing",
        "create_registration_permit",
        "create_related_person_account",
        "end_medication",
        "remove_my_passkey",
        "remove_my_totp",
        "renew_my_recovery_codes",
        "seal_programme_closing",
    }


@pytest.mark.parametrize("route", BEHIND, ids=lambda route: route.operation_id)
async def test_a_password_alone_is_refused_before_the_service_is_asked(
    signed_in: SignedIn, upstream: Upstream, route: Route
) -> None:
    answer = await ask(signed_in(route, Assurance.AAL1, 0), route)

    assert (answer.status_code, answer.json()["code"]) == (401, "insufficient-user-authentication")
    assert 'error="insufficient_user_authentication", acr_values="aal2"' in answer.headers["www-authenticate"]
    assert upstream.calls == 0


@pytest.mark.parametrize("route", BEHIND, ids=lambda route: route.operation_id)
async def test_a_second_factor_opens_for_a_while(signed_in: SignedIn, upstream: Upstream, route: Route) -> None:
    fresh = await ask(signed_in(route, Assurance.AAL2, 0), route)
    stale = await ask(signed_in(route, Assurance.AAL2, FRESH_SECONDS + 2), route)

    assert (fresh.status_code, stale.status_code) == (200, 401)
    assert upstream.calls == 1
