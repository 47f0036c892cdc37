"""The wiring of closures: they reach into the book, the outbox and the solver's queue."""

from contextlib import suppress
from datetime import date
from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Reading
from services.contracts.identifiers import SiteId, SolveId
from services.contracts.scheduler.solves import SolveRequest
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.closures.logic import ClosuresLogic, ClosuresReader
from services.scheduler.closures.video import VideoReader
from services.scheduler.dependencies import Solves
from services.scheduler.dependencies.base import Command, Records, notices_in
from services.scheduler.dependencies.transport import rides_in, transport_in
from services.scheduler.errors import SolveFinishedError
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesLogic


class _Replanning:
    """Has a published week repaired and any other solved."""

    def __init__(self, solves: SolvesLogic) -> None:
        self._solves = solves

    async def replan(self, site_id: SiteId, week: date, caller_token: str) -> SolveId:
        """Ask for a week and return the solve."""
        repair = await self._solves.repair(site_id, week, caller_token)
        request = SolveRequest(site_id=site_id, week=week)
        return (repair or await self._solves.create(request, caller_token)).id

    async def give_up(self, solve_id: SolveId) -> None:
        """Cancel a solve that is not finished."""
        with suppress(SolveFinishedError):
            await self._solves.cancel(solve_id)


async def _closures_read(read: Reading) -> ClosuresReader:
    return ClosuresReader(read, SitesReader(read))


async def _closures(command: Command, records: Records, solves: Solves) -> ClosuresLogic:
    sites = SitesReader(command.read)
    return ClosuresLogic(
        command.db,
        command.organization_id,
        command.account_id,
        reader=ClosuresReader(command.read, sites),
        sites=sites,
        appointments=AppointmentsLogic(command.db, command.organization_id, command.clock),
        notices=notices_in(command),
        records=records,
        replanning=_Replanning(solves),
        transport=transport_in(command),
        rides=rides_in(command),
        video=VideoReader(LicencesReader(command.read)),
        clock=command.clock,
    )


Closures = Annotated[ClosuresLogic, Depends(_closures)]
ClosuresRead = Annotated[ClosuresReader, Depends(_closures_read)]
