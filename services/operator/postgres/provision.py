"""Makes the roles and databases of the three services, as often as asked with one result.

Needs a superuser, or a role with CREATEDB and CREATEROLE, on PostgreSQL 15 or later. Of each
service, `eventide_<service>_owner` owns database and schema and migrates; the service itself
connects as `eventide_<service>_app`, which owns nothing and is bound by row-level security.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.operator.errors import OperatorError
from services.operator.postgres.binaries import MINIMUM_MAJOR
from services.operator.postgres.credentials import RolePasswords

_SCRAM_ITERATIONS = 4096

_APPLICATION_PRIVILEGES = """
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {app};
"""


class DatabaseUrls(NamedTuple):
    """How to reach one service's database, as its owner and as its application."""

    owner: str
    app: str


class ServerTooOldError(OperatorError):
    """The server lacks what the migrations use."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The server is PostgreSQL {version}; Eventide needs {MINIMUM_MAJOR}.")


async def provision(
    admin_dsn: str, credentials: Mapping[str, RolePasswords], *, address: str | None = None
) -> dict[str, DatabaseUrls]:
    """Make what is missing of roles and databases and return how to reach them, by service.

    The URLs name the server as `address` (`host:port`) does, or else as `admin_dsn` does.

    Raises:
        ServerTooOldError: The server is older than PostgreSQL 15.
        asyncpg.PostgresError: The server refused, for example for want of CREATEDB.
    """
    urls = service_urls(admin_dsn, credentials, address=address)
    admin = await asyncpg.connect(admin_dsn)
    try:
        if (version := admin.get_server_version()).major < MINIMUM_MAJOR:
            raise ServerTooOldError(version.major)
        # Two operators at one server take turns; CREATE DATABASE has no IF NOT EXISTS.
        await admin.execute("SELECT pg_advisory_lock(hashtext('eventide.provision'))")
        for service, passwords in credentials.items():
            await _provision_service(admin, service, passwords, urls[service])
    finally:
        await admin.close()
    return urls


def service_urls(
    admin_dsn: str, credentials: Mapping[str, RolePasswords], *, address: str | None = None
) -> dict[str, DatabaseUrls]:
    """Return how to reach each service's database on the server that `admin_dsn`, or else `address`, names."""
    return {
        service: DatabaseUrls(
            _url(admin_dsn, address, service, "owner", passwords.owner),
            _url(admin_dsn, address, service, "app", passwords.app),
        )
        for service, passwords in credentials.items()
    }


def database_name(service: str) -> str:
    """Name the database of a service."""
    return f"eventide_{service}"


async def _provision_service(
    admin: asyncpg.Connection, service: str, passwords: RolePasswords, urls: DatabaseUrls
) -> None:
    database = database_name(service)
    owner, app = f"{database}_owner", f"{database}_app"
    known = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    # PostgreSQL 15 gives an owner without INHERIT nothing of pg_database_owner, so it could make no table.
    for role, inherits in ((owner, "INHERIT"), (app, "NOINHERIT")):
        if role not in known:
            await admin.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS {inherits}")
    if not await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # A mere CREATEROLE role may give a database only to a role it is a member of.
        await admin.execute(f"GRANT {owner} TO CURRENT_USER")
    if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
        await admin.execute(f"CREATE DATABASE {database} OWNER {owner} TEMPLATE template0")
    await _ensure_password(admin, owner, passwords.owner, urls.owner)
    await _grant(urls.owner, database, app)
    await _ensure_password(admin, app, passwords.app, urls.app)


async def _ensure_password(admin: asyncpg.Connection, role: str, password: str, url: str) -> None:
    """Set the password unless it is the role's already, so that a warm start writes nothing."""
    try:
        connection = await asyncpg.connect(url)
    except (asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError):
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{_verifier(password)}'")
    else:
        await connection.close()


async def _grant(owner_url: str, database: str, app: str) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        await owner.execute(f"GRANT CONNECT ON DATABASE {database} TO {app}")
        await owner.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        await owner.execute(_APPLICATION_PRIVILEGES.format(app=app))
    finally:
        await owner.close()


def _verifier(password: str) -> str:
    """Compute what the server stores (RFC 5803), so that its log cannot show the password."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(_SCRAM_ITERATIONS, *encoded)


def _url(admin_dsn: str, address: str | None, service: str, role: str, password: str) -> str:
    parts = urlsplit(admin_dsn)
    place = address or parts.netloc.rpartition("@")[2]
    database = database_name(service)
    user = f"{database}_{role}:{password}"
    query = "" if address else parts.query
    return urlunsplit((parts.scheme, f"{user}@{place}", f"/{database}", query, ""))
