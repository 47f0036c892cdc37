"""The wiring of reassignments: they publish as going back does."""

from typing import Annotated

from fastapi import Depends

from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.dependencies import Republishes
from services.scheduler.dependencies.base import Command, moved_weeks_in
from services.scheduler.reassignments.logic import ReassignmentsLogic
from services.scheduler.sites.logic import SitesReader
from services.scheduler.timetables.logic import TimetablesReader


async def _reassignments(command: Command, republishing: Republishes) -> ReassignmentsLogic:
    return ReassignmentsLogic(
        command.read,
        command.account_id,
        republishing=republishing,
        published=TimetablesReader(command.read),
        moved_weeks=moved_weeks_in(command.read),
        appointments=AppointmentsReader(command.read, SitesReader(command.read), command.clock),
        clock=command.clock,
    )


Reassignments = Annotated[ReassignmentsLogic, Depends(_reassignments)]
