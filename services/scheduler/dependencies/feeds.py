"""The wiring of feeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Now, PublicDoors, Reading
from services.scheduler.dependencies.base import Command, Houses, Records
from services.scheduler.feeds.logic import FeedsLogic, FeedsReader, FeedUnit, PublicFeeds


async def _feeds_read(read: Reading) -> FeedsReader:
    return FeedsReader(read)


async def _callers_feeds(command: Command, records: Records) -> FeedsLogic:
    return FeedsLogic(
        command.db,
        command.organization_id,
        command.account_id,
        read=command.read,
        records=records,
        clock=command.clock,
    )


async def _public_feeds(doors: PublicDoors, houses: Houses, clock: Now) -> PublicFeeds:
    @asynccontextmanager
    async def unit() -> AsyncIterator[FeedUnit]:
        async with doors.unit() as db:
            yield FeedUnit(db, Read(await driver_connection(db)))

    return PublicFeeds(doors.lookup, houses, unit, clock)


CallersFeeds = Annotated[FeedsLogic, Depends(_callers_feeds)]
Feeds = Annotated[PublicFeeds, Depends(_public_feeds)]
FeedsRead = Annotated[FeedsReader, Depends(_feeds_read)]
