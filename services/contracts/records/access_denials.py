"""Refusals: who was turned away from what, by which rule, and what would satisfy it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import AccountId, PatientId, RecipientId
from services.contracts.identity import Microservice, Role


class AccessDenial(ResourceModel):
    """One refusal, documented and the same for all (45 CFR 171.202(b)): of a use, or of a disclosure."""

    id: UUID
    denied_at: datetime
    denied_to: AccountId
    roles: list[Role] = Field(description="Those that the account had then.")
    acting_service: Microservice | None = Field(description="The service that asked on the account's behalf.")
    operation_id: str = Field(description="The operation of the API that was called.")
    request: str = Field(description="The id of the request, which the problem that it answered quotes as instance.")
    purpose: Purpose
    information: Information | None = Field(description="Which part of a record; null where none was named.")
    patient_id: PatientId | None = Field(description="Null where the organization has no such patient.")
    recipient_id: RecipientId | None = Field(description="To whom it would have been disclosed.")
    rule: str
    clause: str | None = Field(description="The clause that refuses; null where the rule is not kept any more.")
    remedy: str | None = Field(description="What would satisfy the rule; null where it is not kept any more.")
