from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.contracts.identifiers import OrganizationId

PLACE = Place(OrganizationId(uuid4()), "patients", "given_name", uuid4())
KEY = SealingKey.generate(uuid4())


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_in_its_place(value: bytes) -> None:
    sealed = KEY.seal(value, PLACE)

    assert KEY.unseal(sealed, PLACE) == value


@given(st.data())
def test_a_changed_bit_is_noticed_wherever_it_is(data: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(b"Jane", PLACE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))

    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBrokenError):
        KEY.unseal(bytes(sealed), PLACE)


@given(st.integers(0, 32))
def test_a_cut_value_is_noticed_wherever_it_is_cut(length: int) -> None:
    sealed = KEY.seal(b"Jane", PLACE)

    with pytest.raises(SealBrokenError):
        KEY.unseal(sealed[:length], PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, organization_id=OrganizationId(uuid4())),
        replace(PLACE, table="encounters"),
        replace(PLACE, column="family_name"),
        replace(PLACE, row=uuid4()),
    ],
    ids=["organization", "table", "column", "row"],
)
def test_a_value_opens_in_no_other_place(elsewhere: Place) -> None:
    sealed = KEY.seal(b"Jane", PLACE)

    with pytest.raises(SealBrokenError):
        KEY.unseal(sealed, elsewhere)


def test_a_value_opens_with_no_other_key() -> None:
    sealed = KEY.seal(b"Jane", PLACE)

    with pytest.raises(SealBrokenError):
        SealingKey.generate(uuid4()).unseal(sealed, PLACE)


def test_a_value_opens_with_its_key_only_under_its_key_s_id() -> None:
    secret = bytes(range(32))
    sealed = SealingKey("one", secret).seal(b"Jane", PLACE)

    with pytest.raises(SealBrokenError):
        SealingKey("two", secret).unseal(sealed, PLACE)


def test_equal_values_are_sealed_differently_and_begin_with_the_format() -> None:
    first, second = KEY.seal(b"Jane", PLACE), KEY.seal(b"Jane", PLACE)

    assert first != second
    assert first[0] == second[0] == 1
    assert len(first) == 1 + 12 + 4 + 16


def test_a_wrapped_key_opens_what_the_key_sealed() -> None:
    root, key_id = SealingKey.root(bytes(32)), uuid4()
    key = SealingKey.generate(key_id)
    sealed = key.seal(b"Jane", PLACE)

    wrapped = root.wrap(key, PLACE)

    assert root.unwrap(key_id, wrapped, PLACE).unseal(sealed, PLACE) == b"Jane"


def test_a_wrapped_key_is_of_no_use_under_another_root() -> None:
    key_id: UUID = uuid4()
    wrapped = SealingKey.root(bytes(32)).wrap(SealingKey.generate(key_id), PLACE)

    with pytest.raises(SealBrokenError):
        SealingKey.root(bytes(31) + b"\x01").unwrap(key_id, wrapped, PLACE)


def test_a_key_of_another_length_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealingKey("short", bytes(16))
