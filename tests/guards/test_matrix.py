"""A change of who may call what is a change of a committed file, which a reviewer reads (gateway checklist 62)."""

import pytest

from tests.guards.matrix import COMMITTED, lines


def test_62_who_may_call_what_is_as_committed(request: pytest.FixtureRequest) -> None:
    found = list(lines())

    if request.config.getoption("--update-snapshots"):
        COMMITTED.write_text("\n".join(found) + "\n")

    assert COMMITTED.read_text().splitlines() == found
