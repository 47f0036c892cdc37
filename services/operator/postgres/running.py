"""Reaching the cluster of a stack that runs, as its superuser."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.location import cluster_folder
from services.operator.postgres.provision import database_name
from services.operator.state import StateFolder

_PORT_LINE: Final = 3
"""Of postmaster.pid, from 0."""


def running_cluster(state: StateFolder) -> EmbeddedPostgres:
    """Return the cluster of a state folder, which another process runs, with the port that it listens on."""
    cluster = EmbeddedPostgres(cluster_folder(state.postgres))
    cluster.port = int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[_PORT_LINE])
    return cluster


def superuser_url(admin_url: str, service: str, suffix: str = "") -> str:
    """Return how a superuser reaches one service's database, or one that is named after it."""
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database_name(service)}{suffix}"))
