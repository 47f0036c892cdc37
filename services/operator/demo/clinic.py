"""The demo's clinic, sized for its patients: hours, rooms, people on shift, kinds of groups."""

from collections.abc import Iterator
from datetime import time
from math import ceil
from typing import Final

from services.contracts.scheduler.sites import GroupOfferingRequest, PractitionerRequest, RoomRequest, SiteRequest
from services.contracts.vocabulary import ServiceKind, Weekday, WeeklyWindow
from services.operator.demo.people import ZONE

_DAYS: Final = tuple(Weekday)[:6]
_WORKDAYS: Final = tuple(Weekday)[:5]
_GROUPS: Final = frozenset({ServiceKind.PROCESS_GROUP, ServiceKind.SKILLS_GROUP, ServiceKind.EDUCATION_GROUP})
_SURNAMES: Final = (
    "Abbott", "Bianchi", "Castro", "Dvorak", "Eriksen", "Fontaine", "Garcia", "Hoang", "Ivanova", "Jansen",
    "Kimura", "Larsen", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rivera", "Sato", "Tanaka",
)  # fmt: skip


def site() -> SiteRequest:
    """Open Monday to Saturday from 08:00 to 21:00."""
    return SiteRequest(
        name="Harbour Street", zone=ZONE, open=_every(_DAYS, time(8), time(21)), offices=6, family_rooms=1
    )


def rooms(patients: int) -> Iterator[RoomRequest]:
    """One group room for every twenty patients, and two at least."""
    for number in range(max(2, ceil(patients / 20))):
        yield RoomRequest(name=f"Room {number + 1}", capacity=8 if number % 3 == 1 else 12)


def offerings() -> Iterator[GroupOfferingRequest]:
    """The meetings the clinic may hold: 4 to 12 people, a co-facilitator above 8 (domain.md 7: 8 to 12 is usual)."""
    for service, minutes in (
        (ServiceKind.PROCESS_GROUP, 180),
        (ServiceKind.PROCESS_GROUP, 90),
        (ServiceKind.SKILLS_GROUP, 90),
        (ServiceKind.EDUCATION_GROUP, 60),
    ):
        yield GroupOfferingRequest(service=service, minutes=minutes)


def staff(patients: int) -> Iterator[PractitionerRequest]:
    """Counsellors by day and by evening (one for eight patients), and a therapist, a peer, a prescriber, a nurse."""
    counsellors = max(3, ceil(patients / 8))
    for number in range(counsellors):
        evening = number % 3 != 2  # noqa: PLR2004 - two of three work the evenings, when most people are free
        yield _counsellor(number, evening=evening)
    names = iter(_SURNAMES[counsellors % len(_SURNAMES) :] + _SURNAMES)
    yield PractitionerRequest(
        display_name=next(names), role="therapist", leads=frozenset({ServiceKind.PROCESS_GROUP}),
        individual=frozenset({ServiceKind.INDIVIDUAL, ServiceKind.FAMILY}), languages=["en"],
        shifts=_every(_WORKDAYS, time(12, 30), time(21)), breaks=_every(_WORKDAYS, time(16), time(16, 30)),
    )  # fmt: skip
    yield PractitionerRequest(
        display_name=next(names), role="peer", co_facilitates=True, languages=["en", "es"],
        shifts=_every(_DAYS, time(13), time(21)), max_minutes_week=2880,
    )  # fmt: skip
    yield PractitionerRequest(
        display_name=next(names), role="prescriber", languages=["en"], shifts=_every(_WORKDAYS, time(10), time(19))
    )
    yield PractitionerRequest(
        display_name=next(names), role="nurse", languages=["en", "es"], shifts=_every(_DAYS, time(8), time(20)),
        max_minutes_day=720, max_minutes_week=4320,
    )  # fmt: skip


def _counsellor(number: int, *, evening: bool) -> PractitionerRequest:
    days = _WORKDAYS if number % 2 else _DAYS[1:]
    shift, pause = ((time(12, 30), time(21)), time(16)) if evening else ((time(8), time(16, 30)), time(12))
    return PractitionerRequest(
        display_name=_SURNAMES[number % len(_SURNAMES)],
        role="counsellor",
        leads=_GROUPS,
        co_facilitates=True,
        individual=frozenset({ServiceKind.INDIVIDUAL}),
        languages=["en", "es"] if number % 4 == 1 else ["en"],
        shifts=_every(days, *shift),
        breaks=_every(days, pause, time(pause.hour, 30)),
        max_minutes_day=480,
    )


def _every(days: tuple[Weekday, ...], start: time, end: time) -> list[WeeklyWindow]:
    return [WeeklyWindow(weekday=day, start=start, end=end) for day in days]
