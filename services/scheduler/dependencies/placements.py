"""The wiring of placements: what recommends and explains only reads, what takes one books it."""

from typing import Annotated

from fastapi import Depends

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.wiring import Now, Reading
from services.clients.records import RecordsClient
from services.scheduler.appointments.logic import AppointmentsLogic, AppointmentsReader
from services.scheduler.cohorts.logic import CohortMates
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import Command, Records, moved_weeks_in, notices_in, outages_in, setups_in
from services.scheduler.dependencies.seats import bookings_in, telehealth_in
from services.scheduler.dependencies.transport import rides_in, rides_read_in
from services.scheduler.held_seats.logic import HeldSeatsReader
from services.scheduler.make_ups.logic import MissedReader
from services.scheduler.make_ups.planned import PlannedMakeUps
from services.scheduler.notices.announcing import Announcements
from services.scheduler.placements.gathering import BookedWeeks
from services.scheduler.placements.logic import PlacementsLogic, PlacementsReader
from services.scheduler.placements.losses import LossesReader
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesReader, WeekFacts
from services.scheduler.timetables.logic import TimetablesReader, WeekHolds
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader


def booked_weeks_in(read: Read, records: RecordsClient, clock: Clock) -> BookedWeeks:
    """Make what gathers a published week as it is booked."""
    sites = SitesReader(read)
    appointments = AppointmentsReader(read, sites, clock)
    facts = WeekFacts(
        setups=setups_in(read),
        commitments=CommitmentsReader(read),
        rules=RulePacksReader(read, sites),
        # One person is placed, and nobody's week is weighed against another's.
        burdens=None,
        timetables=TimetablesReader(read),
        appointments=appointments,
        outages=outages_in(read),
        missed=MissedReader(read, clock),
        records=records,
        clock=clock,
    )
    held_seats = HeldSeatsReader(read, sites, CommitmentsReader(read), KeptWeeksReader(read, clock), clock)
    return BookedWeeks(facts, appointments=appointments, held_seats=held_seats, clock=clock)


async def _placements_read(read: Reading, records: Records, clock: Now) -> PlacementsReader:
    weeks = booked_weeks_in(read, records, clock)
    return PlacementsReader(weeks, CommitmentsReader(read), rides_read_in(read, clock), CohortMates(read))


async def _losses_read(read: Reading) -> LossesReader:
    return LossesReader(
        proposals=ProposalsReader(read),
        solves=SolvesReader(read),
        sites=SitesReader(read),
        commitments=CommitmentsReader(read),
    )


async def _placements(command: Command, records: Records) -> PlacementsLogic:
    return PlacementsLogic(
        weeks=booked_weeks_in(command.read, records, command.clock),
        holds=WeekHolds(command.db, TimetablesReader(command.read)),
        moved_weeks=moved_weeks_in(command.read),
        bookings=bookings_in(command, records),
        appointments=AppointmentsLogic(command.db, command.organization_id, command.clock),
        rides=rides_in(command),
        telehealth=telehealth_in(command.read),
        make_ups=PlannedMakeUps(command.db, command.read),
        announcements=Announcements(notices_in(command), command.clock),
    )


LossesRead = Annotated[LossesReader, Depends(_losses_read)]
Placements = Annotated[PlacementsLogic, Depends(_placements)]
PlacementsRead = Annotated[PlacementsReader, Depends(_placements_read)]
