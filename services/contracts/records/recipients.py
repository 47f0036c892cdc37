"""Recipients: those outside of the programme to whom something may be disclosed."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.disclosure import RecipientKind
from services.contracts.identifiers import PatientId, RecipientId


class RecipientRequest(RequestModel):
    """Somebody outside of the programme, entered once and named by consents and disclosures."""

    name: Name
    kind: RecipientKind
    patient_id: PatientId | None = Field(
        default=None, description="Of the kind patient: whose record may go there as the patient's own; only then."
    )
    hipaa_bound: bool = Field(
        default=False, description="A covered entity or a business associate of one: it may pass on what it received."
    )
    address: Annotated[Name | None, Field(description="For the accounting of disclosures, where it is known.")] = None


class Recipient(ResourceModel):
    """An entry of the directory of recipients; it is never changed, a move is a new entry."""

    id: RecipientId
    name: str
    kind: RecipientKind
    patient_id: PatientId | None
    hipaa_bound: bool
    address: str | None
    created_at: datetime
