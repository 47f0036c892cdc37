from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.patients.rules import age_on, is_plausible_birth_date

TODAY = date(2026, 10, 2)


@pytest.mark.parametrize(
    ("birth_date", "day", "years"),
    [
        (date(2008, 10, 2), TODAY, 18),
        (date(2008, 10, 3), TODAY, 17),
        (date(2026, 10, 2), TODAY, 0),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_is_the_completed_years(birth_date: date, day: date, years: int) -> None:
    assert age_on(birth_date, day) == years


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 365 * 60))
def test_nobody_grows_younger(birth_date: date, days: int) -> None:
    before = age_on(birth_date, TODAY)
    after = age_on(birth_date, TODAY + timedelta(days))

    assert before <= after <= before + days // 365 + 1


@pytest.mark.parametrize(
    ("birth_date", "plausible"),
    [
        (TODAY, True),
        (TODAY + timedelta(days=1), False),
        (date(1905, 10, 3), True),
        (date(1905, 10, 2), False),
        (date(1, 1, 1), False),
        (date(9999, 12, 31), False),
    ],
)
def test_a_living_person_was_born_in_the_last_120_years(birth_date: date, plausible: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_plausible_birth_date(birth_date, TODAY) is plausible
