"""The wiring of transport."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Reading
from services.scheduler.dependencies.base import Command, Work
from services.scheduler.sites.logic import SitesReader
from services.scheduler.transport.logic import TransportLogic, TransportReader


async def _transport_read(read: Reading) -> TransportReader:
    return TransportReader(read, SitesReader(read))


def transport_in(work: Work) -> TransportLogic:
    """Make what gives seats on the way and takes them back, within the transaction of the work."""
    sites = SitesReader(work.read)
    reader = TransportReader(work.read, sites)
    return TransportLogic(work.db, work.organization_id, reader=reader, sites=sites, clock=work.clock)


async def _transport(command: Command) -> TransportLogic:
    return transport_in(command)


Transport = Annotated[TransportLogic, Depends(_transport)]
TransportRead = Annotated[TransportReader, Depends(_transport_read)]
