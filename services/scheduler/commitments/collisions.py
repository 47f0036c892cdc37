"""What is allowed with collisions: a commitment that is in the way of a published session of the same patient."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.scheduler.commitments import CollidingInterval, Collision, OpenCollision
from services.contracts.vocabulary import Modality
from services.scheduler.commitments import colliding
from services.scheduler.commitments.rules import Interval, collisions
from services.scheduler.sites.logic import SitesReader

_MOST_SHOWN: Final = 100


class CollisionsReader:
    """Reads what lies over sessions, as things stand; whoever sends a calendar is told of the way to them as well."""

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


class CollisionFinder:
    """Finds what busy times that were just read are in the way of; records knows the patient's way to the site."""

    def __init__(self, read: Read, records: RecordsClient, clock: Clock) -> None:
        self._read = read
        self._records = records
        self._clock = clock

    async def of(self, patient_id: PatientId, busy: Sequence[Interval], caller_token: str) -> list[Collision]:
        """Return the first collisions that the patient has, or would have, with these busy times.

        Raises:
            NotFoundError: There is no such patient in the caller's organization.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        planned = await colliding.planned_for(self._read, patient_id, self._clock.now())
        way = timedelta()
        if busy and any(session.modality is Modality.ON_SITE for session in planned):
            way = await self._way_of(patient_id, caller_token)
        return [
            Collision(
                busy=_local(interval, met[0].start.tzinfo),
                appointments=met,
                repairs=colliding.repairs_of(patient_id, met),
            )
            for interval, met in islice(collisions(busy, planned, way), _MOST_SHOWN)
        ]

    async def _way_of(self, patient_id: PatientId, caller_token: str) -> timedelta:
        try:
            seating = await self._records.patient_seating(caller_token, patient_id)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        return timedelta(minutes=seating.travel_minutes)


def _local(interval: Interval, zone: object) -> CollidingInterval:
    start, end = (instant.astimezone(zone) for instant in interval)  # type: ignore[arg-type] # a tzinfo or None
    return CollidingInterval(start=start, end=end)
