"""The wiring of the scheduler's subjects, readable from top to bottom."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.clock import Clock
from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Caller, Db, Now, Reading, organization_of
from services.clients.records import RecordsClient
from services.contracts.identifiers import OrganizationId
from services.scheduler.appointments.logic import AppointmentsLogic, AppointmentsReader
from services.scheduler.commitments.logic import CalendarReaders, CommitmentsLogic, CommitmentsReader
from services.scheduler.group_offerings.logic import GroupOfferingsLogic, GroupOfferingsReader
from services.scheduler.practitioners.logic import PractitionersLogic, PractitionersReader
from services.scheduler.proposals.logic import ProposalsLogic, ProposalsReader
from services.scheduler.sites.logic import SitesLogic, SitesReader
from services.scheduler.solves.logic import SolvesLogic, SolvesReader, WeekFacts
from services.scheduler.timetables.logic import TimetablesLogic, TimetablesReader


@dataclass(frozen=True, slots=True)
class _Command:
    """What every command works with; it reads on its own connection, and so sees what it has written."""

    db: AsyncSession
    organization_id: OrganizationId
    read: Read
    clock: Clock


async def _command(db: Db, principal: Caller, clock: Now) -> _Command:
    return _Command(db, organization_of(principal), Read(await driver_connection(db)), clock)


def _records(request: Request) -> RecordsClient:
    records: RecordsClient = request.app.state.records
    return records


def _calendar_readers(request: Request) -> CalendarReaders:
    readers: CalendarReaders = request.app.state.calendar_readers
    return readers


Command = Annotated[_Command, Depends(_command)]
Records = Annotated[RecordsClient, Depends(_records)]


def _sites_read(read: Reading) -> SitesReader:
    return SitesReader(read)


def _sites(command: Command) -> SitesLogic:
    return SitesLogic(command.db, command.organization_id, SitesReader(command.read), command.clock)


def _practitioners_read(read: Reading) -> PractitionersReader:
    return PractitionersReader(read, SitesReader(read))


def _practitioners(command: Command) -> PractitionersLogic:
    return PractitionersLogic(command.db, command.organization_id, SitesReader(command.read), command.clock)


def _group_offerings_read(read: Reading) -> GroupOfferingsReader:
    return GroupOfferingsReader(read, SitesReader(read))


def _group_offerings(command: Command) -> GroupOfferingsLogic:
    return GroupOfferingsLogic(command.db, command.organization_id, SitesReader(command.read), command.clock)


def _commitments_read(read: Reading) -> CommitmentsReader:
    return CommitmentsReader(read)


def _commitments(
    command: Command, records: Records, readers: Annotated[CalendarReaders, Depends(_calendar_readers)]
) -> CommitmentsLogic:
    return CommitmentsLogic(
        command.db,
        command.organization_id,
        sites=SitesReader(command.read),
        records=records,
        readers=readers,
        clock=command.clock,
    )


def _solves_read(read: Reading) -> SolvesReader:
    return SolvesReader(read)


def _solves(command: Command, records: Records) -> SolvesLogic:
    sites = SitesReader(command.read)
    facts = WeekFacts(
        sites=sites,
        practitioners=PractitionersReader(command.read, sites),
        offerings=GroupOfferingsReader(command.read, sites),
        commitments=CommitmentsReader(command.read),
        timetables=TimetablesReader(command.read),
        records=records,
    )
    reader = SolvesReader(command.read)
    return SolvesLogic(command.db, command.organization_id, reader=reader, facts=facts, clock=command.clock)


def _proposals_read(read: Reading) -> ProposalsReader:
    return ProposalsReader(read)


def _proposals(command: Command) -> ProposalsLogic:
    published = TimetablesReader(command.read)
    return ProposalsLogic(
        command.db,
        reader=ProposalsReader(command.read),
        sites=SitesReader(command.read),
        solves=SolvesReader(command.read),
        commitments=CommitmentsReader(command.read),
        published=published,
        timetables=TimetablesLogic(command.db, command.organization_id, published),
        appointments=AppointmentsLogic(command.db, command.organization_id, command.clock),
        clock=command.clock,
    )


def _timetables_read(read: Reading) -> TimetablesReader:
    return TimetablesReader(read)


def _appointments_read(read: Reading) -> AppointmentsReader:
    return AppointmentsReader(read, SitesReader(read))


Sites = Annotated[SitesLogic, Depends(_sites)]
SitesRead = Annotated[SitesReader, Depends(_sites_read)]
Practitioners = Annotated[PractitionersLogic, Depends(_practitioners)]
PractitionersRead = Annotated[PractitionersReader, Depends(_practitioners_read)]
GroupOfferings = Annotated[GroupOfferingsLogic, Depends(_group_offerings)]
GroupOfferingsRead = Annotated[GroupOfferingsReader, Depends(_group_offerings_read)]
Commitments = Annotated[CommitmentsLogic, Depends(_commitments)]
CommitmentsRead = Annotated[CommitmentsReader, Depends(_commitments_read)]
Solves = Annotated[SolvesLogic, Depends(_solves)]
SolvesRead = Annotated[SolvesReader, Depends(_solves_read)]
Proposals = Annotated[ProposalsLogic, Depends(_proposals)]
ProposalsRead = Annotated[ProposalsReader, Depends(_proposals_read)]
TimetablesRead = Annotated[TimetablesReader, Depends(_timetables_read)]
AppointmentsRead = Annotated[AppointmentsReader, Depends(_appointments_read)]
