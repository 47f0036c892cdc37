"""The wiring of transport."""

from typing import Annotated

from fastapi import Depends

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.wiring import Now, Reading
from services.scheduler.dependencies.base import Command, Records, Work, notices_in
from services.scheduler.notices.announcing import Announcements
from services.scheduler.sites.logic import SitesReader
from services.scheduler.transport.logic import TransportLogic, TransportReader
from services.scheduler.transport.riding import MissingRidesReader, RidesLogic, RidesReader
from services.scheduler.transport.vehicles_out import VehiclesOut


async def _transport_read(read: Reading) -> TransportReader:
    return TransportReader(read, SitesReader(read))


def transport_in(work: Work) -> TransportLogic:
    """Make what gives seats on the way and takes them back, within the transaction of the work."""
    sites = SitesReader(work.read)
    reader = TransportReader(work.read, sites)
    return TransportLogic(work.db, work.organization_id, reader=reader, sites=sites, clock=work.clock)


def rides_read_in(read: Read, clock: Clock) -> RidesReader:
    """Make what says who needs a ride and has none."""
    return RidesReader(read, SitesReader(read), clock)


def rides_in(work: Work) -> RidesLogic:
    """Make what gives who needs one a ride together with a seat, within the transaction of the work."""
    reader = rides_read_in(work.read, work.clock)
    return RidesLogic(work.db, work.organization_id, reader=reader, clock=work.clock)


async def _transport(command: Command) -> TransportLogic:
    return transport_in(command)


async def _vehicles_out(command: Command) -> VehiclesOut:
    return VehiclesOut(
        command.db,
        command.read,
        reader=TransportReader(command.read, SitesReader(command.read)),
        rides_reader=rides_read_in(command.read, command.clock),
        rides=rides_in(command),
        announcements=Announcements(notices_in(command), command.clock),
        clock=command.clock,
    )


async def _missing_rides_read(read: Reading, clock: Now, records: Records) -> MissingRidesReader:
    return MissingRidesReader(rides_read_in(read, clock), records)


TheVehiclesOut = Annotated[VehiclesOut, Depends(_vehicles_out)]
Transport = Annotated[TransportLogic, Depends(_transport)]
TransportRead = Annotated[TransportReader, Depends(_transport_read)]
MissingRidesRead = Annotated[MissingRidesReader, Depends(_missing_rides_read)]
