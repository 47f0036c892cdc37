"""The races: eight contenders for one seat, or for one patient's evening, of whom exactly one may win."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Final, NamedTuple
from uuid import UUID, uuid4

CAPACITY: Final = 3
CONTENDERS: Final = 8


class Call(NamedTuple):
    """One request of the front desk."""

    verb: str
    appointment_id: UUID
    patient_id: UUID


@dataclass(frozen=True, slots=True)
class PreparedSession:
    """A group before the race: who sits there, and until when where the seat is only held."""

    seats: Mapping[UUID, datetime | None] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Race:
    """What is there before, what is asked at once, and how many seats must be taken afterwards."""

    sessions: tuple[PreparedSession, ...]
    contenders: tuple[Call, ...]
    seats_after: int
    release: Call | None = None
    favourite: UUID | None = None


def race(number: int, now: datetime) -> Race:
    """Make a race; the kinds take turns."""
    return _KINDS[number % len(_KINDS)](now)


def _booking(_now: datetime) -> Race:
    session = _nearly_full()
    return Race((session,), _crowd(session, "book"), CAPACITY)


def _booking_and_holding(_now: datetime) -> Race:
    session = _nearly_full()
    return Race((session,), _crowd(session, "hold", "book"), CAPACITY)


def _after_a_lapsed_hold(now: datetime) -> Race:
    session = _nearly_full({uuid4(): now - timedelta(minutes=1)})
    return Race((session,), _crowd(session, "book", "hold"), CAPACITY)


def _turning_a_hold(now: datetime) -> Race:
    holder = uuid4()
    session = _nearly_full({holder: now + timedelta(days=1)})
    *others, last = _crowd(session, "book", "hold")
    turn = Call("book", last.appointment_id, holder)
    return Race((session,), (*others, turn), CAPACITY, favourite=holder)


def _beside_a_release(_now: datetime) -> Race:
    leaver = uuid4()
    session = _nearly_full({leaver: None})
    return Race((session,), _crowd(session, "book"), CAPACITY, release=Call("release", session.id, leaver))


def _two_groups_at_once(_now: datetime) -> Race:
    patient, sessions = uuid4(), (PreparedSession(), PreparedSession())
    ids = islice(cycle(session.id for session in sessions), CONTENDERS)
    return Race(sessions, tuple(Call("book", session_id, patient) for session_id in ids), 1)


_KINDS: Final[tuple[Callable[[datetime], Race], ...]] = (
    _booking,
    _two_groups_at_once,
    _booking_and_holding,
    _after_a_lapsed_hold,
    _beside_a_release,
    _turning_a_hold,
)


def _nearly_full(last: Mapping[UUID, datetime | None] | None = None) -> PreparedSession:
    return PreparedSession({**{uuid4(): None for _ in range(CAPACITY - 1)}, **(last or {})})


def _crowd(session: PreparedSession, *verbs: str) -> tuple[Call, ...]:
    return tuple(Call(verb, session.id, uuid4()) for verb in islice(cycle(verbs), CONTENDERS))
