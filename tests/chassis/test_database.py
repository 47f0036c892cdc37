import asyncio
from datetime import UTC, datetime
from uuid import RFC_4122, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, func, select, true

from services.chassis.audit.trail import AUDIT_EVENTS, append
from services.chassis.database import Database, OpenDatabase, Query, driver_connection, new_id
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


_SEEN = Query(select(AUDIT_EVENTS.c.event, func.current_setting("eventide.organization_id", true()).label("setting")))
_PID = Query(select(func.pg_backend_pid().label("pid")))


async def pid_of(database: Database) -> int:
    async with database.hot_read(None) as read:
        [row] = await read.all(_PID)
    pid: int = row["pid"]
    return pid


async def test_each_query_of_a_hot_read_sees_its_organization_alone_and_leaves_nothing_behind(
    records_urls: DatabaseUrls,
) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, ids = await opened.open(), [OrganizationId(uuid4()) for _ in range(2)]

    for organization_id in ids:
        async with database.hot_read(organization_id) as read:
            await append(read.connection, bytes(32), organization_id, [f"of {organization_id}"], is_alone=True)
    seen = []
    for whose in [*ids, None, *ids]:
        async with database.hot_read(whose) as read:
            rows, first = await read.all(_SEEN), await read.one_or_none(_SEEN)
            assert list(rows[:1]) == ([] if first is None else [first])
            seen.append([tuple(row) for row in rows])
            assert await read.connection.fetchval(_SETTING) in {"", None}
            assert not read.connection.is_in_transaction()

    own = [[(f"of {one}", str(one))] for one in ids]
    assert seen == [*own, [], *own]
    await opened.close()


async def test_a_hot_read_cannot_write_to_the_trail_of_another_organization(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, own, other = await opened.open(), OrganizationId(uuid4()), OrganizationId(uuid4())

    async with database.hot_read(own) as read:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await append(read.connection, bytes(32), other, ["event"])
    await opened.close()


async def test_a_connection_that_comes_back_well_is_lent_again_and_one_that_does_not_is_in_nobody_s_way(
    records_urls: DatabaseUrls,
) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database = await opened.open()
    pids = [await pid_of(database), await pid_of(database)]

    async def fail_within_a_transaction() -> None:
        async with database.hot_read(None) as read:
            await read.connection.execute("begin; set local work_mem = '1MB'")
            raise LookupError

    async def give_up_waiting() -> None:
        async with database.hot_read(None) as read, asyncio.timeout(0.01):
            await read.connection.execute("select pg_sleep(60)")

    with pytest.raises(LookupError):
        await fail_within_a_transaction()
    async with database.hot_read(None) as read:
        assert not read.connection.is_in_transaction()
        assert await read.connection.fetchval("show work_mem") != "1MB"
    with pytest.raises(TimeoutError):
        await give_up_waiting()
    assert await pid_of(database) > 0
    async with database.read(None) as read, asyncio.timeout(30):
        assert await read.connection.fetchval("select 1") == 1

    assert pids[0] == pids[1]
    await opened.close()


async def test_a_connection_that_was_idle_for_long_is_not_lent_again(
    records_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database = await opened.open()
    before = await pid_of(database)

    monkeypatch.setattr("services.chassis.database._IDLE_SECONDS", 0)

    assert await pid_of(database) != before
    await opened.close()


async def test_whoever_waits_for_a_connection_gets_the_next_that_comes_back(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=2)
    database = await opened.open()

    async with asyncio.timeout(60):
        pids = await asyncio.gather(*(pid_of(database) for _ in range(40)))
        await database.ping()
        again = await asyncio.gather(*(pid_of(database) for _ in range(40)))

    assert len({*pids, *again}) <= 2
    await opened.close()


async def test_a_pool_that_closes_waits_for_the_read_that_is_under_way(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=2)
    database = await opened.open()
    await pid_of(database)

    async with database.hot_read(None) as read:
        closing = asyncio.ensure_future(opened.close())
        await asyncio.sleep(0)
        assert len(await read.all(_PID)) == 1

    await asyncio.wait_for(closing, 30)


async def test_a_kept_connection_that_the_server_has_ended_is_not_lent_again(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database, ended = await opened.open(), asyncio.Event()
    async with database.hot_read(None) as read:
        read.connection.add_termination_listener(lambda _: ended.set())
        before = read.connection.get_server_pid()
    other = await asyncpg.connect(records_urls.app)
    await other.execute("select pg_terminate_backend($1)", before)
    await other.close()
    await asyncio.wait_for(ended.wait(), 30)

    assert await pid_of(database) != before
    await opened.close()


async def test_what_is_no_organization_gets_into_no_statement(records_urls: DatabaseUrls) -> None:
    opened = OpenDatabase(records_urls.app, pool_size=1)
    database = await opened.open()

    for opens in (database.read, database.hot_read):
        with pytest.raises(AttributeError):
            async with opens("', false); select pg_sleep(9); --"):  # type: ignore[arg-type] # it is no UUID
                pass
    async with database.read(None) as read:
        assert await read.connection.fetchval(_SETTING) in {"", None}
    await opened.close()
