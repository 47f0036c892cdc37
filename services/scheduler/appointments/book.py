"""What the book holds of a session, and what the next version makes of it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId, RoomId
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class Seat:
    """One patient's seat, and how it came about; `held_until` is set while it is only held."""

    patient_id: PatientId
    by_hand: bool = False
    held_until: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it counts: a hold that is over does not."""
        return self.held_until is None or self.held_until > now


@dataclass(frozen=True, slots=True)
class BookedSession:
    """A session of the book with its seats, and who gave one back that the published version has for them."""

    id: AppointmentId
    sequence: int
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    room_id: RoomId | None
    practitioner_id: PractitionerId | None
    co_facilitator_id: PractitionerId | None
    seats: Mapping[PatientId, Seat]
    released: AbstractSet[PatientId] = frozenset()
    modality_by_hand: bool = False

    @property
    def members(self) -> AbstractSet[PatientId]:
        """Who sits there for good."""
        return {seat.patient_id for seat in self.seats.values() if seat.held_until is None}

    @property
    def people(self) -> AbstractSet[PatientId]:
        """Whose session it is: who sits there, and who would but for having given the seat back."""
        return self.members | self.released


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session that the next version has too: as it was, as it becomes, and who sits there then."""

    before: BookedSession
    after: Session
    seats: tuple[Seat, ...]
    released: tuple[PatientId, ...] = ()
    lost: tuple[Seat, ...] = ()

    @property
    def is_moved(self) -> bool:
        """Whether it takes place at another time."""
        return is_moved(self.before, self.after)

    @property
    def is_changed(self) -> bool:
        """Whether its people must be told: another time, another place or another practitioner."""
        return shape(self.before) != shape(self.after)


def is_moved(before: BookedSession, after: Session) -> bool:
    """Whether a session takes place at another time."""
    return (before.start, before.end) != (after.start, after.end)


def shape(session: BookedSession | Session) -> tuple[object, ...]:
    """When, where and with whom a session takes place: what its people are told of it."""
    return (
        session.start,
        session.end,
        session.modality,
        session.room_id,
        session.practitioner_id,
        session.co_facilitator_id,
    )
