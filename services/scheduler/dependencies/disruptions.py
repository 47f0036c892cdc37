"""The wiring of disruptions."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read
from services.chassis.wiring import Reading
from services.scheduler.dependencies import Solves
from services.scheduler.dependencies.base import Command, Records, setups_in
from services.scheduler.dependencies.seats import freed_seats_in
from services.scheduler.disruptions.batches import DisruptionBatchesLogic, DisruptionBatchesReader
from services.scheduler.disruptions.logic import DisruptionsLogic, DisruptionsReader
from services.scheduler.practitioners.logic import PractitionersReader
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesReader


def _reader(read: Read) -> DisruptionsReader:
    return DisruptionsReader(read, SitesReader(read), SolvesReader(read), ProposalsReader(read))


async def _disruptions_read(read: Reading) -> DisruptionsReader:
    return _reader(read)


async def _disruptions(command: Command, records: Records, solves: Solves) -> DisruptionsLogic:
    sites = SitesReader(command.read)
    return DisruptionsLogic(
        command.db,
        command.organization_id,
        command.account_id,
        reader=_reader(command.read),
        sites=sites,
        practitioners=PractitionersReader(command.read, sites),
        records=records,
        solves=solves,
        freed_seats=freed_seats_in(command, records),
        clock=command.clock,
    )


def _batches_reader(read: Read) -> DisruptionBatchesReader:
    return DisruptionBatchesReader(_reader(read), SolvesReader(read))


async def _disruption_batches_read(read: Reading) -> DisruptionBatchesReader:
    return _batches_reader(read)


Disruptions = Annotated[DisruptionsLogic, Depends(_disruptions)]


async def _disruption_batches(command: Command, disruptions: Disruptions) -> DisruptionBatchesLogic:
    return DisruptionBatchesLogic(
        reader=_batches_reader(command.read),
        disruptions=disruptions,
        setups=setups_in(command.read),
        clock=command.clock,
    )


DisruptionBatches = Annotated[DisruptionBatchesLogic, Depends(_disruption_batches)]
DisruptionBatchesRead = Annotated[DisruptionBatchesReader, Depends(_disruption_batches_read)]
DisruptionsRead = Annotated[DisruptionsReader, Depends(_disruptions_read)]
