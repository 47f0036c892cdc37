import base64
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.root_keys import (
    Generation,
    RootKeyError,
    RootKeys,
    read_generations,
    read_root_key,
    written,
)
from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.contracts.identifiers import OrganizationId

PLACE = Place(OrganizationId(uuid4()), "organization_keys", "wrapped", uuid4())
FIRST, SECOND, THIRD = (Generation(bytes([number]) * 32) for number in (1, 2, 3))
KEY_ID: UUID = uuid4()
KEY = SealingKey.generate(KEY_ID)


def opens(keys: RootKeys, wrapped: bytes) -> bool:
    try:
        return keys.unwrap(KEY_ID, wrapped, PLACE).unseal(KEY.seal(b"Jane", PLACE), PLACE) == b"Jane"
    except SealBrokenError:
        return False


def retired(generation: Generation) -> Generation:
    return generation._replace(is_retired=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root.key"


def test_a_file_of_one_key_is_one_generation(path: Path) -> None:
    path.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")

    assert read_root_key(path) == bytes(range(32))
    assert read_generations(path) == (Generation(bytes(range(32))),)


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.booleans())), st.binary(min_size=32, max_size=32))
def test_generations_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, earlier: list[tuple[bytes, bool]], last: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "root.key"
    generations = (*(Generation(*one) for one in earlier), Generation(last))
    path.write_bytes(written(generations))

    assert read_generations(path) == generations
    assert read_root_key(path) == generations[0].secret


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"c2hvcnQ=",
        b"not base64 at all!",
        base64.b64encode(bytes(33)),
        base64.b64encode(bytes(32)) + b" retired",
        base64.b64encode(bytes(32)) + b" pensioned\n" + base64.b64encode(bytes(32)),
        base64.b64encode(bytes(32)) + b"\nc2hvcnQ=",
    ],
)
def test_a_file_without_root_keys_is_refused_without_being_quoted(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(RootKeyError) as refusal:
        read_generations(path)

    assert not content or content.decode() not in str(refusal.value)


def test_the_newest_generation_wraps_and_older_ones_still_open() -> None:
    old, new = RootKeys([FIRST]), RootKeys([FIRST, SECOND])
    before, after = old.wrap(KEY, PLACE), new.wrap(KEY, PLACE)

    assert opens(new, before)
    assert opens(new, after)
    assert not opens(old, after)
    assert (before.startswith(FIRST.mark), after.startswith(SECOND.mark)) == (True, True)


def test_what_was_wrapped_before_there_were_generations_is_the_first_s() -> None:
    wrapped = FIRST.key.wrap(KEY, PLACE)

    assert opens(RootKeys([FIRST, SECOND]), wrapped)
    assert not opens(RootKeys([SECOND, FIRST]), wrapped)


def test_a_retired_generation_opens_nothing() -> None:
    wrapped = RootKeys([FIRST]).wrap(KEY, PLACE)

    assert not opens(RootKeys([retired(FIRST), SECOND]), wrapped)
    assert not opens(RootKeys([retired(FIRST), SECOND]), FIRST.key.wrap(KEY, PLACE))


def test_a_wrapped_key_that_claims_another_generation_does_not_open() -> None:
    wrapped = RootKeys([FIRST]).wrap(KEY, PLACE)

    assert not opens(RootKeys([FIRST, SECOND]), wrapped.replace(FIRST.mark, SECOND.mark))
    assert not opens(RootKeys([FIRST, SECOND]), wrapped.replace(FIRST.mark, THIRD.mark))


def test_a_wrapped_key_opens_in_no_other_place() -> None:
    wrapped = RootKeys([FIRST]).wrap(KEY, PLACE)

    with pytest.raises(SealBrokenError):
        RootKeys([FIRST]).unwrap(KEY_ID, wrapped, replace(PLACE, row=uuid4()))


def test_a_process_sees_a_new_generation_without_being_started_again(path: Path) -> None:
    path.write_bytes(written([FIRST]))
    running = RootKeys.read(path)
    path.write_bytes(written([FIRST, SECOND]))

    assert opens(running, RootKeys([FIRST, SECOND]).wrap(KEY, PLACE))
    path.write_bytes(written([FIRST, SECOND, THIRD]))
    assert running.wrap(KEY, PLACE).startswith(THIRD.mark)


def test_a_read_that_began_before_a_retirement_ends_well(path: Path) -> None:
    path.write_bytes(written([FIRST]))
    running = RootKeys.read(path)
    wrapped = running.wrap(KEY, PLACE)
    path.write_bytes(written([retired(FIRST), SECOND]))

    assert opens(running, RootKeys([SECOND]).wrap(KEY, PLACE))
    assert opens(running, wrapped)
    assert not opens(RootKeys.read(path), wrapped)
