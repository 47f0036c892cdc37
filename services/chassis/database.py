"""The ways to the database: a command's unit of work, a read's transaction, and the statements of a hot read.

Each sets the organization for the transaction first, so that row-level security hides every other tenant's rows.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from time import monotonic
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
from typing_extensions import override

from services.contracts.identifiers import OrganizationId

_BEGIN = "begin; select set_config('eventide.organization_id', '{}', true)"
SEEING: Final = "seeing as materialized (select set_config('eventide.organization_id', {}, true) as organization)"
"""Lets a statement that is a transaction of its own see one organization, once it has a row of this.

What depends on the row runs after it: until then the setting is empty, as after the statement, and hides every row.
"""
_ALONE = f"""
    with {SEEING}
    select answer.* from seeing cross join lateral (
        select asked.* from ({{}}) as asked where seeing.organization is not null offset 0
    ) as answer
"""  # noqa: S608 - what is put into it is a statement of ours, and its values stand beside it
_STATEMENT_TIMEOUT = "30s"
_IDLE_SECONDS = 300.0
"""After so long nobody knows whether the way to the server is still open."""
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


Lookups = Callable[[], AbstractAsyncContextManager["Read"]]
"""Opens a read of tables that span organizations, for whoever has to know whose something is before all else."""


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

    def lend(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager["Read"]:
        """Open a read each of whose queries is a transaction of its own, and sees one organization."""


class Database:
    """A service's database: `command` for writes, `hot_read` for what requests read, never both in one request."""

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

    def hot_read(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager["Read"]:
        """Open a read of one organization whose queries need one round trip each, and no other.

        Two queries of it see what is committed when each begins, as they would in a transaction.
        """
        return self._connections.lend(organization_id)

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises what the driver raises."""
        async with self._connections.acquire() as connection:
            await connection.execute("select 1", timeout=2)


class PooledConnections:
    """Lends the connections of a pool of the driver, and keeps those that come back well for the next who asks.

    The pool makes a task of each return, which costs half as much as a query.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._kept: list[tuple[Any, float]] = []
        self._awaited = 0
        self._is_closing = False

    async def take(self) -> Any:
        """Take a connection, which `give_back` or `let_go` ends; waits where all are taken."""
        while self._kept:
            connection, since = self._kept.pop()
            # One that the server has ended has gone back to the pool by itself, and says so.
            with suppress(asyncpg.InterfaceError):
                if not connection.is_closed() and monotonic() - since < _IDLE_SECONDS:
                    return connection
                connection.terminate()
        self._awaited += 1
        try:
            return await self._pool.acquire()
        finally:
            self._awaited -= 1

    async def give_back(self, connection: Any) -> None:
        """Return a connection on which nothing is going on."""
        if self._awaited or self._is_closing:
            await self._pool.release(connection)
        else:
            self._kept.append((connection, monotonic()))

    async def let_go(self, connection: Any) -> None:
        """Return a connection on which something may be left: the driver ends it, or the connection."""
        await self._pool.release(connection)

    async def close(self) -> None:
        """Leave what is kept to the pool, and what comes back from now on."""
        self._is_closing = True
        while self._kept:
            await self._pool.release(self._kept.pop()[0])

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """Lend a connection as it is."""
        connection = await self.take()
        try:
            yield connection
        finally:
            await self.let_go(connection)

    @asynccontextmanager
    async def begin(self, organization_id: OrganizationId | None) -> AsyncIterator["Read"]:
        """Open a read in a transaction of an organization: both are said in one round trip."""
        async with self.acquire() as connection:
            await connection.execute(_BEGIN.format(_as_setting(organization_id)))
            try:
                yield Read(connection)
            except BaseException:
                # A connection that has ended has nothing to undo, and must not hide why the read failed.
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await connection.execute("rollback")
                raise
            await connection.execute("commit")

    def lend(self, organization_id: OrganizationId | None) -> AbstractAsyncContextManager["Read"]:
        """Open a read each of whose queries is a transaction of its own, and sees one organization."""
        return _Lent(self, organization_id)


class _Lent:
    """One hot read: a connection that is given back unless something went wrong on it."""

    def __init__(self, connections: PooledConnections, organization_id: OrganizationId | None) -> None:
        self._connections = connections
        self._setting = _as_setting(organization_id)
        self._connection: Any = None

    async def __aenter__(self) -> "Read":
        self._connection = await self._connections.take()
        return HotRead(self._connection, self._setting)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        leave = self._connections.give_back if kind is None else self._connections.let_go
        await leave(self._connection)


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
        self.alone = _ALONE.format(f"${len(self._names) + 1}", self.sql)
        """The same as a transaction of its own, whose last value is the organization."""
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self.names = frozenset(self._names)
        """Of what it is asked with."""

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


class HotRead(Read):
    """A read without a transaction around it: each query says which organization it sees."""

    def __init__(self, connection: Any, setting: str) -> None:
        super().__init__(connection)
        self._setting = setting

    @override
    async def all(self, query: Query, **values: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(query.alone, *query.arguments(values), self._setting)
        return rows

    @override
    async def one_or_none(self, query: Query, **values: Any) -> asyncpg.Record | None:
        row: asyncpg.Record | None = await self._connection.fetchrow(
            query.alone, *query.arguments(values), self._setting
        )
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
        self._connections: PooledConnections | None = None

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
        self._connections = PooledConnections(self._pool)
        return Database(async_sessionmaker(self.engine, expire_on_commit=False), self._connections)

    async def close(self) -> None:
        """Close every connection."""
        if self._connections is not None:
            await self._connections.close()
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
