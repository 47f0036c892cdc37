"""The wiring of swaps: they reach into the seats, what is recorded of who came, and the outbox."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import BearerToken, Reading
from services.scheduler.attendance.logic import AttendanceReader
from services.scheduler.bookings.exchange import ExchangeLogic
from services.scheduler.bookings.partners import PartnersReader
from services.scheduler.dependencies.attendance import make_ups_in
from services.scheduler.dependencies.base import Command, Records, notices_in, outages_in
from services.scheduler.dependencies.seats import freed_seats_in, held_seats_in, seat_rules_in
from services.scheduler.dependencies.transport import rides_in, rides_read_in
from services.scheduler.notices.announcing import Announcements
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.swaps.hours import PlannedHoursReader
from services.scheduler.swaps.logic import SwapsLogic, SwapsReader


async def _swaps_read(read: Reading) -> SwapsReader:
    return SwapsReader(read, SitesReader(read))


async def _swaps(command: Command, records: Records, token: BearerToken) -> SwapsLogic:
    rules = RulePacksReader(command.read, SitesReader(command.read))
    exchange = ExchangeLogic(
        command.db,
        command.organization_id,
        outages=outages_in(command.read),
        held_seats=held_seats_in(command),
        rules=seat_rules_in(command),
        hours=PlannedHoursReader(records, rules, token),
        rides=rides_in(command),
        rides_read=rides_read_in(command.read, command.clock),
        freed_seats=freed_seats_in(command, records),
        clock=command.clock,
    )
    return SwapsLogic(
        command.db,
        command.organization_id,
        command.account_id,
        exchange=exchange,
        partners=PartnersReader(command.db, exchange=exchange, outages=outages_in(command.read), clock=command.clock),
        attendance=AttendanceReader(command.read),
        make_ups=make_ups_in(command, records),
        announcements=Announcements(notices_in(command), command.clock),
        records=records,
        clock=command.clock,
    )


Swaps = Annotated[SwapsLogic, Depends(_swaps)]
SwapsRead = Annotated[SwapsReader, Depends(_swaps_read)]
