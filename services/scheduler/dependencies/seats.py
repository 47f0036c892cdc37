"""The wiring of what gives people seats one at a time: bookings, the waitlist, offers.

All of it is a coroutine where FastAPI calls it: what is not `async` would be sent to a thread.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends

from services.chassis.clock import Clock
from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Now, PublicDoors, Reading
from services.clients.records import RecordsClient
from services.contracts.identifiers import OrganizationId
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.bookings.seat_rules import SeatRules, TelehealthRules
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import Command, Houses, Records, Work, notices_in, outages_in
from services.scheduler.dependencies.transport import rides_in
from services.scheduler.group_offerings.logic import GroupOfferingsReader
from services.scheduler.held_seats.logic import HeldSeatsLogic, HeldSeatsReader
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.notices.announcing import Announcements
from services.scheduler.offers.answers import AnswerUnit, OfferAnswersLogic, OfferedTimesLogic
from services.scheduler.offers.automatic import AutomaticOffers
from services.scheduler.offers.lapses import HoldLapses
from services.scheduler.offers.logic import OffersLogic, OffersReader, Seatings
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.waitlist.logic import WaitlistLogic, WaitlistReader
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader, WeeklyHeldSeatsLogic, WeeklyHeldSeatsReader


def _waitlist_in(work: Work) -> WaitlistLogic:
    sites = SitesReader(work.read)
    reader = WaitlistReader(work.read, sites, work.clock)
    return WaitlistLogic(work.db, work.organization_id, reader=reader, sites=sites, clock=work.clock)


def held_seats_in(work: Work) -> HeldSeatsReader:
    """Make what knows which free seats are kept."""
    return _held_seats_in(work.read, work.clock)


def _held_seats_in(read: Read, clock: Clock) -> HeldSeatsReader:
    return HeldSeatsReader(read, SitesReader(read), CommitmentsReader(read), KeptWeeksReader(read, clock), clock)


def _offers_in(work: Work, records: Seatings) -> OffersLogic:
    sites = SitesReader(work.read)
    return OffersLogic(
        work.db,
        work.organization_id,
        read=work.read,
        reader=OffersReader(work.read, sites, work.clock),
        sites=sites,
        waitlist=WaitlistReader(work.read, sites, work.clock),
        commitments=CommitmentsReader(work.read),
        records=records,
        outages=outages_in(work.read),
        held_seats=held_seats_in(work),
        telehealth=telehealth_in(work.read),
        notices=notices_in(work),
        clock=work.clock,
    )


def telehealth_in(read: Read) -> TelehealthRules:
    """Make what knows what a session by telehealth demands."""
    return TelehealthRules(read, LicencesReader(read))


def seat_rules_in(work: Work) -> SeatRules:
    """Make what says what speaks against a seat."""
    return SeatRules(
        work.db,
        commitments=CommitmentsReader(work.read),
        rules=RulePacksReader(work.read, SitesReader(work.read)),
        telehealth=telehealth_in(work.read),
    )


def freed_seats_in(work: Work, records: Seatings) -> AutomaticOffers:
    """Make what offers a seat that gets free, where its site wants that."""
    offers_read = OffersReader(work.read, SitesReader(work.read), work.clock)
    return AutomaticOffers(_offers_in(work, records), offers_read, work.read, work.clock)


def _hold_lapses_in(work: Work, records: RecordsClient) -> HoldLapses:
    return HoldLapses(
        work.db,
        work.organization_id,
        read=work.read,
        offers=_offers_in(work, records),
        reader=OffersReader(work.read, SitesReader(work.read), work.clock),
        clock=work.clock,
    )


def bookings_in(work: Work, records: RecordsClient) -> BookingsLogic:
    """Make what books and gives back seats; a seat given back is offered where its site wants that."""
    return BookingsLogic(
        work.db,
        work.organization_id,
        records=records,
        outages=outages_in(work.read),
        held_seats=held_seats_in(work),
        rules=seat_rules_in(work),
        rides=rides_in(work),
        freed_seats=freed_seats_in(work, records),
        hold_lapses=_hold_lapses_in(work, records),
        announcements=Announcements(notices_in(work), work.clock),
        clock=work.clock,
    )


def _answers_in(work: Work, records: RecordsClient) -> OfferAnswersLogic:
    return OfferAnswersLogic(
        work.db,
        work.organization_id,
        read=work.read,
        offers=OffersReader(work.read, SitesReader(work.read), work.clock),
        waitlist=_waitlist_in(work),
        bookings=bookings_in(work, records),
        notices=notices_in(work),
        clock=work.clock,
    )


async def _bookings(command: Command, records: Records) -> BookingsLogic:
    return bookings_in(command, records)


async def _held_seats_read(read: Reading, clock: Now) -> HeldSeatsReader:
    return _held_seats_in(read, clock)


async def _held_seats(command: Command, records: Records) -> HeldSeatsLogic:
    return HeldSeatsLogic(
        command.db,
        command.organization_id,
        command.account_id,
        sites=SitesReader(command.read),
        bookings=bookings_in(command, records),
        clock=command.clock,
    )


async def _weekly_held_seats_read(read: Reading) -> WeeklyHeldSeatsReader:
    return WeeklyHeldSeatsReader(read, GroupOfferingsReader(read, SitesReader(read)))


async def _weekly_held_seats(command: Command) -> WeeklyHeldSeatsLogic:
    offerings = GroupOfferingsReader(command.read, SitesReader(command.read))
    reader = WeeklyHeldSeatsReader(command.read, offerings)
    return WeeklyHeldSeatsLogic(command.db, command.organization_id, reader)


async def _waitlist_read(read: Reading, clock: Now) -> WaitlistReader:
    return WaitlistReader(read, SitesReader(read), clock)


async def _waitlist(command: Command) -> WaitlistLogic:
    return _waitlist_in(command)


async def _offers(command: Command, records: Records) -> OffersLogic:
    return _offers_in(command, records)


async def _offers_read(read: Reading, clock: Now) -> OffersReader:
    return OffersReader(read, SitesReader(read), clock)


async def _offer_answers(command: Command, records: Records) -> OfferAnswersLogic:
    return _answers_in(command, records)


async def _offered_times(doors: PublicDoors, clock: Now, records: Records, houses: Houses) -> OfferedTimesLogic:
    @asynccontextmanager
    async def unit() -> AsyncIterator[AnswerUnit]:
        async with doors.unit() as db:
            read = Read(await driver_connection(db))

            def answers(organization_id: OrganizationId) -> OfferAnswersLogic:
                return _answers_in(Work(db=db, organization_id=organization_id, read=read, clock=clock), records)

            yield AnswerUnit(db, answers)

    return OfferedTimesLogic(doors.lookup, houses, unit)


Bookings = Annotated[BookingsLogic, Depends(_bookings)]
HeldSeats = Annotated[HeldSeatsLogic, Depends(_held_seats)]
HeldSeatsRead = Annotated[HeldSeatsReader, Depends(_held_seats_read)]
WeeklyHeldSeats = Annotated[WeeklyHeldSeatsLogic, Depends(_weekly_held_seats)]
WeeklyHeldSeatsRead = Annotated[WeeklyHeldSeatsReader, Depends(_weekly_held_seats_read)]
Waitlist = Annotated[WaitlistLogic, Depends(_waitlist)]
WaitlistRead = Annotated[WaitlistReader, Depends(_waitlist_read)]
Offers = Annotated[OffersLogic, Depends(_offers)]
OffersRead = Annotated[OffersReader, Depends(_offers_read)]
OfferAnswers = Annotated[OfferAnswersLogic, Depends(_offer_answers)]
OfferedTimes = Annotated[OfferedTimesLogic, Depends(_offered_times)]
