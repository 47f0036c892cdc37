"""Bringing a service's database to the newest revision; a database that is there already costs one query."""

from pathlib import Path
from typing import Final

import asyncpg

import services

_ROOT: Final = Path(services.__path__[0]).parent / "migrations"


def newest_revision(service: str) -> str:
    """Return the newest revision: revisions are named `YYYYMMDD_HHMM`, and their files begin with it."""
    return max(path.name[:13] for path in (_ROOT / service / "versions").glob("[0-9]*.py"))


async def is_current(service: str, owner_url: str) -> bool:
    """Say whether the database stands at the newest revision, without loading Alembic."""
    connection = await asyncpg.connect(owner_url, timeout=5)
    try:
        if await connection.fetchval("select to_regclass('alembic_version')") is None:
            return False
        return bool(await connection.fetchval("select version_num from alembic_version") == newest_revision(service))
    finally:
        await connection.close()


def upgrade(service: str, owner_url: str, revision: str = "head") -> None:
    """Migrate a service's database upwards, as its owner role; blocking, and safe when two do it at once."""
    _alembic("upgrade", service, owner_url, revision)


def downgrade(service: str, owner_url: str, revision: str) -> None:
    """Migrate downwards; for tests and for the last revision only."""
    _alembic("downgrade", service, owner_url, revision)


def _alembic(command_name: str, service: str, owner_url: str, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that a warm start does not pay
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_ROOT / service))
    config.set_main_option("path_separator", "os")
    config.attributes["owner_url"] = owner_url
    config.attributes["service"] = service
    getattr(command, command_name)(config, revision)
