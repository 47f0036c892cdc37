"""A password is changed by who knows it, to one not guessed first; whoever else was signed in is not any more."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.database import Database
from services.gateway.accounts.rules import is_common
from services.gateway.passwords import HashingCost, Passwords
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization

SESSIONS = "/v1/login_sessions"
CHANGE = "/v1/me:change_password"
NEW = "seven grey herons at dusk"


async def sign_in(client: httpx2.AsyncClient, **body: Any) -> dict[str, str]:
    answer = await client.post(SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, **body})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def change(client: httpx2.AsyncClient, bearer: dict[str, str], old: str, new: str) -> httpx2.Response:
    return await client.post(CHANGE, json={"current_password": old, "new_password": new}, headers=bearer)


async def test_the_new_password_opens_the_old_one_does_not_and_other_sessions_end_everywhere(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization
) -> None:
    here, there = await new_organization("Aspen"), await new_organization("Birch")
    for organization in (here, there):
        await new_account(organization=organization)
    await new_account(organization=here, email="bob@example.org")
    client = gateway()
    own = await sign_in(client, organization_id=str(here))
    others = [await sign_in(client, organization_id=str(place)) for place in (here, there)]
    bobs = await sign_in(client, email="bob@example.org")

    changed = await change(client, own, PASSWORD, NEW)

    async def status(bearer: dict[str, str]) -> int:
        return (await client.get("/v1/me", headers=bearer)).status_code

    assert (changed.status_code, changed.content) == (204, b"")
    assert [await status(bearer) for bearer in (own, bobs, *others)] == [200, 200, 401, 401]
    old = await client.post(
        SESSIONS, json={"email": "ada@example.org", "password": PASSWORD, "organization_id": str(here)}
    )
    assert old.status_code == 401
    await sign_in(client, password=NEW, organization_id=str(there))


async def test_who_does_not_know_the_password_changes_nothing_and_is_held_up(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    client = gateway()
    bearer = await sign_in(client)
    other = await sign_in(client)

    answers = [await change(client, bearer, "wrong horse battery", NEW) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert answers[0].json()["code"] == "password-refused"
    assert (await client.get("/v1/me", headers=other)).status_code == 200
    await sign_in(client)


@pytest.mark.parametrize("new", ["passwordpassword", "PassWord1234", "aaaaaaaaaaaa", "ada@example.org"])
async def test_a_password_that_is_guessed_first_is_refused(
    gateway: GatewayFactory, new_account: NewAccount, new: str
) -> None:
    await new_account()
    client = gateway()
    bearer = await sign_in(client)

    answer = await change(client, bearer, PASSWORD, new)

    assert (answer.status_code, answer.json()["code"]) == (422, "common-password")
    assert new not in answer.text
    await sign_in(client)


async def test_a_change_asked_for_twice_with_one_key_is_made_once(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()
    client = gateway()
    bearer = await sign_in(client) | {"idempotency-key": "once"}

    answers = [await change(client, bearer, PASSWORD, NEW) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_a_hash_of_another_cost_is_made_anew_at_sign_in(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database, passwords: Passwords
) -> None:
    account = await new_account()
    cheap = Passwords(threads=1, queue=2, cost=HashingCost(memory_kib=8192, rounds=1))
    before = await cheap.hash(PASSWORD)
    cheap.close()
    async with gateway_database.read(None) as read:
        await read.connection.execute("update accounts set password_hash = $1 where id = $2", before, account["id"])

    await sign_in(gateway())
    await sign_in(gateway())

    async with gateway_database.read(None) as read:
        after = await read.connection.fetchval("select password_hash from accounts where id = $1", account["id"])
    assert passwords.is_outdated(before)
    assert not passwords.is_outdated(after)
    assert "m=19456,t=2,p=1" in after


@given(st.text(max_size=40), st.sampled_from(["@", "a@b.org", "ada.lovelace@example.org"]))
def test_any_text_can_be_judged_and_a_case_makes_no_password_better(password: str, email: str) -> None:
    assert is_common(password, email) is is_common(password.casefold(), email)


def test_a_sentence_is_no_common_password() -> None:
    assert not is_common(PASSWORD, "ada@example.org")
    assert not is_common("adas seven grey herons", "ada@example.org")
