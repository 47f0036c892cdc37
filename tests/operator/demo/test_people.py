from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.operator.demo.calendars import NoCalendarsError, next_monday, people
from services.operator.demo.people import LIVES, ZONE
from services.scheduler.commitments.ical import read_calendar

WEEK = date(2026, 10, 5)


def test_the_shares_of_lives_make_a_whole() -> None:
    assert sum(life.share for life in LIVES) == pytest.approx(1)


def test_the_same_seed_gives_the_same_people_and_another_gives_others() -> None:
    first, again = list(people(20, WEEK, None)), list(people(20, WEEK, None))

    assert first == again
    assert list(people(20, WEEK, None, seed=1)) != first


def test_every_generated_calendar_is_read_without_a_warning_and_keeps_some_of_the_week_busy() -> None:
    for person in people(200, WEEK, None):
        reading = read_calendar(person.calendar, zone=ZoneInfo(ZONE), start=WEEK, end=date(2026, 10, 12))

        assert not reading.warnings
        assert reading.busy


def test_every_plan_lies_within_the_level_s_hours() -> None:
    for person in people(200, WEEK, None):
        assert 9 * 60 <= sum(need.minutes_per_week for need in person.needs) <= 19 * 60


def test_real_calendars_are_taken_as_they_are(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.ics").write_bytes(b"calendar %d" % number)

    crowd = list(people(3, WEEK, tmp_path))

    assert len({person.calendar for person in crowd}) == 3
    assert all(person.calendar.startswith(b"calendar ") for person in crowd)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_calendars_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(NoCalendarsError, match=r"holds no \.ics file; name a folder"):
        list(people(3, WEEK, tmp_path / name))


@pytest.mark.parametrize(("today", "monday"), [(date(2026, 10, 4), WEEK), (date(2026, 9, 28), WEEK)])
def test_the_next_monday_is_never_today(today: date, monday: date) -> None:
    assert next_monday(today) == monday
