"""The two ways to the database: a command's unit of work, and a read's transaction.

Both set the organization for the transaction first, so that row-level security hides every other tenant's rows.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import asyncpg
from sqlalchemy import TIMESTAMP, Dialect, Select, Text, event, text
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from services.contracts.identifiers import OrganizationId

_BEGIN = "begin; select set_config('eventide.organization_id', '{}', true)"
_STATEMENT_TIMEOUT = "30s"
_SERVER_SETTINGS = {
    "statement_timeout": _STATEMENT_TIMEOUT,
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


NAMING_CONVENTION: Final[dict[str, str]] = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}
"""Constraints have names, so that a violated one can be told apart from the others."""

COLUMN_TYPES: Final[dict[Any, Any]] = {datetime: TIMESTAMP(timezone=True), str: Text()}
"""What annotations of rows mean: instants are `timestamptz`, text is `text`."""


UnitOfWork = AsyncSession
"""A command's transaction, as logic sees it: something to hand to storage, which alone looks inside."""


class CommandSessions(Protocol):
    """Opens units of work; the tests give one that rolls everything back."""

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session in a transaction that commits on a clean exit."""


class ReadConnections(Protocol):
    """Lends driver connections to reads; the tests give the connection of the unit of work."""

    def acquire(self) -> AbstractAsyncContextManager[Any]:
        """Lend an asyncpg connection."""

    def begin(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager["Read"]:
        """Open a read in a transaction that sees one organization, and commits on a clean exit."""


class Database:
    """A service's database: `command` for writes, `read` for hot reads, never both in one request."""

    def __init__(self, sessions: CommandSessions, connections: ReadConnections) -> None:
        self._sessions = sessions
        self._connections = connections

    @asynccontextmanager
    async def command(self, organization_id: OrganizationId | None) -> AsyncIterator[AsyncSession]:
        """Open a unit of work that sees one organization; it commits when the block ends well."""
        async with self._sessions.begin() as db:
            await set_organization(db, organization_id)
            yield db

    def read(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager["Read"]:
        """Open a read of one organization, on the driver, in a transaction of its own."""
        return self._connections.begin(organization_id)

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises what the driver raises."""
        async with self._connections.acquire() as connection:
            await connection.execute("select 1", timeout=2)


class PooledConnections:
    """Lends the connections of a pool of the driver."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def acquire(self) -> AbstractAsyncContextManager[Any]:
        """Lend a connection as it is."""
        lent: AbstractAsyncContextManager[Any] = self._pool.acquire()
        return lent

    @asynccontextmanager
    async def begin(self, organization_id: OrganizationId | None) -> AsyncIterator["Read"]:
        """Open a read in a transaction of an organization: both are said in one round trip."""
        async with self._pool.acquire() as connection:
            await connection.execute(_BEGIN.format(_as_setting(organization_id)))
            try:
                yield Read(connection)
            except BaseException:
                # A connection that has ended has nothing to undo, and must not hide why the read failed.
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await connection.execute("rollback")
                raise
            await connection.execute("commit")


def _as_setting(organization_id: OrganizationId | None) -> str:
    # It stands in a statement as text: whatever is no UUID has no bytes, and gets no further.
    return "" if organization_id is None else str(UUID(bytes=organization_id.bytes))


async def _leave_as_it_is(_connection: object) -> None:
    """Reset nothing: a read sets only what ends with its transaction, and the driver itself ends one left open."""


async def set_organization(db: AsyncSession, organization_id: OrganizationId | None) -> None:
    """Let the transaction see the rows of one organization, or with None only those that belong to none."""
    await db.execute(
        text("select set_config('eventide.organization_id', :organization, true)"),
        {"organization": _as_setting(organization_id)},
    )


class Query:
    """A `select()` compiled once, to run on the driver at its own speed."""

    _dialect: ClassVar[Dialect] = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it bare

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement
        compiled = statement.compile(dialect=self._dialect)
        self.sql = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Order the named values as the driver wants them; a missing one is a KeyError, so never a wrong row."""
        return [values[name] if name in values else self._constants[name] for name in self._names]


class Read:
    """One read transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def connection(self) -> Any:
        """The driver's connection, for what is no query of a subject."""
        return self._connection

    async def all(self, query: Query, **values: Any) -> list[asyncpg.Record]:
        """Fetch every row; columns by name."""
        rows: list[asyncpg.Record] = await self._connection.fetch(query.sql, *query.arguments(values))
        return rows

    async def one_or_none(self, query: Query, **values: Any) -> asyncpg.Record | None:
        """Fetch the first row, or None."""
        row: asyncpg.Record | None = await self._connection.fetchrow(query.sql, *query.arguments(values))
        return row


# SQLAlchemy's ping costs every command three round trips; the driver hears by itself when its connection is closed.
def _replace_if_closed(_connection: object, record: ConnectionPoolEntry, _borrowed: object) -> None:
    driver: Any = record.driver_connection
    if driver.is_closed():
        raise InvalidatePoolError


class OpenDatabase:
    """The engine and the pool of one process, to be opened at start and closed at the end."""

    def __init__(self, dsn: str, *, pool_size: int) -> None:
        self.engine: AsyncEngine = create_async_engine(
            dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            connect_args={"server_settings": _SERVER_SETTINGS, "timeout": 5},
        )
        event.listen(self.engine.sync_engine, "checkout", _replace_if_closed)
        self._dsn = dsn
        self._pool_size = pool_size
        self._pool: Any = None

    async def open(self) -> Database:
        """Open the pools; connections are made as they are needed, so that a service starts without its database."""
        self._pool = asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._pool_size,
            timeout=5,
            server_settings=_SERVER_SETTINGS,
            reset=_leave_as_it_is,
        )
        await self._pool
        return Database(async_sessionmaker(self.engine, expire_on_commit=False), PooledConnections(self._pool))

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()
        await self.engine.dispose()


def after_commit(db: AsyncSession, act: Callable[[], None]) -> None:
    """Do something once a unit of work is committed; where it is undone, it is not done."""
    event.listen(db.sync_session, "after_commit", lambda _: act(), once=True)


async def driver_connection(db: AsyncSession) -> Any:
    """Return the asyncpg connection inside a unit of work, for what only the driver can do in its transaction."""
    raw = await (await db.connection()).get_raw_connection()
    return raw.driver_connection


def violated_constraint(error: BaseException) -> str | None:
    """Return the name of the constraint that a driver error reports, wherever SQLAlchemy has wrapped it."""
    current: BaseException | None = error
    while current is not None:
        name = getattr(current, "constraint_name", None)
        if isinstance(name, str):
            return name
        current = current.__cause__ or getattr(current, "orig", None)
    return None


def first_id(at: datetime) -> UUID:
    """Return the least id that `new_id` can make in the millisecond of an instant."""
    return new_id(at, bytes(10))


def new_id(now: datetime, randomness: bytes) -> UUID:
    """Make a UUID version 7 (RFC 9562, 5.7) of an instant and ten random bytes; ids of one table sort by time."""
    value = (int(now.timestamp() * 1000) << 80) | int.from_bytes(randomness[:10])
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)
