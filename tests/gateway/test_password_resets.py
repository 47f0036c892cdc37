"""A new password by a link: once, for half an hour, and nobody learns who has an account."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.wiring import Process
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.identifiers import AccountId
from services.contracts.identity import Role
from services.gateway.accounts.storage import AccountStorage
from services.gateway.letters.letter import Letter, LetterKind
from services.gateway.letters.rules import LEASE, MOST_ATTEMPTS, pause_after, written
from services.gateway.password_resets.storage import PasswordResetStorage
from services.operator.postgres.provision import DatabaseUrls
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization, Post

RESETS = "/v1/password_resets"
REDEEM = "/v1/password_resets:redeem"
SESSIONS = "/v1/login_sessions"
NEW = "seven grey herons at dusk"
UNSAID = ("clinic", "treatment", "eventide", "recover", "harbour", "addict", "patient", "tratamiento", "clínica")


async def _ask(client: httpx2.AsyncClient, email: str = "ada@example.org", **more: str) -> httpx2.Response:
    return await client.post(RESETS, json={"email": email, **more})


async def _redeem(client: httpx2.AsyncClient, secret: str, password: str = NEW) -> httpx2.Response:
    return await client.post(REDEEM, json={"secret": secret, "new_password": password})


async def _sign_in(client: httpx2.AsyncClient, password: str, **more: Any) -> httpx2.Response:
    return await client.post(SESSIONS, json={"email": "ada@example.org", "password": password, **more})


async def _rows(database: Database, query: str) -> int:
    async with database.read(None) as read:
        found: int = await read.connection.fetchval(query)
        return found


async def test_the_link_gives_a_new_password_and_everything_that_was_open_ends(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization, post: Post
) -> None:
    here, there = await new_organization("Aspen"), await new_organization("Birch")
    for organization in (here, there):
        await new_account(organization=organization)
    client = gateway()
    tokens = [(await _sign_in(client, PASSWORD, organization_id=str(o))).json()["access_token"] for o in (here, there)]

    asked = await _ask(client)
    await post.carry()
    redeemed = await _redeem(client, post.relay.secrets[0])

    assert (asked.status_code, asked.json()) == (202, {"expires_in": 1800})
    assert (redeemed.status_code, redeemed.content) == (204, b"")
    statuses = [
        (await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})).status_code for token in tokens
    ]
    assert statuses == [401, 401]
    assert (await _sign_in(client, PASSWORD, organization_id=str(here))).status_code == 401
    assert (await _sign_in(client, NEW, organization_id=str(there))).status_code == 201


async def test_it_is_told_in_the_trail_of_every_workplace(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization, post: Post
) -> None:
    here, there = await new_organization("Aspen"), await new_organization("Birch")
    accounts = [await new_account(organization=organization) for organization in (here, there)]

    await _ask(gateway())
    await post.carry()
    await _redeem(gateway(), post.relay.secrets[0])

    for organization in (here, there):
        events = (await gateway(Role.AUDITOR, organization=organization).get("/v1/security_events")).json()["items"]
        told = [(event["kind"], event["account_id"]) for event in events][-2:]
        assert told == [("password_reset_sent", accounts[0]["id"]), ("password_reset", accounts[0]["id"])]


async def test_an_address_without_an_account_is_answered_alike_and_written_to_by_nobody(
    gateway: GatewayFactory, new_account: NewAccount, post: Post, gateway_database: Database
) -> None:
    await new_account()
    client = gateway()

    answers = [await _ask(client, email) for email in ("ada@example.org", "nobody@example.org")]
    waiting = await _rows(gateway_database, "select count(distinct octet_length(content)) from letters")
    await post.carry()

    known, unknown = answers
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.headers.keys() == unknown.headers.keys()
    assert waiting == 2
    assert [letter["to"] for letter in post.relay.handed] == ["ada@example.org"]
    assert await _rows(gateway_database, "select count(*) from letters") == 0


async def test_who_is_shut_out_everywhere_gets_no_link(
    gateway: GatewayFactory, new_account: NewAccount, post: Post
) -> None:
    account = await new_account()
    clinic = UUID(account["organization_id"])
    administrator = gateway(Role.ORGANIZATION_ADMIN, organization=clinic)
    await administrator.post(f"/v1/organizations/{clinic}/accounts/{account['id']}:disable")

    await _ask(gateway())
    await post.carry()

    assert post.relay.handed == []


async def test_a_link_is_good_once_and_so_are_all_that_were_sent(
    gateway: GatewayFactory, new_account: NewAccount, post: Post
) -> None:
    await new_account()
    client = gateway()
    for _ in range(2):
        await _ask(client)
    await post.carry()
    assert (await _redeem(client, post.relay.secrets[0])).status_code == 204

    refused = [await _redeem(client, secret, "eight grey herons at dusk") for secret in (*post.relay.secrets, "x")]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "link-refused")] * 3
    assert (await _sign_in(client, NEW)).status_code == 201


async def test_a_password_that_is_changed_ends_the_links_that_were_sent(
    gateway: GatewayFactory, new_account: NewAccount, post: Post
) -> None:
    await new_account()
    client = gateway()
    await _ask(client)
    await post.carry()
    bearer = {"authorization": f"Bearer {(await _sign_in(client, PASSWORD)).json()['access_token']}"}
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await client.post("/v1/me:change_password", json=body, headers=bearer)).status_code == 204

    assert (await _redeem(client, post.relay.secrets[0])).status_code == 403


async def test_a_link_is_over_after_half_an_hour(gateway: GatewayFactory, new_account: NewAccount, post: Post) -> None:
    await new_account()
    await _ask(gateway())
    await post.carry()
    process = post.app.state.process
    late = Clock(post.clock.now() - Clock().now() + timedelta(minutes=30, seconds=1))
    post.app.state.process = Process(late, process.database, process.authenticator)

    assert (await _redeem(gateway(), post.relay.secrets[0])).status_code == 403


@pytest.mark.parametrize("new", ["passwordpassword", "aaaaaaaaaaaa", "ada@example.org"])
async def test_a_password_that_is_guessed_first_is_refused_and_the_link_stays_good(
    gateway: GatewayFactory, new_account: NewAccount, post: Post, new: str
) -> None:
    await new_account()
    await _ask(gateway())
    await post.carry()

    refused = await _redeem(gateway(), post.relay.secrets[0], new)

    assert (refused.status_code, refused.json()["code"]) == (422, "common-password")
    assert refused.json()["errors"][0]["pointer"] == "/new_password"
    assert new not in refused.text
    assert (await _redeem(gateway(), post.relay.secrets[0])).status_code == 204


async def test_a_second_factor_outlives_the_password(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database, post: Post
) -> None:
    account = await new_account()
    async with gateway_database.read(None) as read:
        await read.connection.execute(
            "insert into totp_factors (account_id, secret, last_step, created_at, confirmed_at) "
            "values ($1, 'x', 0, now(), now())",
            account["id"],
        )
    await _ask(gateway())
    await post.carry()
    await _redeem(gateway(), post.relay.secrets[0])

    assert (await _sign_in(gateway(), NEW)).json()["code"] == "second-factor-required"


@pytest.mark.usefixtures("post")
async def test_a_network_asks_for_so_many_letters(gateway: GatewayFactory) -> None:
    client = gateway()

    asked = [(await _ask(client, f"{n}@example.org")).status_code for n in range(21)]

    assert asked == [202] * 20 + [429]


async def test_nobodys_mailbox_is_filled(gateway: GatewayFactory, new_account: NewAccount, post: Post) -> None:
    await new_account()
    for _ in range(8):
        await _ask(gateway())
    await post.carry()

    assert len(post.relay.handed) == 5


async def test_without_a_relay_everybody_is_told_that_no_letter_is_sent(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account()

    for email in ("ada@example.org", "nobody@example.org"):
        refused = await _ask(gateway(), email)
        assert (refused.status_code, refused.json()["code"]) == (503, "no-mail")


@pytest.mark.usefixtures("post")
@pytest.mark.parametrize("body", [{}, {"email": "ada"}, {"email": "ada@example.org", "language": "de"}])
async def test_bad_input_is_refused_and_not_repeated(gateway: GatewayFactory, body: Any) -> None:
    refused = await gateway().post(RESETS, json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"]
    assert "example.org" not in refused.text


async def test_a_letter_that_was_not_taken_goes_again_later_with_the_same_id_and_link(
    gateway: GatewayFactory, new_account: NewAccount, post: Post
) -> None:
    await new_account()
    await _ask(gateway())
    post.relay.status = 503
    for _ in range(2):
        await post.carry()
    assert len(post.relay.handed) == 1
    post.relay.status = 204

    await post.carry(after=pause_after(1))

    assert post.relay.handed[0] == post.relay.handed[1]
    assert (await _redeem(gateway(), post.relay.secrets[1])).status_code == 204


async def test_a_letter_whose_link_was_used_does_not_make_it_good_again(
    gateway: GatewayFactory, new_account: NewAccount, post: Post
) -> None:
    await new_account()
    await _ask(gateway())
    post.relay.status = 503
    await post.carry()
    assert (await _redeem(gateway(), post.relay.secrets[0])).status_code == 204

    await post.carry(after=pause_after(1))

    assert len(post.relay.handed) == 1
    assert (await _redeem(gateway(), post.relay.secrets[0])).status_code == 403


async def test_a_letter_that_is_refused_is_dropped(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database, post: Post
) -> None:
    await new_account()
    await _ask(gateway())
    post.relay.status = 410
    await post.carry()

    assert await _rows(gateway_database, "select count(*) from letters") == 0


async def test_nothing_at_rest_opens_anything(
    gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database, post: Post
) -> None:
    await new_account()
    post.relay.status = 503
    await _ask(gateway())
    await post.carry()

    async with gateway_database.read(None) as read:
        letters = await read.connection.fetch("select * from letters")
        resets = await read.connection.fetch("select * from password_resets")
    rows = [str(dict(row)) for row in (*letters, *resets)]
    assert len(rows) == 2
    assert not any(post.relay.secrets[0] in row or "ada@example.org" in row for row in rows)


@pytest.mark.parametrize("kind", LetterKind)
@pytest.mark.parametrize("language", LetterLanguage)
def test_letters_say_nothing_to_who_reads_over_a_shoulder(
    kind: LetterKind, language: LetterLanguage, clock: Clock
) -> None:
    letter = Letter(uuid4(), kind, "ada@example.org", "s3cret", language, clock.now())

    with_page, without = written(letter, "https://app.example.org/account"), written(letter, None)

    assert f"https://app.example.org/account#{kind.value}=s3cret" in with_page.text
    assert "s3cret" in without.text
    assert "://" not in without.text
    assert not any(word in (without.subject + without.text).casefold() for word in UNSAID)
    assert "s3cret" not in repr((letter, with_page, without))


def test_a_letter_rests_for_longer_each_time_and_never_shorter_than_it_is_leased() -> None:
    pauses = [pause_after(attempts).total_seconds() for attempts in range(1, MOST_ATTEMPTS + 1)]

    assert pauses == [30, 120, 480, 1920, 7200, 7200, 7200, 7200]
    assert timedelta(seconds=30) < LEASE


async def test_a_link_that_comes_many_times_at_once_is_good_once(
    databases: Mapping[str, DatabaseUrls], clock: Clock
) -> None:
    now, secret_hash, account_id = clock.now(), uuid4().bytes, AccountId(uuid4())
    opened = OpenDatabase(databases["gateway"].app, pool_size=6)
    database = await opened.open()

    async def use() -> AccountId | None:
        async with database.command(None) as db:
            return await PasswordResetStorage(db).use(secret_hash, now)

    try:
        async with database.command(None) as db:
            email = f"{account_id.hex}@example.org"
            await AccountStorage(db).add(account_id, email=email, display_name="Ada", password_hash="x", now=now)
            expires_at = now + timedelta(minutes=1)
            await PasswordResetStorage(db).add(account_id, secret_hash, expires_at=expires_at, now=now)
        used = await asyncio.gather(*(use() for _ in range(12)))
    finally:
        await opened.close()

    assert sorted(map(str, used)) == sorted(map(str, [account_id, *[None] * 11]))
