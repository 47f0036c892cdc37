"""A key signs from the instant on that its file is named for, and is known before."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.key_rotation import NAME_FORMAT, read_keys, signing_at

INSTANTS = st.datetimes(timezones=st.just(UTC))


@dataclass(frozen=True)
class Named:
    pem: bytes
    signs_from: datetime


@given(st.lists(INSTANTS, min_size=1, max_size=5).map(sorted), INSTANTS)
def test_the_last_that_has_begun_signs_and_the_first_where_none_has(begin: list[datetime], now: datetime) -> None:
    keys = [Named(b"", instant) for instant in begin]

    signs = signing_at(keys, now)

    assert signs in keys
    if signs.signs_from <= now:
        assert not any(signs.signs_from < key.signs_from <= now for key in keys)
    else:
        assert signs is keys[0]


def test_files_are_read_in_the_order_in_which_they_begin(tmp_path: Path) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for days in (1, 0, 400):
        name = (now + timedelta(days=days)).strftime(NAME_FORMAT)
        (tmp_path / f"{name}.pem").write_bytes(str(days).encode())
    (tmp_path / "README").write_text("not a key")

    assert read_keys(tmp_path, Named) == tuple(
        Named(str(days).encode(), now + timedelta(days=days)) for days in (0, 1, 400)
    )


@pytest.mark.parametrize("name", ["signing", "2026-01-31", "20260131T120000", "20261331T120000Z", "z20260131T120000Z"])
def test_a_file_that_is_not_named_for_an_instant_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.pem").write_bytes(b"")

    with pytest.raises(ValueError, match="must be named for the instant"):
        read_keys(tmp_path, Named)
