"""The commands `backup` and `restore`."""

import argparse
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import asyncpg

from services.chassis.clock import Clock
from services.operator.audit.command import state_with_keys
from services.operator.backup import beside, dumps, manifest
from services.operator.databases import bring_up, running_databases
from services.operator.errors import OperatorError
from services.operator.folders import PRIVATE, make_folder
from services.operator.lifecycle import database_url_of, say
from services.operator.locks import InheritedLock
from services.operator.postgres.credentials import SERVICES
from services.operator.postgres.provision import database_name
from services.operator.postgres.running import superuser_url
from services.operator.reaching import reached_databases

_NEW: Final = "_restoring"
_OLD: Final = "_replaced"


class FolderNotEmptyError(OperatorError):
    """The folder of a new backup holds something already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty; a backup is made in a folder of its own.")


def backup(arguments: argparse.Namespace) -> int:
    """Dump the three databases, whether or not the stack runs, and copy the audit checkpoints.

    The keys stay where they are: whoever finds the backup opens nothing with it.

    Raises:
        FolderNotEmptyError: The folder is in use.
    """
    state, folder, started = state_with_keys(arguments), Path(arguments.folder).absolute(), perf_counter()
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmptyError(folder)
    make_folder(folder, PRIVATE)
    with reached_databases(state, arguments) as reached:
        for service in SERVICES:
            say(f"dumping {service}")
            dumps.dump(superuser_url(reached.admin_url, service), _dump_of(folder, service))
    beside.keep(state, folder)
    written = manifest.write(folder, state, Clock().now())
    return _told(arguments, {"files": len(written["files"]), "at": written["at"]}, started)


def restore(arguments: argparse.Namespace) -> int:
    """Put the databases of a backup in the place of those that are there, migrate, and destroy shredded keys again.

    All three are loaded before the first is put in place. The stack must not be running.

    Raises:
        BackupDamagedError: The backup is not whole.
        ForeignBackupError: It was made with another root key.
        LockHeldError: The stack runs.
    """
    state, folder, started = state_with_keys(arguments), Path(arguments.folder).absolute(), perf_counter()
    written, url = manifest.checked(folder, state), database_url_of(arguments)
    lock = InheritedLock(state.lock)
    lock.acquire(patience=0)
    try:
        # Before the databases start, so that the list of destroyed keys that the backup holds is followed too.
        beside.take_back(state, folder)
        with running_databases(state, url, say) as databases:
            admin_url = url if databases.cluster is None else databases.cluster.admin_url
            address = None if databases.cluster is None else databases.cluster.address
            asyncio.run(_replace(str(admin_url), folder, say))
            shredded = bring_up(state, str(admin_url), address, say).shredded
    finally:
        lock.release()
    return _told(arguments, {"at": written["at"], "shredded_again": shredded}, started)


async def _replace(admin_url: str, folder: Path, progress: Callable[[str], None]) -> None:
    admin = await asyncpg.connect(admin_url)
    try:
        for service in SERVICES:
            progress(f"loading {service}")
            name = database_name(service)
            for leftover in (_NEW, _OLD):
                await admin.execute(f"drop database if exists {name}{leftover} with (force)")
            await admin.execute(f"create database {name}{_NEW} owner {name}_owner template template0")
            await asyncio.to_thread(dumps.load, superuser_url(admin_url, service, _NEW), _dump_of(folder, service))
        names = [database_name(service) for service in SERVICES]
        # All at once: whenever this ends, the three databases are those of one time.
        async with admin.transaction():
            for name in names:
                await admin.execute(f"alter database {name} rename to {name}{_OLD}")
                await admin.execute(f"alter database {name}{_NEW} rename to {name}")
        for name in names:
            await admin.execute(f"drop database {name}{_OLD} with (force)")
    finally:
        await admin.close()


def _dump_of(folder: Path, service: str) -> Path:
    return folder / f"{service}.dump"


def _told(arguments: argparse.Namespace, report: dict[str, Any], started: float) -> int:
    report["seconds"] = round(perf_counter() - started, 2)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<15} {of}" for name, of in report.items()))
    return 0
