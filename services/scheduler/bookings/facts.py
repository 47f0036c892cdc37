"""What a patient's fitting into a session depends on, and what it comes to where two change seats. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.records.treatment_plans import PatientSeating, PlanRequirement, SeatingPlan
from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as the rules of seats see it; `zone` is the site's."""

    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    track: str | None
    language: str | None
    zone: tzinfo

    @property
    def day(self) -> date:
        """The day on which it begins at its site."""
        return self.start.astimezone(self.zone).date()

    @property
    def starts_by_seats(self) -> tuple[datetime, ...]:
        """When it begins for its practitioners, where it is who has a seat that makes them be there: not in a group."""
        return () if self.service.is_group else (self.start,)

    def meets(self, other: "SessionFacts") -> bool:
        """Whether both take place at the same time for a while."""
        return self.start < other.end and other.start < self.end


def seating_in(plan: PlanRequirement) -> PatientSeating:
    """Return what giving the patient a seat in the week of a plan depends on, but for whom to keep apart."""
    return PatientSeating(
        patient_id=plan.patient_id,
        travel_minutes=plan.travel_minutes,
        no_contact=[],
        left_on=None,
        plan=SeatingPlan(
            services=[need.service for need in plan.required_services],
            track=plan.track,
            languages=plan.languages,
            modalities=plan.modalities,
            telehealth_consented_on=plan.telehealth_consented_on,
            telehealth_jurisdiction=plan.telehealth_jurisdiction,
            needs_transport=plan.needs_transport,
        ),
    )


@dataclass(frozen=True, slots=True)
class Partner:
    """An exchange that can be made: for the session that is left, another one's seat, or a free one there.

    `leads` are who leads the session left and the one entered; `further_trips` on how many days more both patients come
    to the site, taken together.
    """

    appointment_id: AppointmentId
    facts: SessionFacts
    patient_id: PatientId | None
    leaving: SessionFacts
    leads: tuple[PractitionerId | None, PractitionerId | None]
    further_trips: int
