"""Keys that sign tokens are renewed: published before they sign, and kept as long as a token of theirs may live."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.clock import Clock
from services.chassis.id_tokens import read_id_token_keys
from services.chassis.key_rotation import signing_at
from services.chassis.tokens import KeyRing
from services.operator.keys import ensure_keys
from services.operator.renew_command import renew
from services.operator.state import StateFolder

NOW = datetime(2026, 11, 30, 12, 0, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    ensure_keys(state, Clock(NOW - HOUR - Clock().now()))
    return state


def _names(state: StateFolder) -> list[list[str]]:
    return [sorted(path.name for path in folder.iterdir()) for folder in (state.signing_keys, state.id_token_keys)]


def test_the_new_keys_are_published_at_once_and_sign_later(state: StateFolder) -> None:
    old, old_id = KeyRing.from_directory(state.signing_keys), read_id_token_keys(state.id_token_keys)

    report = renew(state, NOW, after=HOUR)

    ring, ids = KeyRing.from_directory(state.signing_keys), read_id_token_keys(state.id_token_keys)
    assert report == {"signs_from": "2026-11-30T13:00:01+00:00", "removed": 0}
    assert len(ring.key_set["keys"]) == len(ids) == 2
    first, then = NOW + HOUR, NOW + HOUR + timedelta(seconds=1)
    assert ring.signing_at(first).key_id == old.signing_at(NOW).key_id != ring.signing_at(then).key_id
    assert signing_at(ids, first).key_id == signing_at(old_id, NOW).key_id != signing_at(ids, then).key_id


def test_while_one_waits_no_other_is_added(state: StateFolder) -> None:
    renew(state, NOW, after=HOUR)
    before = _names(state)

    report = renew(state, NOW + HOUR / 2, after=HOUR)

    assert report["signs_from"] == "2026-11-30T13:00:01+00:00"
    assert _names(state) == before


def test_a_key_is_removed_when_no_token_of_it_can_be_good_any_more(state: StateFolder) -> None:
    renew(state, NOW, after=HOUR)
    first = KeyRing.from_directory(state.signing_keys).key_set["keys"][0]["kid"]
    soon, late = NOW + 26 * HOUR, NOW + 26 * HOUR + timedelta(seconds=1)

    kept, removed = renew(state, soon, after=HOUR), renew(state, late, after=HOUR)

    assert (kept["removed"], removed["removed"]) == (0, 2)
    left = [key["kid"] for key in KeyRing.from_directory(state.signing_keys).key_set["keys"]]
    assert len(left) == 2
    assert first not in left


def test_the_key_that_signs_is_never_removed(state: StateFolder) -> None:
    years = NOW + timedelta(days=3650)

    assert renew(state, years, after=HOUR)["removed"] == 0
    assert KeyRing.from_directory(state.signing_keys).public_key(
        KeyRing.from_directory(state.signing_keys).signing_at(years).key_id
    )
    assert renew(state, years + HOUR, after=HOUR)["removed"] == 0


def test_keys_are_for_their_owner_alone(state: StateFolder) -> None:
    renew(state, NOW, after=HOUR)

    files = [path for folder in (state.signing_keys, state.id_token_keys) for path in folder.iterdir()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_file_that_is_named_for_no_instant_stops_it(state: StateFolder) -> None:
    (state.signing_keys / "mine.pem").write_bytes(b"")

    with pytest.raises(ValueError, match=r"mine\.pem must be named"):
        renew(state, NOW, after=HOUR)
