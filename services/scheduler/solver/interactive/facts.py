"""Facts that keep a session from a patient, and what could be asked for instead, in plain words.

They tell of this patient and of capacities, never of another patient: who is kept apart from whom is only "a seating
rule". Times are wall times of the site; slot 0 is 07:00.
"""

from typing import NamedTuple

from services.scheduler.solver.instance import AFTERNOON, EVENING, SLOT_MINUTES, Id

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_HOUR = 7
_HOUR = 60

COMMITMENT = "commitment"
LANGUAGE = "language"
MODALITY = "modality"
SEATS_TAKEN = "seats_taken"
SEATING_RULE = "seating_rule"
OWN_SESSIONS = "own_sessions"
DAY_LENGTH = "day_length"
FAMILY_HOURS = "family_hours"
SITE_CLOSED = "site_closed"
PLACES_TAKEN = "places_taken"
NOBODY_ON_DUTY = "nobody_on_duty"
PRACTITIONER_OFF = "practitioner_off"
PRACTITIONER_BOOKED = "practitioner_booked"
TOO_FEW_OFFERED = "too_few_offered"

EASIEST_TO_LIFT_FIRST = (
    SEATS_TAKEN,
    PLACES_TAKEN,
    PRACTITIONER_BOOKED,
    PRACTITIONER_OFF,
    NOBODY_ON_DUTY,
    OWN_SESSIONS,
    SEATING_RULE,
    FAMILY_HOURS,
    COMMITMENT,
    SITE_CLOSED,
    MODALITY,
    LANGUAGE,
    DAY_LENGTH,
)
"""Where several sets of facts are minimal, the one is told that is hardest to change: its facts are dropped last."""


class Fact(NamedTuple):
    """One fact that stands in the way.

    `day`, `start` and `end` say where it lies, in slots; `meeting` is a group's position in the timetable, `number` the
    commitment's among the patient's, and `rule` names the limit whose citation is the source.
    """

    code: str
    sentence: str
    day: int | None = None
    start: int | None = None
    end: int | None = None
    meeting: int | None = None
    number: int | None = None
    practitioner: Id | None = None
    rule: str | None = None


class Ask(NamedTuple):
    """One thing that, if granted, takes facts out of the way; `effort` orders what is cheap to ask before what is not.

    A seat or a place is 1, an hour of somebody's work 2, free time of the patient or the family 2 and 1 more for each
    hour begun, another modality 4, longer site hours 6, a second language 8.
    """

    code: str
    sentence: str
    effort: int
    day: int | None = None
    start: int | None = None
    end: int | None = None
    meeting: int | None = None
    value: str | None = None


def clock(slot: int) -> str:
    """Write the wall time at which a slot begins."""
    minutes = _FIRST_HOUR * _HOUR + slot * SLOT_MINUTES
    return f"{minutes // _HOUR:02}:{minutes % _HOUR:02}"


def day_name(day: int) -> str:
    """Name a day; 0 is Monday."""
    return _DAYS[day]


def when(day: int, start: int, end: int) -> str:
    """Write an interval as people say it."""
    return f"{day_name(day)} {clock(start)} to {clock(end)}"


def part_of_day(slot: int) -> str:
    """Name the part of the day in which a session starts."""
    return "morning" if slot < AFTERNOON else "afternoon" if slot < EVENING else "evening"


def in_words(service: str) -> str:
    """Name a service for people."""
    return service.replace("_", " ")


def own_effort(slots: int) -> int:
    """How much it is to ask of the patient or the family to keep so many slots free."""
    return 2 + -(-slots * SLOT_MINUTES // _HOUR)
