import asyncio
from datetime import UTC, datetime
from uuid import RFC_4122, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, select

from services.chassis.database import OpenDatabase, Query, driver_connection, new_id
from services.chassis.idempotency import IDEMPOTENCY_KEYS
from services.contracts.identifiers import OrganizationId
from services.operator.postgres.provision import DatabaseUrls


def test_a_query_is_compiled_for_the_driver_with_its_values_in_order() -> None:
    table = IDEMPOTENCY_KEYS
    query = Query(
        select(table.c.key).where(table.c.status == bindparam("status"), table.c.key == bindparam("key")).limit(7)
    )

    assert "$3" in query.sql
    assert query.arguments({"key": "k", "status": 200}) == [200, "k", 7]


def test_a_query_refuses_to_guess_a_missing_value() -> None:
    query = Query(select(IDEMPOTENCY_KEYS.c.key).where(IDEMPOTENCY_KEYS.c.key == bindparam("key")))

    with pytest.raises(KeyError):
        query.arguments({})


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is the third argument
    st.binary(min_size=10, max_size=10),
)
def test_new_ids_are_version_7_and_carry_their_instant(instant: datetime, randomness: bytes) -> None:
    made = new_id(instant, randomness)

    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(instant.timestamp() * 1000)


async def test_a_connection_that_the_server_has_ended_meanwhile_is_not_lent_again(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, organization_id = await opened.open(), OrganizationId(uuid4())
    ended = asyncio.Event()
    async with database.command(organization_id) as db:
        before = await driver_connection(db)
        before.add_termination_listener(lambda _: ended.set())
    other = await asyncpg.connect(records_urls.app)
    await other.execute("select pg_terminate_backend($1)", before.get_server_pid())
    await other.close()
    await asyncio.wait_for(ended.wait(), 30)

    async with database.command(organization_id) as db:
        after = await driver_connection(db)

    assert after.get_server_pid() != before.get_server_pid()
    await opened.close()


_SETTING = "select current_setting('eventide.organization_id', true)"


async def test_a_read_sees_its_organization_and_leaves_nothing_of_it_behind(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, organization_id = await opened.open(), OrganizationId(uuid4())

    async with database.read(organization_id) as read:
        within = await read.connection.fetchval(_SETTING)
    async with database.read(None) as read:
        afterwards = await read.connection.fetchval(_SETTING)

    assert (within, afterwards) == (str(organization_id), "")
    await opened.close()


async def test_what_a_read_did_is_undone_where_it_fails(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, organization_id, taken = await opened.open(), OrganizationId(uuid4()), hash(uuid4()) % 2**31

    async def fail() -> None:
        async with database.read(organization_id) as read:
            assert await read.connection.fetchval("select pg_try_advisory_xact_lock($1)", taken)
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await fail()
    async with database.read(organization_id) as read:
        assert await read.connection.fetchval("select count(*) from pg_locks where objid = $1", taken) == 0
    await opened.close()


async def test_what_is_no_organization_gets_into_no_statement(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database = await opened.open()

    with pytest.raises(AttributeError):
        async with database.read("', false); select pg_sleep(9); --"):  # type: ignore[arg-type] # it is no UUID
            pass
    async with database.read(None) as read:
        assert await read.connection.fetchval(_SETTING) in {"", None}
    await opened.close()
