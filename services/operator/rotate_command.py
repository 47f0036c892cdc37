"""`eventide keys rotate`: a new root key, and nothing left under the one before."""

import argparse
import asyncio
import json
import secrets
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import asyncpg

from services.chassis.private_files import write_private
from services.chassis.root_keys import Generation, read_generations, written
from services.chassis.sealing import KEY_BYTES
from services.contracts.identifiers import OrganizationId
from services.operator.audit.command import state_with_keys
from services.operator.errors import OperatorError
from services.operator.lifecycle import say
from services.operator.locks import InheritedLock
from services.operator.reaching import reached_databases
from services.operator.rotation.wrapping import BATCH, Progress, check_access, is_settled, wrap_again
from services.operator.state import StateFolder

_LOCK: Final = "rotation"


class UnopenedKeysError(OperatorError):
    """Keys of organizations open with no root key, so it is not known which one they would need."""

    def __init__(self, organizations: Sequence[OrganizationId]) -> None:
        named = ", ".join(map(str, organizations))
        super().__init__(
            f"No root key opens the key of these organizations: {named}. Everything else is wrapped with the newest. "
            "No generation was retired: put the missing one back into root.key, and rotate again."
        )


class DatabaseKeptUsError(OperatorError):
    """The database did not let us finish; what is done is done, and everything can be read."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(f"The database server refuses: {reason}. Everything can be read; rotate again to finish.")


def run(arguments: argparse.Namespace) -> int:
    """Rotate the root key, or finish a rotation that was ended early, and say what was done.

    Raises:
        LockHeldError: Another rotation goes on.
        UnopenedKeysError: A key opens with no root key.
        DatabaseKeptUsError: The database server was lost, or its role may too little.
    """
    state, started = state_with_keys(arguments), perf_counter()
    with reached_databases(state, arguments) as reached:
        lock = InheritedLock(state.run / _LOCK)
        lock.acquire(patience=0)
        try:
            report = asyncio.run(rotate(state, reached.admin_url, say))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as refusal:
            raise DatabaseKeptUsError(refusal) from refusal
        finally:
            lock.release()
    report["seconds"] = round(perf_counter() - started, 2)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<15} {of}" for name, of in report.items()))
    return 0


async def rotate(state: StateFolder, admin_url: str, progress: Progress, *, batch: int = BATCH) -> dict[str, Any]:
    """Add a generation, wrap everything with it, and retire the ones before; whatever ends it early, again finishes it.

    A generation is on the disk before it wraps anything, and is retired after nothing is wrapped with it any more, so
    at no step is there a key that cannot be opened.

    Raises:
        UnopenedKeysError: A key opens with no root key.
    """
    await check_access(admin_url)
    generations = read_generations(state.root_key)
    is_finishing = sum(not one.is_retired for one in generations) > 1
    if not is_finishing:
        generations += (Generation(secrets.token_bytes(KEY_BYTES)),)
        write_private(state.root_key, written(generations))
    newest, count = generations[-1], 0
    progress(f"generation {newest.key.id} wraps new keys")
    while True:
        wrapped = await wrap_again(admin_url, generations, progress, batch=batch)
        count += wrapped.keys
        if wrapped.broken:
            raise UnopenedKeysError(wrapped.broken)
        # What somebody had wrapped and not yet stored while we looked is there now, and is found the second time.
        if await is_settled(admin_url, newest):
            break
    progress("nothing is wrapped with an older generation")
    retired = [one.key.id for one in generations[:-1] if not one.is_retired]
    write_private(state.root_key, written([one._replace(is_retired=True) for one in generations[:-1]] + [newest]))
    progress(f"retired, and needed only to restore backups from before: {', '.join(retired)}")
    return {"generation": newest.key.id, "wrapped": count, "retired": retired, "finished_earlier": is_finishing}
