"""The gateway's trail is signed like that of records: what is committed, soon; what is undone, never."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.audit.chain import Verified, verify
from services.chassis.audit.checkpoints import Checkpointer, read_checkpoints
from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told
from services.gateway.security_events.storage import SecurityEventStorage
from services.operator.audit.reading import links_of
from services.operator.postgres.provision import DatabaseUrls

pytestmark = pytest.mark.committed

KEY = bytes(range(32))
_SET = "select set_config('eventide.organization_id', $1, true)"


class UndoneError(Exception):
    pass


@pytest.fixture
def urls(databases: Mapping[str, DatabaseUrls]) -> DatabaseUrls:
    return databases["gateway"]


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = OpenDatabase(urls.app, pool_size=2)
    yield await opened.open()
    await opened.close()


@pytest.fixture
def organization() -> OrganizationId:
    return OrganizationId(uuid4())


async def tell(database: Database, organization: OrganizationId, grown: set[OrganizationId], *, undone: bool) -> None:
    async with database.command(None) as db:
        trail = SecurityTrail(SecurityEventStorage(db, KEY, grown), KEY, Clock())
        await trail.tell(Told(SecurityEventKind.SIGNED_IN, organization, account_id=AccountId(uuid4())))
        assert grown == set()
        if undone:
            raise UndoneError


async def verified(urls: DatabaseUrls, organization: OrganizationId, key: Ed25519PrivateKey, folder: Path) -> Verified:
    connection = await asyncpg.connect(urls.app)
    try:
        links = [link async for link in links_of(connection, organization)]
    finally:
        await connection.close()
    checkpoints, unsigned = read_checkpoints(key.public_key(), folder, organization)
    assert (len(checkpoints), unsigned) == (1, 0)
    return verify(KEY, organization, links, checkpoints)


async def test_what_is_committed_awaits_a_checkpoint_and_what_is_undone_does_not(
    database: Database, organization: OrganizationId
) -> None:
    grown: set[OrganizationId] = set()
    with pytest.raises(UndoneError):
        await tell(database, organization, grown, undone=True)
    assert grown == set()

    await tell(database, organization, grown, undone=False)

    assert grown == {organization}


async def test_who_takes_an_event_out_of_the_database_is_found_by_the_checkpoint(
    database: Database, urls: DatabaseUrls, organization: OrganizationId, tmp_path: Path
) -> None:
    grown: set[OrganizationId] = set()
    await tell(database, organization, grown, undone=False)
    key = Ed25519PrivateKey.generate()
    assert await Checkpointer(key, tmp_path, Clock(), grown).sign_all(database) == 1
    before = await verified(urls, organization, key, tmp_path)

    owner = await asyncpg.connect(urls.owner)
    try:
        async with owner.transaction():
            await owner.execute(_SET, str(organization))
            await owner.execute("delete from audit_events where organization_id = $1", organization)
    finally:
        await owner.close()
    after = await verified(urls, organization, key, tmp_path)

    assert (before.events, before.findings) == (1, [])
    assert after.events == 0
    assert after.findings != []
