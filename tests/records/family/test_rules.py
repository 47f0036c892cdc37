"""What is true of months."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.records.family.rules import first_of, months_of

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(stays=st.lists(st.tuples(days, st.integers(0, 400) | st.none()), max_size=4), today=days)
def test_the_months_of_an_admission_are_those_of_its_days_until_today(
    stays: list[tuple[date, int | None]], today: date
) -> None:
    told = [(first, None if length is None else first + timedelta(days=length)) for first, length in stays]
    expected = {
        first_of(first + timedelta(days=passed))
        for first, last in told
        for passed in range((min(last or today, today) - first).days + 1)
    }

    assert months_of(told, today) == sorted(expected)
