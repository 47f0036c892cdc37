"""Who tells several events in one transaction keeps to one lane, so that two of them never wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.security_events.denials import MOST_TOLD, Denials
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told
from services.gateway.security_events.storage import SecurityEventStorage
from services.operator.postgres.provision import DatabaseUrls
from tests.gateway.proxy.test_denials import Heard
from tests.support.tokens import principal

KEY = bytes(range(32))


@pytest.fixture
async def database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    opened = OpenDatabase(databases["gateway"].app, pool_size=2)
    yield await opened.open()
    await opened.close()


async def tell(db: AsyncSession, organization: OrganizationId) -> None:
    # As the parts of one request do it: each with a trail of its own, in the one transaction.
    trail = SecurityTrail(SecurityEventStorage(db, KEY), KEY, Clock())
    await trail.tell(Told(SecurityEventKind.SIGNED_IN, organization, account_id=AccountId(uuid4())))


@pytest.mark.committed
async def test_two_transactions_of_several_events_never_wait_for_each_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = OrganizationId(uuid4())
    chances = [0, 1]
    monkeypatch.setattr("services.chassis.audit.trail.secrets.randbelow", lambda _: chances.pop(0))

    async with database.command(None) as one, database.command(None) as other:
        await tell(one, organization)
        await tell(other, organization)
        # Whoever of them chose anew would come to the other's lane, in whichever order they come.
        wanted = {"one": 1, "other": 0}
        monkeypatch.setattr("services.chassis.audit.trail.secrets.randbelow", lambda _: wanted[_name_of_task()])
        async with asyncio.TaskGroup() as both:
            both.create_task(tell(one, organization), name="one")
            both.create_task(tell(other, organization), name="other")

    async with database.read(organization) as read:
        rows = await read.connection.fetch("select lane, count(*) from audit_events group by lane order by lane")
    assert [tuple(row) for row in rows] == [(0, 2), (1, 2)]


def _name_of_task() -> str:
    task = asyncio.current_task()
    assert task is not None
    return task.get_name()


class Batches(Heard):
    """A trail that counts what each of its transactions is told."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    @override
    async def __aexit__(self, *_: object) -> None:
        self.sizes.append(self.events - sum(self.sizes))


async def test_a_flood_of_denials_is_told_in_transactions_that_soon_end() -> None:
    heard, denials = Batches(), Denials(Clock())
    for number in range(2 * MOST_TOLD + 1):
        caller = principal(organization=uuid4(), account=uuid4())
        denials.note(caller, f"operation_{number}", "deny-role")

    await denials.tell(heard)

    assert heard.sizes == [MOST_TOLD, MOST_TOLD, 1]
