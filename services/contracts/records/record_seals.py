"""Which records were sealed, told to the scheduler, which then ends what it still plans of their patients."""

from typing import Annotated, Final

from pydantic import Field

from services.contracts.base import Distinct, RequestModel, ResourceModel
from services.contracts.identifiers import OrganizationId, PatientId, RecordSealId

MOST_SEALS: Final = 100
"""Of so many records at most it is told, or said, at once."""


class RecordSeal(ResourceModel):
    """One record that was sealed."""

    id: RecordSealId
    organization_id: OrganizationId
    patient_id: PatientId


class RecordSealsRequest(RequestModel):
    """Says of whom nothing is planned any more, and asks who is next."""

    ended: Annotated[Distinct[RecordSealId], Field(max_length=MOST_SEALS)]
    after: RecordSealId | None = Field(
        default=None, description="The last one that was told; null for the first ones again."
    )


class RecordSeals(ResourceModel):
    """The next ones of which the scheduler has not said for good that nothing is planned; none where that is all."""

    items: list[RecordSeal]
