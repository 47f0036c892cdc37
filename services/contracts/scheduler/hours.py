"""Hours that are owed: what a week requires, what is booked for it and came of it, and what is missing by when."""

from datetime import date

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import PatientId
from services.contracts.scheduler.make_ups import MakeUp
from services.contracts.vocabulary import ServiceKind


class OwedHoursLine(ResourceModel):
    """Minutes of one service in a patient's week."""

    service: ServiceKind
    required_minutes: int = Field(description="By the plan that is in force in the week.")
    planned_minutes: int = Field(description="Of every session in which the patient had a seat, make-ups too.")
    attended_minutes: int = Field(description="Make-ups too, and without what was late or left early.")
    excused_minutes: int = Field(description="Of sessions that the patient called out of, excused.")
    missed_minutes: int = Field(description="Of sessions that the patient missed without an excuse.")
    unrecorded_minutes: int = Field(description="Of sessions that are over, and nobody has said who came.")
    ahead_minutes: int = Field(description="Of sessions that are not over, and in which the patient has a seat.")
    missing_minutes: int = Field(description="Required and not attended so far.")
    unplanned_minutes: int = Field(description="Missing, and by nothing that lies ahead made up for: book it by then.")
    open_make_up_minutes: int = Field(description="Noted to be made up for, and not booked.")


class OwedHours(ResourceModel):
    """What a patient's week requires, and what has become of it so far."""

    patient_id: PatientId
    week: date = Field(description="The Monday of the week.")
    due: date = Field(description="The Sunday by which what is missing is to be made up for.")
    plan_version: int | None = Field(description="Null where no plan asks for anything in this week.")
    services: list[OwedHoursLine]
    make_ups: list[MakeUp] = Field(description="Open ones: `recommend_make_up_seats` finds seats for each in the week.")
    required_minutes: int
    attended_minutes: int
    ahead_minutes: int
    missing_minutes: int
    unplanned_minutes: int
