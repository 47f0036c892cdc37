"""A programme that ends or is acquired: what becomes of each record (42 CFR 2.19)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, DisclosureId, PatientId, ProgrammeClosingId, RecipientId


class ClosingReason(StrEnum):
    """Why a programme closes."""

    DISCONTINUED = "discontinued"
    ACQUIRED = "acquired"
    """Taken over by another: its records do not go along by themselves (42 CFR 2.19(a)(1))."""


class RetentionLaw(RequestModel):
    """What requires that records are kept after the programme has ended (42 CFR 2.19(a)(2))."""

    citation: Name = Field(description="Of the statute, regulation or order: it stands on the label.")
    keep_until: Day


class ProgrammeClosingRequest(RequestModel):
    """That the organization's programme closes, when, and who answers for its records afterwards."""

    programme: Name = Field(description="Its name, as it stands on the label.")
    reason: ClosingReason
    ends_on: Day = Field(description="Its last day, until which patients can consent to a transfer.")
    acquired_by: RecipientId | None = Field(default=None, description="The programme that takes it over.")
    responsible_person: Name = Field(description="Who keeps what has to be kept, and destroys it when its time is up.")
    responsible_contact: Name
    retention: RetentionLaw | None = Field(
        default=None,
        description="Of every record of which create_dispositions names no other; null where no law requires to keep.",
    )

    @model_validator(mode="after")
    def _names_who_acquires(self) -> Self:
        if (self.acquired_by is None) is (self.reason is ClosingReason.ACQUIRED):
            raise ValueError("acquired_by goes with acquired, and with nothing else")
        if self.retention is not None and self.retention.keep_until <= self.ends_on:
            raise ValueError("retention.keep_until must lie after ends_on; leave retention out where it does not")
        return self


class ProgrammeClosingStatus(StrEnum):
    """Where a closing stands."""

    OPEN = "open"
    CANCELLED = "cancelled"
    SEALED = "sealed"
    """Nobody reads or discloses any record of the programme."""


class DispositionKind(StrEnum):
    """What becomes of a record."""

    TRANSFER = "transfer"
    """It was given to another programme by the patient's consent; what is left here is destroyed, or kept by law."""
    KEEP = "keep"
    """It is sealed, labelled, and kept as long as the law requires; then it is destroyed."""
    DESTROY = "destroy"


class ExpiredSince(StrEnum):
    """From what a period was counted that had expired when the programme ended."""

    LAST_SERVICE = "last_service"
    DISCHARGE = "discharge"
    MAJORITY = "majority"
    DEATH = "death"


class ProgrammeClosing(ResourceModel):
    """A closing, and of how many records what was decided."""

    id: ProgrammeClosingId
    programme: str
    reason: ClosingReason
    ends_on: date
    acquired_by: RecipientId | None
    responsible_person: str
    responsible_contact: str
    retention: RetentionLaw | None
    label: str | None = Field(description="Of what its retention keeps, word for word as 42 CFR 2.19(b)(1) has it.")
    status: ProgrammeClosingStatus
    undecided: int
    transferred: int
    kept: int
    to_destroy: int
    destroyed: int = Field(description="Of all of these, whose key is destroyed.")
    opened_by: AccountId
    opened_at: datetime
    cancelled_by: AccountId | None
    cancelled_at: datetime | None
    sealed_by: AccountId | None
    sealed_at: datetime | None


class DispositionRequest(RequestModel):
    """What becomes of these records; until the closing is sealed it can be decided otherwise."""

    patient_ids: Annotated[list[PatientId], Field(min_length=1, max_length=200)]
    kind: DispositionKind
    disclosure_id: DisclosureId | None = Field(
        default=None,
        description="Of a transfer: one of those that gave all of the record to a treating provider on consent.",
    )
    retention: RetentionLaw | None = Field(
        default=None,
        description="What requires to keep these, or did until it expired; null where the closing's holds for them.",
    )
    reason: ExpiredSince | None = Field(
        default=None,
        description="From what the period of that retention was counted, where the programme outlasted it; always where"
        " that is why something is destroyed.",
    )

    @model_validator(mode="after")
    def _names_each_patient_once(self) -> Self:
        if len(set(self.patient_ids)) != len(self.patient_ids):
            raise ValueError("patient_ids names a patient twice")
        is_transfer = self.kind is DispositionKind.TRANSFER
        if (self.disclosure_id is not None) is not is_transfer or (is_transfer and len(self.patient_ids) > 1):
            raise ValueError("a transfer is of one patient, and goes with its disclosure_id; nothing else does")
        is_needed = self.kind is DispositionKind.DESTROY and self.retention is not None
        is_possible = self.kind is not DispositionKind.KEEP and self.retention is not None
        if not (is_possible if self.reason is not None else not is_needed):
            raise ValueError("a reason goes with destroying or transferring what a retention required to keep")
        return self


class Disposition(ResourceModel):
    """What is decided of one record."""

    id: PatientId = Field(description="The patient's.")
    kind: DispositionKind | None = Field(description="Null while nothing is decided.")
    disclosure_id: DisclosureId | None
    retention: RetentionLaw | None = Field(description="Its own, or the closing's where that keeps it.")
    reason: ExpiredSince | None
    label: str | None = Field(description="Of what is kept, word for word as 42 CFR 2.19(b)(1) has it.")
    decided_by: AccountId | None
    decided_at: datetime | None
    destroy_from: date | None = Field(description="From which day on it is to be destroyed; null before it is sealed.")
    is_destroyed: bool
