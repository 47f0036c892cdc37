"""Databases for tests: one cluster a run, migrated once, and each test in a transaction that is rolled back."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool
from typing_extensions import override

from services.chassis.database import Database, HotRead, Read
from services.chassis.migrations import upgrade
from services.contracts.identifiers import OrganizationId
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import DatabaseUrls, provision

Lent = TypeVar("Lent")


@contextmanager
def empty_databases(binaries: Path | None = None) -> Iterator[Mapping[str, DatabaseUrls]]:
    """Run a cluster of its own with the three databases, without a table."""
    with ephemeral_cluster(binaries=binaries) as cluster:
        yield asyncio.run(provision(cluster.admin_dsn, generate_credentials(), address=cluster.address))


@contextmanager
def migrated_databases() -> Iterator[Mapping[str, DatabaseUrls]]:
    """Run a cluster of its own with the three databases, migrated."""
    with empty_databases() as urls:
        for service, database in urls.items():
            upgrade(service, database.owner)
        yield urls


class PinnedConnections:
    """Lends one connection to every reader: what a command wrote and has not committed, a read of the test sees."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self._connection

    @asynccontextmanager
    async def begin(self, organization_id: OrganizationId | None) -> AsyncIterator[Read]:
        # Within the test's transaction: what the read does is undone where it fails, and otherwise kept until the end.
        async with self._connection.transaction():
            setting = "" if organization_id is None else str(organization_id)
            await self._connection.execute("select set_config('eventide.organization_id', $1, true)", setting)
            yield Read(self._connection)

    @asynccontextmanager
    async def lend(self, organization_id: OrganizationId | None) -> AsyncIterator[Read]:
        setting = "" if organization_id is None else str(organization_id)
        async with self._connection.transaction():
            yield HotRead(self._connection, setting)


class WatchedDatabase(Database):
    """A database of which a test knows how much of it is held at the moment, and how often some of it was taken."""

    def __init__(self, database: Database) -> None:
        self._watched = database
        self.held = self.taken = 0

    @override
    @asynccontextmanager
    async def command(self, organization_id: OrganizationId | None) -> AsyncIterator[AsyncSession]:
        async with self._counted(self._watched.command(organization_id)) as db:
            yield db

    @override
    def read(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager[Read]:
        return self._counted(self._watched.read(organization_id))

    @override
    def hot_read(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager[Read]:
        return self._counted(self._watched.hot_read(organization_id))

    @asynccontextmanager
    async def _counted(self, lent: AbstractAsyncContextManager[Lent]) -> AsyncIterator[Lent]:
        async with lent as one:
            self.held += 1
            self.taken += 1
            try:
                yield one
            finally:
                self.held -= 1


@asynccontextmanager
async def rolled_back(app_url: str) -> AsyncIterator[Database]:
    """Open a service's database so that nothing a test commits outlives the test."""
    engine = create_async_engine(app_url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    async with engine.connect() as connection:
        outer = await connection.begin()
        # SQLAlchemy begins with the first statement: without one, a read would open a transaction of its own.
        await connection.execute(text("select 1"))
        sessions = async_sessionmaker(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        try:
            yield Database(sessions, PinnedConnections(await _driver(connection)))
        finally:
            await outer.rollback()
    await engine.dispose()


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection
