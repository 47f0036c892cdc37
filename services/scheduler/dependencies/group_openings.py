"""The wiring of group openings: they look into the book as placements do, and publish as going back does."""

from typing import Annotated

from fastapi import Depends

from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.dependencies import Republishes
from services.scheduler.dependencies.base import Command, Records, moved_weeks_in
from services.scheduler.dependencies.placements import booked_weeks_in
from services.scheduler.group_openings.logic import GroupOpeningsLogic
from services.scheduler.sites.logic import SitesReader
from services.scheduler.timetables.logic import TimetablesReader


async def _group_openings(command: Command, records: Records, republishing: Republishes) -> GroupOpeningsLogic:
    return GroupOpeningsLogic(
        command.account_id,
        weeks=booked_weeks_in(command.read, records, command.clock),
        republishing=republishing,
        published=TimetablesReader(command.read),
        appointments=AppointmentsReader(command.read, SitesReader(command.read), command.clock),
        moved_weeks=moved_weeks_in(command.read),
        clock=command.clock,
    )


GroupOpenings = Annotated[GroupOpeningsLogic, Depends(_group_openings)]
