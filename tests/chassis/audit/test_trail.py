"""The trail in a real database: its hash is the verifier's, it is append-only, and many write to it at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.audit import trail
from services.chassis.audit.chain import LANES, Link, verify
from services.chassis.audit.checkpoints import Checkpointer, file_of, read_checkpoints
from services.chassis.audit.trail import append, event_text
from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import FRIDAY

KEY = bytes(range(32))
AT_ONCE = 8


@pytest.fixture
async def database(records_urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = OpenDatabase(records_urls.app, pool_size=AT_ONCE)
    yield await opened.open()
    await opened.close()


async def write(database: Database, organization_id: UUID, *subjects: str) -> None:
    async with database.read(OrganizationId(organization_id)) as read:
        events = [event_text(at=FRIDAY, members={"subjects": [subject]}) for subject in subjects]
        await append(read.connection, KEY, organization_id, events)


async def write_alone(database: Database, organization_id: UUID, *subjects: str) -> None:
    async with database.hot_read(OrganizationId(organization_id)) as read:
        events = [event_text(at=FRIDAY, members={"subjects": [subject]}) for subject in subjects]
        await append(read.connection, KEY, organization_id, events, is_alone=True)


async def links(database: Database, organization_id: UUID) -> list[Link]:
    async with database.read(OrganizationId(organization_id)) as read:
        return [
            Link(*row)
            for row in await read.connection.fetch(
                "select lane, number, event, seal, hash from audit_events order by lane, number"
            )
        ]


async def test_what_many_write_at_once_is_whole(database: Database, organization_id: UUID) -> None:
    ways = (write, write_alone)
    await asyncio.gather(*(ways[n % 2](database, organization_id, f"é 王 {n}", f"also {n}") for n in range(40)))

    verified = verify(KEY, organization_id, await links(database, organization_id))

    assert verified.findings == []
    assert verified.events == 80
    assert 1 < len(verified.heads) <= LANES


async def test_all_who_choose_one_lane_wait_for_each_other(
    database: Database, organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "LANES", 1)

    await asyncio.gather(*(write(database, organization_id, str(n)) for n in range(24)))

    written = await links(database, organization_id)
    assert [link.number for link in written] == list(range(1, 25))
    assert verify(KEY, organization_id, written).findings == []


async def test_what_is_rolled_back_leaves_no_gap(database: Database, organization_id: UUID) -> None:
    await write(database, organization_id, "first")
    for _ in range(LANES):
        async with database.read(OrganizationId(organization_id)) as read:
            await read.connection.execute("savepoint before")
            await append(read.connection, KEY, organization_id, [event_text(at=FRIDAY, members={})])
            await read.connection.execute("rollback to savepoint before")

    written = await links(database, organization_id)
    assert len(written) == 1
    assert verify(KEY, organization_id, written).findings == []


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set event = ''",
        "delete from audit_events",
        "truncate audit_events",
        "alter table audit_events disable row level security",
    ],
)
async def test_the_application_can_change_and_delete_nothing(
    database: Database, organization_id: UUID, statement: str
) -> None:
    await write(database, organization_id, "first")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.read(OrganizationId(organization_id)) as read:
            await read.connection.execute(statement)

    assert len(await links(database, organization_id)) == 1


async def test_what_has_grown_is_signed_once_and_again_when_it_grows(
    database: Database, organization_id: UUID, tmp_path: Path
) -> None:
    key, grown = Ed25519PrivateKey.generate(), {OrganizationId(organization_id)}
    checkpointer = Checkpointer(key, tmp_path, Clock(), grown)
    await write(database, organization_id, "first")

    signed = [await checkpointer.sign_all(database), await checkpointer.sign_all(database)]
    await write(database, organization_id, "second")
    grown.add(OrganizationId(organization_id))
    signed.append(await checkpointer.sign_all(database))

    checkpoints, unsigned = read_checkpoints(key.public_key(), tmp_path, organization_id)
    assert (signed, len(checkpoints), unsigned) == ([1, 0, 1], 2, 0)
    assert verify(KEY, organization_id, await links(database, organization_id), checkpoints).findings == []


async def test_a_checkpoint_that_could_not_be_written_is_tried_again(
    database: Database, organization_id: UUID, tmp_path: Path
) -> None:
    grown = {OrganizationId(organization_id)}
    checkpointer = Checkpointer(Ed25519PrivateKey.generate(), tmp_path / "missing", Clock(), grown)
    await write(database, organization_id, "first")

    with pytest.raises(FileNotFoundError):
        await checkpointer.sign_all(database)

    assert grown == {OrganizationId(organization_id)}


async def test_an_organization_that_the_driver_named_is_signed_as_any_other(
    database: Database, organization_id: UUID, tmp_path: Path
) -> None:
    await write(database, organization_id, "first")
    async with database.read(OrganizationId(organization_id)) as read:
        named = await read.connection.fetchval("select organization_id from audit_events")
    key = Ed25519PrivateKey.generate()

    signed = await Checkpointer(key, tmp_path, Clock(), {OrganizationId(named)}).sign_all(database)

    assert type(named) is not UUID
    assert signed == 1
    checkpoints, unsigned = read_checkpoints(key.public_key(), tmp_path, organization_id)
    assert (len(checkpoints), unsigned) == (1, 0)


async def test_one_that_cannot_be_signed_keeps_no_other_from_it(
    database: Database, organization_id: UUID, tmp_path: Path
) -> None:
    others = {OrganizationId(uuid4()) for _ in range(4)}
    for one in (organization_id, *others):
        await write(database, one, "first")
    # A folder stands where this organization's file would.
    file_of(tmp_path, organization_id).mkdir()
    key, grown = Ed25519PrivateKey.generate(), {OrganizationId(organization_id), *others}

    with pytest.raises(IsADirectoryError):
        await Checkpointer(key, tmp_path, Clock(), grown).sign_all(database)

    assert grown == {OrganizationId(organization_id)}
    assert [len(read_checkpoints(key.public_key(), tmp_path, one)[0]) for one in others] == [1] * len(others)
