"""How a published week becomes the next one in the book: what stays, what changes, what goes. Pure.

A version changes what its proposal showed to be different, and leaves the rest of the book as it stands: a session
keeps its identifier while it can be called the same, and what was booked or given back by hand stays where it fits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import AppointmentId, PatientId
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import ServiceKind
from services.scheduler.appointments.book import BookedSession, KeptSession, Seat, is_moved, shape

KeptApart = Mapping[PatientId, AbstractSet[PatientId]]
"""Whom each patient of a week may not meet; of who is missing here nothing is known, and so nothing is risked."""


@dataclass(frozen=True, slots=True)
class WeekDifference:
    """What to do with the book so that it holds the next version.

    `undone_by_hand` counts the sessions in which somebody would lose a seat that was taken or held by hand.
    """

    cancelled: tuple[BookedSession, ...]
    kept: tuple[KeptSession, ...]
    added: tuple[Session, ...]
    undone_by_hand: int

    @property
    def starts(self) -> set[datetime]:
        """When the sessions begin that it may concern, or began before it."""
        kept = [session for pair in self.kept for session in (pair.before, pair.after)]
        return {session.start for session in (*self.cancelled, *kept, *self.added)}


def difference(
    booked: Sequence[BookedSession], sessions: Sequence[Session], *, apart: KeptApart, now: datetime
) -> WeekDifference:
    """Say what becomes of the book of a week.

    What has begun is history: it stays as it was held, and where the week was booked before, nothing is added to it.
    """
    ahead = [session for session in booked if session.start > now]
    planned = [session for session in sessions if session.start > now or not booked]
    same = _same_sessions(ahead, planned)
    pairs = [(before, _as_switched(before, planned[index], planned)) for before, index in same if index is not None]
    found = {index for _, index in same}
    added = tuple(session for index, session in enumerate(planned) if index not in found)
    seated = [(before, after, _seated(before, after)) for before, after in pairs]
    elsewhere = _Elsewhere(apart)
    for session in added:
        elsewhere.note(session, session.patient_ids)
    for _, after, patients in seated:
        elsewhere.note(after, patients)
    kept = tuple(_kept(before, after, patients, elsewhere, now) for before, after, patients in seated)
    cancelled = tuple(before for before, index in same if index is None)
    undone = sum(bool(session.lost) for session in kept) + sum(
        bool(_by_hand(session, (), now)) for session in cancelled
    )
    return WeekDifference(cancelled=cancelled, kept=kept, added=added, undone_by_hand=undone)


def _as_switched(before: BookedSession, after: Session, planned: Iterable[Session]) -> Session:
    """Leave a session by video, or back in a room, as somebody switched it, unless it moves or the room is needed."""
    is_taken = before.room_id is not None and any(
        other.room_id == before.room_id and other.start < after.end and after.start < other.end
        for other in planned
        if other is not after
    )
    if not before.modality_by_hand or is_moved(before, after) or is_taken:
        return after
    return after.model_copy(update={"modality": before.modality, "room_id": before.room_id})


class _Elsewhere:
    """What the next version says of a patient, to tell whether a seat taken by hand still fits."""

    def __init__(self, apart: KeptApart) -> None:
        self._apart = apart
        self._sessions: dict[PatientId, list[Session]] = defaultdict(list)

    def note(self, session: Session, patients: Iterable[PatientId]) -> None:
        """Note who sits in a session."""
        for patient_id in patients:
            self._sessions[patient_id].append(session)

    def is_free(self, patient_id: PatientId, session: Session) -> bool:
        """Whether the patient has nothing else at that time, and not the same service on that day."""
        return not any(
            (other.start < session.end and session.start < other.end)
            or (other.service is session.service and other.start.date() == session.start.date())
            for other in self._sessions[patient_id]
        )

    def may_meet(self, patient_id: PatientId, newcomers: AbstractSet[PatientId]) -> bool:
        """Whether the patient may sit beside them all."""
        if not newcomers:
            return True
        return patient_id in self._apart and self._apart[patient_id].isdisjoint(newcomers)


def _seated(before: BookedSession, after: Session) -> list[PatientId]:
    """Whom the version seats: not those who gave their seat back at this very time."""
    released = frozenset[PatientId]() if is_moved(before, after) else before.released - before.seats.keys()
    return [patient_id for patient_id in after.patient_ids if patient_id not in released]


def _by_hand(before: BookedSession, planned: Sequence[PatientId], now: datetime) -> list[Seat]:
    """Which seats only a hand gave; who sits there comes before whom a seat is held for."""
    seats = before.seats.values()
    found = [seat for seat in seats if seat.by_hand and seat.is_live(now) and seat.patient_id not in planned]
    return sorted(found, key=lambda seat: (seat.held_until is not None, seat.patient_id))


def _kept(
    before: BookedSession, after: Session, planned: Sequence[PatientId], elsewhere: _Elsewhere, now: datetime
) -> KeptSession:
    newcomers = frozenset(planned) - before.members
    by_hand = _by_hand(before, planned, now)
    staying: list[Seat] = []
    for seat in by_hand:
        fits = (
            not is_moved(before, after)
            and len(planned) + len(staying) < after.capacity
            and elsewhere.is_free(seat.patient_id, after)
            and elsewhere.may_meet(seat.patient_id, newcomers)
        )
        if fits:
            staying.append(seat)
    return KeptSession(
        before,
        after,
        seats=(*map(Seat, planned), *staying),
        released=tuple(patient_id for patient_id in after.patient_ids if patient_id not in planned),
        lost=tuple(seat for seat in by_hand if seat not in staying),
    )


def _same_sessions(
    booked: Sequence[BookedSession], sessions: Sequence[Session]
) -> list[tuple[BookedSession, int | None]]:
    """Pair what is booked with what is planned, the surest first; each is paired at most once."""
    found: dict[AppointmentId, int] = {}
    taken: set[int] = set()
    for before, index in sorted(
        _candidates(booked, sessions), key=lambda pair: _unlikeness(pair[0], sessions[pair[1]])
    ):
        if before.id not in found and index not in taken:
            found[before.id] = index
            taken.add(index)
    return [(before, found.get(before.id)) for before in booked]


def _candidates(booked: Iterable[BookedSession], sessions: Sequence[Session]) -> Iterator[tuple[BookedSession, int]]:
    with_patient: dict[tuple[ServiceKind, PatientId], list[int]] = defaultdict(list)
    with_shape: dict[object, list[int]] = defaultdict(list)
    for index, session in enumerate(sessions):
        with_shape[session.service, shape(session)].append(index)
        for patient_id in session.patient_ids:
            with_patient[session.service, patient_id].append(index)
    for before in booked:
        near = {index for patient_id in before.people for index in with_patient[before.service, patient_id]}
        near.update(with_shape[before.service, shape(before)])
        yield from ((before, index) for index in near if _may_be_same(before, sessions[index]))


def _may_be_same(before: BookedSession, after: Session) -> bool:
    """A session for one person is that person's: its identifier, which feeds show, never passes to somebody else.

    A group that changes its time is the same group only while most of its people come along.
    """
    stay = len(before.people & set(after.patient_ids))
    if not before.service.is_group:
        return stay > 0
    if shape(before) == shape(after):
        return True
    return stay > 0 and (not is_moved(before, after) or 2 * stay >= len(before.people))


def _unlikeness(before: BookedSession, after: Session) -> tuple[object, ...]:
    return (
        shape(before) != shape(after),
        before.practitioner_id != after.practitioner_id,
        is_moved(before, after),
        -len(before.people & set(after.patient_ids)),
        abs(before.start - after.start),
        before.id,
        after.start,
        after.patient_ids,
    )
