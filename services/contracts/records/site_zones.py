"""By which zone the days of a site are counted, and in which state it is: told by the scheduler, which sets it up."""

from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.sites import ZoneName


class SiteEvent(RequestModel):
    """A site was set up, or its rules were; its zone never changes, and of two states the later version's counts."""

    id: SiteId
    zone: ZoneName
    jurisdiction: Annotated[str, Field(pattern=r"^US-[A-Z]{2}$")] | None = Field(
        default=None, description="Null where nobody has set it up."
    )
    settings_version: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        default=0, description="Of the rule settings that say the state; 0 where there are none."
    )


class SiteReceipt(ResourceModel):
    """Of which site the zone is known."""

    site_id: SiteId
