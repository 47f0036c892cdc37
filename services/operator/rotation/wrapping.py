"""The keys that the root key wraps, in the databases: which generation wrapped them, and wrapping them again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from services.chassis.root_keys import Generation, RootKeyError, RootKeys, read_generations
from services.chassis.sealing import Place, SealBrokenError
from services.contracts.identifiers import OrganizationId
from services.operator.errors import OperatorError
from services.operator.postgres.running import superuser_url
from services.operator.state import StateFolder

Progress = Callable[[str], None]

WRAPPING: Final = ("records", "scheduler")
"""Services whose organizations' keys the root key wraps."""
BATCH: Final = 500
"""How many keys are wrapped again in a transaction."""
_BEFORE_ALL: Final = UUID(int=0)
_COUNT_STALE: Final = "select count(*) from organization_keys where substr(wrapped, 1, length($1::bytea)) <> $1"
# In the order of the key, so that what cannot be wrapped again is passed by and not met again.
_STALE: Final = """
    select organization_id, id, wrapped from organization_keys
    where substr(wrapped, 1, length($1::bytea)) <> $1 and (organization_id, id) > ($2, $3)
    order by organization_id, id limit $4 for no key update
"""
_WRAP: Final = "update organization_keys set wrapped = $3 where organization_id = $1 and id = $2"
# Waits for everybody who holds the lock under which keys are wrapped, and keeps nobody from reading.
_LOCK: Final = "lock table organization_keys in share mode"


class BrokenRootKeyError(OperatorError):
    """The file of the root key holds none, so nothing that is sealed would open."""

    def __init__(self, reason: RootKeyError) -> None:
        super().__init__(f"root.key is damaged: {reason}. Put back the one that you keep apart from the databases.")


class Wrapped(NamedTuple):
    """What came of wrapping again: how many keys, and whose were opened by no generation."""

    keys: int
    broken: tuple[OrganizationId, ...]


async def check_access(admin_url: str) -> None:
    """Read every organization's key, or fail: before anything is begun that could then not be finished.

    Raises:
        asyncpg.PostgresError: The server is away, or row-level security binds the role.
    """
    for service in WRAPPING:
        async with _connected(admin_url, service) as connection:
            await connection.execute("select 1 from organization_keys")


async def wrap_again(
    admin_url: str, generations: Sequence[Generation], progress: Progress, *, batch: int = BATCH
) -> Wrapped:
    """Wrap with the newest generation whatever another one has wrapped, in batches that are committed one by one.

    Retired generations open here what they wrapped: a restore may have brought it back.
    """
    keys = RootKeys([one._replace(is_retired=False) for one in generations])
    newest, count, broken = generations[-1].mark, 0, list[OrganizationId]()
    for service in WRAPPING:
        async with _connected(admin_url, service) as connection:
            stale, done = await connection.fetchval(_COUNT_STALE, newest), 0
            after = _BEFORE_ALL, _BEFORE_ALL
            while True:
                async with connection.transaction():
                    rows = await connection.fetch(_STALE, newest, *after, batch)
                    unopened = [row["organization_id"] for row in rows if not await _wrap(connection, keys, row)]
                if not rows:
                    break
                after = rows[-1]["organization_id"], rows[-1]["id"]
                done += len(rows)
                count += len(rows) - len(unopened)
                broken += unopened
                progress(f"{service}: {done} of {max(done, stale)} keys of organizations wrapped again")
    return Wrapped(count, tuple(broken))


async def is_settled(admin_url: str, newest: Generation) -> bool:
    """Say whether everything is wrapped with the newest generation, whoever was about to store something else.

    Once it is, it stays so but for a restore: who wraps from now on has read the file after the generation was there.
    """
    for service in WRAPPING:
        async with _connected(admin_url, service) as connection, connection.transaction():
            await connection.execute(_LOCK)
            if await connection.fetchval(_COUNT_STALE, newest.mark):
                return False
    return True


def wrap_again_what_came_back(state: StateFolder, admin_url: str, progress: Progress) -> None:
    """Wrap again what an older backup has brought back, or a rotation that was ended early has left.

    Raises:
        BrokenRootKeyError: The file of the root key holds none.
    """
    if not state.root_key.exists():
        # Databases are made before the first start makes keys: nothing is wrapped yet.
        return
    try:
        generations = read_generations(state.root_key)
    except RootKeyError as reason:
        raise BrokenRootKeyError(reason) from reason
    if len(generations) == 1:
        return
    try:
        broken = asyncio.run(wrap_again(admin_url, generations, progress)).broken
    except asyncpg.InsufficientPrivilegeError:
        # A lesser role starts the services as well; what is wrapped with generations that are not retired opens.
        progress("this role may not see whose keys are to be wrapped again: `eventide keys rotate` asks for another")
        return
    for organization_id in broken:
        progress(f"no root key opens the key of organization {organization_id}")


async def _wrap(connection: Any, keys: RootKeys, row: Mapping[str, Any]) -> bool:
    place = Place(row["organization_id"], "organization_keys", "wrapped", row["id"])
    try:
        key = keys.unwrap(row["id"], row["wrapped"], place)
    except SealBrokenError:
        return False
    await connection.execute(_WRAP, row["organization_id"], row["id"], keys.wrap(key, place))
    return True


@asynccontextmanager
async def _connected(admin_url: str, service: str) -> AsyncIterator[Any]:
    # With row security off, a role that it binds is refused, where it would otherwise see nothing and say all is done.
    settings = {"row_security": "off", "lock_timeout": "60s"}
    connection = await asyncpg.connect(superuser_url(admin_url, service), server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()
