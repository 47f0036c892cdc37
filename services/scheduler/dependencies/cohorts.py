"""The wiring of cohorts."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Reading
from services.scheduler.cohorts.logic import CohortsLogic, CohortsReader
from services.scheduler.dependencies.base import Command
from services.scheduler.sites.logic import SitesReader


async def _cohorts_read(read: Reading) -> CohortsReader:
    return CohortsReader(read, SitesReader(read))


async def _cohorts(command: Command) -> CohortsLogic:
    sites = SitesReader(command.read)
    reader = CohortsReader(command.read, sites)
    return CohortsLogic(command.db, command.organization_id, reader=reader, sites=sites, clock=command.clock)


Cohorts = Annotated[CohortsLogic, Depends(_cohorts)]
CohortsRead = Annotated[CohortsReader, Depends(_cohorts_read)]
