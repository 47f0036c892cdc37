"""Generated people: synthetic patients with a work or school calendar, drawn by seed.

Shares and shifts come from public tables; what no table gives is an assumption and says so beside it.
No one here is real.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from services.contracts.records.treatment_plans import PlannedService, PreferenceCost
from services.contracts.vocabulary import Modality, ServiceKind

ZONE: Final = "America/New_York"
JURISDICTION: Final = "US-NY"
TRACKS: Final = ("general", "co-occurring")


@dataclass(frozen=True, slots=True)
class Life:
    """One kind of week: how often it is lived, and the hours it keeps busy."""

    share: float
    days: tuple[str, ...]
    start: str
    end: str
    note: str


_WORKDAYS: Final = ("MO", "TU", "WE", "TH", "FR")

LIVES: Final = (
    Life(
        0.20,
        _WORKDAYS,
        "0900",
        "1700",
        "full time by day: TEDS 2004 table 3.10 (27.3 % full time), BLS 2004 (day shift)",
    ),
    Life(
        0.05,
        _WORKDAYS,
        "1500",
        "2300",
        "full time, evening shift: non-day share set to 25-30 % as treatment populations need",
    ),
    Life(0.03, _WORKDAYS, "2300", "0700", "full time, night shift: as above"),
    Life(
        0.11, ("TU", "WE", "TH", "SA"), "1100", "1700", "part time: TEDS 2004 (10.5 %); retail hours are an assumption"
    ),
    Life(0.08, ("MO", "WE", "FR"), "0900", "1230", "student: 5-10 % of adults is an assumption"),
    Life(0.10, _WORKDAYS, "1445", "1800", "childcare after school: an assumption"),
    Life(0.43, (), "0000", "0000", "not employed: TEDS 2004 (62 %), less those who care for children"),
)
"""Shares sum to one; the demo prints that the clock times are modelled."""


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic patient before anything is entered."""

    number: int
    birth_date: date
    calendar: bytes
    needs: tuple[PlannedService, ...]
    track: str
    languages: tuple[str, ...]
    modalities: frozenset[Modality]
    travel_minutes: int
    preference_cost: PreferenceCost


def generated_calendar(random: Random, week: date, number: int) -> bytes:
    """Draw a life and write its weekly hours as an iCalendar document."""
    life = random.choices(LIVES, weights=[life.share for life in LIVES])[0]
    return b"\r\n".join([*_HEAD, *_events(life, week - timedelta(weeks=4), number), b"END:VCALENDAR", b""])


_HEAD: Final = (b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//Eventide//synthetic calendars//EN")


def _events(life: Life, first_monday: date, number: int) -> Iterator[bytes]:
    if not life.days:
        # Nobody's week is empty: one appointment on a Monday morning.
        life = Life(0, ("MO",), "0800", "0900", "")
    order = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    first = first_monday + timedelta(days=order.index(life.days[0]))
    last = first + timedelta(days=1) if life.end < life.start else first
    yield b"BEGIN:VEVENT"
    yield f"UID:person-{number}@synthetic.invalid".encode()
    yield b"DTSTAMP:20260101T000000Z"
    yield f"DTSTART;TZID={ZONE}:{first:%Y%m%d}T{life.start}00".encode()
    yield f"DTEND;TZID={ZONE}:{last:%Y%m%d}T{life.end}00".encode()
    yield f"RRULE:FREQ=WEEKLY;BYDAY={','.join(life.days)}".encode()
    yield b"SUMMARY:Busy"
    yield b"END:VEVENT"


def person(random: Random, number: int, week: date, calendar: bytes) -> Person:
    """Draw everything of a patient but the calendar; 9 to 13 contact hours a week (ASAM Level 2.1: 9 to 19)."""
    return Person(
        number=number,
        birth_date=date(week.year - random.randint(19, 64), random.randint(1, 12), random.randint(1, 28)),
        calendar=calendar,
        needs=_needs(random),
        track=TRACKS[0] if random.random() < 2 / 3 else TRACKS[1],
        languages=("en", "es") if random.random() < 1 / 10 else ("en",),
        modalities=_modalities(random),
        travel_minutes=random.choice((15, 15, 30, 30, 45)),
        preference_cost=random.choice(
            (PreferenceCost(morning=2, weekend=3), PreferenceCost(evening=2, weekend=2), PreferenceCost())
        ),
    )


def _needs(random: Random) -> tuple[PlannedService, ...]:
    minutes = {
        ServiceKind.PROCESS_GROUP: random.choice((360, 360, 540)),
        ServiceKind.SKILLS_GROUP: 90,
        ServiceKind.EDUCATION_GROUP: 60,
        ServiceKind.INDIVIDUAL: 60,
    }
    if random.random() < 1 / 3:
        minutes[ServiceKind.MEDICATION] = random.choice((15, 30))
    if random.random() < 3 / 4:
        minutes[ServiceKind.NURSE_VISIT] = 15
    return tuple(PlannedService(service=kind, minutes_per_week=amount) for kind, amount in minutes.items())


def _modalities(random: Random) -> frozenset[Modality]:
    if random.random() < 1 / 3:
        return frozenset({Modality.ON_SITE, Modality.TELEHEALTH})
    return frozenset({Modality.ON_SITE})
