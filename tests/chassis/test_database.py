from datetime import UTC, datetime
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, select

from services.chassis.database import Query, new_id
from services.chassis.idempotency import IDEMPOTENCY_KEYS


def test_a_query_is_compiled_for_the_driver_with_its_values_in_order() -> None:
    table = IDEMPOTENCY_KEYS
    query = Query(
        select(table.c.key).where(table.c.status == bindparam("status"), table.c.key == bindparam("key")).limit(7)
    )

    assert "$3" in query.sql
    assert query.arguments({"key": "k", "status": 200}) == [200, "k", 7]


def test_a_query_refuses_to_guess_a_missing_value() -> None:
    query = Query(select(IDEMPOTENCY_KEYS.c.key).where(IDEMPOTENCY_KEYS.c.key == bindparam("key")))

    with pytest.raises(KeyError):
        query.arguments({})


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is the third argument
    st.binary(min_size=10, max_size=10),
)
def test_new_ids_are_version_7_and_carry_their_instant(instant: datetime, randomness: bytes) -> None:
    made = new_id(instant, randomness)

    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(instant.timestamp() * 1000)
