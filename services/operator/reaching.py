"""Reaching the databases of an installation, whether or not its stack runs."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from services.operator.databases import running_databases
from services.operator.lifecycle import database_url_of, say
from services.operator.locks import InheritedLock
from services.operator.postgres.credentials import load_credentials
from services.operator.postgres.provision import DatabaseUrls, service_urls
from services.operator.postgres.running import running_cluster
from services.operator.state import StateFolder


class Reached(NamedTuple):
    """How to reach each service's database, and the server as who may do everything there."""

    urls: Mapping[str, DatabaseUrls]
    admin_url: str


@contextmanager
def reached_databases(state: StateFolder, arguments: argparse.Namespace) -> Iterator[Reached]:
    """Lend the databases of a state folder: of the stack that runs, or of one that is started for the block."""
    url = database_url_of(arguments)
    credentials = load_credentials(state.secrets / "databases")
    lock = InheritedLock(state.lock)
    if url is not None:
        yield Reached(service_urls(url, credentials), url)
    elif lock.owner():
        cluster = running_cluster(state)
        yield Reached(service_urls(cluster.admin_dsn, credentials, address=cluster.address), cluster.admin_url)
    else:
        lock.acquire(patience=0)
        try:
            with running_databases(state, None, say) as databases:
                yield Reached(databases.urls, databases.cluster.admin_url if databases.cluster else "")
        finally:
            lock.release()
