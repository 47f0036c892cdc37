"""The root key is rotated while writers write and readers read, and whatever interrupts it loses nothing."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase, Read, driver_connection
from services.chassis.private_files import write_private
from services.chassis.root_keys import Generation, RootKeys, read_generations, written
from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.chassis.wiring import Process
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from services.operator.databases import running_databases
from services.operator.keys import ensure_keys
from services.operator.postgres.provision import DatabaseUrls
from services.operator.postgres.running import superuser_url
from services.operator.rotate_command import UnopenedKeysError, rotate
from services.operator.rotation.wrapping import WRAPPING, wrap_again_what_came_back
from services.operator.state import StateFolder
from services.records.main import build
from services.records.organization_keys import organization_key
from services.scheduler.keys.logic import KeysLogic
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

ORGANIZATIONS = 3
"""In each service, for what is tried step by step."""
WRITES = 30
SITE = UUID(int=7)
STEPS = 1 + len(WRAPPING) * ORGANIZATIONS + 2
"""What a rotation says, one organization a batch: that it began, each batch, that all is wrapped, what it retired."""

MakeKey = Callable[[AsyncSession, OrganizationId, RootKeys], Awaitable[SealingKey]]


class Installation(NamedTuple):
    state: StateFolder
    urls: dict[str, DatabaseUrls]
    admin_url: str

    async def rotate(self) -> dict[str, Any]:
        return await rotate(self.state, self.admin_url, lambda _: None)

    def generations(self) -> Sequence[Generation]:
        return read_generations(self.state.root_key)

    async def stored(self) -> list[asyncpg.Record]:
        return [row for service in WRAPPING for row in await self.ask(service, "select * from organization_keys")]

    async def ask(self, service: str, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(superuser_url(self.admin_url, service))
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *values)
            return rows
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def running(clock: Clock) -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="eventide-test-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108
    home.chmod(0o711)
    state = StateFolder(home / "state")
    state.make()
    ensure_keys(state, clock)
    with running_databases(state, None, lambda _: None) as databases:
        assert databases.cluster is not None
        yield Installation(state, databases.urls, databases.cluster.admin_url)
    shutil.rmtree(home)


@pytest.fixture
async def installation(running: Installation) -> Installation:
    """Forget the organizations and the generations of the test before."""
    for service in WRAPPING:
        await running.ask(service, "truncate organization_keys cascade")
    write_private(running.state.root_key, written([Generation(running.generations()[0].secret)]))
    return running


@pytest.fixture
async def opened(installation: Installation) -> AsyncIterator[dict[str, Database]]:
    async with AsyncExitStack() as stack:
        made = {}
        for service in WRAPPING:
            database = OpenDatabase(installation.urls[service].app, pool_size=6)
            stack.push_async_callback(database.close)
            made[service] = await database.open()
        yield made


@pytest.fixture
def make_key(clock: Clock) -> dict[str, MakeKey]:
    """Make an organization's key as each service does with the first thing that it seals."""

    async def in_records(db: AsyncSession, organization_id: OrganizationId, root: RootKeys) -> SealingKey:
        return (await organization_key(db, root, organization_id, clock.now()))[1]

    async def in_scheduler(db: AsyncSession, organization_id: OrganizationId, root: RootKeys) -> SealingKey:
        keys = KeysLogic(db, Read(await driver_connection(db)), organization_id, root, clock)
        return await keys.for_organization()

    return {"records": in_records, "scheduler": in_scheduler}


@pytest.fixture
async def filled(installation: Installation, opened: dict[str, Database], make_key: dict[str, MakeKey]) -> Installation:
    root = RootKeys.read(installation.state.root_key)
    for service in WRAPPING:
        for _ in range(ORGANIZATIONS):
            organization_id = OrganizationId(uuid4())
            async with opened[service].command(organization_id) as db:
                await make_key[service](db, organization_id, root)
    return installation


def unopened(rows: Sequence[asyncpg.Record], keys: RootKeys) -> list[UUID]:
    found = []
    for row in rows:
        place = Place(row["organization_id"], "organization_keys", "wrapped", row["id"])
        try:
            keys.unwrap(row["id"], row["wrapped"], place)
        except SealBrokenError:
            found.append(row["organization_id"])
    return found


def wrapped_with(rows: Sequence[asyncpg.Record], generation: Generation) -> int:
    return sum(row["wrapped"].startswith(generation.mark) for row in rows)


class Load:
    """Writers, each of whose patients is the first of an organization, and readers of what they have written."""

    def __init__(self, client: httpx2.AsyncClient, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens
        self._written = list[tuple[UUID, str, bytes]]()
        self.statuses = list[int]()
        self.is_over = False

    async def write(self) -> None:
        """Enter a patient of a new organization: its key is one that the root key wraps."""
        organization = uuid4()
        person = {"given_name": "Test", "family_name": "Quill", "birth_date": "1990-02-28", "site_id": str(SITE)}
        made = await self._ask(organization, "POST", "/v1/patients", person)
        self._written.append((organization, f"/v1/patients/{made.json()['id']}", made.content))

    async def write_all(self) -> None:
        for _ in range(WRITES):
            await self.write()
        self.is_over = True

    async def read(self) -> None:
        number = 0
        while not self.is_over:
            organization, path, content = self._written[number % len(self._written)]
            assert (await self._ask(organization, "GET", path)).content == content
            number += 1

    async def _ask(self, organization: UUID, method: str, path: str, body: Any = None) -> httpx2.Response:
        director = principal(Role.PROGRAMME_DIRECTOR, organization=organization)
        headers = {"authorization": f"Bearer {self._tokens.internal(director, Microservice.RECORDS)}"}
        answer = await self._client.request(method, path, json=body, headers=headers)
        self.statuses.append(answer.status_code)
        return answer


@pytest.fixture
async def load(
    installation: Installation, opened: dict[str, Database], tokens: Tokens, clock: Clock
) -> AsyncIterator[Load]:
    app = build(nothing_to_open)
    app.state.process = Process(clock, opened["records"], LocalAuthenticator(tokens, Microservice.RECORDS))
    app.state.root_keys = RootKeys.read(installation.state.root_key)
    async with call_in_process(app) as client:
        made = Load(client, tokens)
        await made.write()
        yield made


async def test_writers_and_readers_notice_nothing_and_nothing_stays_behind(
    installation: Installation, load: Load
) -> None:
    async def rotations() -> int:
        count = 0
        while not load.is_over:
            await installation.rotate()
            count += 1
        return count

    *_, rotated = await asyncio.gather(load.write_all(), load.read(), load.read(), rotations())
    # The process that was started with the first generation goes on with the newest.
    await load.write()

    assert set(load.statuses) == {200, 201}
    assert load.statuses.count(200) > WRITES
    stored, generations = await installation.stored(), installation.generations()
    assert [one.is_retired for one in generations] == [True] * rotated + [False]
    assert rotated > 1
    assert (len(stored), wrapped_with(stored, generations[-1])) == (WRITES + 2, WRITES + 2)
    assert unopened(stored, RootKeys.read(installation.state.root_key)) == []


@pytest.mark.parametrize("service", WRAPPING)
async def test_a_key_that_is_made_and_not_yet_stored_is_waited_for(
    installation: Installation, opened: dict[str, Database], make_key: dict[str, MakeKey], service: str
) -> None:
    organization_id = OrganizationId(uuid4())
    async with opened[service].command(organization_id) as db:
        await make_key[service](db, organization_id, RootKeys.read(installation.state.root_key))
        rotating = asyncio.create_task(installation.rotate())
        await somebody_waits(installation, service, rotating)
    await rotating

    assert unopened(await installation.stored(), RootKeys.read(installation.state.root_key)) == []
    assert wrapped_with(await installation.stored(), installation.generations()[-1]) == 1


@pytest.mark.parametrize("service", WRAPPING)
async def test_who_waits_for_a_rotation_wraps_with_what_it_has_brought(
    installation: Installation, opened: dict[str, Database], make_key: dict[str, MakeKey], service: str
) -> None:
    organization_id = OrganizationId(uuid4())
    root = RootKeys.read(installation.state.root_key)

    async def make() -> None:
        async with opened[service].command(organization_id) as db:
            await make_key[service](db, organization_id, root)

    counting = await asyncpg.connect(superuser_url(installation.admin_url, service))
    try:
        async with counting.transaction():
            await counting.execute("lock table organization_keys in share mode")
            making = asyncio.create_task(make())
            await somebody_waits(installation, service, making)
            generations = (*installation.generations(), Generation(bytes(range(32))))
            write_private(installation.state.root_key, written(generations))
        await making
    finally:
        await counting.close()

    assert wrapped_with(await installation.stored(), generations[-1]) == 1


async def somebody_waits(installation: Installation, service: str, task: "asyncio.Task[Any]") -> None:
    """Return when the task waits for the lock of the keys, or has ended without."""
    waiting = """
        select 1 from pg_locks l join pg_class c on c.oid = l.relation
        where c.relname = 'organization_keys' and not l.granted
    """
    async with asyncio.timeout(60):
        while not task.done() and not await installation.ask(service, waiting):
            pass


class CrashError(Exception):
    pass


@pytest.mark.parametrize("step", range(STEPS))
async def test_whatever_ends_it_early_leaves_everything_readable_and_again_finishes(
    filled: Installation, step: int
) -> None:
    said = list[str]()
    from_before = RootKeys.read(filled.state.root_key)

    def crash(what: str) -> None:
        said.append(what)
        if len(said) == step + 1:
            raise CrashError

    with pytest.raises(CrashError):
        await rotate(filled.state, filled.admin_url, crash, batch=1)

    stored = await filled.stored()
    assert unopened(stored, RootKeys.read(filled.state.root_key)) == []
    assert unopened(stored, from_before) == []
    done = await rotate(filled.state, filled.admin_url, lambda _: None, batch=1)
    stored, generations = await filled.stored(), filled.generations()
    # It was finished, and no other begun, unless the crash came when there was nothing left to do.
    is_new = step == STEPS - 1
    assert (done["finished_earlier"], len(generations)) == (not is_new, 3 if is_new else 2)
    assert [one.is_retired for one in generations] == [True] * (len(generations) - 1) + [False]
    assert (len(stored), wrapped_with(stored, generations[-1])) == (2 * ORGANIZATIONS, 2 * ORGANIZATIONS)
    assert unopened(stored, RootKeys.read(filled.state.root_key)) == []


async def test_a_rotation_says_how_far_it_is_and_what_it_did(filled: Installation) -> None:
    said = list[str]()
    first = filled.generations()[0].key.id

    done = await rotate(filled.state, filled.admin_url, said.append, batch=2)

    assert done["wrapped"] == 2 * ORGANIZATIONS
    assert done["retired"] == [first]
    assert said[1:3] == [f"records: {of} of 3 keys of organizations wrapped again" for of in (2, 3)]
    assert first in said[-1]


async def test_a_key_that_no_root_key_opens_is_named_and_nothing_is_retired(filled: Installation) -> None:
    broken = (await filled.ask("records", "select organization_id from organization_keys order by 1"))[0][0]
    spoil = "update organization_keys set wrapped = $1 where organization_id = $2"
    await filled.ask("records", spoil, b"\x01" + bytes(60), broken)
    told = list[str]()

    with pytest.raises(UnopenedKeysError, match=str(broken)):
        await rotate(filled.state, filled.admin_url, lambda _: None, batch=1)
    await asyncio.to_thread(wrap_again_what_came_back, filled.state, filled.admin_url, told.append)

    stored, generations = await filled.stored(), filled.generations()
    assert [one.is_retired for one in generations] == [False, False]
    assert wrapped_with(stored, generations[-1]) == 2 * ORGANIZATIONS - 1
    assert unopened(stored, RootKeys.read(filled.state.root_key)) == [broken]
    # A start tells it too, and goes on.
    assert str(broken) in told[-1]


async def test_a_role_that_row_level_security_binds_begins_no_rotation(filled: Installation) -> None:
    before = filled.state.root_key.read_bytes()
    owners = ", ".join(f"eventide_{service}_owner" for service in WRAPPING)
    await filled.ask("records", f"create role lesser login password 'lesser' in role {owners}")
    lesser = urlsplit(filled.admin_url)
    url = urlunsplit(lesser._replace(netloc=f"lesser:lesser@{lesser.netloc.rpartition('@')[2]}"))

    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await rotate(filled.state, url, lambda _: None)
    finally:
        await filled.ask("records", "drop role lesser")

    assert filled.state.root_key.read_bytes() == before
