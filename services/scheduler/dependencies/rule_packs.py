"""The wiring of rule packs."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Now, Reading
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.attendance.history import AttendedReader
from services.scheduler.dependencies.base import Command, Records
from services.scheduler.rule_packs.findings import RuleFindingsReader
from services.scheduler.rule_packs.logic import RulePacksLogic, RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.timetables.logic import TimetablesReader


async def _rules_read(read: Reading) -> RulePacksReader:
    return RulePacksReader(read, SitesReader(read))


async def _settings(command: Command) -> RulePacksLogic:
    reader = RulePacksReader(command.read, SitesReader(command.read))
    return RulePacksLogic(command.db, command.organization_id, command.account_id, reader, command.clock)


async def _findings(read: Reading, records: Records, clock: Now) -> RuleFindingsReader:
    sites = SitesReader(read)
    return RuleFindingsReader(
        sites=sites,
        rules=RulePacksReader(read, sites),
        timetables=TimetablesReader(read),
        appointments=AppointmentsReader(read, sites, clock),
        attended=AttendedReader(read),
        records=records,
    )


RulesRead = Annotated[RulePacksReader, Depends(_rules_read)]
RuleSettingsChanges = Annotated[RulePacksLogic, Depends(_settings)]
RuleFindingsRead = Annotated[RuleFindingsReader, Depends(_findings)]
