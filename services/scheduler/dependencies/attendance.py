"""The wiring of what is recorded of who came, and of what is owed for what was missed."""

from typing import Annotated

from fastapi import Depends

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.wiring import Now, Reading
from services.clients.records import RecordsClient
from services.scheduler.attendance.logic import AttendanceLogic, AttendanceReader, OwedHoursReader
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import Command, Records, Work, outages_in
from services.scheduler.dependencies.seats import bookings_in, telehealth_in
from services.scheduler.held_seats.logic import HeldSeatsReader
from services.scheduler.make_ups.logic import MakeUpsLogic, MakeUpsReader, OpenMakeUps
from services.scheduler.sites.logic import SitesReader
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader


def _make_ups_reader(read: Read, records: RecordsClient, clock: Clock) -> MakeUpsReader:
    sites = SitesReader(read)
    return MakeUpsReader(
        read,
        sites=sites,
        commitments=CommitmentsReader(read),
        records=records,
        outages=outages_in(read),
        held_seats=HeldSeatsReader(read, sites, CommitmentsReader(read), KeptWeeksReader(read, clock), clock),
        telehealth=telehealth_in(read),
        clock=clock,
    )


def make_ups_in(work: Work, records: RecordsClient) -> MakeUpsLogic:
    """Make what notes what is owed, within the transaction of the work."""
    return MakeUpsLogic(
        work.db,
        work.organization_id,
        reader=_make_ups_reader(work.read, records, work.clock),
        bookings=bookings_in(work, records),
        clock=work.clock,
    )


async def _make_ups_read(read: Reading, records: Records, clock: Now) -> MakeUpsReader:
    return _make_ups_reader(read, records, clock)


async def _make_ups(command: Command, records: Records) -> MakeUpsLogic:
    return make_ups_in(command, records)


async def _attendance_read(read: Reading) -> AttendanceReader:
    return AttendanceReader(read)


async def _owed_hours_read(read: Reading, records: Records, clock: Now) -> OwedHoursReader:
    return OwedHoursReader(read, records, OpenMakeUps(read), clock)


async def _attendances(command: Command, records: Records) -> AttendanceLogic:
    return AttendanceLogic(
        command.db,
        command.organization_id,
        command.account_id,
        bookings=bookings_in(command, records),
        make_ups=make_ups_in(command, records),
        clock=command.clock,
    )


MakeUps = Annotated[MakeUpsLogic, Depends(_make_ups)]
MakeUpsRead = Annotated[MakeUpsReader, Depends(_make_ups_read)]
Attendances = Annotated[AttendanceLogic, Depends(_attendances)]
AttendanceRead = Annotated[AttendanceReader, Depends(_attendance_read)]
OwedHoursRead = Annotated[OwedHoursReader, Depends(_owed_hours_read)]
