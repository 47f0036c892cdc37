"""Brings an installation's databases to where the services can use them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import asyncpg

from services.chassis import migrations
from services.operator.errors import OperatorError
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import load_credentials
from services.operator.postgres.location import cluster_folder
from services.operator.postgres.provision import DatabaseUrls, provision
from services.operator.rotation.wrapping import wrap_again_what_came_back
from services.operator.shredding.applying import apply_shreddings
from services.operator.state import StateFolder

Progress = Callable[[str], None]


class ServerRefusedError(OperatorError):
    """The database server cannot be reached or does not let us make what we need."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(f"The database server refuses: {reason}")


class BroughtUp(NamedTuple):
    """The databases as a start has left them, and of how many patients it destroyed keys that had come back."""

    urls: dict[str, DatabaseUrls]
    shredded: int


class Databases(NamedTuple):
    """The migrated databases, and the server they are on if it is ours."""

    urls: dict[str, DatabaseUrls]
    cluster: EmbeddedPostgres | None


@contextmanager
def running_databases(state: StateFolder, database_url: str | None, progress: Progress) -> Iterator[Databases]:
    """Provision and migrate the databases of a state folder, with a server around them if needed.

    Raises:
        ServerRefusedError: The server named by `database_url` is away, or the role may too little.
        OperatorError: PostgreSQL cannot be run, or is in use.
    """
    if database_url is not None:
        state.external_database.touch(mode=0o600)
        yield Databases(bring_up(state, database_url, None, progress).urls, None)
        return
    progress("starting PostgreSQL")
    with EmbeddedPostgres(cluster_folder(state.postgres), log=state.log("postgres")) as cluster:
        yield Databases(bring_up(state, cluster.admin_dsn, cluster.address, progress).urls, cluster)


def bring_up(state: StateFolder, admin_dsn: str, address: str | None, progress: Progress) -> BroughtUp:
    """Provision and migrate the databases of a server that runs, and amend what an older backup has brought back.

    What was shredded is destroyed again, and keys of organizations are wrapped with the newest root key.

    Raises:
        ServerRefusedError: The server is away, or the role may too little.
        UnsignedShreddingError: Somebody else has changed the list of shredded keys.
    """
    try:
        urls, stale = asyncio.run(_provision(state, admin_dsn, address))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as refusal:
        raise ServerRefusedError(refusal) from refusal
    for service in stale:
        progress(f"migrating {service}")
        migrations.upgrade(service, urls[service].owner)
    try:
        wrap_again_what_came_back(state, admin_dsn, progress)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as refusal:
        raise ServerRefusedError(refusal) from refusal
    return BroughtUp(urls, apply_shreddings(state, urls))


async def _provision(
    state: StateFolder, admin_dsn: str, address: str | None
) -> tuple[dict[str, DatabaseUrls], list[str]]:
    credentials = load_credentials(state.secrets / "databases")
    urls = await provision(admin_dsn, credentials, address=address)
    current = await asyncio.gather(*(migrations.is_current(service, url.owner) for service, url in urls.items()))
    stale = [service for service, is_current in zip(urls, current, strict=True) if not is_current]
    return urls, stale
