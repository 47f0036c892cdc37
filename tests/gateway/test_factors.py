"""One-time codes are set up, asked for at sign-in and used once; recovery codes too; what needs a fresh one says so."""

from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.attempts.rules import CODE
from services.gateway.factors.rules import matching_step, new_recovery_codes, recovery_spelling
from services.gateway.factors.tables import TotpFactorRow
from services.gateway.login.tables import LoginSessionRow
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount

SESSIONS = "/v1/login_sessions"
ADA = {"email": "ada@example.org", "password": PASSWORD}


class Person:
    """Somebody signed in, with their authenticator application."""

    def __init__(self, client: httpx2.AsyncClient, database: Database, clock: Clock) -> None:
        self.client = client
        self.database = database
        self.clock = clock
        self.session: dict[str, Any] = {}
        self.secret = ""
        self.recovery_codes: list[str] = []

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.session['access_token']}"}

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.now() + timedelta(seconds=30 * steps))

    def step(self) -> int:
        return int(self.clock.now().timestamp()) // 30

    async def sign_in(self, **body: Any) -> httpx2.Response:
        answer = await self.client.post(SESSIONS, json={**ADA, **body})
        if answer.status_code == 201:
            self.session = answer.json()
        return answer

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.bearer)

    async def enrol(self) -> None:
        begun = await self.post("/v1/me/totp", {"password": PASSWORD})
        assert begun.status_code == 201, begun.text
        self.secret = begun.json()["secret"]
        confirmed = await self.post("/v1/me/totp:confirm", {"one_time_code": self.code()})
        assert confirmed.status_code == 200, confirmed.text
        self.recovery_codes = confirmed.json()["codes"]
        await self.forget_used_codes()

    async def forget_used_codes(self) -> None:
        """Let codes of this very half minute count again: a test does not wait for the next."""
        async with self.database.command(None) as db:
            await db.execute(update(TotpFactorRow).values(last_step=0))

    async def step_up(self, **body: Any) -> httpx2.Response:
        answer = await self.post(f"{SESSIONS}/{self.session['id']}:step_up", body)
        if answer.status_code == 200:
            self.session = answer.json()
        return answer


@pytest.fixture
async def ada(gateway: GatewayFactory, new_account: NewAccount, gateway_database: Database, clock: Clock) -> Person:
    await new_account()
    person = Person(gateway(), gateway_database, clock)
    assert (await person.sign_in()).status_code == 201
    return person


@pytest.fixture
async def enrolled(ada: Person) -> Person:
    await ada.enrol()
    return ada


async def test_with_a_second_factor_the_password_alone_opens_nothing(enrolled: Person) -> None:
    alone = await enrolled.sign_in()
    both = await enrolled.sign_in(one_time_code=enrolled.code())

    assert (alone.status_code, alone.json()["code"]) == (401, "second-factor-required")
    assert both.status_code == 201
    assert (both.json()["amr"], both.json()["acr"]) == (["pwd", "otp", "mfa"], "aal2")


async def test_until_a_code_confirmed_it_a_secret_does_not_count(ada: Person) -> None:
    begun = await ada.post("/v1/me/totp", {"password": PASSWORD})
    ada.secret = begun.json()["secret"]

    wrong = await ada.post("/v1/me/totp:confirm", {"one_time_code": "000000" if ada.code() != "000000" else "000001"})
    alone = await ada.sign_in()

    assert begun.json()["uri"].startswith("otpauth://totp/Eventide:ada%40example.org?secret=")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "code-refused")
    assert alone.status_code == 201


async def test_who_has_only_the_session_sets_up_nothing(ada: Person) -> None:
    answer = await ada.post("/v1/me/totp", {"password": "wrong horse battery staple"})

    assert (answer.status_code, answer.json()["code"]) == (403, "password-refused")


async def test_codes_that_count_are_not_replaced_by_others(enrolled: Person) -> None:
    again = await enrolled.post("/v1/me/totp", {"password": PASSWORD})
    confirmed = await enrolled.post("/v1/me/totp:confirm", {"one_time_code": enrolled.code()})

    assert (again.status_code, again.json()["code"]) == (409, "factor-exists")
    assert (confirmed.status_code, confirmed.json()["code"]) == (403, "code-refused")


@pytest.mark.parametrize("later", [-1, 0, 1])
async def test_a_code_opens_once_and_none_before_it_opens_after_it(enrolled: Person, later: int) -> None:
    while True:
        await enrolled.forget_used_codes()
        step = enrolled.step()
        first = await enrolled.sign_in(one_time_code=enrolled.code(later))
        again = [await enrolled.sign_in(one_time_code=enrolled.code(steps)) for steps in range(-1, later + 1)]
        # Once more where a step ended on the way: the code before it is then two steps old, and rightly refused.
        if enrolled.step() == step:
            break

    assert first.status_code == 201
    assert {answer.status_code for answer in again} == {401}
    assert {answer.json()["type"] for answer in again} == {"urn:eventide:problem:credentials-refused"}


async def test_a_wrong_code_is_refused_like_a_wrong_password(enrolled: Person) -> None:
    answers = [
        await enrolled.sign_in(one_time_code=enrolled.code(400)),
        await enrolled.sign_in(recovery_code="aaaa-bbbb-cccc-dddd"),
        await enrolled.sign_in(password="wrong horse battery staple", one_time_code=enrolled.code()),
    ]

    told = [{name: value for name, value in answer.json().items() if name != "instance"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert told[0] == told[1] == told[2]


async def test_guessing_codes_is_held_up_though_the_password_is_right(enrolled: Person) -> None:
    statuses = [(await enrolled.sign_in(one_time_code=enrolled.code(400 + number))).status_code for number in range(10)]
    last = await enrolled.sign_in(one_time_code=enrolled.code())

    assert (statuses, last.status_code) == ([401] * 10, 429)


async def test_a_recovery_code_opens_once_however_it_is_typed(enrolled: Person) -> None:
    code, other = enrolled.recovery_codes[:2]

    first = await enrolled.sign_in(recovery_code=f" {code.upper().replace('-', ' ')}")
    again = await enrolled.sign_in(recovery_code=code)
    second = await enrolled.sign_in(recovery_code=other.replace("-", ""))
    left = await enrolled.client.get("/v1/me/factors", headers=enrolled.bearer)

    assert [first.status_code, again.status_code, second.status_code] == [201, 401, 201]
    assert first.json()["acr"] == "aal2"
    assert left.json()["recovery_codes_left"] == 8


async def test_the_codes_of_one_person_open_nothing_for_another(enrolled: Person, new_account: NewAccount) -> None:
    await new_account(email="eve@example.org")
    eve = Person(enrolled.client, enrolled.database, enrolled.clock)
    await eve.sign_in(email="eve@example.org")
    await eve.enrol()

    answers = [
        await enrolled.sign_in(one_time_code=eve.code()),
        await enrolled.sign_in(recovery_code=eve.recovery_codes[0]),
    ]

    assert {answer.status_code for answer in answers} == {401}


async def test_neither_the_secret_nor_a_recovery_code_lies_open_in_the_database(enrolled: Person) -> None:
    async with enrolled.database.read(None) as read:
        rows = [
            *await read.connection.fetch("select secret from totp_factors"),
            *await read.connection.fetch("select code_hash from recovery_codes"),
        ]
    kept = b"|".join(value for row in rows for value in row.values())

    assert len(rows) == 11
    assert enrolled.secret.encode() not in kept
    assert all(recovery_spelling(code) not in kept for code in enrolled.recovery_codes)


FRESH = ("/v1/me/totp:remove", "/v1/me/recovery_codes:renew")


@pytest.mark.parametrize("path", FRESH)
async def test_what_needs_a_fresh_second_factor_says_how_to_go_on_and_then_goes_on(enrolled: Person, path: str) -> None:
    refused = await enrolled.post(path)
    stepped = await enrolled.step_up(one_time_code=enrolled.code())
    done = await enrolled.post(path)

    assert (refused.status_code, refused.json()["code"]) == (401, "insufficient-user-authentication")
    assert refused.headers["www-authenticate"] == (
        'Bearer realm="eventide", error="insufficient_user_authentication", acr_values="aal2", max_age=300, '
        'resource_metadata="https://eventide.test/.well-known/oauth-protected-resource"'
    )
    assert (refused.json()["acr_values"], refused.json()["max_age"]) == ("aal2", 300)
    assert stepped.status_code == 200
    assert stepped.json()["session_secret"] is None
    assert done.status_code in {200, 204}


async def test_a_second_factor_grows_stale(enrolled: Person) -> None:
    await enrolled.step_up(one_time_code=enrolled.code())
    async with enrolled.database.command(OrganizationId(UUID(enrolled.session["organization_id"]))) as db:
        await db.execute(update(LoginSessionRow).values(auth_time=LoginSessionRow.auth_time - timedelta(seconds=301)))
    secret = (await enrolled.sign_in(recovery_code=enrolled.recovery_codes[0])).json()["session_secret"]
    async with enrolled.database.command(OrganizationId(UUID(enrolled.session["organization_id"]))) as db:
        await db.execute(update(LoginSessionRow).values(auth_time=LoginSessionRow.auth_time - timedelta(seconds=301)))
    enrolled.session = (await enrolled.client.post(f"{SESSIONS}:refresh", json={"session_secret": secret})).json()

    answer = await enrolled.post(FRESH[0])

    assert enrolled.session["acr"] == "aal2"
    assert answer.status_code == 401


async def test_removed_codes_open_nothing_and_the_password_is_enough_again(enrolled: Person) -> None:
    await enrolled.step_up(recovery_code=enrolled.recovery_codes[0])
    removed = await enrolled.post("/v1/me/totp:remove")
    factors = await enrolled.client.get("/v1/me/factors", headers=enrolled.bearer)

    assert removed.status_code == 204
    assert factors.json() == {"totp_confirmed_at": None, "recovery_codes_left": 0}
    assert (await enrolled.sign_in()).status_code == 201
    assert (await enrolled.step_up(recovery_code=enrolled.recovery_codes[1])).status_code == 403


async def test_renewed_recovery_codes_replace_those_before(enrolled: Person) -> None:
    await enrolled.step_up(one_time_code=enrolled.code())
    fresh = (await enrolled.post("/v1/me/recovery_codes:renew")).json()["codes"]

    old = await enrolled.sign_in(recovery_code=enrolled.recovery_codes[0])
    new = await enrolled.sign_in(recovery_code=fresh[0])

    assert (old.status_code, new.status_code) == (401, 201)


async def test_only_the_session_of_the_very_token_steps_up(enrolled: Person) -> None:
    other = Person(enrolled.client, enrolled.database, enrolled.clock)
    await other.sign_in(recovery_code=enrolled.recovery_codes[0])

    answer = await enrolled.post(f"{SESSIONS}/{other.session['id']}:step_up", {"one_time_code": enrolled.code()})

    assert answer.status_code == 404


async def test_guessing_codes_within_a_session_is_held_up(enrolled: Person) -> None:
    statuses = [(await enrolled.step_up(one_time_code=enrolled.code(400 + n))).status_code for n in range(CODE.most)]
    held_up = await enrolled.step_up(one_time_code=enrolled.code())

    assert (statuses, held_up.status_code) == ([403] * CODE.most, 429)


async def test_a_token_that_no_sign_in_gave_sets_up_nothing(gateway: GatewayFactory) -> None:
    client = gateway(Role.NURSE)

    begun = await client.post("/v1/me/totp", json={"password": PASSWORD})
    removed = await client.post("/v1/me/totp:remove")

    assert (begun.status_code, removed.status_code) == (403, 401)


INSTANTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2090, 1, 1))  # noqa: DTZ001 - made aware below
SECRETS = st.binary(min_size=20, max_size=20).map(lambda raw: b32encode(raw).decode())


@given(SECRETS, INSTANTS, st.integers(-5, 5))
def test_only_the_codes_of_the_present_step_and_its_neighbours_match(secret: str, now: datetime, steps: int) -> None:
    instant = now.astimezone()
    totp = pyotp.TOTP(secret)
    code = totp.at(instant + timedelta(seconds=30 * steps))
    near = {totp.generate_otp(totp.timecode(instant) + offset) for offset in (-1, 0, 1)}

    step = matching_step(secret, code, instant)

    assert (step is not None) is (code in near)
    assert step is None or totp.generate_otp(step) == code


def test_recovery_codes_differ_and_are_long_enough_not_to_be_guessed() -> None:
    codes = [code for _ in range(20) for code in new_recovery_codes()]

    assert len(set(codes)) == len(codes) == 200
    assert {len(recovery_spelling(code)) for code in codes} == {16}
