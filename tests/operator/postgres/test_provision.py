from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.contracts.identity import Microservice
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import (
    SERVICES,
    generate_credentials,
    load_credentials,
)
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import DatabaseUrls, provision

CREDENTIALS = generate_credentials()

CATALOG = """
SELECT string_agg(fact, E'\\n' ORDER BY fact) FROM (
    SELECT concat_ws(' ', rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreatedb, rolcreaterole)
    FROM pg_roles WHERE rolname LIKE 'eventide%'
    UNION ALL
    SELECT concat_ws(' ', datname, datdba::regrole, datacl) FROM pg_database
) AS facts (fact)
"""


@pytest.fixture(scope="module")
def provisioned_server() -> Iterator[EmbeddedPostgres]:
    with ephemeral_cluster() as cluster:
        yield cluster


@pytest.fixture
async def urls(provisioned_server: EmbeddedPostgres) -> dict[str, DatabaseUrls]:
    return await provision(provisioned_server.admin_dsn, CREDENTIALS, address=provisioned_server.address)


async def run(dsn: str, *statements: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def test_the_services_are_those_of_the_contracts() -> None:
    assert set(SERVICES) == {service.value for service in Microservice}


async def test_a_second_time_changes_nothing(
    provisioned_server: EmbeddedPostgres, urls: dict[str, DatabaseUrls]
) -> None:
    before = await run(provisioned_server.admin_dsn, CATALOG)

    again = await provision(provisioned_server.admin_dsn, CREDENTIALS, address=provisioned_server.address)

    assert again == urls
    assert await run(provisioned_server.admin_dsn, CATALOG) == before


@pytest.mark.parametrize("service", SERVICES)
async def test_the_application_role_is_bound_by_row_level_security(urls: dict[str, DatabaseUrls], service: str) -> None:
    powers = "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles"

    assert await run(urls[service].app, f"{powers} WHERE rolname = current_user") is False


async def test_the_application_uses_what_the_owner_grants_and_makes_nothing(
    urls: dict[str, DatabaseUrls],
) -> None:
    owner, app = urls["records"].owner, urls["records"].app
    await run(owner, "CREATE TABLE notes (id int)", "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(app, "SELECT 1", "SELECT count(*) FROM notes")
    await run(owner, "GRANT SELECT, INSERT ON notes TO eventide_records_app", "SELECT 1")

    inserted = await run(app, "INSERT INTO notes DEFAULT VALUES", "SELECT count(*) FROM notes")

    assert inserted == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(urls["records"].app, "CREATE TABLE mine (id int)", "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(urls["records"].app, "TRUNCATE notes", "SELECT 1")


async def test_one_service_cannot_enter_the_database_of_another(
    urls: dict[str, DatabaseUrls],
) -> None:
    astray = urls["gateway"].app.removesuffix("eventide_gateway") + "eventide_records"

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(astray)


async def test_exclusion_constraints_over_equality_are_available(
    urls: dict[str, DatabaseUrls],
) -> None:
    extension = "SELECT extname FROM pg_extension WHERE extname = 'btree_gist'"

    assert await run(urls["scheduler"].owner, extension) == "btree_gist"


async def test_a_role_that_may_make_databases_and_roles_is_enough(home: Path) -> None:
    with EmbeddedPostgres(home / "pg") as cluster:
        await run(
            cluster.admin_dsn,
            "CREATE ROLE mere LOGIN CREATEDB CREATEROLE PASSWORD 'mere'",
            "SELECT 1",
        )
        dsn = f"postgresql://mere:mere@{cluster.address}/postgres"

        await provision(dsn, CREDENTIALS)
        urls = await provision(dsn, CREDENTIALS)

        owner = await run(urls["gateway"].owner, "SELECT current_user::text")
    assert owner == "eventide_gateway_owner"


async def test_lost_passwords_are_replaced(home: Path) -> None:
    with EmbeddedPostgres(home / "pg") as cluster:
        old = await provision(cluster.admin_dsn, CREDENTIALS, address=cluster.address)

        new = await provision(cluster.admin_dsn, generate_credentials(), address=cluster.address)

        assert await run(new["gateway"].app, "SELECT 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(old["gateway"].app)


def test_passwords_are_generated_once_and_private(tmp_path: Path) -> None:
    first = load_credentials(tmp_path / "databases")

    assert load_credentials(tmp_path / "databases") == first
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "databases").iterdir()}
    assert modes == {0o600}
