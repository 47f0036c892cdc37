"""What those who lead are told when a record is opened in an emergency."""

from pydantic import Field

from services.contracts.base import ResourceModel


class EmergencyAlert(ResourceModel):
    """An alert; it names nobody."""

    letters: int = Field(description="To how many of those who lead a letter is on its way; 0 where none is carried.")
