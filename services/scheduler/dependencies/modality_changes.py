"""The wiring of licences, and of sessions that are switched to telehealth or back."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Reading
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import Command, Records, notices_in, outages_in, setups_in
from services.scheduler.dependencies.transport import rides_in, transport_in
from services.scheduler.licences.logic import LicencesLogic, LicencesReader
from services.scheduler.modality_changes.logic import ModalityChangesLogic
from services.scheduler.notices.announcing import Announcements


async def _licences_read(read: Reading) -> LicencesReader:
    return LicencesReader(read)


async def _licences(command: Command) -> LicencesLogic:
    return LicencesLogic(command.db, command.organization_id, command.clock)


async def _modality_changes(command: Command, records: Records) -> ModalityChangesLogic:
    return ModalityChangesLogic(
        command.db,
        command.organization_id,
        command.account_id,
        setups=setups_in(command.read),
        licences=LicencesReader(command.read),
        commitments=CommitmentsReader(command.read),
        outages=outages_in(command.read),
        transport=transport_in(command),
        rides=rides_in(command),
        announcements=Announcements(notices_in(command), command.clock),
        records=records,
        clock=command.clock,
    )


Licences = Annotated[LicencesLogic, Depends(_licences)]
LicencesRead = Annotated[LicencesReader, Depends(_licences_read)]
ModalityChanges = Annotated[ModalityChangesLogic, Depends(_modality_changes)]
