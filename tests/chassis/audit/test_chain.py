from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.audit.chain import Fault, Head, Link, linked, sealed, verify
from services.chassis.audit.checkpoints import file_of, read_checkpoints, signed_line
from tests.conftest import FRIDAY

KEY = bytes(32)
HERE = UUID(int=1)


def chain(*lengths: int) -> list[Link]:
    """Lanes of so many links each."""
    links = []
    for lane, length in enumerate(lengths):
        previous = bytes(32)
        for number in range(1, length + 1):
            event = orjson.dumps({"id": f"{lane}-{number}"}).decode()
            bare = Link(lane, number, event, sealed(KEY, HERE, event), b"")
            previous = linked(previous, HERE, bare)
            links.append(replace(bare, hash=previous))
    return links


def heads(links: list[Link]) -> dict[int, Head]:
    return verify(KEY, HERE, links).heads


def faults(links: list[Link], seen: dict[int, Head] | None = None, *, key: bytes = KEY, of: UUID = HERE) -> set[Fault]:
    return {finding.fault for finding in verify(key, of, links, [seen or {}]).findings}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_what_nobody_touched_has_no_fault(lengths: list[int]) -> None:
    links = chain(*lengths)

    assert faults(links, heads(links)) == set()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda links: [replace(links[0], event='{"id":"other"}'), *links[1:]], {Fault.CHANGED, Fault.FORGED}),
        (lambda links: [replace(links[0], seal=bytes(32)), *links[1:]], {Fault.CHANGED, Fault.FORGED}),
        (lambda links: [replace(links[0], hash=bytes(32)), *links[1:]], {Fault.CHANGED}),
        (lambda links: [*links[:1], *links[2:]], {Fault.MISSING, Fault.CHANGED}),
        (lambda links: [*links[:1], replace(links[2], number=2), *links[3:]], {Fault.MISSING, Fault.CHANGED}),
    ],
)
def test_a_spoilt_link_is_found(spoil: Callable[[list[Link]], list[Link]], expected: set[Fault]) -> None:
    assert faults(spoil(chain(4))) == expected


def test_only_a_checkpoint_sees_that_the_end_was_cut_off() -> None:
    whole = chain(3, 2)
    cut = [link for link in whole if (link.lane, link.number) != (0, 3)]

    assert faults(cut) == set()
    assert faults(cut, heads(whole)) == {Fault.TRUNCATED}


def test_only_a_checkpoint_sees_that_a_link_was_left_out_and_the_rest_hashed_anew() -> None:
    whole, seen = chain(3), heads(chain(3))
    rest, previous = [], bytes(32)
    for number, link in enumerate((whole[0], whole[2]), 1):
        bare = replace(link, number=number)
        previous = linked(previous, HERE, bare)
        rest.append(replace(bare, hash=previous))

    assert faults(rest) == set()
    assert faults(rest, seen) == {Fault.TRUNCATED}
    assert faults(rest, {0: Head(2, whole[1].hash)}) == {Fault.REWRITTEN}


def test_who_does_not_hold_the_key_can_add_nothing() -> None:
    forged = Link(0, 1, '{"id":"forged"}', sealed(b"guess", HERE, '{"id":"forged"}'), b"")

    assert faults([replace(forged, hash=linked(bytes(32), HERE, forged))]) == {Fault.FORGED}


def test_an_event_that_was_really_written_cannot_be_written_again() -> None:
    links = chain(2)
    again = replace(links[0], number=3)

    assert faults([*links, replace(again, hash=linked(links[1].hash, HERE, again))]) == {Fault.REPEATED}


def test_an_event_proves_nothing_in_another_organization() -> None:
    assert Fault.FORGED in faults(chain(1), of=uuid4())


def test_a_checkpoint_is_ours_and_of_its_organization_or_it_is_counted(tmp_path: Path) -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    seen = heads(chain(2, 1))
    lines = [
        signed_line(key, HERE, FRIDAY, seen),
        signed_line(other, HERE, FRIDAY, seen),
        signed_line(key, uuid4(), FRIDAY, seen),
        signed_line(key, HERE, FRIDAY, seen).replace(b"[2,", b"[1,"),
        b"{}\n",
        b"half a li",
    ]
    file_of(tmp_path, HERE).write_bytes(b"".join(lines))

    good, bad = read_checkpoints(key.public_key(), tmp_path, HERE)

    assert (good, bad) == ([seen], 5)
