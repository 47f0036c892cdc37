"""Checklist 24 to 53: codes, refresh tokens, applications that prove themselves, and what ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from jose import jwt
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.wiring import Process
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.grants.granted import Handle
from services.gateway.grants.tables import GrantedTokenRow, GrantRow
from services.gateway.login.tables import LoginSessionRow
from services.operator.drill.checklist.probes.applications import (
    HOSTILE_ASSERTIONS,
    REDIRECT,
    SERVICE,
    VERIFIER,
    Application,
)
from services.operator.drill.checklist.probes.signing import Key, decoded
from services.operator.postgres.provision import DatabaseUrls
from tests.gateway.conftest import PASSWORD, PUBLIC_URL, GatewayFactory
from tests.gateway.oauth.conftest import Flow, NewApplication

AT_ONCE = 12


class Hand(Clock):
    """A clock that the test moves."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.now() - Clock().now())
        self.ahead = timedelta()

    @override
    def now(self) -> datetime:
        return super().now() + self.ahead


async def _service_token(client: httpx2.AsyncClient, application: Application, **changes: Any) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **application.proof(), **changes}
    return await client.post("/oauth/token", data=form)


async def test_24_tokens_are_not_to_be_stored_and_say_what_they_are(flow: Flow, application: Application) -> None:
    answer = await flow.code(application)

    given = await flow.redeem(application, answer["code"])

    assert given.headers["cache-control"] == "no-store"
    assert given.headers["pragma"] == "no-cache"
    body = given.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}


async def test_25_a_code_that_comes_twice_ends_what_it_gave(flow: Flow, application: Application) -> None:
    answer = await flow.code(application)
    tokens = (await flow.redeem(application, answer["code"])).json()
    assert await flow.me(tokens["access_token"]) == 200

    second = await flow.redeem(application, answer["code"])

    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert await flow.me(tokens["access_token"]) == 401
    assert (await flow.refresh(application, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_26_a_code_is_good_for_its_application_and_redirect(flow: Flow, new_application: NewApplication) -> None:
    application, other = await new_application(), await new_application()

    refused = [
        await flow.redeem(other, (await flow.code(application))["code"]),
        await flow.redeem(application, (await flow.code(application))["code"], redirect_uri=REDIRECT + "/"),
        await flow.redeem(application, Handle.fresh(OrganizationId(uuid4())).text),
        await flow.redeem(application, "x"),
    ]

    assert [answer.json()["error"] for answer in refused] == ["invalid_grant"] * 4


@pytest.mark.parametrize(
    "changes",
    [{"grant_type": "password", "username": "ada@example.org", "password": "x"}, {"client_secret": "x"}],
)
async def test_28_neither_passwords_nor_shared_secrets_are_taken(
    flow: Flow, application: Application, changes: dict[str, str]
) -> None:
    answer = await flow.code(application)

    refused = await flow.redeem(application, answer["code"], **changes)

    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_client"


@pytest.mark.parametrize("grant_type", ["implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "x" * 5000])
async def test_28_other_grant_types_are_refused(flow: Flow, application: Application, grant_type: str) -> None:
    refused = await flow.redeem(application, "x", grant_type=grant_type)

    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


async def test_29_30_31_parameters_come_once_and_in_the_body(flow: Flow, application: Application) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
            "client_id": application.id}  # fmt: skip
    post = flow.browser.client.post
    answers = [
        await post("/oauth/token?client_id=x", data=form),
        await post("/oauth/token", content="grant_type=a&grant_type=b", headers={
            "content-type": "application/x-www-form-urlencoded"}),
        await post("/oauth/token", json=form),
        await post("/oauth/token", content=b"\xff=%ff", headers={"content-type": "application/x-www-form-urlencoded"}),
        await post("/oauth/token", data={}),
    ]  # fmt: skip

    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.json()) == {"error", "error_description"}


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
async def test_32_a_service_proves_itself_and_gets_a_short_token(
    flow: Flow, new_application: NewApplication, clinic: UUID, algorithm: str
) -> None:
    service = await new_application(key=Key(algorithm), **SERVICE)

    given = await _service_token(flow.browser.client, service)

    assert given.status_code == 200, given.text
    body = given.json()
    assert (body["expires_in"], body["scope"], "refresh_token" in body) == (300, "system/*.rs", False)
    claims = decoded(body["access_token"])
    assert (claims["sub"], claims["client_id"], claims["org"], claims["roles"]) == (
        service.id, service.id, str(clinic), []
    )  # fmt: skip


async def test_33_to_39_an_application_that_gets_one_thing_wrong_is_not_taken_for_itself(
    flow: Flow, new_application: NewApplication
) -> None:
    service = await new_application(key=Key(), **SERVICE)

    answers = {
        name: await _service_token(flow.browser.client, service, client_assertion=make(service))
        for name, make in HOSTILE_ASSERTIONS.items()
    }
    good = await _service_token(flow.browser.client, service)

    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()
    assert {answer.json()["error"] for answer in answers.values()} == {"invalid_client"}
    assert good.status_code == 200


async def test_36_an_assertion_is_used_once(flow: Flow, new_application: NewApplication) -> None:
    service = await new_application(key=Key(), **SERVICE)
    proof = service.proof()

    statuses = [(await _service_token(flow.browser.client, service, **proof)).status_code for _ in range(3)]

    assert statuses == [200, 401, 401]


async def test_40_another_type_of_assertion_or_none_is_refused(flow: Flow, new_application: NewApplication) -> None:
    service = await new_application(key=Key(), **SERVICE)

    other = await _service_token(flow.browser.client, service, client_assertion_type="urn:example:saml")
    named_only = await flow.browser.client.post(
        "/oauth/token", data={"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": service.id}
    )
    not_its_own = await _service_token(flow.browser.client, service, client_id=str(UUID(int=3)))

    assert [answer.status_code for answer in (other, named_only, not_its_own)] == [401, 401, 401]


async def test_a_service_gets_no_scope_of_a_person_and_a_person_s_application_no_service(
    flow: Flow, new_application: NewApplication
) -> None:
    service = await new_application(key=Key(), **SERVICE)
    application = await new_application(key=Key())

    wide = await _service_token(flow.browser.client, service, scope="user/*.rs openid eventide/api")
    narrow = await _service_token(flow.browser.client, service, scope="system/Patient.cruds system/*.u")
    wrong = await _service_token(flow.browser.client, application)

    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    assert narrow.json()["scope"] == "system/Patient.rs"
    assert (wrong.status_code, wrong.json()["error"]) == (400, "unauthorized_client")


async def test_42_43_a_token_that_comes_again_after_the_next_one_ends_the_family(
    flow: Flow, application: Application
) -> None:
    tokens = await flow.tokens(application)
    second = (await flow.refresh(application, tokens["refresh_token"])).json()
    third = (await flow.refresh(application, second["refresh_token"])).json()
    assert len({tokens["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert await flow.me(third["access_token"]) == 200

    reused = await flow.refresh(application, tokens["refresh_token"])

    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert (await flow.refresh(application, third["refresh_token"])).status_code == 400
    assert [await flow.me(one["access_token"]) for one in (tokens, second, third)] == [401, 401, 401]


async def test_44_a_lost_answer_is_given_again(flow: Flow, application: Application) -> None:
    tokens = await flow.tokens(application)

    first = (await flow.refresh(application, tokens["refresh_token"])).json()
    again = (await flow.refresh(application, tokens["refresh_token"])).json()

    assert first["refresh_token"] == again["refresh_token"]
    assert await flow.me(again["access_token"]) == 200
    assert (await flow.refresh(application, again["refresh_token"])).status_code == 200


async def test_43_after_the_grace_a_rotated_token_ends_the_family(
    flow: Flow, application: Application, gateway_app: FastAPI, gateway_database: Database, clock: Clock
) -> None:
    hand = Hand(clock)
    gateway_app.state.process = Process(hand, gateway_database, gateway_app.state.equipment.authenticator)
    tokens = await flow.tokens(application)
    first = (await flow.refresh(application, tokens["refresh_token"])).json()

    hand.ahead = timedelta(seconds=31)
    reused = await flow.refresh(application, tokens["refresh_token"])

    assert reused.status_code == 400
    assert (await flow.refresh(application, first["refresh_token"])).status_code == 400


async def test_26_53_codes_and_families_grow_old(
    flow: Flow, application: Application, gateway_app: FastAPI, gateway_database: Database, clock: Clock
) -> None:
    hand = Hand(clock)
    gateway_app.state.process = Process(hand, gateway_database, gateway_app.state.equipment.authenticator)
    late = await flow.code(application)
    hand.ahead = timedelta(seconds=60)
    too_late = await flow.redeem(application, late["code"])
    tokens = await flow.tokens(application)

    hand.ahead = timedelta(days=89)
    renewed = (await flow.refresh(application, tokens["refresh_token"])).json()
    hand.ahead = timedelta(days=91)
    too_old = await flow.refresh(application, renewed["refresh_token"])

    assert (too_late.status_code, too_old.status_code) == (400, 400)


async def test_47_scopes_grow_narrower_and_never_wider(flow: Flow, application: Application) -> None:
    tokens = await flow.tokens(application)

    narrow = (await flow.refresh(application, tokens["refresh_token"], scope="openid")).json()
    wide = await flow.refresh(application, narrow["refresh_token"], scope="openid user/Patient.rs")
    whole = (await flow.refresh(application, narrow["refresh_token"])).json()

    assert narrow["scope"] == "openid"
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    assert whole["scope"] == tokens["scope"]


async def test_48_a_refresh_token_is_its_application_s_own(flow: Flow, new_application: NewApplication) -> None:
    application, other = await new_application(), await new_application()
    tokens = await flow.tokens(application)

    stolen = await flow.refresh(other, tokens["refresh_token"])

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 200


async def test_50_what_is_revoked_is_over_at_once(flow: Flow, new_application: NewApplication) -> None:
    application, other = await new_application(), await new_application()
    by_refresh, by_access = await flow.tokens(application), await flow.tokens(application)
    assert await flow.me(by_refresh["access_token"]) == 200

    async def revoke(who: Application, token: str) -> int:
        return (await flow.browser.client.post("/oauth/revoke", data={"token": token, **who.proof()})).status_code

    statuses = [await revoke(other, by_refresh["refresh_token"]), await revoke(application, "unknown")]
    assert await flow.me(by_refresh["access_token"]) == 200
    statuses += [await revoke(application, by_refresh["refresh_token"]), await revoke(other, by_access["access_token"])]
    assert await flow.me(by_access["access_token"]) == 200
    statuses += [await revoke(application, by_access["access_token"])]

    assert statuses == [200] * 5
    assert [await flow.me(one["access_token"]) for one in (by_refresh, by_access)] == [401, 401]
    assert (await flow.refresh(application, by_access["refresh_token"])).status_code == 400


async def test_51_introspection_tells_an_application_of_its_own_tokens(
    flow: Flow, new_application: NewApplication, ada: dict[str, Any]
) -> None:
    application, other = await new_application(key=Key()), await new_application(key=Key())
    public = await new_application()
    tokens = await flow.tokens(application)

    async def ask(who: Application, token: str) -> httpx2.Response:
        return await flow.browser.client.post("/oauth/introspect", data={"token": token, **who.proof()})

    known = (await ask(application, tokens["access_token"])).json()
    assert (known["active"], known["client_id"], known["sub"], known["iss"]) == (
        True, application.id, ada["id"], PUBLIC_URL
    )  # fmt: skip
    assert set(known["scope"].split()) == set(tokens["scope"].split())
    assert known["exp"] == decoded(tokens["access_token"])["exp"]
    assert (await ask(application, tokens["refresh_token"])).json()["active"] is True
    for who, token in ((other, tokens["access_token"]), (other, tokens["refresh_token"]), (application, "unknown"),
                       (application, tokens["id_token"])):  # fmt: skip
        assert (await ask(who, token)).json() == {"active": False}
    assert (await ask(public, tokens["access_token"])).status_code == 401
    await flow.refresh(application, tokens["refresh_token"])
    assert (await ask(application, tokens["refresh_token"])).json() == {"active": False}


@pytest.mark.usefixtures("ada")
async def test_an_application_that_is_left_idle_with_its_session_gets_no_more_tokens(
    flow: Flow, application: Application, clinic: UUID, gateway_database: Database
) -> None:
    idle, in_use, offline = [
        await flow.tokens(application, scope=f"openid {access}_access") for access in ("online", "online", "offline")
    ]
    half_an_hour = timedelta(minutes=31)
    async with gateway_database.command(OrganizationId(clinic)) as db:
        await db.execute(update(GrantRow).values(created_at=GrantRow.created_at - half_an_hour))
        await db.execute(
            update(LoginSessionRow).values(
                created_at=LoginSessionRow.created_at - half_an_hour, seen_at=LoginSessionRow.seen_at - half_an_hour
            )
        )
        used = update(GrantRow).where(GrantRow.id == await _grant_of(db, in_use))
        await db.execute(used.values(rotated_at=GrantRow.created_at + half_an_hour))

    answers = [await flow.refresh(application, one["refresh_token"]) for one in (idle, in_use, offline)]

    assert [answer.status_code for answer in answers] == [400, 200, 200]


async def _grant_of(db: AsyncSession, tokens: dict[str, Any]) -> UUID:
    token_id = jwt.get_unverified_claims(tokens["access_token"])["jti"]
    found = await db.scalar(select(GrantedTokenRow.grant_id).where(GrantedTokenRow.token_id == token_id))
    assert found is not None
    return UUID(str(found))


async def test_52_86_what_ends_with_the_session_and_what_with_the_roles(
    flow: Flow, application: Application, ada: dict[str, Any], clinic: UUID, gateway: GatewayFactory
) -> None:
    online = await flow.tokens(application, scope="openid online_access")
    offline = await flow.tokens(application, scope="openid offline_access")
    signed_in = await flow.browser.client.post("/v1/login_sessions", json={"email": flow.email, "password": PASSWORD})
    own = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
    listed = (await flow.browser.client.get("/v1/login_sessions", headers=own)).json()["items"]
    assert len(listed) == 2
    for one in sorted(listed, key=lambda one: str(one["is_current"])):
        await flow.browser.client.post(f"/v1/login_sessions/{one['id']}:end", headers=own)

    assert [await flow.me(one["access_token"]) for one in (online, offline)] == [401, 200]
    assert (await flow.refresh(application, online["refresh_token"])).status_code == 400
    renewed = await flow.refresh(application, offline["refresh_token"])
    assert renewed.status_code == 200

    path = f"/v1/organizations/{clinic}/accounts/{ada['id']}/roles"
    changed = await gateway(Role.ORGANIZATION_ADMIN, organization=clinic).put(path, json={"roles": ["nurse"]})

    assert changed.status_code == 200, changed.text
    assert (await flow.refresh(application, renewed.json()["refresh_token"])).status_code == 400
    assert await flow.me(renewed.json()["access_token"]) == 401


async def test_a_disabled_application_gets_nothing_any_more(
    flow: Flow, application: Application, clinic: UUID, gateway: GatewayFactory
) -> None:
    tokens = await flow.tokens(application)

    administrator = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    disabled = await administrator.post(f"/v1/oauth_clients/{application.id}:disable")

    assert disabled.status_code == 200
    assert (await flow.refresh(application, tokens["refresh_token"])).status_code == 401
    assert await flow.me(tokens["access_token"]) == 401
    assert (await flow.browser.open(application.request())).status_code == 400


async def test_no_secret_is_kept_as_it_is(flow: Flow, application: Application, gateway_database: Database) -> None:
    answer = await flow.code(application)
    tokens = (await flow.redeem(application, answer["code"])).json()
    successor = (await flow.refresh(application, tokens["refresh_token"])).json()["refresh_token"]
    secrets = (answer["code"], tokens["refresh_token"], successor, tokens["access_token"])

    async with gateway_database.command(Handle.read(successor).organization_id) as db:  # type: ignore[union-attr] # it is one of ours
        kept = ""
        for table in ("authorization_codes", "refresh_tokens", "granted_tokens", "authorization_requests", "grants"):
            rows = await db.execute(text(f"select row_to_json(one)::text, one::text from {table} one"))  # noqa: S608 - our own names
            kept += " ".join(f"{row[0]} {row[1]}" for row in rows)

    assert kept
    for secret in secrets:
        assert secret not in kept
        assert secret.encode().hex() not in kept


class TestAtTheSameTime:
    """27, 36, 45, 46: real connections, and what comes at once."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def gateway_database(self, databases: dict[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["gateway"].app, pool_size=AT_ONCE)
        database = await opened.open()
        # Connections are made before the race, one after the other: it is not about how fast that goes.
        async with AsyncExitStack() as stack:
            made = [await stack.enter_async_context(opened.engine.connect()) for _ in range(AT_ONCE)]
            assert len(made) == AT_ONCE
        yield database
        await opened.close()

    @pytest.fixture
    async def ada(self, new_account: Any, clinic: UUID) -> dict[str, Any]:
        account: dict[str, Any] = await new_account(
            organization=clinic, email=f"{uuid4()}@example.org", roles=(Role.COUNSELLOR,)
        )
        return account

    async def test_27_one_of_many_redeems_a_code(self, flow: Flow, application: Application) -> None:
        answer = await flow.code(application)

        given = await asyncio.gather(*(flow.redeem(application, answer["code"]) for _ in range(6)))

        assert sorted(one.status_code for one in given) == [200] + [400] * 5

    async def test_36_one_of_many_uses_an_assertion(self, flow: Flow, new_application: NewApplication) -> None:
        service = await new_application(key=Key(), **SERVICE)
        proof = service.proof()

        given = await asyncio.gather(*(_service_token(flow.browser.client, service, **proof) for _ in range(6)))

        assert sorted(one.status_code for one in given) == [200] + [401] * 5

    async def test_45_many_at_once_get_one_successor(self, flow: Flow, application: Application) -> None:
        tokens = await flow.tokens(application)

        given = await asyncio.gather(*(flow.refresh(application, tokens["refresh_token"]) for _ in range(AT_ONCE)))

        assert {one.status_code for one in given} == {200}
        successors = {orjson.loads(one.content)["refresh_token"] for one in given}
        assert len(successors) == 1
        assert (await flow.refresh(application, successors.pop())).status_code == 200

    async def test_46_whoever_wins_a_revoked_family_stays_dead(self, flow: Flow, application: Application) -> None:
        tokens = await flow.tokens(application)
        client = flow.browser.client
        revocation = {"token": tokens["refresh_token"], **application.proof()}

        answers = await asyncio.gather(
            *(flow.refresh(application, tokens["refresh_token"]) for _ in range(4)),
            client.post("/oauth/revoke", data=revocation),
            *(flow.refresh(application, tokens["refresh_token"]) for _ in range(4)),
        )

        given = [answer.json() for answer in answers if answer.status_code == 200 and answer.content]
        for one in given:
            assert await flow.me(one["access_token"]) == 401
            assert (await flow.refresh(application, one["refresh_token"])).status_code == 400
