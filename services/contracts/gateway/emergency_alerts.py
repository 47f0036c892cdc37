"""What those who lead are told when a record is opened in an emergency."""

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, EmergencyAccessId, OrganizationId


class EmergencyEvent(RequestModel):
    """A record was opened in an emergency; whose it is stays where the record is."""

    id: EmergencyAccessId
    organization_id: OrganizationId = Field(description="Whose it is; as in the path, which nobody signs.")
    account_id: AccountId = Field(description="Who opened it.")


class EmergencyAlert(ResourceModel):
    """An alert; it names nobody."""

    letters: int = Field(description="To how many of those who lead a letter is on its way; 0 where none is carried.")
