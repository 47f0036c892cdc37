"""Checks 82 to 86: signing in, and who must not get in."""

from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from secrets import token_bytes
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from services.contracts.identity import Role
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.checklist.probes.factors import Authenticator
from services.operator.drill.checklist.probes.listening import counting_listener
from services.operator.drill.checklist.probes.passkeys import PRESENT, Passkey
from services.operator.drill.checklist.second import caller_at, second_gateway
from services.operator.drill.checklist.verdicts import all_within, check, require, same
from services.operator.drill.checklist.world import Person, World, made_of

_SESSIONS: Final = "/v1/login_sessions"
_ROUNDS_EACH: Final = 20
_SECONDS: Final = 0.002
_SURE: Final = 0.9
"""Of so many pairs one must be the slower one, and by more than two milliseconds, before time is said to tell."""
_MANY: Final = 200
_WRONG: Final = "wrong horse battery staple"
_HELD_AFTER: Final = 12
_TOO_MANY: Final = 429
_MOST_BY_PAIR: Final = 60


@dataclass
class _Alike:
    """Requests that nobody may tell apart: what they are answered with, and how long that takes."""

    status: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    async def ask(self, number: int, tries: Mapping[str, Callable[[], Awaitable[Answer]]]) -> None:
        """Make each, in another order every time, so that none is always the first from a network."""
        names = list(tries)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            begun = perf_counter()
            answer = await tries[name]()
            self.seconds.setdefault(name, []).append(perf_counter() - begun)
            self.bodies = self.bodies or [answer.without_instance]
            same((answer.status, answer.without_instance), (self.status, self.bodies[0]), name)

    @property
    def spread(self) -> str:
        """How far the medians lie apart."""
        medians = [median(taken) for taken in self.seconds.values()]
        return f"{1000 * (max(medians) - min(medians)):.1f} ms"


class _Faces(NamedTuple):
    """Who tries for some rounds: nobody's limit is reached in them."""

    known: Person
    shut_out: Person
    held: Person
    nobody: str
    held_nobody: str
    """An address of nobody that was tried too often from the network that `held` was."""
    network: str


async def _new_faces(world: World, number: int) -> _Faces:
    known, shut_out, held = [await world.person() for _ in range(3)]
    await _lose_the_workplace(world, shut_out)
    nobody, held_nobody = (f"{uuid4().hex[:12]}@example.org" for _ in range(2))
    network = f"127.3.{number // _ROUNDS_EACH}.1"
    for email in (held.email, held_nobody):
        body, caller = {"email": email, "password": _WRONG}, world.caller(address=network)
        statuses = {(await caller.post(_SESSIONS, body)).status for _ in range(_HELD_AFTER)}
        require(_TOO_MANY in statuses, f"{_HELD_AFTER} guesses are answered with {statuses}")
    return _Faces(known, shut_out, held, nobody, held_nobody, network)


@check(82, "who has no account, types wrong or sends nonsense gets the same answer after the same time")
async def check_82(world: World) -> str:
    """Try each in turns, from many networks, so that none is held up; then who is held up, and who asks for a reset."""
    refused, held_up, resets = _Alike(401), _Alike(_TOO_MANY), _Alike(202)
    async with _gateway_with_mail(world) as url:
        faces = await _new_faces(world, 0)
        for number in range(world.rounds):
            if number and number % _ROUNDS_EACH == 0:
                faces = await _new_faces(world, number)
            network = f"127.2.{number // 250}.{number % 250 + 1}"
            await refused.ask(number, _refused(world.caller(address=network), faces))
            await held_up.ask(number, _held_up(world.caller(address=faces.network), faces))
            await resets.ask(number, _resets(caller_at(world, url, address=network), faces))
    for alike in (refused, held_up, resets):
        _check_times(alike.seconds)
    return (
        f"medians of {world.rounds} tries each lie {refused.spread} apart, {held_up.spread} where people are held up, "
        f"{resets.spread} where they ask for a reset; nobody registers by themselves"
    )


_Tries = dict[str, Callable[[], Awaitable[Answer]]]


def _refused(caller: Caller, faces: _Faces) -> _Tries:
    tried = {
        "a wrong password": (faces.known.email, _WRONG),
        "an unknown address": (faces.nobody, _WRONG),
        "an empty password": (faces.known.email, ""),
        "an empty password of nobody": (faces.nobody, ""),
        "a password of 10 KB": (faces.known.email, "x" * 10_000),
        "the right password of who was shut out": (faces.shut_out.email, faces.shut_out.password),
    }
    return _posting(caller, _SESSIONS, {name: {"email": a, "password": b} for name, (a, b) in tried.items()})


def _held_up(caller: Caller, faces: _Faces) -> _Tries:
    tried = {
        "the right password, held up": (faces.held.email, faces.held.password),
        "a wrong password, held up": (faces.held.email, _WRONG),
        "an unknown address, held up": (faces.held_nobody, _WRONG),
    }
    return _posting(caller, _SESSIONS, {name: {"email": a, "password": b} for name, (a, b) in tried.items()})


def _resets(caller: Caller, faces: _Faces) -> _Tries:
    tried = {
        "a reset": faces.known.email,
        "a reset of nobody": faces.nobody,
        "a reset of who is shut out": faces.shut_out.email,
    }
    return _posting(caller, "/v1/password_resets", {name: {"email": email} for name, email in tried.items()})


def _posting(caller: Caller, path: str, bodies: Mapping[str, Any]) -> _Tries:
    return {name: partial(caller.post, path, body) for name, body in bodies.items()}


@asynccontextmanager
async def _gateway_with_mail(world: World) -> AsyncIterator[str]:
    """Run a gateway that hands letters to somebody who takes none, for the length of a block; yields where it is."""
    secret = world.state / "relay-secret"
    secret.write_text("whsec_" + b64encode(token_bytes(32)).decode(), encoding="ascii")
    async with counting_listener() as (port, _):
        told = {"mail_relay_url": f"http://127.0.0.1:{port}", "mail_relay_secret_file": str(secret)}
        async with second_gateway(world, loopback_relay=True, **told) as url:
            yield url


def _check_times(seconds: Mapping[str, list[float]]) -> None:
    """Say that one kind is told by its time, where it is slower nearly every time and by enough to be measured.

    On a busy machine single times say nothing, but which of two is the slower one stays a matter of chance. Of hundreds
    the median says enough.
    """
    for name, one in seconds.items():
        for other_name, other in seconds.items():
            slower = sum(a > b for a, b in zip(one, other, strict=True)) / len(one)
            by = median(a - b for a, b in zip(one, other, strict=True))
            is_by_chance = slower < _SURE or by < median(other) / 4
            is_told = by > _SECONDS and (len(one) >= _MANY or not is_by_chance)
            require(not is_told, f"{name} takes {by * 1000:.1f} ms longer than {other_name}")


@check(83, "who guesses is held up, and who signs in from elsewhere is not")
async def check_83(world: World) -> None:
    """Guess one password from one network, and sign in rightly from another; then guess many names."""
    person = await world.person()
    known = world.caller(address="127.0.3.1")
    right = {"email": person.email, "password": person.password}
    same((await known.post(_SESSIONS, right)).status, 201, "the person, before")
    guesser = world.caller(address="127.0.3.2")
    statuses = Counter[int]()
    held = None
    for number in range(_MOST_BY_PAIR):
        answer = await guesser.post(_SESSIONS, {**right, "password": f"guess number {number}"})
        statuses[answer.status] += 1
        if answer.status == _TOO_MANY:
            held = answer
            break
    require(held is not None, f"sixty guesses are answered with {dict(statuses)}")
    require(held is not None and int(held.headers.get("retry-after", "0")) > 0, "no Retry-After")
    same((await guesser.post(_SESSIONS, right)).status, _TOO_MANY, "the right password from the guesser's network")
    same((await known.post(_SESSIONS, right)).status, 201, "the person, from a network of theirs")
    stuffer = world.caller(address="127.0.3.3")
    stuffed = {(await stuffer.post(_SESSIONS, {**right, "email": f"{uuid4().hex[:8]}@example.org"})).status
               for _ in range(110)}  # fmt: skip
    require(_TOO_MANY in stuffed, "a hundred names from one network are not held up")


@check(84, "a code opens once and for a moment, guessing it is held up, and so it is with recovery codes")
async def check_84(world: World) -> None:
    """Use codes again, old, and at random."""
    person = await world.person()
    authenticator = await Authenticator.enrol(await world.signed_in(person), person.password, world.clock)
    same((await _sign_in(world, person)).status, 401, "the password alone")
    same((await _sign_in(world, person, one_time_code=authenticator.next_code())).status, 201, "a fresh code")
    same((await _sign_in(world, person, one_time_code=authenticator.last_code)).status, 401, "the same code again")
    for steps in (-20, 20):
        same(
            (await _sign_in(world, person, one_time_code=authenticator.code(steps))).status, 401, "an old or early code"
        )
    recovery = authenticator.recovery_codes[0]
    same((await _sign_in(world, person, recovery_code=recovery)).status, 201, "a recovery code")
    same((await _sign_in(world, person, recovery_code=recovery)).status, 401, "the same recovery code again")
    guessed = [(await _sign_in(world, person, address="127.0.4.1", one_time_code="xxxxxx")).status for _ in range(30)]
    require(_TOO_MANY in guessed, "thirty codes from one network are not held up")


async def _sign_in(world: World, person: Person, *, address: str | None = None, **more: str) -> Answer:
    body = {"email": person.email, "password": person.password, **more}
    return await world.caller(address=address).post(_SESSIONS, body)


@check(85, "a passkey is of this origin, this challenge and this person")
async def check_85(world: World) -> None:
    """Make a passkey, sign in with it, and then with everything that is nearly it."""
    person, other = await world.person(), await world.person()
    device, theirs = await _with_a_passkey(world, person), await _with_a_passkey(world, other)
    answer = device.get(await _challenge(world))
    signed_in = await _show(world, answer)
    same((signed_in.status, signed_in.json().get("account_id")), (201, person.id), "a passkey")
    same(signed_in.json()["acr"], "aal2", "what it counts as")
    asked = await _challenge(world)
    wrong = {
        "the same answer again": answer,
        "an answer to another challenge": device.get({"challenge": answer["rawId"]}),
        "a page of another origin": device.get(await _challenge(world), origin="https://evil.test"),
        "a page that stands in another": device.get(await _challenge(world), crossOrigin=True),
        "a key for another domain": replace(device, domain="evil.test").get(await _challenge(world)),
        "a device that did not ask who holds it": replace(device, flags=PRESENT).get(await _challenge(world)),
        "another person's key in this person's name":
            replace(theirs, user_handle=device.user_handle).get(await _challenge(world)),
        "a key that nobody has added": Passkey(device.origin, device.domain, user_handle=device.user_handle).get(asked),
        "a signature of another answer": {**device.get(asked), "response": {**device.get(asked)["response"],
                                          "signature": answer["response"]["signature"]}},
    }  # fmt: skip
    all_within({name: (await _show(world, one)).status for name, one in wrong.items()}, {401}, "what signs nobody in")
    same((await _show(world, device.get(await _challenge(world)))).status, 201, "the passkey afterwards")


async def _with_a_passkey(world: World, person: Person) -> Passkey:
    own, domain = await world.signed_in(person), urlsplit(world.issuer).hostname or ""
    device = Passkey(world.issuer, domain)
    begun = made_of(await own.post("/v1/me/passkeys:options", {"password": person.password}))
    made_of(await own.post("/v1/me/passkeys", {"name": "Phone", "credential": device.create(begun["public_key"])}))
    return device


async def _challenge(world: World) -> dict[str, Any]:
    options: dict[str, Any] = made_of(await world.caller().post("/v1/passkey_challenges"))["public_key"]
    return options


async def _show(world: World, answer: Mapping[str, Any]) -> Answer:
    return await world.caller().post(f"{_SESSIONS}:with_passkey", {"credential": answer})


@check(86, "a changed password, changed roles and a lost workplace end what was open before")
async def check_86(world: World) -> None:
    """Change each, and use the sessions and refresh tokens of before."""
    for change in (_change_password, _change_roles, _lose_the_workplace):
        person = await world.person()
        own = await world.signed_in(person)
        session = await world.session(person)
        flow, application = await world.flow(person), await world.application()
        tokens = await flow.tokens(application)
        await change(world, person, own)
        name = change.__name__.removeprefix("_")
        same(await flow.me(session["access_token"]), 401, f"another session after {name}")
        renewed = await world.caller().post(f"{_SESSIONS}:refresh", {"session_secret": session["session_secret"]})
        same(renewed.status, 401, f"its renewal after {name}")
        same((await flow.refresh(application, tokens["refresh_token"])).status, 400, f"a refresh token after {name}")


async def _change_password(_world: World, person: Person, own: Caller) -> None:
    body = {"current_password": person.password, "new_password": "another horse battery staple"}
    same((await own.post("/v1/me:change_password", body)).status, 204, "the new password")


async def _change_roles(world: World, person: Person, _own: Caller) -> None:
    await _put_roles(world, person, [Role.NURSE])


async def _lose_the_workplace(world: World, person: Person, _own: Caller | None = None) -> None:
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=person.organization_id)
    path = f"/v1/organizations/{person.organization_id}/accounts/{person.id}:disable"
    same((await administrator.post(path)).status, 200, "shutting a person out")
    right = await _sign_in(world, person)
    wrong = await world.caller().post(_SESSIONS, {"email": person.email, "password": "wrong horse battery staple"})
    same((right.status, right.without_instance), (wrong.status, wrong.without_instance), "who was shut out signs in")


async def _put_roles(world: World, person: Person, roles: list[Role]) -> None:
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=person.organization_id)
    path = f"/v1/organizations/{person.organization_id}/accounts/{person.id}"
    sent: dict[str, Any] = {"roles": roles}
    answer = await administrator.put(f"{path}/roles", sent)
    require(answer.status in {200, 204}, f"putting roles {roles} is answered with {answer.status} {answer.text[:100]}")
