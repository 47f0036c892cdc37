import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.chassis.clock import Clock
from services.operator.folders import make_folder
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import SERVICES
from services.operator.processes import process_exists
from services.operator.readiness import StackFailedError
from services.operator.stack import AlreadyRunningError, running_stack, stop
from services.operator.state import PROJECT

pytestmark = pytest.mark.system

EVENTIDE = [sys.executable, "-m", "services.operator"]

HOLD_A_STACK = """
import json, sys
from pathlib import Path
from services.operator.stack import running_stack

with running_stack(Path(sys.argv[1])) as addresses:
    print(json.dumps(addresses.pids), flush=True)
    sys.stdin.read()
"""


def eventide(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a command as a person does, and read the one object it prints."""
    answer = subprocess.run(
        [*EVENTIDE, *arguments, "--state", str(folder), "--json"],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    printed: dict[str, Any] = json.loads(answer.stdout)
    return printed


@pytest.fixture
def folder(home: Path) -> Iterator[Path]:
    yield home / "state"
    stop(home / "state")


class Shared(NamedTuple):
    """A stack that a test leaves as it found it: up and ready."""

    folder: Path
    up: dict[str, Any]


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    folder = Path(tempfile.mkdtemp(prefix="eventide-test-"))
    folder.chmod(0o711)
    yield Shared(folder / "state", eventide(folder / "state", "up", "--port", "0"))
    stop(folder / "state")
    shutil.rmtree(folder)


def answers(url: str) -> int:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    finally:
        connection.close()


def test_up_returns_when_every_service_answers(shared: Shared) -> None:
    assert {answers(shared.up[service]) for service in SERVICES} == {200}
    assert set(shared.up["pids"]) == {"supervisor", "postgres", *SERVICES, "worker-1"}
    assert set(shared.up["logs"]) == set(shared.up["pids"])


def test_a_second_up_finds_the_first(shared: Shared) -> None:
    status = eventide(shared.folder, "status")

    again = eventide(shared.folder, "up", "--port", "0")

    assert again | {"ready": dict.fromkeys(SERVICES, True)} == status


def test_a_service_is_replaced_while_the_others_stay(shared: Shared) -> None:
    before = eventide(shared.folder, "status")["pids"]

    after = eventide(shared.folder, "restart", "records")

    assert {name for name, pid in after["pids"].items() if pid != before[name]} == {"records"}
    assert answers(after["records"]) == 200


def test_a_stack_of_ones_own_is_not_had_where_one_runs(shared: Shared) -> None:
    with pytest.raises(AlreadyRunningError), running_stack(shared.folder):
        pass

    assert eventide(shared.folder, "status")["ready"] == dict.fromkeys(SERVICES, True)


def test_two_ups_at_once_start_one_stack_and_down_leaves_nothing_of_it(folder: Path) -> None:
    command = [*EVENTIDE, "up", "--port", "0", "--json", "--state", str(folder)]
    both = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (json.loads(process.communicate()[0]) for process in both)

    assert eventide(folder, "down") == {"stopped": True}

    assert first == second
    assert not [pid for pid in first["pids"].values() if process_exists(pid)]


def test_an_interrupted_up_is_finished_by_the_next_and_a_killed_supervisor_leaves_nothing(
    folder: Path, wait_for_exit: Callable[[int], None]
) -> None:
    command = [*EVENTIDE, "up", "--port", "0", "--state", str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as interrupted:
        assert interrupted.stderr is not None
        interrupted.stderr.readline()
        interrupted.kill()

    pids = eventide(folder, "up", "--port", "0")["pids"]
    os.kill(pids["supervisor"], signal.SIGKILL)

    for pid in pids.values():
        wait_for_exit(pid)


def test_a_stack_ends_with_the_program_that_runs_it(
    home: Path,
    start_script: Callable[..., "subprocess.Popen[str]"],
    wait_for_exit: Callable[[int], None],
) -> None:
    owner = start_script(HOLD_A_STACK, home / "state")
    assert owner.stdout is not None
    pids = json.loads(owner.stdout.readline())

    owner.kill()

    for pid in pids.values():
        wait_for_exit(pid)


def test_a_temporary_stack_leaves_no_folder() -> None:
    with running_stack(clock=Clock().now() + timedelta(days=3)) as addresses:
        assert answers(addresses.gateway) == 200
        assert addresses.secrets.is_dir()

    assert not addresses.secrets.parent.exists()


def test_a_service_that_cannot_start_is_shown_with_its_log_and_nothing_is_left(folder: Path, home: Path) -> None:
    make_folder(folder, 0o711)
    make_folder(folder / "secrets", 0o700)
    (folder / "secrets" / "signing").mkdir()
    (folder / "secrets" / "signing" / "broken.pem").write_text("this is not a key")

    with pytest.raises(StackFailedError, match="gateway keeps crashing"), running_stack(folder):
        pass

    assert not stop(home / "state")


def test_with_a_damaged_root_key_nothing_is_started_and_it_is_said_what_to_do(folder: Path, home: Path) -> None:
    make_folder(folder, 0o711)
    make_folder(folder / "secrets", 0o700)
    (folder / "secrets" / "root.key").write_text("this is not a key")

    with (
        pytest.raises(StackFailedError, match=r"root\.key is damaged.*Put back the one that you keep") as refusal,
        running_stack(folder),
    ):
        pass

    assert "this is not a key" not in str(refusal.value)
    assert not stop(home / "state")


async def test_a_stack_uses_a_server_of_somebody_else(folder: Path, server: EmbeddedPostgres) -> None:
    admin = await asyncpg.connect(server.admin_dsn)
    await admin.execute("CREATE ROLE boss LOGIN CREATEDB CREATEROLE PASSWORD 'boss'")
    await admin.close()

    with running_stack(folder, database_url=f"postgresql://boss:boss@{server.address}/postgres") as addresses:
        assert answers(addresses.records) == 200
        assert "postgres" not in addresses.pids
    assert (folder / "secrets" / "external-database").exists()
