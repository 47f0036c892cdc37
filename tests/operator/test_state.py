import base64
import os
from pathlib import Path

import pytest

from services.chassis.clock import Clock
from services.chassis.private_files import write_private
from services.chassis.tokens import KeyRing
from services.operator.folders import make_folder
from services.operator.keys import ensure_keys
from services.operator.postgres.location import cluster_folder
from services.operator.state import StateFolder, default_state_folder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    return state


def test_root_keeps_its_state_below_var_lib() -> None:
    folder = default_state_folder({}, project=Path("/srv/eventide"), uid=0)

    assert folder.parent == Path("/var/lib/eventide")
    assert folder.name.startswith("eventide-")


@pytest.mark.parametrize(
    ("environment", "parent"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/state/eventide"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "/xdg"}, "/xdg/eventide"),
    ],
)
def test_anyone_else_keeps_it_at_home(environment: dict[str, str], parent: str) -> None:
    folder = default_state_folder(environment, project=Path("/srv/eventide"), uid=1000)

    assert folder.parent == Path(parent)


def test_two_checkouts_of_one_name_share_nothing() -> None:
    first = default_state_folder({}, project=Path("/srv/a/eventide"), uid=0)
    second = default_state_folder({}, project=Path("/srv/b/eventide"), uid=0)

    assert first != second


def test_secrets_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        state = StateFolder(tmp_path / "state")
        state.make()
        ensure_keys(state, Clock())
    finally:
        os.umask(previous)

    files = [path for path in state.secrets.rglob("*") if path.is_file()]
    assert len(files) == 5
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = [state.secrets, state.signing_keys, state.id_token_keys, state.run, state.logs]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_tight_umask_does_not_close_the_folders_postgres_passes_through(tmp_path: Path) -> None:
    previous = os.umask(0o077)
    try:
        made = make_folder(tmp_path / "a" / "b" / "c", 0o711)
    finally:
        os.umask(previous)

    assert {path.stat().st_mode & 0o777 for path in (made, *made.parents[:2])} == {0o711}


def test_keys_are_generated_once(state: StateFolder) -> None:
    ensure_keys(state, Clock())
    before = {path: path.read_bytes() for path in state.secrets.rglob("*") if path.is_file()}

    ensure_keys(state, Clock())

    after = {path: path.read_bytes() for path in state.secrets.rglob("*") if path.is_file()}
    assert after == before


def test_the_keys_are_what_their_readers_expect(state: StateFolder) -> None:
    ensure_keys(state, Clock())

    assert len(base64.b64decode(state.root_key.read_bytes(), validate=True)) == 32
    assert len(KeyRing.from_directory(state.signing_keys).key_set["keys"]) == 1


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"first and longer")

    write_private(tmp_path / "secret", b"second")

    assert (tmp_path / "secret").read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [tmp_path / "secret"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_a_cluster_below_a_closed_folder_lives_elsewhere_for_good(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)

    first = cluster_folder(closed / "state", home / "clusters")
    closed.chmod(0o711)
    second = cluster_folder(closed / "state", home / "clusters")

    assert first == second
    assert first.parent == home / "clusters"


def test_a_cluster_lives_in_its_state_folder_where_it_can(home: Path) -> None:
    assert cluster_folder(home / "state", home / "clusters") == home / "state"
