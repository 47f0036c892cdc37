"""The races: some want one seat, one room or one person's evening at once, and exactly one of them may have it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Final, NamedTuple
from uuid import UUID, uuid4

CAPACITY: Final = 3
CONTENDERS: Final = (2, 2, 3, 2, 2, 4, 2, 2, 8, 2)
"""How many contend; they take turns, so that each kind of race is held with each."""


class Call(NamedTuple):
    """What one member of the front desk does: `target` is the session, the offer, the room or the practitioner.

    The verbs `meet_in`, `meet_with` and `meet` enter a session of their own, as a placement does.
    """

    verb: str
    target: UUID
    patient_id: UUID


@dataclass(frozen=True, slots=True)
class PreparedSession:
    """A group before the race: who sits there, and until when where the seat is only held."""

    seats: Mapping[UUID, datetime | None] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class PreparedOffers:
    """One seat of a session on offer to people who wait: the patient of each offer."""

    appointment_id: UUID
    patients: Mapping[UUID, UUID]
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Race:
    """What is there before, what is asked at once, and how many seats must be taken afterwards."""

    kind: str
    contenders: tuple[Call, ...]
    seats_after: int
    sessions: tuple[PreparedSession, ...] = ()
    offers: PreparedOffers | None = None
    room_id: UUID | None = None
    practitioner_id: UUID | None = None
    release: Call | None = None
    favourite: UUID | None = None

    @property
    def path(self) -> str:
        """How the contenders come in: by the HTTP routes, by the logic where no route is so small, or by both."""
        ways = {"logic" if call.verb.startswith("meet") else "route" for call in self.contenders}
        return "both" if len(ways) > 1 else ways.pop()


def race(number: int, now: datetime) -> Race:
    """Make a race; the kinds take turns."""
    contenders = CONTENDERS[number // len(_KINDS) % len(CONTENDERS)]
    return _KINDS[number % len(_KINDS)](contenders, now)


def _last_seat(contenders: int, _now: datetime) -> Race:
    session = _nearly_full()
    return Race("last_seat", _crowd(session, contenders, "book"), CAPACITY, (session,))


def _booking_and_holding(contenders: int, _now: datetime) -> Race:
    session = _nearly_full()
    return Race("hold_or_booking", _crowd(session, contenders, "hold", "book"), CAPACITY, (session,))


def _after_a_lapsed_hold(contenders: int, now: datetime) -> Race:
    session = _nearly_full({uuid4(): now - timedelta(minutes=1)})
    return Race("lapsed_hold", _crowd(session, contenders, "book", "hold"), CAPACITY, (session,))


def _turning_a_hold(contenders: int, now: datetime) -> Race:
    holder = uuid4()
    session = _nearly_full({holder: now + timedelta(days=1)})
    others = _crowd(session, contenders - 1, "book", "hold")
    turn = Call("book", session.id, holder)
    return Race("own_hold", (*others, turn), CAPACITY, (session,), favourite=holder)


def _beside_a_release(contenders: int, _now: datetime) -> Race:
    leaver = uuid4()
    session = _nearly_full({leaver: None})
    release = Call("release", session.id, leaver)
    return Race("released_seat", _crowd(session, contenders, "book"), CAPACITY, (session,), release=release)


def _two_groups_at_once(contenders: int, _now: datetime) -> Race:
    patient, sessions = uuid4(), (PreparedSession(), PreparedSession())
    ids = islice(cycle(session.id for session in sessions), contenders)
    return Race("two_groups_at_once", tuple(Call("book", one, patient) for one in ids), 1, sessions)


def _offers_of_one_seat(contenders: int, _now: datetime) -> Race:
    # Two seats are free and one is on offer: only the count of what was accepted can refuse the second.
    session = PreparedSession({uuid4(): None})
    offers = PreparedOffers(session.id, {uuid4(): uuid4() for _ in range(contenders)})
    accepts = tuple(Call("accept", offer_id, patient_id) for offer_id, patient_id in offers.patients.items())
    return Race("offers_of_one_seat", accepts, 2, (session,), offers)


def _one_offer_twice(contenders: int, _now: datetime) -> Race:
    session = PreparedSession({uuid4(): None})
    offers = PreparedOffers(session.id, {uuid4(): uuid4()})
    accepts = tuple(Call("accept", *one) for one in offers.patients.items()) * contenders
    return Race("one_offer_twice", accepts, 2, (session,), offers)


def _one_room(contenders: int, _now: datetime) -> Race:
    room_id = uuid4()
    meetings = tuple(Call("meet_in", room_id, uuid4()) for _ in range(contenders))
    return Race("one_room", meetings, 1, room_id=room_id)


def _one_practitioner(contenders: int, _now: datetime) -> Race:
    practitioner_id = uuid4()
    meetings = tuple(Call("meet_with", practitioner_id, uuid4()) for _ in range(contenders))
    return Race("one_practitioner", meetings, 1, practitioner_id=practitioner_id)


def _booked_and_placed(contenders: int, _now: datetime) -> Race:
    # A placement does not lock the patient as a booking does: only the constraint can tell them apart.
    patient, session = uuid4(), PreparedSession()
    calls = (Call("book", session.id, patient), Call("meet", session.id, patient))
    return Race("booked_and_placed", tuple(islice(cycle(calls), contenders)), 1, (session,))


_KINDS: Final[tuple[Callable[[int, datetime], Race], ...]] = (
    _last_seat,
    _two_groups_at_once,
    _booking_and_holding,
    _after_a_lapsed_hold,
    _beside_a_release,
    _turning_a_hold,
    _offers_of_one_seat,
    _one_offer_twice,
    _one_room,
    _one_practitioner,
    _booked_and_placed,
)


def _nearly_full(last: Mapping[UUID, datetime | None] | None = None) -> PreparedSession:
    return PreparedSession({**{uuid4(): None for _ in range(CAPACITY - 1)}, **(last or {})})


def _crowd(session: PreparedSession, contenders: int, *verbs: str) -> tuple[Call, ...]:
    return tuple(Call(verb, session.id, uuid4()) for verb in islice(cycle(verbs), contenders))
