"""What is allowed with collisions: a commitment that lies over a published session of the same patient."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.scheduler.commitments import CollidingInterval, Collision, OpenCollision
from services.scheduler.commitments import colliding
from services.scheduler.commitments.rules import Interval, collisions
from services.scheduler.sites.logic import SitesReader

_MOST_SHOWN: Final = 100


class CollisionsReader:
    """Reads collisions; the patient's way to the session is not part of them, bookings refuse that at once."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def page_of_site(self, site_id: SiteId, page: PageRequest) -> Page[OpenCollision]:
        """Return a page of what collides with the sessions of a site that are not over.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await colliding.page_of_site(self._read, site_id, page, self._clock.now()))

    async def page_of_patient(self, patient_id: PatientId, page: PageRequest) -> Page[OpenCollision]:
        """Return a page of what collides with the patient's sessions that are not over."""
        return page.page(await colliding.page_of_patient(self._read, patient_id, page, self._clock.now()))

    async def of(self, patient_id: PatientId, busy: Iterable[Interval]) -> list[Collision]:
        """Return the first collisions that the patient has, or would have, with these busy times."""
        planned = await colliding.planned_for(self._read, patient_id, self._clock.now())
        return [
            Collision(
                busy=_local(interval, met[0].start.tzinfo),
                appointments=met,
                repairs=colliding.repairs_of(patient_id, met),
            )
            for interval, met in islice(collisions(busy, planned), _MOST_SHOWN)
        ]


def _local(interval: Interval, zone: object) -> CollidingInterval:
    start, end = (instant.astimezone(zone) for instant in interval)  # type: ignore[arg-type] # a tzinfo or None
    return CollidingInterval(start=start, end=end)
