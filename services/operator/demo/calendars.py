"""Where the demo's calendars come from: a folder of iCalendar files, or generated people."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from services.operator.demo.people import Person, generated_calendar, person
from services.operator.errors import OperatorError

_LARGEST: Final = 5 * 1024 * 1024


def next_monday(today: date) -> date:
    """Return the Monday after a day, even where the day is one."""
    return today + timedelta(days=7 - today.weekday())


class NoCalendarsError(OperatorError):
    """The folder has nothing to import."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no .ics file; name a folder of iCalendar files, or leave --calendars out.")


def people(count: int, week: date, folder: Path | None, *, seed: int = 0) -> Iterator[Person]:
    """Draw the demo's patients: the same arguments give the same people.

    Raises:
        NoCalendarsError: The folder has no `.ics` file.
    """
    random = Random(seed)  # noqa: S311 - reproducible people, not a secret
    if folder is None:
        for number in range(count):
            yield person(random, number, week, generated_calendar(random, week, number))
        return
    files = sorted(folder.glob("*.ics")) if folder.is_dir() else []
    if not files:
        raise NoCalendarsError(folder)
    chosen = random.sample(files, min(count, len(files)))
    for number, path in enumerate(chosen):
        with path.open("rb") as file:
            yield person(random, number, week, file.read(_LARGEST + 1))
