import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.operator.locks import InheritedLock, LockHeldError, LockStuckError
from services.operator.postgres.account import Account, server_account
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.errors import (
    ClusterFailedError,
    FolderClosedError,
    VersionMismatchError,
)
from services.operator.processes import NotMainThreadError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")

HOLD_A_CLUSTER = """
import os, sys
from pathlib import Path
from services.operator.postgres.cluster import EmbeddedPostgres

if os.geteuid() == 0:
    os.setgroups([0, 4])
with EmbeddedPostgres(Path(sys.argv[1])) as cluster:
    print(cluster.pid, cluster.port, flush=True)
    sys.stdin.read()
"""


async def query(dsn: str, sql: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_second_start_finds_the_rows_of_the_first(home: Path) -> None:
    with EmbeddedPostgres(home / "pg") as cluster:
        await query(cluster.admin_dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

    with EmbeddedPostgres(home / "pg") as cluster:
        assert await query(cluster.admin_url, "SELECT answer FROM kept") == 42


async def test_the_server_listens_on_a_private_socket_and_on_loopback_alone(home: Path) -> None:
    with EmbeddedPostgres(home / "pg") as cluster:
        addresses = await query(cluster.admin_dsn, "SHOW listen_addresses")
        mode = cluster.socket_folder.stat().st_mode & 0o777

    assert addresses == "127.0.0.1"
    assert mode == 0o700


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("jit", "off"),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
    ],
)
async def test_the_server_is_durable_and_predictable(server: EmbeddedPostgres, setting: str, value: str) -> None:
    assert await query(server.admin_dsn, f"SHOW {setting}") == value


async def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:wrong@{server.address}/postgres")


async def test_a_refused_row_does_not_reach_the_log(home: Path) -> None:
    with EmbeddedPostgres(home / "pg") as cluster:
        await query(cluster.admin_dsn, "CREATE TABLE patients (name text PRIMARY KEY)")
        connection = await asyncpg.connect(cluster.admin_dsn)
        await connection.execute("INSERT INTO patients VALUES ($1)", "Ada Secret")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO patients VALUES ($1)", "Ada Secret")
        await connection.close()

    log = cluster.log.read_text()
    assert "duplicate key" in log
    assert "Ada Secret" not in log


@needs_root
def test_root_runs_the_server_under_another_account(
    home: Path, start_script: Callable[..., "subprocess.Popen[str]"]
) -> None:
    owner = start_script(HOLD_A_CLUSTER, home / "pg")
    assert owner.stdout is not None
    postmaster = owner.stdout.readline().split()[0]

    status = Path(f"/proc/{postmaster}/status").read_text()

    identities = {line.split()[0]: set(line.split()[1:]) for line in status.splitlines() if line}
    assert "0" not in identities["Uid:"] | identities["Gid:"]
    assert identities["Groups:"] == set()
    owner.communicate()


@needs_root
def test_a_folder_closed_to_the_account_is_refused_and_keeps_its_mode(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(FolderClosedError):
        EmbeddedPostgres(closed / "pg").start()

    assert closed.stat().st_mode & 0o777 == 0o700


def test_folders_found_on_the_way_keep_their_mode(home: Path) -> None:
    found = home / "found"
    found.mkdir()
    found.chmod(0o751)

    with EmbeddedPostgres(found / "made" / "pg"):
        assert found.stat().st_mode & 0o777 == 0o751
        assert home.stat().st_mode & 0o777 == 0o711


async def test_the_server_ends_when_its_parent_is_killed(
    home: Path,
    start_script: Callable[..., "subprocess.Popen[str]"],
    wait_for_exit: Callable[[int], None],
) -> None:
    parent = start_script(HOLD_A_CLUSTER, home / "pg")
    assert parent.stdout is not None
    postmaster = int(parent.stdout.readline().split()[0])

    parent.kill()

    wait_for_exit(postmaster)
    with EmbeddedPostgres(home / "pg") as cluster:
        assert await query(cluster.admin_dsn, "SELECT 1") == 1


async def test_a_start_after_a_kill_waits_for_the_old_server(
    home: Path,
    start_script: Callable[..., "subprocess.Popen[str]"],
) -> None:
    parent = start_script(HOLD_A_CLUSTER, home / "pg")
    assert parent.stdout is not None
    postmaster = int(parent.stdout.readline().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    parent.kill()
    parent.wait()

    try:
        with pytest.raises(LockStuckError):
            InheritedLock(home / "pg" / "lock").acquire(patience=0)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    with EmbeddedPostgres(home / "pg") as cluster:
        assert await query(cluster.admin_dsn, "SELECT 1") == 1


def test_a_cluster_in_use_is_refused_and_undisturbed(
    home: Path, start_script: Callable[..., "subprocess.Popen[str]"]
) -> None:
    owner = start_script(HOLD_A_CLUSTER, home / "pg")
    assert owner.stdout is not None
    postmaster = int(owner.stdout.readline().split()[0])

    with pytest.raises(LockHeldError, match=str(owner.pid)):
        EmbeddedPostgres(home / "pg").start()

    os.kill(postmaster, 0)
    owner.communicate()


async def test_killing_the_postmaster_loses_no_acknowledged_commit(home: Path) -> None:
    acknowledged = 0
    with EmbeddedPostgres(home / "pg") as cluster:
        await query(cluster.admin_dsn, "CREATE TABLE ledger (entry int PRIMARY KEY)")
        connection = await asyncpg.connect(cluster.admin_dsn)
        killer = threading.Timer(0.2, os.kill, [cluster.pid, signal.SIGKILL])
        killer.start()
        with suppress(asyncpg.PostgresError, asyncpg.InternalClientError, OSError):
            while True:
                await connection.execute("INSERT INTO ledger VALUES ($1)", acknowledged)
                acknowledged += 1
        killer.join()
        connection.terminate()

    with cluster:
        rows = await query(cluster.admin_dsn, "SELECT count(*) FROM ledger")
    assert acknowledged > 0
    assert rows in {acknowledged, acknowledged + 1}


async def test_an_interrupted_initialisation_is_begun_again(home: Path) -> None:
    half = home / "pg" / "data.new"
    half.mkdir(parents=True)
    home.joinpath("pg").chmod(0o711)
    half.joinpath("PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(home / "pg") as cluster:
        assert await query(cluster.admin_dsn, "SELECT 1") == 1


def test_data_of_another_version_are_refused_with_the_way_out(home: Path) -> None:
    data = home / "pg" / "data"
    data.mkdir(parents=True)
    data.joinpath("PG_VERSION").write_text("14\n")
    home.joinpath("pg").chmod(0o711)

    with pytest.raises(VersionMismatchError, match="pg_dumpall"):
        EmbeddedPostgres(home / "pg").start()


async def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one(home: Path) -> None:
    folder = home / ("long" * 25)

    with EmbeddedPostgres(folder) as cluster:
        assert await query(cluster.admin_dsn, "SELECT 1") == 1
        assert cluster.socket_folder.parent == Path("/tmp")  # noqa: S108 - what is asserted
    cluster.socket_folder.rmdir()


def test_a_socket_folder_open_to_others_is_refused(home: Path) -> None:
    cluster = EmbeddedPostgres(home / "pg")
    cluster.start()
    cluster.stop()
    cluster.socket_folder.chmod(0o755)

    with pytest.raises(ClusterFailedError, match="not private"):
        cluster.start()


def test_a_server_that_does_not_start_shows_its_log(home: Path) -> None:
    cluster = EmbeddedPostgres(home / "pg")
    cluster.start()
    cluster.stop()
    (cluster.data / "global" / "pg_control").unlink()

    with pytest.raises(ClusterFailedError, match="pg_control"):
        cluster.start()


def test_a_thread_may_not_start_a_server(home: Path) -> None:
    refusals: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedPostgres(home / "pg").start()
        except NotMainThreadError as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert len(refusals) == 1


@needs_root
def test_existing_data_decide_the_account(home: Path) -> None:
    data = home / "data"
    data.mkdir()
    os.chown(data, 12345, 12346)

    assert server_account(data) == Account(12345, 12346)
