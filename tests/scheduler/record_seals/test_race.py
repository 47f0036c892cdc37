"""A record is sealed while a week is being published: one of the two sees what the other does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId, PatientId
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.sealed_patients.storage import lock_to_plan, lock_to_seal, remember
from tests.scheduler.conftest import MONDAY, problem
from tests.scheduler.proposals.conftest import week
from tests.scheduler.weekly import ByHand, Week

__all__ = ["week"]
pytestmark = pytest.mark.committed
SOMEBODY_WAITS = text("select exists (select 1 from pg_locks where not granted)")


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=6)
    yield await opened.open()
    await opened.close()


async def test_a_week_is_not_published_beside_a_seal_that_looks_for_seats(
    by_hand: ByHand, week: Week, scheduler_database: Database, organization_id: UUID, clock: Clock
) -> None:
    """Each saw nothing of the other, and what was published stayed."""
    proposal, organization = (
        await by_hand.propose(MONDAY, [week.group(4, 8, 0, 1, 2, 3)], []),
        OrganizationId(organization_id),
    )
    async with scheduler_database.command(organization) as db:
        await lock_to_seal(db, organization)
        publishing = asyncio.ensure_future(by_hand.accept(proposal, None))
        while not await db.scalar(SOMEBODY_WAITS):
            assert not publishing.done()
        await remember(db, organization, PatientId(UUID(week.ids[0])), clock.now())

    assert problem(await publishing) == (409, "timetable-refused", "")


async def test_a_seal_waits_for_whoever_is_planning_and_they_do_not_wait_for_each_other(
    scheduler_database: Database, organization_id: UUID
) -> None:
    organization = OrganizationId(organization_id)

    async def seal() -> None:
        async with scheduler_database.command(organization) as db:
            await lock_to_seal(db, organization)

    async with scheduler_database.command(organization) as one, scheduler_database.command(organization) as other:
        await lock_to_plan(one, organization)
        await lock_to_plan(other, organization)
        sealing = asyncio.ensure_future(seal())
        while not await one.scalar(SOMEBODY_WAITS):
            assert not sealing.done()
    await sealing
