import asyncio
import threading
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from jose import jwt

from services.chassis.errors import ServiceError
from services.contracts.identity import Role
from services.gateway.errors import OverloadedError
from services.gateway.passwords import Passwords
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization

# Longer than any machine takes.
PATIENCE = 60.0


def _without_instance(problem: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in problem.items() if member != "instance"}


async def test_the_right_password_gives_a_token_that_the_api_takes(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    account = await new_account(roles=(Role.COUNSELLOR, Role.SUPERVISOR))

    session = await gateway().post("/v1/login_sessions", json={"email": "ada@example.org", "password": PASSWORD})

    assert session.status_code == 201
    given = session.json()
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == 900
    assert given["organization_id"] == account["organization_id"]
    me = await gateway().get("/v1/me", headers={"authorization": f"Bearer {given['access_token']}"})
    assert me.json() == {
        "account_id": account["id"],
        "organization_id": account["organization_id"],
        "roles": ["counsellor", "supervisor"],
    }


async def test_the_token_is_of_the_kind_rfc_9068_names(gateway: GatewayFactory, new_account: NewAccount) -> None:
    account = await new_account()

    session = await gateway().post("/v1/login_sessions", json={"email": "ada@example.org", "password": PASSWORD})

    token = session.json()["access_token"]
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    claims = jwt.get_unverified_claims(token)
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["sub"], claims["aud"], claims["act"]) == (account["id"], "eventide", None)


async def test_the_address_is_compared_in_lower_case(gateway: GatewayFactory, new_account: NewAccount) -> None:
    await new_account(email="Grace@Example.org")

    session = await gateway().post("/v1/login_sessions", json={"email": "gRACE@example.ORG", "password": PASSWORD})

    assert session.status_code == 201


async def test_a_stranger_cannot_tell_why_sign_in_was_refused(gateway: GatewayFactory, new_account: NewAccount) -> None:
    await new_account(email="ada@example.org")
    attempts = {
        "unknown": {"email": "nobody@example.org", "password": PASSWORD},
        "wrong": {"email": "ada@example.org", "password": "wrong horse battery staple"},
        "empty": {"email": "ada@example.org", "password": ""},
        "overlong": {"email": "ada@example.org", "password": "x" * 10_000},
        "right but longer": {"email": "ada@example.org", "password": PASSWORD + "x" * 300},
        "unknown and overlong": {"email": "nobody@example.org", "password": "x" * 10_000},
        "other organization": {"email": "ada@example.org", "password": PASSWORD, "organization_id": str(uuid4())},
    }

    answers = {name: await gateway().post("/v1/login_sessions", json=body) for name, body in attempts.items()}

    assert {answer.status_code for answer in answers.values()} == {401}
    first = answers["unknown"]
    for name, answer in answers.items():
        assert _without_instance(answer.json()) == _without_instance(first.json()), name
        assert len(answer.content) == len(first.content), name
        assert answer.headers.keys() == first.headers.keys(), name
    assert first.json()["type"] == "urn:eventide:problem:credentials-refused"


async def test_an_unknown_address_costs_a_password_check_too(
    gateway: GatewayFactory, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []
    is_right = passwords.is_right

    async def counted(password: str, password_hash: str | None) -> bool:
        checked.append(password_hash)
        return await is_right(password, password_hash)

    monkeypatch.setattr(passwords, "is_right", counted)

    await gateway().post("/v1/login_sessions", json={"email": "nobody@example.org", "password": PASSWORD})

    assert checked == [None]


async def test_a_letter_in_another_spelling_is_the_same_letter(passwords: Passwords) -> None:
    password_hash = await passwords.hash("p\u00e4sswort")

    is_right = await passwords.is_right("pa\u0308sswort", password_hash)

    assert is_right is True


async def test_nobodys_password_opens_nothing(passwords: Passwords) -> None:
    # The hash that unknown addresses are compared with is that of the empty password.
    is_right = await passwords.is_right("", None)

    assert is_right is False


async def test_who_works_in_several_organizations_is_offered_the_choice(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization
) -> None:
    first, second = await new_organization("Aspen"), await new_organization("Birch")
    for organization in (first, second):
        await new_account(organization=organization)
    body = {"email": "ada@example.org", "password": PASSWORD}

    undecided = await gateway().post("/v1/login_sessions", json=body)
    decided = await gateway().post("/v1/login_sessions", json=body | {"organization_id": str(second)})

    assert undecided.status_code == 422
    assert undecided.json()["code"] == "organization-required"
    assert [error["detail"] for error in undecided.json()["errors"]] == [f"{first} Aspen", f"{second} Birch"]
    assert decided.status_code == 201
    assert decided.json()["organization_id"] == str(second)


async def test_the_choice_is_not_offered_with_a_wrong_password(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization
) -> None:
    for name in ("Aspen", "Birch"):
        await new_account(organization=await new_organization(name))

    answer = await gateway().post("/v1/login_sessions", json={"email": "ada@example.org", "password": "wrong"})

    assert answer.status_code == 401


async def test_a_refused_password_is_never_echoed(gateway: GatewayFactory) -> None:
    secret = "sw0rdfish-sw0rdfish"

    answers = [
        await gateway().post("/v1/login_sessions", json={"email": "not an address", "password": secret}),
        await gateway().post("/v1/login_sessions", json={"email": "a@b.org", "password": secret, secret: 1}),
        await gateway().post("/v1/login_sessions", json={"email": "a@b.org", "password": [secret]}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert all(secret not in answer.text for answer in answers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"email": "a@b.org"}',
        b'{"email": "a@b.org", "password": NaN}',
        b'{"email": "a@b.org", "password": 1e999}',
        b'{"email": "\\ud800@b.org", "password": "x"}',
        b'{"email": "\\u0000@b.org", "password": "x"}',
        b'{"email": "a@b.org", "password": "x", "organization_id": "1"}',
        b'{"email": ' + b"[" * 100_000 + b"]" * 100_000 + b', "password": "x"}',
        b'{"email": ' + b"9" * 5000 + b', "password": "x"}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
async def test_a_body_that_is_no_sign_in_is_refused_and_breaks_nothing(gateway: GatewayFactory, body: bytes) -> None:
    answer = await gateway().post("/v1/login_sessions", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("password", ["\\u0000", "p\u00e4ssw\u00f6rd", "\U0001f511" * 80, "\\ud800"])
async def test_any_text_may_be_tried_as_a_password(gateway: GatewayFactory, password: str) -> None:
    body = f'{{"email": "a@b.org", "password": "{password}"}}'.encode()

    answer = await gateway().post("/v1/login_sessions", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 401


async def test_others_are_answered_while_a_password_is_hashed(
    gateway: GatewayFactory, new_account: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    await new_account()
    hashing, others_are_done, verify = threading.Event(), threading.Event(), PasswordHasher.verify

    def held(*arguments: Any) -> bool:
        hashing.set()
        # Were it on the loop, nobody could end the wait.
        assert others_are_done.wait(PATIENCE)
        return verify(*arguments)

    monkeypatch.setattr(PasswordHasher, "verify", held)

    body = {"email": "ada@example.org", "password": PASSWORD}
    session = asyncio.create_task(gateway().post("/v1/login_sessions", json=body))
    assert await asyncio.to_thread(hashing.wait, PATIENCE)
    other = await gateway().get("/livez")
    others_are_done.set()

    assert other.status_code == 200
    assert (await session).status_code == 201


async def test_one_sign_in_too_many_is_refused_rather_than_left_waiting() -> None:
    passwords = Passwords(threads=1, queue=2)

    outcomes = await asyncio.gather(*(passwords.is_right("x", None) for _ in range(3)), return_exceptions=True)
    later = await passwords.is_right("x", None)

    assert [type(outcome) for outcome in outcomes] == [bool, bool, OverloadedError]
    assert later is False
    passwords.close()


def test_overload_is_a_refusal_that_can_be_answered() -> None:
    assert issubclass(OverloadedError, ServiceError)
    assert OverloadedError.problem == "overloaded"
