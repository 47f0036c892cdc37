"""The wiring of what staff see of their own work."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Now, Reading, organization_of
from services.scheduler.dependencies.base import Command, TheRootKeys
from services.scheduler.keys.logic import KeysLogic, KeysReader
from services.scheduler.own_schedules.logic import OwnNoticePreferencesReader, OwnSchedulesLogic, OwnSchedulesReader


async def _own_schedules_read(read: Reading, clock: Now) -> OwnSchedulesReader:
    return OwnSchedulesReader(read, clock)


async def _own_notice_preferences_read(
    read: Reading, principal: Caller, root: TheRootKeys
) -> OwnNoticePreferencesReader:
    return OwnNoticePreferencesReader(read, KeysReader(read, organization_of(principal), root))


async def _own_schedules(command: Command, root: TheRootKeys) -> OwnSchedulesLogic:
    return OwnSchedulesLogic(
        command.db,
        command.organization_id,
        command.account_id,
        reader=OwnNoticePreferencesReader(command.read, KeysReader(command.read, command.organization_id, root)),
        keys=KeysLogic(command.db, command.read, command.organization_id, root, command.clock),
        clock=command.clock,
    )


OwnNoticePreferencesRead = Annotated[OwnNoticePreferencesReader, Depends(_own_notice_preferences_read)]
OwnSchedules = Annotated[OwnSchedulesLogic, Depends(_own_schedules)]
OwnSchedulesRead = Annotated[OwnSchedulesReader, Depends(_own_schedules_read)]
