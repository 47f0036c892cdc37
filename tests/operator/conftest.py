import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import close, pidfd_open
from pathlib import Path

import pytest

from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.ephemeral import ephemeral_cluster

_PATIENCE_SECONDS = 30

StartScript = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's account may pass through, which `tmp_path` is not for root."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    folder = Path(tempfile.mkdtemp(prefix="eventide-test-", dir=memory if memory.is_dir() else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    with ephemeral_cluster() as cluster:
        yield cluster


@pytest.fixture
def start_script() -> Iterator[StartScript]:
    """Start a Python program in a process of its own, killed at the end if the test did not."""
    with ExitStack() as cleanup:

        def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-c", code, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            cleanup.enter_context(process)
            cleanup.callback(process.kill)
            return process

        yield start


@pytest.fixture
def wait_for_exit() -> Callable[[int], None]:
    """Wait for any process, ours or not, to be gone."""

    def wait(pid: int) -> None:
        try:
            descriptor = pidfd_open(pid)
        except ProcessLookupError:
            return
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        ended = poll.poll(_PATIENCE_SECONDS * 1000)
        close(descriptor)
        assert ended, f"process {pid} is still there after {_PATIENCE_SECONDS} s"

    return wait
