"""The wiring of feeds."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Now, PublicDb, Reading
from services.scheduler.dependencies.base import Command, Houses, Records
from services.scheduler.feeds.logic import FeedsLogic, FeedsReader, PublicFeeds


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


async def _public_feeds(db: PublicDb, houses: Houses, clock: Now) -> PublicFeeds:
    return PublicFeeds(db, Read(await driver_connection(db)), houses, clock)


CallersFeeds = Annotated[FeedsLogic, Depends(_callers_feeds)]
Feeds = Annotated[PublicFeeds, Depends(_public_feeds)]
FeedsRead = Annotated[FeedsReader, Depends(_feeds_read)]
