"""A cluster for one run of a program, in memory where there is room."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.operator.folders import PASSABLE
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.processes import process_exists

_MEMORY = Path("/dev/shm")  # noqa: S108 - only a private folder made by mkdtemp is used in it
_ROOM_BYTES = 1 << 30
_PREFIX = "eventide-ephemeral-"


@contextmanager
def ephemeral_cluster(*, binaries: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """Run an empty cluster that is deleted at the end.

    It runs with the settings of any other: tmpfs makes fsync free, so nothing has to be turned
    off. What a killed program left behind is swept by the next.
    """
    base = _roomy_folder()
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
    folder.chmod(PASSABLE)
    try:
        with EmbeddedPostgres(folder, binaries=binaries) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy_folder() -> Path:
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        owner = int(folder.name.removeprefix(_PREFIX).partition("-")[0])
        if not process_exists(owner):
            shutil.rmtree(folder, ignore_errors=True)
