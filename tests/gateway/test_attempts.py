"""Guessing is slowed down, for names that exist and for others alike, and nobody is locked out by somebody else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.gateway.attempts.devices import MOST_PEOPLE
from services.gateway.attempts.logic import AttemptsLogic, AttemptUnit
from services.gateway.attempts.rules import DEVICE, KNOWN_FOR, NAME, NETWORK, PAIR, USER_CODE
from services.gateway.attempts.storage import AttemptStorage
from services.gateway.attempts.tables import AttemptRow
from services.gateway.errors import TriedTooOftenError
from services.gateway.passwords import Passwords
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.security_events.storage import SecurityEventStorage
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount

SESSIONS = "/v1/login_sessions"
From = Callable[..., AttemptsLogic]


class At(Clock):
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.instant = now

    @override
    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def at(clock: Clock) -> At:
    return At(clock.now())


@pytest.fixture
def from_network(gateway_database: Database, at: At) -> From:
    @asynccontextmanager
    async def unit() -> AsyncIterator[AttemptUnit]:
        async with gateway_database.command(None) as db:
            storage = SecurityEventStorage(db, bytes(32))
            yield AttemptUnit(AttemptStorage(db), SecurityTrail(storage, bytes(32), at))

    return lambda network, *devices: AttemptsLogic(unit, network, at, devices=devices)


async def refused(attempts: AttemptsLogic, name: str, times: int) -> list[int]:
    """Return which of so many attempts, counted from 1, were refused."""
    found = []
    for number in range(1, times + 1):
        try:
            await attempts.try_name(name)
        except TriedTooOftenError:
            found.append(number)
    return found


async def sign_in(client: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await client.post(SESSIONS, json={"email": email, "password": password})


def told(answer: httpx2.Response) -> Any:
    problem = answer.json()
    return {name: value for name, value in problem.items() if name != "instance"}


async def test_who_guesses_is_held_up_whether_or_not_the_name_exists_and_though_the_guess_is_right(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account(email="ada@example.org")
    guesses = ("wrong horse battery", "", "x" * 10_000, PASSWORD)
    found = {}
    for email in ("ada@example.org", "nobody@example.org"):
        for number in range(PAIR.most):
            answer = await sign_in(gateway(), email, guesses[number % 3])
            assert answer.status_code == 401
        found[email] = [await sign_in(gateway(), email, guess) for guess in guesses]

    for answers in found.values():
        assert {answer.status_code for answer in answers} == {429}
        assert all(0 < int(answer.headers["retry-after"]) <= 900 for answer in answers)
    assert {str(told(answer)) for answers in found.values() for answer in answers} == {
        str(told(found["ada@example.org"][0]))
    }


async def test_every_attempt_that_is_looked_at_costs_one_check_of_a_password(
    gateway: GatewayFactory, new_account: NewAccount, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    await new_account(email="ada@example.org")
    counted = 0
    is_right = passwords.is_right

    async def counting(password: str, password_hash: str | None) -> bool:
        nonlocal counted
        counted += 1
        return await is_right(password, password_hash)

    monkeypatch.setattr(passwords, "is_right", counting)
    attempts = [
        ("ada@example.org", PASSWORD),
        ("ada@example.org", "wrong horse battery"),
        ("ada@example.org", ""),
        ("ada@example.org", "x" * 10_000),
        ("nobody@example.org", PASSWORD),
        ("nobody@example.org", ""),
        ("nobody@example.org", "x" * 10_000),
    ]

    costs = []
    for email, password in attempts:
        before = counted
        await sign_in(gateway(), email, password)
        costs.append(counted - before)

    assert costs == [1] * len(attempts)


async def test_who_is_right_in_the_end_begins_again(gateway: GatewayFactory, new_account: NewAccount) -> None:
    await new_account(email="ada@example.org")

    statuses = []
    for _ in range(3):
        statuses += [(await sign_in(gateway(), "ada@example.org", "wrong horse")).status_code for _ in range(8)]
        statuses.append((await sign_in(gateway(), "ada@example.org")).status_code)

    assert statuses == [*[401] * 8, 201] * 3


async def test_a_name_guessed_from_elsewhere_is_open_to_its_person(from_network: From) -> None:
    attacker, home, hotel = from_network("attacker"), from_network("home"), from_network("hotel")
    await home.try_name("ada")
    await home.name_was_right("ada")

    assert await refused(attacker, "ada", PAIR.most + 1) == [PAIR.most + 1]

    # Neither where the person signed in before nor anywhere new, for one network alone is not many.
    assert await refused(home, "ada", 1) == []
    assert await refused(hotel, "ada", 1) == []


async def test_a_name_guessed_from_everywhere_is_open_where_its_person_signed_in_before(from_network: From) -> None:
    home = from_network("home")
    await home.try_name("ada")
    await home.name_was_right("ada")
    for number in range(NAME.most):
        assert await refused(from_network(f"bot {number}"), "ada", 1) == []

    assert await refused(from_network("one bot more"), "ada", 1) == [1]
    assert await refused(home, "ada", PAIR.most) == []
    assert await refused(from_network("one bot more"), "bob", 1) == []


async def test_a_list_of_passwords_tried_from_one_network_ends_for_that_network(from_network: From) -> None:
    bot, other = from_network("bot"), from_network("other")
    for number in range(NETWORK.most):
        assert await refused(bot, f"name {number}", 1) == []

    assert await refused(bot, "one more", 1) == [1]
    assert await refused(other, "one more", 1) == []


async def test_a_whole_clinic_behind_one_address_signs_in(from_network: From) -> None:
    clinic = from_network("clinic")
    for number in range(NETWORK.most + 20):
        # The first attempt lacks the second factor, the next has it.
        assert await refused(clinic, f"name {number}", 2) == []
        await clinic.name_was_right(f"name {number}")

    assert await refused(clinic, "the next", 1) == []


@pytest.mark.parametrize(("after", "is_open"), [(timedelta(minutes=14), False), (timedelta(minutes=16), True)])
async def test_a_window_ends(from_network: From, at: At, after: timedelta, is_open: bool) -> None:  # noqa: FBT001
    one = from_network("one")
    await refused(one, "ada", PAIR.most + 5)

    at.instant += after

    assert (await refused(one, "ada", 1) == []) is is_open


async def test_a_network_is_known_for_a_month(from_network: From, at: At) -> None:
    home = from_network("home")
    await home.try_name("ada")
    await home.name_was_right("ada")
    at.instant += KNOWN_FOR + timedelta(minutes=1)
    for number in range(NAME.most):
        await from_network(f"bot {number}").try_name("ada")

    assert await refused(home, "ada", 1) == [1]


async def test_counters_that_are_over_are_swept_and_name_nobody(
    from_network: From, gateway_database: Database, at: At
) -> None:
    one = from_network("203.0.113.7")
    await one.try_name("ada@example.org")
    async with gateway_database.command(None) as db:
        await db.execute(update(AttemptRow).values(expires_at=at.instant - timedelta(days=1)))

    await one.try_name("bob@example.org")
    await one.name_was_right("bob@example.org")

    async with gateway_database.read(None) as read:
        rows = await read.connection.fetch("select key, expires_at from sign_in_attempts")
    assert rows
    assert all(row["expires_at"] > at.instant for row in rows)
    assert all(len(row["key"]) == 32 for row in rows)


async def known_device(attempts: AttemptsLogic, name: str) -> str:
    """Sign in, and return what the device is known by from now on."""
    await attempts.try_name(name)
    await attempts.name_was_right(name)
    return attempts.devices[0]


async def test_whoever_guesses_at_the_same_network_and_everywhere_holds_up_no_known_device(from_network: From) -> None:
    mine = from_network("clinic", await known_device(from_network("clinic"), "ada"))
    for number in range(NETWORK.most):
        await refused(from_network("clinic"), f"name {number}", 1)
    for number in range(NAME.most):
        await refused(from_network(f"bot {number}"), "ada", 1)
    assert await refused(from_network("clinic"), "ada", PAIR.most + 1)
    assert await refused(from_network("hotel"), "ada", 1) == [1]

    assert await refused(mine, "ada", 1) == []
    assert await refused(from_network("hotel", *mine.devices), "ada", 1) == []


async def test_what_is_tried_on_a_known_device_holds_up_nobody_else(from_network: From) -> None:
    device = await known_device(from_network("clinic"), "ada")

    assert await refused(from_network("clinic", device), "ada", DEVICE.most) == []
    assert await refused(from_network("clinic"), "ada", PAIR.most) == []


async def test_a_copied_cookie_holds_up_nobody_but_its_thief(from_network: From) -> None:
    mine = from_network("clinic", await known_device(from_network("clinic"), "ada"))
    thief = from_network("elsewhere", *mine.devices)

    allowed = DEVICE.most + PAIR.most
    assert await refused(thief, "ada", allowed + 3) == [allowed + 1, allowed + 2, allowed + 3]

    assert await refused(mine, "ada", 1) == []
    await mine.name_was_right("ada")
    # From now on the copy is a stranger's.
    assert await refused(from_network("hotel", *thief.devices), "ada", PAIR.most + 1) == [PAIR.most + 1]
    assert await refused(from_network("hotel", *mine.devices), "ada", DEVICE.most) == []


async def test_a_copied_cookie_holds_up_no_passkey_and_no_code_but_its_thiefs(from_network: From) -> None:
    mine = from_network("clinic", await known_device(from_network("clinic"), "ada"))
    thief = from_network("elsewhere", *mine.devices)
    for _ in range(DEVICE.most + NETWORK.most):
        await thief.try_network()
    for _ in range(2 * USER_CODE.most):
        await thief.try_user_code()

    for act in (thief.try_network, thief.try_user_code):
        with pytest.raises(TriedTooOftenError):
            await act()
    await mine.try_network()
    await mine.try_user_code()


@pytest.mark.parametrize("is_turned_round", [False, True])
async def test_a_device_of_several_people_is_counted_by_the_latest_of_its_names(
    from_network: From, *, is_turned_round: bool
) -> None:
    desk = from_network("clinic")
    for name in ("ada", "bob"):
        await known_device(desk, name)
    latest, other = reversed(desk.devices) if is_turned_round else desk.devices
    computer = from_network("clinic", latest, other)
    for _ in range(2 * USER_CODE.most):
        await computer.try_user_code()

    for devices in ((latest, other), (latest,)):
        with pytest.raises(TriedTooOftenError):
            await from_network("clinic", *devices).try_user_code()
    await from_network("clinic", other).try_user_code()


async def test_guessing_on_a_known_device_is_slowed_down_and_being_right_begins_again(from_network: From) -> None:
    mine, allowed = from_network("clinic", await known_device(from_network("clinic"), "ada")), DEVICE.most + PAIR.most
    for _ in range(3):
        assert await refused(mine, "ada", allowed) == []
        await mine.name_was_right("ada")

    assert await refused(mine, "ada", allowed + 2) == [allowed + 1, allowed + 2]


async def test_a_device_that_one_person_is_known_on_is_a_stranger_to_another(from_network: From) -> None:
    device = await known_device(from_network("clinic"), "ada")
    for number in range(NAME.most):
        await refused(from_network(f"bot {number}"), "bob", 1)

    assert await refused(from_network("clinic", device), "bob", 1) == [1]


async def test_a_computer_that_many_sign_in_on_knows_the_latest_of_them(from_network: From) -> None:
    desk = from_network("clinic")
    people = [f"person {number}" for number in range(MOST_PEOPLE + 1)]
    for name in [*people, people[-1]]:
        await desk.try_name(name)
        await desk.name_was_right(name)
    for name in people:
        await refused(from_network("hotel"), name, PAIR.most)

    known = [name for name in people if not await refused(from_network("hotel", *desk.devices), name, 1)]

    assert len(desk.devices) == len(set(desk.devices)) == MOST_PEOPLE
    assert known == people[1:]


async def test_a_device_s_name_that_is_none_of_ours_is_not_taken_over(from_network: From) -> None:
    planted = "x" * 43

    given = await known_device(from_network("clinic", planted), "ada")

    assert given != planted
    await refused(from_network("clinic"), "ada", PAIR.most)
    assert await refused(from_network("clinic", planted), "ada", 1) == [1]


async def test_a_device_is_known_for_a_month(from_network: From, at: At) -> None:
    device = await known_device(from_network("clinic"), "ada")
    at.instant += KNOWN_FOR + timedelta(minutes=1)
    await refused(from_network("clinic"), "ada", PAIR.most)

    assert await refused(from_network("clinic", device), "ada", 1) == [1]


async def test_a_passkey_on_a_known_device_is_open_though_its_network_is_held_up(from_network: From) -> None:
    first = from_network("clinic")
    await first.try_network()
    await first.network_was_right(is_signed_in=True)
    for _ in range(NETWORK.most):
        await from_network("clinic").try_network()

    with pytest.raises(TriedTooOftenError):
        await from_network("clinic").try_network()
    await from_network("clinic", *first.devices).try_network()


async def test_a_browser_gets_the_device_s_cookie_with_a_sign_in_and_with_nothing_else(
    gateway: GatewayFactory, new_account: NewAccount
) -> None:
    await new_account(email="ada@example.org")
    wrong = await sign_in(gateway(), "ada@example.org", "wrong horse battery")
    right = await sign_in(gateway(), "ada@example.org")

    assert "set-cookie" not in wrong.headers
    cookie = right.headers["set-cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == "__Host-eventide-device"
    assert {part.strip().lower() for part in cookie.split(";")[1:]} >= {
        "path=/", "secure", "httponly", "samesite=lax", f"max-age={int(KNOWN_FOR.total_seconds())}",
    }  # fmt: skip
    await locked_out(gateway, "ada@example.org")
    assert (await sign_in(gateway(), "ada@example.org")).status_code == 429
    again = await gateway().post(
        SESSIONS, json={"email": "ada@example.org", "password": PASSWORD}, headers={"cookie": f"{name}={value}"}
    )
    assert again.status_code == 201
    # It has another name from now on, which a copy of the cookie does not have.
    assert again.headers["set-cookie"].startswith(f"{name}=")
    assert value not in again.headers["set-cookie"]


async def locked_out(gateway: GatewayFactory, email: str) -> None:
    for _ in range(PAIR.most):
        await sign_in(gateway(), email, "wrong horse battery")
