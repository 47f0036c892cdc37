"""The key of checkpoints is renewed: the new one signs, what the old ones signed counts, and nobody else's does."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.audit.chain import Head
from services.chassis.audit.checkpoints import (
    BadCheckpointError,
    load_signing_key,
    load_verifying_keys,
    read_line,
    signed_line,
)
from services.chassis.clock import Clock
from services.operator.checkpoint_key_command import DamagedKeyError, renew, run
from services.operator.keys import checkpoint_key, ensure_keys
from services.operator.shredding.ledger import Shredding, UnsignedShreddingError, append, read_all
from services.operator.state import StateFolder

ORGANIZATION, NOW = UUID(int=1), datetime(2026, 11, 30, 12, tzinfo=UTC)
HEADS = {0: Head(7, bytes(32))}


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    ensure_keys(state, Clock())
    return state


def line(key: Ed25519PrivateKey) -> bytes:
    return signed_line(key, ORGANIZATION, NOW, HEADS)


def test_what_each_key_signed_is_verified_after_two_renewals(state: StateFolder) -> None:
    keys = [load_signing_key(state.checkpoint_key)]
    for _ in range(2):
        renew(state)
        keys.append(load_signing_key(state.checkpoint_key))

    verifying = load_verifying_keys(state.checkpoint_key)

    assert len({key.private_bytes_raw() for key in keys}) == 3
    assert [read_line(verifying, ORGANIZATION, line(key)) for key in keys] == [HEADS] * 3
    with pytest.raises(BadCheckpointError):
        read_line(verifying, ORGANIZATION, line(Ed25519PrivateKey.generate()))


def test_of_a_key_that_is_replaced_only_the_public_half_stays(state: StateFolder) -> None:
    retired = state.checkpoint_key.read_bytes()

    report = renew(state)

    written = state.checkpoint_key.read_bytes()
    assert report == {"verified": 2}
    assert (written.count(b"BEGIN PRIVATE KEY"), written.count(b"BEGIN PUBLIC KEY")) == (1, 1)
    assert retired.splitlines()[1] not in written
    assert state.checkpoint_key.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_never_ours_verifies_nothing(state: StateFolder) -> None:
    renew(state)

    with pytest.raises(InvalidSignature):
        load_verifying_keys(state.checkpoint_key).verify(Ed25519PrivateKey.generate().sign(b"head"), b"head")


def test_the_list_of_shredded_patients_is_read_though_a_key_before_signed_it(state: StateFolder) -> None:
    shredding = Shredding(ORGANIZATION, uuid4(), (uuid4(),), uuid4(), "asked", NOW.isoformat())
    append(state.shreddings, load_signing_key(state.checkpoint_key), shredding)
    renew(state)
    append(state.shreddings, load_signing_key(state.checkpoint_key), shredding)

    assert read_all(state.shreddings, load_verifying_keys(state.checkpoint_key)) == [shredding, shredding]

    append(state.shreddings, Ed25519PrivateKey.generate(), shredding)
    with pytest.raises(UnsignedShreddingError):
        read_all(state.shreddings, load_verifying_keys(state.checkpoint_key))


def test_a_file_with_two_keys_that_sign_is_refused_and_stays_as_it_is(state: StateFolder) -> None:
    damaged = state.checkpoint_key.read_bytes() + checkpoint_key()
    state.checkpoint_key.write_bytes(damaged)

    with pytest.raises(DamagedKeyError):
        run(Namespace(state=state.root, json=True))
    assert state.checkpoint_key.read_bytes() == damaged


def test_where_nothing_runs_the_command_says_that_no_service_signs_with_it_yet(
    state: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(Namespace(state=state.root, json=True))

    assert (status, json.loads(capsys.readouterr().out)) == (0, {"verified": 2, "is_used": False})
