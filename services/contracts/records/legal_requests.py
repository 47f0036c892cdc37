"""Requests from outside that a person answers: of those who investigate, and of patients to intermediaries."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, LegalRequestId, PatientId, RecipientId
from services.contracts.records.notes import Passage


class LegalRequestKind(StrEnum):
    """What is asked for, by the clause that says how it is answered."""

    INVESTIGATION = "investigation"
    """Records, to investigate or prosecute a patient or the programme (42 CFR 2.66, 2.67): by order alone."""
    DISCLOSURE_LIST = "disclosure_list"
    """To whom an intermediary has disclosed, which it says within 30 days of the patient's request (42 CFR 2.24)."""


class LegalRequestOutcome(StrEnum):
    """How a request was settled."""

    ANSWERED = "answered"
    REFUSED = "refused"
    ORDER_AWAITED = "order_awaited"
    """Who asked was told to bring an order under subpart E; what comes with one is disclosed by it."""


class LegalRequestRequest(RequestModel):
    """A request as it was received."""

    kind: LegalRequestKind
    patient_id: PatientId | None = Field(default=None, description="Of a disclosure_list: the patient who asks.")
    recipient_id: RecipientId | None = Field(
        default=None, description="Of a disclosure_list: the intermediary that is asked; of others: who asks, if known."
    )
    received_on: Day
    told: Passage = Field(description="What was asked for and by whom; acknowledge no patient to who asks.")

    @model_validator(mode="after")
    def _says_whose_list(self) -> Self:
        if self.kind is LegalRequestKind.DISCLOSURE_LIST and None in {self.patient_id, self.recipient_id}:
            raise ValueError("patient_id and recipient_id must say whose list it is, and of which intermediary")
        return self


class ListedDisclosure(RequestModel):
    """What an intermediary says that it disclosed (42 CFR 2.24(b))."""

    name: Name = Field(description="Who received it.")
    on: Day
    description: Name


class LegalRequestSettlement(RequestModel):
    """How a request was settled, and why; of a list, what it lists."""

    outcome: LegalRequestOutcome
    told: Passage
    disclosures: Annotated[list[ListedDisclosure], Field(max_length=1000)] | None = Field(
        default=None, description="Of a disclosure_list that was answered; empty where nothing was disclosed."
    )


class LegalRequest(ResourceModel):
    """A request, and how it stands."""

    id: LegalRequestId
    kind: LegalRequestKind
    patient_id: PatientId | None
    recipient_id: RecipientId | None
    received_on: date
    due_on: date | None = Field(description="By when it is to be answered; null where no clause says.")
    is_overdue: bool
    told: str
    recorded_by: AccountId
    recorded_at: datetime
    outcome: LegalRequestOutcome | None = Field(description="Null while it waits for a person.")
    answer: str | None
    disclosures: list[ListedDisclosure] | None
    settled_by: AccountId | None
    settled_at: datetime | None
