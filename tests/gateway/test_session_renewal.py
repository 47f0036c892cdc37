"""Access tokens are renewed while a session is open and in use, by a program or by a browser, and not longer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt
from sqlalchemy import select, update

from services.chassis.database import Database
from services.contracts.identifiers import LoginSessionId, OrganizationId
from services.contracts.identity import Role
from services.gateway.login.cookies import COOKIE
from services.gateway.login.sessions import SessionHandle
from services.gateway.login.tables import LoginSessionRow
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount

SESSIONS = "/v1/login_sessions"
REFRESH = f"{SESSIONS}:refresh"


async def sign_in(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, **body})
    assert answer.status_code == 201, answer.text
    session: dict[str, Any] = answer.json()
    return session


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {session['access_token']}"}


SignedIn = tuple[httpx2.AsyncClient, dict[str, Any]]


@pytest.fixture
async def signed_in(gateway: GatewayFactory, new_account: NewAccount) -> SignedIn:
    await new_account()
    return gateway(), await sign_in(gateway())


async def shift(database: Database, session: dict[str, Any], **ago: timedelta) -> None:
    """Let a session look older: each column by so much."""
    async with database.command(OrganizationId(UUID(session["organization_id"]))) as db:
        values = {column: getattr(LoginSessionRow, column) - by for column, by in ago.items()}
        await db.execute(update(LoginSessionRow).where(LoginSessionRow.id == UUID(session["id"])).values(values))


async def test_a_session_tells_how_and_when_its_person_was_authenticated(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()

    session = await sign_in(gateway())

    assert (session["amr"], session["acr"]) == (["pwd"], "aal1")
    claims = jwt.get_unverified_claims(session["access_token"])
    assert (claims["sid"], claims["amr"], claims["acr"]) == (session["id"], ["pwd"], "aal1")
    assert 0 <= claims["iat"] - claims["auth_time"] <= 60
    [listed] = (await gateway().get(SESSIONS, headers=bearer(session))).json()["items"]
    assert (listed["amr"], listed["acr"], listed["is_current"]) == (["pwd"], "aal1", True)


async def test_the_next_token_is_of_the_same_session_and_of_the_roles_held_now(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account(roles=(Role.NURSE,))
    first = await sign_in(gateway())

    renewed = await gateway().post(REFRESH, json={"session_secret": first["session_secret"]})

    assert renewed.status_code == 200
    second = renewed.json()
    assert second["access_token"] != first["access_token"]
    same = ("id", "account_id", "roles", "auth_time", "amr", "acr", "session_expires_at", "session_secret")
    assert {name: second[name] for name in same} == {name: first[name] for name in same}
    assert (await gateway().get("/v1/me", headers=bearer(second))).json()["roles"] == ["nurse"]


async def test_every_token_that_a_session_ever_gave_ends_with_it(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    first = await sign_in(gateway())
    second = (await gateway().post(REFRESH, json={"session_secret": first["session_secret"]})).json()
    paths = ("/v1/me", "/v1/patients")
    before = {(await gateway().get(path, headers=bearer(of))).status_code for path in paths for of in (first, second)}

    await gateway().post(f"{SESSIONS}/{first['id']}:end", headers=bearer(second))

    after = {(await gateway().get(path, headers=bearer(of))).status_code for path in paths for of in (first, second)}
    assert (before, after) == ({200}, {401})
    over = await gateway().post(REFRESH, json={"session_secret": first["session_secret"]})
    assert (over.status_code, over.json()["code"]) == (401, "session-over")


@pytest.mark.parametrize("limit", [{"seen_at": timedelta(minutes=30)}, {"expires_at": timedelta(hours=12)}])
@pytest.mark.parametrize(("minutes", "status"), [(-2, 200), (2, 401)])
async def test_a_session_is_over_when_it_was_idle_or_has_lasted_for_too_long(
    signed_in: SignedIn, gateway_database: Database, limit: dict[str, timedelta], minutes: int, status: int
) -> None:
    client, session = signed_in
    ago = {column: by + timedelta(minutes=minutes) for column, by in limit.items()}
    await shift(gateway_database, session, **ago)

    renewed = await client.post(REFRESH, json={"session_secret": session["session_secret"]})

    assert renewed.status_code == status
    if status == 200 and "expires_at" in limit:
        # What is left of the session is all that its token gets.
        assert 0 < renewed.json()["expires_in"] <= 120


async def test_each_renewal_starts_the_idle_time_again(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database
) -> None:
    await new_account()
    session = await sign_in(gateway())

    statuses = []
    for _ in range(3):
        await shift(gateway_database, session, seen_at=timedelta(minutes=20))
        renewed = await gateway().post(REFRESH, json={"session_secret": session["session_secret"]})
        statuses.append(renewed.status_code)

    assert statuses == [200, 200, 200]


async def test_whose_roles_were_taken_away_renews_nothing(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account()
    session = await sign_in(gateway())
    path = f"/v1/organizations/{account['organization_id']}/accounts/{account['id']}/roles"
    assert (await operator.put(path, json={"roles": ["nurse"]})).status_code == 200

    renewed = await gateway().post(REFRESH, json={"session_secret": session["session_secret"]})

    assert renewed.status_code == 401


async def test_a_secret_opens_only_the_session_it_was_made_for(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database
) -> None:
    here = await new_account()
    there = await new_account(email="eve@example.org")
    session = await sign_in(gateway())
    others = await sign_in(gateway(), email="eve@example.org")
    assert here["organization_id"] != there["organization_id"]
    mine, theirs = (SessionHandle.read(one["session_secret"]) for one in (session, others))
    assert mine is not None
    assert theirs is not None
    forged = [
        SessionHandle.fresh(mine.organization_id, mine.session_id).text,
        mine.text[:43] + theirs.text[43:],
        theirs.text[:43] + mine.text[43:],
        mine.text + "A",
        "A" * 86,
        "x",
        "ü" * 86,
    ]

    answers = [await gateway().post(REFRESH, json={"session_secret": secret}) for secret in forged]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "session-over")}
    async with gateway_database.command(mine.organization_id) as db:
        kept = await db.scalar(select(LoginSessionRow.secret_hash).where(LoginSessionRow.id == mine.session_id))
    assert kept == mine.digest
    assert mine.text.encode() not in kept


async def test_a_browser_keeps_the_secret_where_no_script_reads_it(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    body = {"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"}

    answer = await gateway().post(SESSIONS, json=body)

    session = answer.json()
    cookie, device = answer.headers.get_list("set-cookie")
    assert device.startswith("__Host-eventide-device=")
    pair, *attributes = cookie.split("; ")
    assert pair.startswith("__Host-eventide-session=")
    assert sorted(attribute.lower() for attribute in attributes) == ["httponly", "path=/", "samesite=lax", "secure"]
    assert session["session_secret"] is None
    assert pair.partition("=")[2] not in answer.text
    assert session["csrf_token"] not in cookie


async def test_a_browser_renews_with_its_cookie_and_a_token_that_only_our_page_has(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    answer = await gateway().post(
        SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"}
    )
    other = await gateway().post(SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"})
    cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
    right, of_another = answer.json()["csrf_token"], other.json()["csrf_token"]
    tries: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"csrf_token": right}, cookie),
        ({"csrf_token": of_another}, cookie),
        ({"csrf_token": "x"}, cookie),
        ({"csrf_token": right}, {}),
        ({"csrf_token": right}, {"cookie": f"{COOKIE}=x"}),
        ({}, cookie),
    ]

    answers = [await gateway().post(REFRESH, json=body, headers=headers) for body, headers in tries]

    assert [one.status_code for one in answers] == [200, 401, 401, 401, 401, 422]
    assert answers[0].json()["session_secret"] is None
    assert (await gateway().get("/v1/me", headers=bearer(answers[0].json()))).status_code == 200


async def test_a_form_of_another_site_neither_signs_in_nor_renews(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    body = f'{{"email": "ada@example.org", "password": "{PASSWORD}", "keep_in": "cookie"}}'

    # Without asking first, a page may send another site only the types of a form.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await gateway().post(SESSIONS, content=body, headers={"content-type": kind})
        assert answer.status_code == 422, kind
        assert "set-cookie" not in answer.headers


async def test_signing_out_takes_the_cookie_away(gateway: GatewayFactory, new_account: NewAccount) -> None:
    await new_account()
    answer = await gateway().post(
        SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"}
    )
    session = answer.json()
    headers = bearer(session) | {"cookie": answer.headers["set-cookie"].partition(";")[0]}

    ended = await gateway().post(f"{SESSIONS}/{session['id']}:end", headers=headers)

    assert ended.status_code == 204
    assert ended.headers["set-cookie"].startswith(f'{COOKIE}=""; ')
    assert "Max-Age=0" in ended.headers["set-cookie"]


@given(st.uuids(), st.uuids())
def test_what_a_secret_says_of_its_place_is_read_as_it_was_written(organization: UUID, session: UUID) -> None:
    made = SessionHandle.fresh(OrganizationId(organization), LoginSessionId(session))

    assert SessionHandle.read(made.text) == made


@given(st.text())
def test_any_text_is_a_secret_or_none_and_breaks_nothing(text: str) -> None:
    read = SessionHandle.read(text)

    assert read is None or read.text == text
