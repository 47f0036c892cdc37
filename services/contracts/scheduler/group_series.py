"""Group series: meetings that come again each week."""

from datetime import date, time

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import GroupOfferingId, GroupSeriesId, PractitionerId, SiteId
from services.contracts.vocabulary import ServiceKind, Weekday


class GroupSeries(ResourceModel):
    """A group that meets each week at one time under one lead; at another time it is another series."""

    id: GroupSeriesId
    site_id: SiteId
    group_offering_id: GroupOfferingId
    service: ServiceKind
    minutes: int
    track: str | None
    language: str
    weekday: Weekday
    start: time = Field(description="Wall time of the site's zone.")
    practitioner_id: PractitionerId
    first_week: date = Field(description="The Monday of the first published week in which it meets.")
    last_week: date = Field(description="The Monday of the last published week in which it meets.")
    members: int = Field(description="How many belong to it in that last week.")
    minimum_size: int
    maximum_size: int
