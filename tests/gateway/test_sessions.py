"""Sessions are shown and ended, and roles change: access is over at once, in every process, and nobody else's."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import select

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role
from services.gateway.authentication import AccessTokens
from services.gateway.ended import EndedTokens
from services.gateway.login.endings import ROUND_SECONDS, EndingsWatch, SessionsLogic
from services.gateway.login.storage import LoginSessionStorage
from services.gateway.login.tables import EndedTokenRow
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.security_events.storage import SecurityEventStorage
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, Upstream
from tests.support.serving import call_in_process
from tests.support.tokens import ISSUER, InvalidTokenError, Tokens

SESSIONS = "/v1/login_sessions"
ACCESS_LASTS_SECONDS = 2.0
SignedIn = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def sign_in(gateway_app: Any, gateway: GatewayFactory, clients: AsyncExitStack) -> SignedIn:
    async def opened(email: str = "ada@example.org", **body: Any) -> httpx2.AsyncClient:
        session = await gateway().post(SESSIONS, json={"email": email, "password": PASSWORD, **body})
        assert session.status_code == 201, session.text
        headers = {"authorization": f"Bearer {session.json()['access_token']}"}
        made = call_in_process(gateway_app, headers=headers)
        clients.push_async_callback(made.aclose)
        return made

    return opened


async def open_sessions(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(SESSIONS)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_one_s_own_open_sessions_are_listed_with_the_one_that_asks(
    sign_in: SignedIn, new_account: NewAccount
) -> None:
    account = await new_account()
    await new_account(organization=account["organization_id"], email="bob@example.org")
    first, second, _ = await sign_in(), await sign_in(), await sign_in("bob@example.org")

    for client, current in ((first, [True, False]), (second, [False, True])):
        assert [session["is_current"] for session in await open_sessions(client)] == current


async def test_an_ended_session_is_refused_at_once_by_every_kind_of_route_and_the_others_go_on(
    sign_in: SignedIn, new_account: NewAccount, upstream: Upstream
) -> None:
    await new_account()
    lost, kept = await sign_in(), await sign_in()
    paths = ("/v1/me", "/v1/patients", "/v1/sites", SESSIONS)
    assert {(await lost.get(path)).status_code for path in paths} == {200}
    [other] = [session for session in await open_sessions(kept) if not session["is_current"]]
    reached = upstream.calls

    for _ in range(2):
        ended = await kept.post(f"{SESSIONS}/{other['id']}:end", headers={"idempotency-key": "once"})
        assert (ended.status_code, ended.content) == (204, b"")

    refused = [await lost.get(path) for path in paths]
    assert {answer.status_code for answer in refused} == {401}
    assert all("www-authenticate" in answer.headers for answer in refused)
    assert upstream.calls == reached
    assert [session["is_current"] for session in await open_sessions(kept)] == [True]


async def test_signing_out_ends_the_session_that_asks(sign_in: SignedIn, new_account: NewAccount) -> None:
    await new_account()
    client = await sign_in()
    [session] = await open_sessions(client)

    assert (await client.post(f"{SESSIONS}/{session['id']}:end")).status_code == 204
    assert (await client.get("/v1/me")).status_code == 401


async def test_an_internal_token_of_an_ended_session_is_exchanged_no_more(
    sign_in: SignedIn, new_account: NewAccount, gateway: GatewayFactory, upstream: Upstream
) -> None:
    await new_account()
    client = await sign_in()
    heard = (await client.get("/v1/sites")).json()
    [internal] = [value for name, value in heard["headers"] if name == "authorization"]

    async def exchange() -> int:
        asked = {"audience": "records"}
        headers = {"authorization": internal}
        return (await gateway().post("/v1/internal_tokens:exchange", json=asked, headers=headers)).status_code

    before = await exchange()
    [session] = await open_sessions(client)
    await client.post(f"{SESSIONS}/{session['id']}:end")

    assert (before, await exchange()) == (200, 401)
    assert upstream.calls == 1


@pytest.mark.parametrize("whose", ["a colleague's", "of another organization", "nobody's", "ended before"])
async def test_no_session_but_one_s_own_open_one_can_be_ended(
    sign_in: SignedIn, new_account: NewAccount, whose: str
) -> None:
    account = await new_account()
    await new_account(organization=account["organization_id"], email="bob@example.org")
    await new_account(email="eve@example.org")
    client = await sign_in()
    if whose == "ended before":
        await sign_in()
        [victim] = [session for session in await open_sessions(client) if not session["is_current"]]
        assert (await client.post(f"{SESSIONS}/{victim['id']}:end")).status_code == 204
        path, other = victim["id"], client
    elif whose == "nobody's":
        path, other = str(uuid4()), client
    else:
        other = await sign_in("bob@example.org" if whose == "a colleague's" else "eve@example.org")
        [victim] = await open_sessions(other)
        path = victim["id"]

    answer = await client.post(f"{SESSIONS}/{path}:end")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:eventide:problem:not-found")
    assert (await other.get("/v1/me")).status_code == 200


async def test_without_a_session_there_is_nothing_to_show_or_end(gateway: GatewayFactory) -> None:
    for client, status in ((gateway(), 401), (gateway(Role.PLATFORM_OPERATOR), 403)):
        assert (await client.get(SESSIONS)).status_code == status
        assert (await client.post(f"{SESSIONS}/{uuid4()}:end")).status_code == status
    assert (await gateway(Role.NURSE).post(f"{SESSIONS}/canary:end")).status_code == 422


async def test_other_roles_count_at_once_and_end_the_access_with_the_roles_before(
    operator: httpx2.AsyncClient, sign_in: SignedIn, new_account: NewAccount
) -> None:
    account = await new_account(roles=(Role.FRONT_DESK,))
    await new_account(organization=account["organization_id"], email="bob@example.org")
    client, colleague = await sign_in(), await sign_in("bob@example.org")
    path = f"/v1/organizations/{account['organization_id']}/accounts/{account['id']}"

    same = await operator.put(f"{path}/roles", json={"roles": ["front_desk"]})
    still = await client.get("/v1/me")
    changed = await operator.put(f"{path}/roles", json={"roles": ["nurse", "auditor"]})

    assert (same.status_code, still.status_code, changed.status_code) == (200, 200, 200)
    assert changed.json() == {**account, "roles": ["auditor", "nurse"]} == (await operator.get(path)).json()
    assert (await client.get("/v1/me")).status_code == 401
    assert (await colleague.get("/v1/me")).status_code == 200
    assert (await (await sign_in()).get("/v1/me")).json()["roles"] == ["auditor", "nurse"]


async def test_roles_of_one_organization_leave_the_sessions_of_another_alone(
    operator: httpx2.AsyncClient, sign_in: SignedIn, new_account: NewAccount
) -> None:
    here, there = await new_account(), await new_account()
    elsewhere = await sign_in(organization_id=there["organization_id"])
    path = f"/v1/organizations/{here['organization_id']}/accounts/{here['id']}/roles"

    assert (await operator.put(path, json={"roles": ["nurse"]})).status_code == 200

    assert here["id"] == there["id"]
    assert (await elsewhere.get("/v1/me")).json()["roles"] == ["front_desk"]


async def test_nobody_changes_their_own_roles(gateway: GatewayFactory, new_account: NewAccount) -> None:
    account = await new_account(roles=(Role.ORGANIZATION_ADMIN,))
    path = f"/v1/organizations/{account['organization_id']}/accounts/{account['id']}/roles"
    own = gateway(Role.ORGANIZATION_ADMIN, organization=account["organization_id"], account=account["id"])
    other = gateway(Role.ORGANIZATION_ADMIN, organization=account["organization_id"])

    refused = await own.put(path, json={"roles": ["organization_admin", "counsellor"]})

    assert (refused.status_code, refused.json()["code"]) == (403, "own-roles")
    assert (await other.put(path, json={"roles": ["auditor"]})).status_code == 200


async def test_who_may_not_give_roles_gives_none(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account()
    organization = account["organization_id"]
    path = f"/v1/organizations/{organization}/accounts/{account['id']}/roles"
    stranger = gateway(Role.ORGANIZATION_ADMIN)
    answers = [
        await gateway(Role.PROGRAMME_DIRECTOR, organization=organization).put(path, json={"roles": ["nurse"]}),
        await stranger.put(path, json={"roles": ["nurse"]}),
        await operator.put(path.replace(account["id"], str(uuid4())), json={"roles": ["nurse"]}),
        await operator.put(path, json={"roles": ["platform_operator"]}),
        await operator.put(path, json={"roles": []}),
    ]

    assert [answer.status_code for answer in answers] == [403, 404, 404, 422, 422]
    assert (await operator.get(path.removesuffix("/roles"))).json()["roles"] == ["front_desk"]


async def test_what_ends_through_one_process_is_refused_by_another_after_its_next_round(
    sign_in: SignedIn, new_account: NewAccount, gateway_database: Database, tokens: Tokens, clock: Clock
) -> None:
    await new_account()
    client = await sign_in()
    token = client.headers["authorization"].removeprefix("Bearer ")
    ended = EndedTokens()
    other = AccessTokens(tokens.keys, ended, issuer=ISSUER, clock=clock)
    watch = EndingsWatch(lambda: gateway_database, ended, clock)
    await watch.refresh()
    assert other.verify(token).roles == {Role.FRONT_DESK}
    [session] = await open_sessions(client)
    await client.post(f"{SESSIONS}/{session['id']}:end")

    assert other.verify(token).roles == {Role.FRONT_DESK}
    await watch.refresh()
    with pytest.raises(InvalidTokenError):
        other.verify(token)


async def test_what_was_not_written_down_is_forgotten_with_the_next_round(
    gateway_database: Database, clock: Clock
) -> None:
    ended = EndedTokens()
    ended.add(["never committed"])

    assert ended.covers("never committed")
    await EndingsWatch(lambda: gateway_database, ended, clock).refresh()
    assert not ended.covers("never committed")


def test_a_process_that_has_just_asked_asks_again_well_within_the_two_seconds_that_access_may_last() -> None:
    # What is ended right after a round began to read is met by the next one, and by no sooner one.
    assert 2 * ROUND_SECONDS < ACCESS_LASTS_SECONDS


def test_what_is_ended_while_a_round_reads_stays_ended() -> None:
    ended = EndedTokens()
    ended.add(["before"])
    ended.begin_reading()
    ended.add(["meanwhile"])
    ended.replace(["written"])

    assert [ended.covers(one) for one in ("before", "meanwhile", "written")] == [False, True, True]


async def test_what_a_round_gave_back_before_it_was_written_is_ended_once_it_is(
    gateway_database: Database, new_account: NewAccount, sign_in: SignedIn, gateway_app: Any, clock: Clock
) -> None:
    account = await new_account()
    client = await sign_in()
    equipment = gateway_app.state.equipment
    async with gateway_database.command(OrganizationId(UUID(account["organization_id"]))) as db:
        trail = SecurityTrail(SecurityEventStorage(db, bytes(32)), bytes(32), clock)
        sessions = SessionsLogic(LoginSessionStorage(db), equipment.ended, equipment.session_times, trail, clock)
        await sessions.end_all(AccountId(UUID(account["id"])))
        equipment.ended.begin_reading()
        equipment.ended.replace([])

    assert (await client.get("/v1/me")).status_code == 401


async def test_a_watch_outlives_a_database_that_is_away(gateway_database: Database, clock: Clock) -> None:
    away = OpenDatabase("postgresql://nobody:nothing@127.0.0.1:1/nowhere", pool_size=1)
    databases = iter([await away.open(), gateway_database])
    asked: list[Database] = []
    ended = EndedTokens()
    ended.add(["before"])
    second_round = asyncio.Event()

    def database() -> Database:
        asked.append(next(databases, gateway_database))
        if len(asked) > 1:
            second_round.set()
        else:
            assert ended.covers("before")
        return asked[-1]

    watching = asyncio.create_task(EndingsWatch(database, ended, clock).run())
    async with asyncio.timeout(60):
        await second_round.wait()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await away.close()
    assert len(asked) > 1


async def test_expired_endings_are_swept_when_something_is_ended(
    sign_in: SignedIn, new_account: NewAccount, gateway_database: Database
) -> None:
    await new_account()
    async with gateway_database.command(None) as db:
        db.add(EndedTokenRow(token_id="long ago", expires_at=Clock().now().replace(year=2001)))
    client = await sign_in()
    [session] = await open_sessions(client)
    await client.post(f"{SESSIONS}/{session['id']}:end")

    async with gateway_database.command(None) as db:
        ended = set(await db.scalars(select(EndedTokenRow.token_id)))
    # Races of other tests leave rows of their own, committed and not yet expired.
    assert "long ago" not in ended
    assert session["id"] in ended
