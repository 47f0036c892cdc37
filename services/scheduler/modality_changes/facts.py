"""What a change of modality depends on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId, RoomId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.sites import Room
from services.contracts.vocabulary import Modality
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval


@dataclass(frozen=True, slots=True)
class BookedSession:
    """A session of the book; `members` have a seat there, `patients` are they and those for whom one is held."""

    id: AppointmentId
    site_id: SiteId
    facts: SessionFacts
    room_id: RoomId | None
    practitioners: Collection[PractitionerId]
    patients: Collection[PatientId]
    members: Collection[PatientId]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a session's people and of the house, when it is to take place by `modality`.

    `licensed` says where each practitioner may treat on that day, `places_left` how many offices or family rooms
    nobody else has then: None where the session needs none.
    """

    session: BookedSession
    modality: Modality
    seatings: Sequence[PatientSeating]
    busy: Mapping[PatientId, Sequence[Interval]]
    licensed: Mapping[PractitionerId, Collection[str]]
    room: Room | None
    places_left: int | None

    @property
    def facts(self) -> SessionFacts:
        """The session as it is to be."""
        return replace(self.session.facts, modality=self.modality)
