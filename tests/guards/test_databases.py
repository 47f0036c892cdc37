"""The databases are what their snapshots say, and every tenant table is closed to other organizations."""

import asyncio
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from services.chassis.migrations import downgrade, is_current, newest_revision, upgrade
from services.operator.postgres.provision import DatabaseUrls
from tests.guards.catalog import catalog_of
from tests.support.databases import empty_databases, migrated_databases

SERVICES = ("gateway", "records", "scheduler")
ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = Path(__file__).parent / "snapshots"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def own_databases() -> Iterator[Mapping[str, DatabaseUrls]]:
    with migrated_databases() as urls:
        yield urls


def spanning_tables(service: str) -> Mapping[str, str]:
    tables: Mapping[str, str] = importlib.import_module(f"services.{service}.metadata").SPANNING_TABLES
    return {"alembic_version": "Alembic's own", **tables}


async def fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_go_up_and_down_and_up_to_the_same_catalog(
    own_databases: Mapping[str, DatabaseUrls], service: str
) -> None:
    owner = own_databases[service].owner
    first = asyncio.run(catalog_of(owner))

    downgrade(service, owner, "base")
    empty = asyncio.run(catalog_of(owner))
    upgrade(service, owner)

    assert asyncio.run(catalog_of(owner)) == first
    assert not [line for line in empty if line.startswith("column ") and "alembic_version" not in line]


@pytest.mark.parametrize("service", SERVICES)
async def test_the_catalog_is_the_committed_one(
    databases: Mapping[str, DatabaseUrls], service: str, request: pytest.FixtureRequest
) -> None:
    lines = await catalog_of(databases[service].owner)
    snapshot = SNAPSHOTS / f"{service}.txt"
    if request.config.getoption("--update-snapshots"):
        snapshot.write_text("\n".join(lines) + "\n")

    assert snapshot.read_text().splitlines() == lines


@pytest.mark.parametrize("service", SERVICES)
async def test_the_newest_revision_is_the_head_and_the_database_stands_there(
    databases: Mapping[str, DatabaseUrls], service: str
) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations" / service))
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision(service)]
    assert await is_current(service, databases[service].owner)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_is_a_tenant_s_or_says_why_not(databases: Mapping[str, DatabaseUrls], service: str) -> None:
    tables = await fetch(
        databases[service].owner,
        """select relname, relrowsecurity and relforcerowsecurity as closed,
                  exists (select 1 from pg_policies where tablename = relname and qual like '%organization_id%'
                          and with_check like '%organization_id%') as by_organization
           from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'""",
    )
    spanning = spanning_tables(service)

    open_tables = {row["relname"] for row in tables if not (row["closed"] and row["by_organization"])}
    assert open_tables == set(spanning)
    assert all(len(reason) > 10 for reason in spanning.values())


@pytest.mark.parametrize("service", SERVICES)
async def test_every_key_of_a_tenant_table_is_led_by_the_organization(
    databases: Mapping[str, DatabaseUrls], service: str
) -> None:
    keys = await fetch(
        databases[service].owner,
        """select c.conrelid::regclass::text as relation, c.conname, a.attname as first_column
           from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
           where c.connamespace = 'public'::regnamespace and c.contype in ('p', 'u', 'x', 'f')
           union all
           select i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname
           from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
           where i.indisunique
               and i.indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)""",
    )
    spanning = spanning_tables(service)

    tenant_keys = [row for row in keys if row["relation"] not in spanning]
    assert tenant_keys
    assert [row["conname"] for row in tenant_keys if row["first_column"] != "organization_id"] == []


@pytest.mark.parametrize("service", SERVICES)
async def test_tenant_tables_have_no_triggers(databases: Mapping[str, DatabaseUrls], service: str) -> None:
    triggers = await fetch(
        databases[service].owner, "select tgrelid::regclass::text as relation from pg_trigger where not tgisinternal"
    )

    assert {row["relation"] for row in triggers} <= set(spanning_tables(service))


@pytest.mark.parametrize("service", SERVICES)
async def test_the_application_owns_nothing_and_sees_nothing_without_an_organization(
    databases: Mapping[str, DatabaseUrls], service: str
) -> None:
    app = databases[service].app
    role = (await fetch(app, "select rolsuper, rolbypassrls from pg_roles where rolname = current_user"))[0]
    owned = await fetch(app, "select 1 from pg_class where relowner = current_user::regrole")
    tables = await fetch(
        app, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    )

    assert (role["rolsuper"], role["rolbypassrls"], owned) == (False, False, [])
    for row in tables:
        if row["relname"] not in spanning_tables(service):
            assert await fetch(app, f'select 1 from "{row["relname"]}" limit 1') == []  # noqa: S608 - a name of the catalog


async def test_one_organization_cannot_write_into_another(databases: Mapping[str, DatabaseUrls]) -> None:
    connection = await asyncpg.connect(databases["records"].app)
    async with connection.transaction():
        await connection.execute("select set_config('eventide.organization_id', $1, true)", str(uuid4()))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "insert into idempotency_keys "
                "(organization_id, account_id, operation_id, key, request_hash, created_at) "
                "values ($1, $1, 'x', 'x', '', now())",
                uuid4(),
            )
    await connection.close()


async def test_a_changed_constraint_would_be_seen(own_databases: Mapping[str, DatabaseUrls]) -> None:
    owner = own_databases["records"].owner
    before = await catalog_of(owner)

    await fetch(owner, "alter table idempotency_keys add constraint planted check (status > 99)")

    assert await catalog_of(owner) != before
    await fetch(owner, "alter table idempotency_keys drop constraint planted")


def test_the_oldest_server_we_promise_migrates_to_the_same_catalog() -> None:
    # Bug: an owner without INHERIT could make no table on 15, which 18 had let it do.
    if not DEBIAN_15.is_dir():
        pytest.skip(f"{DEBIAN_15} is absent: install Debian's postgresql-15 to migrate on the oldest server")
    with empty_databases(DEBIAN_15) as urls:
        for service in SERVICES:
            upgrade(service, urls[service].owner)

            lines = asyncio.run(catalog_of(urls[service].owner))
            assert lines == (SNAPSHOTS / f"{service}.txt").read_text().splitlines()
