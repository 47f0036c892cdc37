"""The wiring of changes of the setup: they look into the book, and change nothing of it."""

from typing import Annotated

from fastapi import Depends

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.wiring import Now, Reading
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.dependencies import GroupOfferings, Practitioners, Sites
from services.scheduler.dependencies.base import Command, moved_weeks_in, outages_in, setups_in
from services.scheduler.setup_changes.logic import SetupChangesLogic, SetupCollisionsReader
from services.scheduler.setup_versions.logic import SetupVersionsLogic
from services.scheduler.sites.logic import SitesReader
from services.scheduler.timetables.logic import TimetablesReader


def _reader(read: Read, clock: Clock) -> SetupCollisionsReader:
    return SetupCollisionsReader(
        read,
        setups=setups_in(read),
        appointments=AppointmentsReader(read, SitesReader(read), clock),
        timetables=TimetablesReader(read),
        outages=outages_in(read),
        moved_weeks=moved_weeks_in(read),
        clock=clock,
    )


async def _collisions_read(read: Reading, clock: Now) -> SetupCollisionsReader:
    return _reader(read, clock)


async def _changes(
    command: Command, sites: Sites, practitioners: Practitioners, group_offerings: GroupOfferings
) -> SetupChangesLogic:
    return SetupChangesLogic(
        command.db,
        collisions=_reader(command.read, command.clock),
        versions=SetupVersionsLogic(command.db, command.organization_id, command.clock),
        sites=sites,
        practitioners=practitioners,
        group_offerings=group_offerings,
        clock=command.clock,
    )


SetupChanges = Annotated[SetupChangesLogic, Depends(_changes)]
SetupCollisionsRead = Annotated[SetupCollisionsReader, Depends(_collisions_read)]
