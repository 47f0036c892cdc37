"""What is allowed with feeds."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import Lookups, Read, UnitOfWork
from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.gateway import OpenOrganizations
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import AccountId, FeedId, OrganizationId, PatientId
from services.contracts.scheduler.feeds import Feed, FeedLink, FeedRequest, FeedSubject
from services.scheduler.feeds import storage
from services.scheduler.feeds.rules import FORMAT, KEPT, SHOWN, TOKEN_BYTES, Item, Planned, hash_of, told, written
from services.scheduler.feeds.storage import BookedSession, ServedFeed
from services.scheduler.storing import fresh_id


class FeedsReader:
    """Reads which feeds there are."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page(self, subject: FeedSubject, subject_id: UUID, page: PageRequest) -> Page[Feed]:
        """Return a page of the feeds of somebody or something."""
        return page.page(await storage.page(self._read, subject, subject_id, page))


class FeedsLogic:
    """Makes feeds, changes their addresses and ends them."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        read: Read,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._read = read
        self._records = records
        self._clock = clock

    async def create(self, request: FeedRequest, caller_token: str) -> FeedLink:
        """Make a feed and its address.

        Raises:
            NotFoundError: There is no such patient, practitioner, room or site in the caller's organization.
            UpstreamUnavailableError: Records is asked about a patient, and does not answer.
        """
        await self._require(request, caller_token)
        now = self._clock.now()
        feed = Feed(
            **request.model_dump(),
            id=FeedId(fresh_id(now)),
            created_at=now,
            created_by=self._account_id,
            rotated_at=now,
        )
        await storage.insert_feed(self._db, self._organization_id, feed)
        return await self._linked(feed)

    async def rotate(self, feed_id: FeedId) -> FeedLink:
        """Change a feed's address; the one before opens nothing any more, and what is in the feed keeps its names.

        Raises:
            NotFoundError: There is no such feed in the caller's organization.
        """
        feed = await storage.rotate(self._db, feed_id, self._clock.now())
        if feed is None:
            raise NotFoundError
        return await self._linked(feed)

    async def delete(self, feed_id: FeedId) -> None:
        """End a feed; its address is then as unknown as one that never was.

        Raises:
            NotFoundError: There is no such feed in the caller's organization.
        """
        if not await storage.delete_feed(self._db, feed_id):
            raise NotFoundError
        await storage.delete_token(self._db, self._organization_id, feed_id)

    async def _require(self, request: FeedRequest, caller_token: str) -> None:
        if request.subject is not FeedSubject.PATIENT:
            if not await storage.knows(self._read, request.subject, request.subject_id):
                raise NotFoundError
            return
        try:
            await self._records.patient_presence(caller_token, PatientId(request.subject_id))
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    async def _linked(self, feed: Feed) -> FeedLink:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await storage.put_token(self._db, self._organization_id, feed.id, hash_of(token))
        return FeedLink(**feed.model_dump(), path=f"/v1/feeds/{token}.ics")


@dataclass(frozen=True, slots=True)
class ServedCalendar:
    """A feed as it is served; `tag` tells one content of it from every other."""

    tag: str
    changed_at: datetime
    items: Sequence[Item]

    def document(self) -> bytes:
        """Write it as iCalendar."""
        return written(self.items)


@dataclass(frozen=True, slots=True)
class FeedUnit:
    """One transaction in which a feed is served; it reads what it has written."""

    db: UnitOfWork
    read: Read


FeedUnits = Callable[[], AbstractAsyncContextManager[FeedUnit]]


class PublicFeeds:
    """Serves feeds to whoever knows the address."""

    def __init__(self, lookups: Lookups, houses: OpenOrganizations, units: FeedUnits, clock: Clock) -> None:
        self._lookups = lookups
        self._houses = houses
        self._units = units
        self._clock = clock

    async def serve(self, token: str) -> ServedCalendar:
        """Return what a feed tells now, and remember it, so that a change is told as a change.

        Raises:
            NotFoundError: The secret opens nothing, or nothing any more, or its organization is closed: the same words.
            UpstreamUnavailableError: The gateway, which knows that, does not answer.
        """
        token_hash = hash_of(token)
        async with self._lookups() as read:
            organization_id = await storage.whose(read, token_hash)
        # The gateway may take its time: nothing of the database is held meanwhile.
        if organization_id is None or not await self._houses.is_open(organization_id):
            raise NotFoundError
        async with self._units() as unit:
            return await self._serve(unit, token_hash)

    async def _serve(self, unit: FeedUnit, token_hash: bytes) -> ServedCalendar:
        entered = await storage.enter_by_token(unit.db, token_hash)
        feed = None if entered is None else await storage.lock_feed(unit.db, entered.feed_id)
        if feed is None:
            raise NotFoundError
        now = self._clock.now()
        booked = await storage.book_of(unit.read, feed.subject, feed.subject_id, SHOWN, now - KEPT)
        served = [_read(item) for item in feed.served]
        items = told(feed.id, served, [_planned(session, feed) for session in booked], now)
        if feed.served_at is None or items != served:
            rows = [_row(item) for item in items]
            feed = replace(feed, revision=feed.revision + 1, served_at=now, served=rows)
            await storage.keep_served(unit.db, feed)
        return ServedCalendar(f'"{FORMAT}-{feed.revision}"', feed.served_at or now, items)


def _planned(session: BookedSession, feed: ServedFeed) -> Planned:
    place = ", ".join(filter(None, (session.site, session.room))) if session.on_site else None
    return Planned(session.id, session.start, session.end, place if feed.shows_location else None)


def _row(item: Item) -> dict[str, Any]:
    instants = {name: getattr(item, name).isoformat() for name in ("start", "end", "changed_at")}
    return {**asdict(item), "uid": str(item.uid), **instants}


def _read(row: dict[str, Any]) -> Item:
    instants = {name: datetime.fromisoformat(row[name]) for name in ("start", "end", "changed_at")}
    return Item(**{**row, "uid": UUID(row["uid"]), **instants})
