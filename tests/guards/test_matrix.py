"""A change of who may call what is a change of a committed file, which a reviewer reads (gateway checklist 62)."""

import pytest

from tests.guards.matrix import COMMITTED, lines


def test_62_who_may_call_what_is_as_committed(request: pytest.FixtureRequest) -> None:
    found = list(lines())

    if request.config.getoption("--update-snapshots"):
        COMMITTED.write_text("\n".join(found) + "\n")

    assert COMMITTED.read_text().splitlines() == found


def test_whoever_invites_people_and_links_them_to_records_may_read_records() -> None:
    """Otherwise an account of one's own, invited and linked, reads what one's role may not (42 CFR 2.13(a))."""
    may = dict(map(_operation, lines()))
    invites = may["create_invitation"]
    links = may["create_patient_account"] | may["create_related_person_account"]

    assert invites & links <= may["list_drug_tests"]


def _operation(line: str) -> tuple[str, frozenset[str]]:
    left, _, roles = line.partition(": ")
    return left.split()[3], frozenset(roles.split())
