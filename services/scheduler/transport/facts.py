"""What giving a seat on the way depends on."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import AppointmentId, PatientId, RideId, RunId, SiteId
from services.contracts.scheduler.transport import RunDirection
from services.contracts.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that a patient has a seat in."""

    site_id: SiteId
    modality: Modality
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """A patient's booked session on site; `is_waived` where somebody has said why no ride is needed."""

    patient_id: PatientId
    appointment_id: AppointmentId
    start: datetime
    end: datetime
    is_waived: bool = False


@dataclass(frozen=True, slots=True)
class TakenSeat:
    """A patient's seat on a run, with the run's times."""

    ride_id: RideId
    run_id: RunId
    patient_id: PatientId
    appointment_id: AppointmentId
    direction: RunDirection
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class LostSeat:
    """A patient's seat on a run that does not set out, and when and for how long it would have been needed."""

    ride_id: RideId
    patient_id: PatientId
    appointment_id: AppointmentId
    direction: RunDirection
    at: datetime
    until: datetime
    area: str | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Sessions of a patient on one day that are so close that the patient stays at the site between them."""

    sessions: tuple[Coming, ...]

    @property
    def patient_id(self) -> PatientId:
        """Whose stay it is."""
        return self.sessions[0].patient_id

    @property
    def is_waived(self) -> bool:
        """Whether somebody has said for one of the sessions why no ride is needed: it holds for the way there too."""
        return any(session.is_waived for session in self.sessions)

    def concerns(self, appointments: AbstractSet[AppointmentId]) -> bool:
        """Whether one of these is among its sessions."""
        return any(session.appointment_id in appointments for session in self.sessions)


@dataclass(frozen=True, slots=True)
class Leg:
    """One way of a stay: to its first session, or home from its last."""

    stay: Stay
    direction: RunDirection

    @property
    def session(self) -> Coming:
        """The session that the way goes with."""
        return self.stay.sessions[0 if self.direction is RunDirection.TO_SITE else -1]

    @property
    def at(self) -> datetime:
        """When the patient must be there, or can leave."""
        return self.session.start if self.direction is RunDirection.TO_SITE else self.session.end

    def was_of(self, lost: LostSeat) -> bool:
        """Whether a seat that is gone was for this way, whichever of the stay's sessions it named."""
        is_same_way = (lost.patient_id, lost.direction) == (self.stay.patient_id, self.direction)
        return is_same_way and self.stay.concerns({lost.appointment_id})


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which seats to take, which of the patient's seats they make useless, and what stays without one."""

    taken: tuple[tuple[Leg, RunId], ...]
    useless: tuple[RideId, ...]
    missing: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Replacement:
    """Which seats people have for those that are gone, by the ride that is, and which ways nobody drives any more."""

    seats: Mapping[RideId, TakenSeat]
    missing: Sequence[Leg]
