"""Which published weeks of a site have changed, for who asks again and again; nobody is named."""

from datetime import date

from pydantic import Field

from services.contracts.base import ResourceModel


class WeekChange(ResourceModel):
    """A week that is not as it was: published anew, or with seats, rooms or people of its book changed by hand."""

    week: date = Field(description="The Monday of the week.")
    base_version: int = Field(description="The version that was published by then; 0 where none was.")
    version: int = Field(description="The version that is published now.")
    is_book_changed: bool = Field(description="Whether anything that the list of its appointments tells is different.")


class WeekChanges(ResourceModel):
    """The published weeks of a site that have changed, from the current week on, in their order."""

    items: list[WeekChange]
    cursor: str = Field(description="Send it as since for what changes after this; it means nothing else.")
