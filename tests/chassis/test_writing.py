"""Answers are written by the fast encoder as their schemas write them, or by their schemas."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from asyncpg.pgproto.pgproto import UUID as DriverUuid  # noqa: N811 - it is a class of the same name
from fastapi._compat import ModelField
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, PlainSerializer, computed_field
from pydantic.fields import FieldInfo

from services.chassis.writing import Writer, WrittenDifferentlyError
from services.contracts.base import Distinct, Page, ResourceModel


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Cat(ResourceModel):
    kind: Literal["cat"]
    lives: int


class Dog(ResourceModel):
    kind: Literal["dog"]
    name: Annotated[str, AfterValidator(lambda name: name)]


class Whole(ResourceModel):
    """One of each kind of value that answers are made of."""

    id: UUID
    type: str
    members: list[UUID]
    function: Colour | None
    colours: Distinct[Colour]
    at: datetime
    on: date
    starts: time
    ends: time | None
    share: float
    count: int
    is_open: bool
    counts: dict[str, int]
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    inner: "Whole | None" = None


_UUIDS = st.uuids() | st.uuids().map(lambda one: DriverUuid(str(one)))
_ZONES = st.sampled_from(
    [UTC, ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")]
)
_INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=_ZONES)  # noqa: DTZ001 - the zone is the third argument
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def _wholes(inner: st.SearchStrategy[Whole | None]) -> st.SearchStrategy[Whole]:
    return st.builds(
        Whole,
        id=_UUIDS,
        type=_TEXT,
        members=st.lists(_UUIDS),
        at=_INSTANTS,
        share=st.floats(allow_nan=False),
        count=st.integers(-(2**63), 2**63 - 1),
        counts=st.dictionaries(_TEXT, st.integers(0, 9)),
        pet=st.builds(Cat, lives=st.integers(0, 9)) | st.builds(Dog, name=_TEXT),
        inner=inner,
    )


def field_of(annotation: Any) -> ModelField:
    return ModelField(field_info=FieldInfo.from_annotation(annotation), name="answer", mode="serialization")


PAGES = field_of(Page[Whole])


@given(st.lists(_wholes(_wholes(st.none())), max_size=2))
def test_it_writes_what_the_schema_writes(items: list[Whole]) -> None:
    writer, page = Writer.of(PAGES), Page[Whole](items=items, next_page_token=None)

    assert writer.is_plain
    assert writer.write(page) == PAGES.serialize_json(page)


class Distinctly(ResourceModel):
    values: Distinct[int]


def test_equal_sets_are_written_alike_in_whatever_order_they_were_filled() -> None:
    """Before, what was read twice could differ, as eight follows zero in the one of these sets and goes before it."""
    zero, eight = (Distinctly.model_construct(values=frozenset(one)) for one in ([0, 8], [8, 0]))
    field = field_of(Distinctly)

    assert list(zero.values) != list(eight.values)
    assert field.serialize_json(zero) == field.serialize_json(eight) == b'{"values":[0,8]}'
    assert Writer.of(field).is_plain
    assert Writer.of(field).write(zero) == Writer.of(field).write(eight) == b'{"values":[0,8]}'


class Renamed(ResourceModel):
    value: int = Field(serialization_alias="other")


class LeftOut(ResourceModel):
    value: int = Field(exclude=True)


class Otherwise(ResourceModel):
    value: Annotated[int, PlainSerializer(lambda value: -value)]


class Computed(ResourceModel):
    value: int

    @computed_field  # type: ignore[prop-decorator] # as its documentation has it
    @property
    def twice(self) -> int:
        return 2 * self.value


class Keeping(ResourceModel):
    value: int

    @cached_property
    def twice(self) -> int:
        return 2 * self.value


class Child(Cat):
    secret: str


class Parent(ResourceModel):
    pet: Cat
    child: Child


@pytest.mark.parametrize(
    "annotation",
    [
        Renamed, LeftOut, Otherwise, Computed, Keeping, Parent, list[LeftOut], dict[str, Renamed], dict[date, int],
        timedelta, Decimal, bytes, tuple[int, str], set[int], frozenset[int], Distinct[timedelta], list[time], Any,
        int | str,
    ],
)  # fmt: skip
def test_what_is_special_is_left_to_the_schema(annotation: Any) -> None:
    assert not Writer.of(field_of(annotation)).is_plain


CAT = Cat(kind="cat", lives=9)


@pytest.mark.parametrize(
    "value",
    [
        Child(kind="cat", lives=9, secret="s"),
        CAT.model_copy(update={"secret": "s"}),
        Cat.model_construct(kind="cat", lives=2**70),
    ],
)
def test_what_a_value_has_that_its_schema_does_not_know_is_not_written(value: Cat) -> None:
    field = field_of(Cat)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "is_checked", False)
        written = Writer.of(field).write(value)

    assert orjson.loads(written.replace(b"1180591620717411303424", b"9")) == CAT.model_dump()


def test_it_is_noticed_where_the_schema_writes_otherwise() -> None:
    field = field_of(Cat)
    writer = Writer.of(field)
    writer._plain = lambda _: {"kind": "dog"}

    with pytest.raises(WrittenDifferentlyError):
        writer.write(CAT)
