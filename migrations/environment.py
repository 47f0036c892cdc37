"""The environment that the three Alembic histories share: one database, one owner role, one lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine


def run(metadata: MetaData) -> None:
    """Migrate the database named by the caller; a second migrator waits for the first."""
    asyncio.run(_run(metadata))


async def _run(metadata: MetaData) -> None:
    attributes = context.config.attributes
    engine = create_async_engine(
        attributes["owner_url"].replace("postgresql://", "postgresql+asyncpg://", 1),
        poolclass=pool.NullPool,
        connect_args={"server_settings": {"lock_timeout": "5s"}, "timeout": 10},
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, metadata, attributes["service"])
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData, service: str) -> None:
    # A lock of the session, not of the transaction: each revision commits by itself.
    connection.execute(text("set lock_timeout = '60s'"))
    connection.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": f"migrate:{service}"})
    connection.execute(text("set lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
        include_name=lambda name, kind, _: not (kind == "table" and name is not None and name.startswith("pgqueuer")),
    )
    with context.begin_transaction():
        context.run_migrations()
