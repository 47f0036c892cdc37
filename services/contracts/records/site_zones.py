"""By which zone the days of a site are counted, told by the scheduler, which sets sites up."""

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.sites import ZoneName


class SiteEvent(RequestModel):
    """A site was set up; its zone never changes, so its id is the event's."""

    id: SiteId
    zone: ZoneName


class SiteReceipt(ResourceModel):
    """Of which site the zone is known."""

    site_id: SiteId
