"""What stands in the way of publishing a proposal, told change by change."""

from datetime import datetime

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.scheduler.transport import MissingRidesProblem


class RefusedChange(ResourceModel):
    """A change of a proposal that may not be published as things stand, and what would let it be."""

    number: int = Field(description="Of the change in the proposal: reject it, or do what the remedy says.")
    start: datetime = Field(description="Of the session, with the site's offset.")
    code: str
    sentence: str
    remedy: str


class PublicationProblem(MissingRidesProblem):
    """The problem document of a proposal that cannot be published as things stand."""

    refused_changes: list[RefusedChange] = Field(
        default_factory=list, description="Left out where something else is the matter."
    )
