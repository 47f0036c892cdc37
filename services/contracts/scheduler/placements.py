"""Placements: one patient into a published week, what each way to do it costs, and why some of it cannot be."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import (
    AppointmentId,
    CommitmentSourceId,
    GroupOfferingId,
    PatientId,
    PractitionerId,
    SiteId,
)
from services.contracts.scheduler.bookings import SeatRequest
from services.contracts.scheduler.transport import MissingRide
from services.contracts.vocabulary import Modality, ServiceKind


class PlacementQuery(RequestModel):
    """Asks how a patient could be placed into a published week, everybody else staying where they are."""

    patient_id: PatientId
    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    alternatives: Annotated[int, Field(ge=1, le=10)] = 4


class PlacementScore(ResourceModel):
    """What a patient's week costs, part by part; lower is better, and earlier parts count before later ones.

    `preference`, `trips`, `idle_minutes` and `scarcity` are weighed together. `scarcity` prices seats that people with
    fewer choices are expected to need; all but the minutes are points.
    """

    unmet_minutes: int
    changes: int = Field(description="Published sessions of the patient that the week is without.")
    preference: int
    trips: int
    idle_minutes: int
    scarcity: int
    continuity: int
    balance_minutes: int = Field(description="Minutes that practitioners would work beyond their usual share.")


class PlacementReason(ResourceModel):
    """One thing to know of an alternative, in a code for programs and a sentence for people."""

    code: str
    sentence: str


class PlacedSession(ResourceModel):
    """A session of the patient's week: had already, or a free seat, or a new visit; with the site's offset."""

    appointment_id: AppointmentId | None = Field(description="Of what is in the book; null for a visit yet to be made.")
    is_new: bool
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    practitioner_id: PractitionerId | None


class UnmetMinutes(ResourceModel):
    """Required minutes of a service that a week does not deliver."""

    service: ServiceKind
    minutes: int


class PlacementAlternative(ResourceModel):
    """One way to place the patient; no two have the same groups on the same days."""

    sessions: list[PlacedSession]
    score: PlacementScore
    difference: PlacementScore = Field(description="From the first alternative, or from what the patient has.")
    unmet: list[UnmetMinutes]
    cohort_mates: int = Field(description="How many others of the patient's cohort the patient meets in groups.")
    reasons: list[PlacementReason]
    missing_rides: list[MissingRide] = Field(
        description="Ways that no run with a free seat serves, of a patient whose plan needs transport; of a placement "
        "only. Alternatives without any come first."
    )


class PlacementRecommendation(ResourceModel):
    """The best ways to place a patient, the best one first; they hold for this version of the week, as it is booked."""

    patient_id: PatientId
    site_id: SiteId
    week: date
    timetable_version: int
    alternatives: list[PlacementAlternative]


class PlacementVisit(RequestModel):
    """A new visit for the patient, as an alternative has it."""

    service: ServiceKind
    modality: Modality
    start: AwareDatetime
    practitioner_id: PractitionerId | None = None

    @model_validator(mode="after")
    def _is_a_visit(self) -> Self:
        if self.service.is_group:
            raise ValueError("service must be one that takes place outside groups; name groups in appointment_ids")
        return self


class PlacementRequest(SeatRequest):
    """Takes an alternative: all of its new sessions, or none."""

    patient_id: PatientId
    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    appointment_ids: Annotated[list[AppointmentId], Field(max_length=40)] = Field(default_factory=list)
    visits: Annotated[list[PlacementVisit], Field(max_length=40)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _takes_something(self) -> Self:
        if not self.appointment_ids and not self.visits:
            raise ValueError("appointment_ids and visits are both empty: name what to take")
        if len(self.appointment_ids) != len(set(self.appointment_ids)):
            raise ValueError("appointment_ids names an appointment twice")
        return self


class Placement(ResourceModel):
    """What was booked for the patient, all at once."""

    patient_id: PatientId
    site_id: SiteId
    week: date
    timetable_version: int
    sessions: list[PlacedSession]


class FactCode(StrEnum):
    """What kind of fact stands in the way of a session."""

    COMMITMENT = "commitment"
    OVER = "over"
    LANGUAGE = "language"
    MODALITY = "modality"
    SEATS_TAKEN = "seats_taken"
    SEATS_HELD_BACK = "seats_held_back"
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


class PlacementFact(ResourceModel):
    """A fact about this patient or about what the site has; never about another patient (42 CFR 2.13(c))."""

    code: FactCode
    sentence: str
    start: datetime | None
    end: datetime | None
    appointment_id: AppointmentId | None
    practitioner_id: PractitionerId | None
    commitment_source_ids: list[CommitmentSourceId] = Field(description="Where a commitment is known from.")
    citation: str | None = Field(description="Who asks for a rule.")


class AskCode(StrEnum):
    """What could be asked for."""

    FREE_TIME = "free_time"
    FAMILY_TIME = "family_time"
    MODALITY = "modality"
    LANGUAGE = "language"
    SEAT = "seat"
    PLACE = "place"
    PRACTITIONER = "practitioner"
    SITE_HOURS = "site_hours"


class PlacementAsk(ResourceModel):
    """One thing to ask for."""

    code: AskCode
    sentence: str
    start: datetime | None
    end: datetime | None


class Relaxation(ResourceModel):
    """What would do if all of it were granted; `effort` orders what is little to ask before what is much.

    A seat or a place counts 1, an hour of somebody's work or of a pool 2, free time 2 and 1 for each hour begun,
    another modality 4, longer site hours 6, a second language 8.
    """

    effort: int
    asks: list[PlacementAsk]


class UnplacedNeed(ResourceModel):
    """A need that no free seat or hour can meet: the facts are enough, and none of them could be left out."""

    service: ServiceKind
    minutes: int
    facts: list[PlacementFact]
    relaxations: list[Relaxation]


class ProposalLoss(ResourceModel):
    """What one patient would lose of what is published, and why it has no other place while everybody else stays."""

    patient_id: PatientId
    lost: list[UnmetMinutes]
    reasons: list[UnplacedNeed] = Field(
        description="One for each service that nothing free can replace. None where something free can: the solver was "
        "cut short, and recommend_placements finds it once the proposal is published."
    )


class PlacementExplanation(ResourceModel):
    """Why a patient's week is as it is: its score, the next best weeks, and what keeps needs unmet."""

    patient_id: PatientId
    site_id: SiteId
    week: date
    timetable_version: int
    sessions: list[PlacedSession]
    score: PlacementScore
    alternatives: list[PlacementAlternative]
    unplaced: list[UnplacedNeed]


class SessionWish(RequestModel):
    """Asks why a patient does not have a certain session."""

    patient_id: PatientId
    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    service: ServiceKind
    start: AwareDatetime
    modality: Modality | None = None
    practitioner_id: PractitionerId | None = None


class WishAnswer(ResourceModel):
    """Facts that rule the session out, with the patient's other sessions set aside; or the best week with it.

    `is_had` where the patient has the session already.
    """

    is_had: bool
    is_possible: bool
    facts: list[PlacementFact]
    relaxations: list[Relaxation]
    instead: PlacementAlternative | None


class CapacityKind(StrEnum):
    """What one thing more would be: somebody opening a group, a room for its hours, or somebody at work."""

    GROUP = "group"
    ROOM = "room"
    SHIFT = "shift"


class CapacityAdvice(ResourceModel):
    """One thing more, and the required minutes it would deliver at least.

    The minutes are exact while everybody keeps what they have, and so a lower bound: solved anew, the week could move
    others and serve more.
    """

    kind: CapacityKind
    sentence: str
    group_offering_id: GroupOfferingId | None = Field(
        description="Of which kind a group would be: with the members of the same names, what opens it; else null."
    )
    service: ServiceKind
    modality: Modality | None = Field(description="Of a group; null for a shift, which serves both.")
    start: datetime
    end: datetime
    track: str | None
    language: str | None
    practitioner_id: PractitionerId | None = Field(description="Whose shift, where it has to be of a patient's team.")
    people: int
    minutes: int


class CapacityReport(ResourceModel):
    """What would help the most in a published week; the first serves the most minutes."""

    site_id: SiteId
    week: date
    timetable_version: int
    unmet_minutes: int
    advice: list[CapacityAdvice]
