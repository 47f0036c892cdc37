"""The wiring of commitments: sources, previews, subscriptions and collisions."""

from typing import Annotated

from fastapi import Depends, Request

from services.chassis.wiring import Now, Reading
from services.scheduler.commitments.collisions import CollisionFinder, CollisionsReader
from services.scheduler.commitments.logic import (
    CommitmentPreviews,
    CommitmentSites,
    CommitmentsLogic,
    CommitmentsReader,
)
from services.scheduler.commitments.polling import Attempts, PollSchedule
from services.scheduler.commitments.readers import CalendarReaders
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.commitments.subscribing import SubscriptionPreviews, SubscriptionsLogic
from services.scheduler.dependencies.base import Command, Records, TheRootKeys, Work
from services.scheduler.keys.logic import KeysLogic
from services.scheduler.sites.logic import SitesReader


async def _calendar_readers(request: Request) -> CalendarReaders:
    readers: CalendarReaders = request.app.state.calendar_readers
    return readers


async def _remote_calendars(request: Request) -> RemoteCalendars:
    remote: RemoteCalendars = request.app.state.remote_calendars
    return remote


Readers = Annotated[CalendarReaders, Depends(_calendar_readers)]
Remote = Annotated[RemoteCalendars, Depends(_remote_calendars)]


async def _commitments_read(read: Reading) -> CommitmentsReader:
    return CommitmentsReader(read)


async def _collisions(read: Reading, clock: Now) -> CollisionsReader:
    return CollisionsReader(read, SitesReader(read), clock)


async def _previews(read: Reading, records: Records, readers: Readers, clock: Now) -> CommitmentPreviews:
    sites = SitesReader(read)
    return CommitmentPreviews(
        sites=CommitmentSites(records, sites),
        collisions=CollisionFinder(read, records, clock),
        readers=readers,
        clock=clock,
    )


Previews = Annotated[CommitmentPreviews, Depends(_previews)]


async def _subscription_previews(
    read: Reading, records: Records, previews: Previews, *, remote: Remote, readers: Readers, clock: Now
) -> SubscriptionPreviews:
    return SubscriptionPreviews(
        remote=remote,
        attempts=Attempts(remote, readers, clock),
        sites=CommitmentSites(records, SitesReader(read)),
        previews=previews,
    )


def _schedule_in(work: Work) -> PollSchedule:
    return PollSchedule(work.db, work.organization_id, work.clock)


async def _commitments(command: Command, records: Records, readers: Readers) -> CommitmentsLogic:
    sites = SitesReader(command.read)
    return CommitmentsLogic(
        command.db,
        command.organization_id,
        reader=CommitmentsReader(command.read),
        sites=CommitmentSites(records, sites),
        collisions=CollisionFinder(command.read, records, command.clock),
        readers=readers,
        schedule=_schedule_in(command),
        clock=command.clock,
    )


async def _subscriptions(command: Command, records: Records, remote: Remote, root: TheRootKeys) -> SubscriptionsLogic:
    return SubscriptionsLogic(
        command.db,
        command.organization_id,
        reader=CommitmentsReader(command.read),
        sites=CommitmentSites(records, SitesReader(command.read)),
        remote=remote,
        schedule=_schedule_in(command),
        keys=KeysLogic(command.db, command.read, command.organization_id, root, command.clock),
        clock=command.clock,
    )


Commitments = Annotated[CommitmentsLogic, Depends(_commitments)]
CommitmentsRead = Annotated[CommitmentsReader, Depends(_commitments_read)]
SubscriptionPreview = Annotated[SubscriptionPreviews, Depends(_subscription_previews)]
Subscriptions = Annotated[SubscriptionsLogic, Depends(_subscriptions)]
Collisions = Annotated[CollisionsReader, Depends(_collisions)]
