"""The gateway renews the keys that sign tokens: published first, used later, removed when nothing needs them."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.id_tokens import IdTokenKey, read_id_token_keys
from services.chassis.key_rotation import next_instant, signing_at, superseded
from services.chassis.signing_folders import KEPT, SigningFolder, signing_folders
from services.chassis.tokens import LIFETIMES, KeyRing
from services.contracts.identity import Role
from services.gateway.keys.rotation import ROUND_SECONDS, KeyRotation, KeyTurns
from services.gateway.keys.rules import AHEAD, is_due
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.units import key_turns
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import FRIDAY
from tests.gateway.conftest import GatewayFactory
from tests.support.tokens import Tokens, principal

DAYS = 30
JWKS = "/.well-known/jwks.json"


class Hand(Clock):
    """A clock that is set by hand."""

    instant = FRIDAY

    @override
    def now(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[SigningFolder, ...]:
    folders = tuple(signing_folders(tmp_path / "signing", tmp_path / "id_tokens"))
    for folder in folders:
        folder.path.mkdir()
        folder.add(FRIDAY)
    return folders


@pytest.fixture
def tokens(clock: Hand, folders: tuple[SigningFolder, ...]) -> Tokens:
    return Tokens(KeyRing.from_directory(folders[0].path), clock)


@pytest.fixture
def id_token_key(folders: tuple[SigningFolder, ...]) -> IdTokenKey:
    return read_id_token_keys(folders[1].path)[0]


@pytest.fixture
def turns(gateway_app: Any, gateway_database: Database, clock: Hand) -> KeyTurns:
    return key_turns(gateway_database, gateway_app.state.equipment, clock)


def rotation_of(
    app: Any, folders: tuple[SigningFolder, ...], turns: KeyTurns, *, days: int | None = DAYS
) -> KeyRotation:
    equipment = app.state.equipment
    clock = app.state.process.clock
    access, ids = (folder.path for folder in folders)
    return KeyRotation(access, ids, equipment.keys, equipment.oauth.id_tokens, turns=turns, clock=clock, days=days)


@pytest.fixture
def rotation(gateway_app: Any, folders: tuple[SigningFolder, ...], turns: KeyTurns) -> KeyRotation:
    return rotation_of(gateway_app, folders, turns)


async def published(anybody: httpx2.AsyncClient) -> list[str]:
    return [key["kid"] for key in (await anybody.get(JWKS)).json()["keys"]]


async def events(operator: httpx2.AsyncClient, kind: str, of: Collection[str]) -> list[str]:
    """Return which of these keys the installation's trail tells this of: other tests have told it of others."""
    answer = await operator.get("/v1/security_events", params={"kind": kind, "page_size": 200})
    assert answer.status_code == 200, answer.text
    return sorted(event["key_id"] for event in answer.json()["items"] if event["key_id"] in of)


def key_ids(folders: tuple[SigningFolder, ...]) -> list[str]:
    return [folder.key_id(instant) for folder in folders for instant in folder.instants()]


async def test_a_key_is_published_an_hour_before_it_signs_and_what_both_signed_is_good(
    *, gateway: GatewayFactory, tokens: Tokens, rotation: KeyRotation, clock: Hand, organization_id: Any
) -> None:
    anybody, caller = gateway(), principal(Role.NURSE, organization=organization_id)
    first = await published(anybody)
    await rotation.round()
    clock.forward(days=DAYS)

    await rotation.round()

    both, old = await published(anybody), tokens.access(caller)
    clock.forward(seconds=AHEAD.total_seconds())
    still_old = tokens.access(caller)
    clock.forward(seconds=1)
    new = tokens.access(caller)
    answers = [await anybody.get("/v1/me", headers={"authorization": f"Bearer {token}"}) for token in (still_old, new)]
    assert (len(first), len(both)) == (2, 4)
    assert set(first) < set(both)
    kids = [_kid(token) for token in (old, still_old, new)]
    assert kids[0] == kids[1] != kids[2]
    assert {kids[0], kids[2]} <= set(both)
    assert [answer.status_code for answer in answers] == [200, 200]


def _kid(token: str) -> str:
    head = token.partition(".")[0]
    kid: str = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


async def test_a_key_is_removed_only_when_the_last_token_that_it_signed_has_ended_and_both_are_told(
    gateway: GatewayFactory, rotation: KeyRotation, clock: Hand
) -> None:
    anybody = gateway()
    first = await published(anybody)
    clock.forward(days=DAYS)
    await rotation.round()
    both = await published(anybody)
    added = await events(gateway(Role.PLATFORM_OPERATOR), "signing_key_added", both)
    clock.forward(seconds=(AHEAD + max(LIFETIMES.values())).total_seconds())

    await rotation.round()
    kept = await published(anybody)
    clock.forward(seconds=(KEPT - max(LIFETIMES.values())).total_seconds() + 1)
    await rotation.round()

    left = await published(anybody)
    # A token of before names a key that is gone; nobody could have one any more.
    newest = gateway(Role.PLATFORM_OPERATOR)
    assert added == sorted(set(both) - set(first))
    assert kept == both
    assert sorted(left) == added
    assert await events(newest, "signing_key_removed", both) == sorted(first)
    assert await events(newest, "signing_key_added", both) == added


async def test_a_key_that_somebody_puts_there_is_taken_up_without_a_start_and_none_is_added_beside_it(
    gateway: GatewayFactory, rotation: KeyRotation, folders: tuple[SigningFolder, ...], clock: Hand
) -> None:
    anybody = gateway()
    await rotation.round()
    clock.forward(days=DAYS)
    for folder in folders:
        folder.add(next_instant(clock.now(), timedelta(minutes=5)))

    await rotation.round()

    assert sorted(await published(anybody)) == sorted(key_ids(folders))
    assert len(key_ids(folders)) == 4


async def test_without_an_interval_nothing_is_added_or_removed_and_what_is_there_is_taken_up(
    *, gateway: GatewayFactory, gateway_app: Any, folders: tuple[SigningFolder, ...], turns: KeyTurns, clock: Hand
) -> None:
    rotation = rotation_of(gateway_app, folders, turns, days=None)
    clock.forward(days=10 * DAYS)
    folders[0].add(clock.now() - KEPT)

    await rotation.round()

    assert sorted(await published(gateway())) == sorted(key_ids(folders))
    assert len(key_ids(folders)) == 3


async def test_a_file_that_is_no_key_stops_nothing_that_goes_on(
    gateway: GatewayFactory, rotation: KeyRotation, folders: tuple[SigningFolder, ...]
) -> None:
    await rotation.round()
    before = await published(gateway())
    (folders[0].path / "20990101T000000Z.pem").write_bytes(b"no key")

    with pytest.raises(ValueError, match="PEM"):
        await rotation.round()

    assert await published(gateway()) == before
    assert (await gateway(Role.NURSE).get("/v1/me")).status_code == 200


async def test_a_key_that_could_not_be_told_is_not_there(
    gateway_app: Any, folders: tuple[SigningFolder, ...], turns: KeyTurns, clock: Hand
) -> None:
    @asynccontextmanager
    async def lost() -> AsyncIterator[SecurityTrail | None]:
        async with turns() as trail:
            yield trail
            raise ConnectionResetError

    before = key_ids(folders)
    clock.forward(days=DAYS)

    with pytest.raises(ConnectionResetError):
        await rotation_of(gateway_app, folders, lost).round()

    assert key_ids(folders) == before


async def test_a_key_that_is_made_while_its_process_is_stopped_is_not_there(
    rotation: KeyRotation, folders: tuple[SigningFolder, ...], clock: Hand
) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly() -> bytes:
        begun.set()
        may_end.wait(30)
        try:
            return folders[0].fresh()
        finally:
            ended.set()

    before = key_ids(folders)
    rotation._folders = (folders[0]._replace(fresh=slowly), folders[1])
    clock.forward(days=DAYS)

    running = asyncio.create_task(rotation.round())
    await asyncio.to_thread(begun.wait, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    may_end.set()
    await asyncio.to_thread(ended.wait, 30)
    # All that waits in the threads has been done when as many others have.
    await asyncio.gather(*(asyncio.to_thread(bool) for _ in range(64)))

    assert key_ids(folders) == before


class _Refusing(SigningFolder):
    @override
    def remove(self, signs_from: datetime) -> None:
        raise PermissionError


async def test_a_key_that_cannot_be_removed_is_not_told_of_and_holds_no_other_up(
    gateway: GatewayFactory, rotation: KeyRotation, folders: tuple[SigningFolder, ...], clock: Hand
) -> None:
    anybody = gateway()
    first = await published(anybody)
    clock.forward(days=DAYS)
    await rotation.round()
    rotation._folders = tuple(_Refusing(*folder) for folder in folders)
    clock.forward(days=DAYS + 1)

    for _ in range(2):
        with pytest.raises(PermissionError):
            await rotation.round()

    assert await events(gateway(Role.PLATFORM_OPERATOR), "signing_key_removed", first) == []
    there = await published(anybody)
    assert len(there) == len(key_ids(folders)) == 3 * len(first)
    assert set(first) < set(there)


class TestSeveralProcesses:
    """Each with connections of its own, and all of them with the same folders."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def gateway_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["gateway"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    async def test_one_of_many_at_once_adds_a_key_of_each_kind_and_tells_it_once(
        self, *, gateway: GatewayFactory, gateway_app: Any, folders: Any, turns: KeyTurns, clock: Hand
    ) -> None:
        clock.forward(days=DAYS)
        before = key_ids(folders)

        await asyncio.gather(*(rotation_of(gateway_app, folders, turns).round() for _ in range(6)))

        added = set(key_ids(folders)) - set(before)
        assert len(added) == 2
        assert await events(gateway(Role.PLATFORM_OPERATOR), "signing_key_added", added) == sorted(added)

    async def test_while_it_is_another_s_turn_nothing_is_done(
        self, *, gateway_app: Any, folders: Any, turns: KeyTurns, clock: Hand
    ) -> None:
        clock.forward(days=DAYS)
        before = key_ids(folders)
        rotation = rotation_of(gateway_app, folders, turns)

        async with turns() as trail:
            assert trail is not None
            await rotation.round()
            during = key_ids(folders)
        await rotation.round()

        assert during == before
        assert len(key_ids(folders)) == 4


class Key:
    """A key without its content: when it was put there, and when it began to sign."""

    def __init__(self, published_at: datetime, signs_from: datetime) -> None:
        self.published_at = published_at
        self.signs_from = signs_from


@given(
    rounds=st.lists(
        st.timedeltas(min_value=timedelta(seconds=ROUND_SECONDS), max_value=timedelta(days=3)), min_size=5, max_size=60
    ),
    days=st.integers(1, 40),
)
def test_whenever_a_token_is_signed_its_key_is_published_from_an_hour_before_until_it_has_ended(
    rounds: list[timedelta], days: int
) -> None:
    now, keys = FRIDAY, [Key(FRIDAY, FRIDAY)]
    last_signed: dict[datetime, datetime] = {}
    for pause in rounds:
        instants = [key.signs_from for key in keys]
        if is_due(instants, now, timedelta(days=days)):
            keys.append(Key(now, next_instant(now, AHEAD)))
        gone = superseded(instants, now, kept=KEPT)
        for signs_from in gone:
            assert last_signed.get(signs_from, FRIDAY) + max(LIFETIMES.values()) < now
        keys = [key for key in keys if key.signs_from not in gone]
        # Tokens are signed all the time: the last of a key just before the next one begins.
        for key, successor in pairwise(sorted(keys, key=lambda one: one.signs_from)):
            last_signed[key.signs_from] = min(successor.signs_from, now)
        signing = signing_at(keys, now)
        assert signing is keys[0] or signing.published_at + AHEAD < signing.signs_from
        assert len([key for key in keys if key.signs_from > now]) <= 1
        now += pause


def test_what_is_added_is_for_its_owner_alone(folders: tuple[SigningFolder, ...]) -> None:
    for folder in folders:
        path = folder.add(FRIDAY + timedelta(days=1))
        assert path.stat().st_mode & 0o777 == 0o600
