"""What all wiring of the scheduler starts from: a piece of work in one transaction, and the way to records."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork, driver_connection
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import BearerToken, Caller, Db, Now, organization_of, trail_of
from services.clients.gateway import OpenOrganizations
from services.clients.records import RecordsClient
from services.contracts.identifiers import AccountId, OrganizationId
from services.scheduler.closures.logic import ClosuresReader
from services.scheduler.disruptions.outages import OutagesReader
from services.scheduler.group_offerings.logic import GroupOfferingsReader
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.practitioners.logic import PractitionersReader
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.reach import CallersReach
from services.scheduler.setup_versions.logic import SetupVersionsReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.timetables.logic import TimetablesReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every change works with; it reads on its own connection, and so sees what it has written."""

    db: UnitOfWork
    organization_id: OrganizationId
    read: Read
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CallersWork(Work):
    """Work that somebody who is signed in has asked for."""

    account_id: AccountId


async def _command(db: Db, principal: Caller, clock: Now) -> CallersWork:
    read = Read(await driver_connection(db))
    return CallersWork(
        db=db, organization_id=organization_of(principal), read=read, clock=clock, account_id=principal.account_id
    )


async def _records(request: Request) -> RecordsClient:
    records: RecordsClient = request.app.state.records
    return records


async def _open_organizations(request: Request) -> OpenOrganizations:
    gateway: OpenOrganizations = request.app.state.gateway
    return gateway


async def _root_keys(request: Request) -> RootKeys:
    root_keys: RootKeys = request.app.state.root_keys
    return root_keys


def notices_in(work: Work) -> NoticesLogic:
    """Open the outbox within the transaction of the work."""
    return NoticesLogic(work.db, work.organization_id, SitesReader(work.read), work.clock)


def outages_in(read: Read) -> OutagesReader:
    """Read what is missing from weeks."""
    return OutagesReader(read, ClosuresReader(read, SitesReader(read)), setups_in(read))


def setups_in(read: Read) -> SetupsReader:
    """Read how sites are set up."""
    sites = SitesReader(read)
    return SetupsReader(
        sites, PractitionersReader(read, sites), GroupOfferingsReader(read, sites), SetupVersionsReader(read)
    )


def moved_weeks_in(read: Read) -> MovedWeeks:
    """Make what says what moved in a week, to whoever comes too late."""
    return MovedWeeks(read, sites=SitesReader(read), published=TimetablesReader(read), solves=SolvesReader(read))


Command = Annotated[CallersWork, Depends(_command)]
Houses = Annotated[OpenOrganizations, Depends(_open_organizations)]
Records = Annotated[RecordsClient, Depends(_records)]


async def _reach(request: Request, records: Records, principal: Caller, token: BearerToken) -> CallersReach:
    return CallersReach(records, principal, token, trail_of(request))


Reach = Annotated[CallersReach, Depends(_reach)]
TheRootKeys = Annotated[RootKeys, Depends(_root_keys)]
