"""The scheduler's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.chassis.app import Lifespan, create_app
from services.chassis.fetching import Fetcher
from services.chassis.process import open_process
from services.chassis.root_keys import RootKeys
from services.clients.gateway import GatewayClient
from services.clients.records import RecordsClient
from services.contracts.identity import Microservice
from services.scheduler.appointments.routes import router as appointments
from services.scheduler.attendance.routes import router as attendance
from services.scheduler.bookings.routes import router as bookings
from services.scheduler.census.routes import router as census
from services.scheduler.closures.routes import router as closures
from services.scheduler.cohorts.routes import router as cohorts
from services.scheduler.commitments.readers import LARGEST_CALENDAR, CalendarReaders
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.commitments.routes import router as commitments
from services.scheduler.dependencies.replays import decide_again
from services.scheduler.disruptions.routes import router as disruptions
from services.scheduler.fairness.routes import router as fairness
from services.scheduler.feeds.routes import router as feeds
from services.scheduler.group_offerings.routes import router as group_offerings
from services.scheduler.group_openings.routes import router as group_openings
from services.scheduler.group_series.routes import router as group_series
from services.scheduler.held_seats.routes import router as held_seats
from services.scheduler.horizon.routes import router as horizon
from services.scheduler.kpis.routes import router as kpis
from services.scheduler.licences.routes import router as licences
from services.scheduler.make_ups.routes import router as make_ups
from services.scheduler.modality_changes.routes import router as modality_changes
from services.scheduler.notice_preferences.routes import router as notice_preferences
from services.scheduler.notice_providers.routes import router as notice_providers
from services.scheduler.notices.channel import WebhookChannel
from services.scheduler.notices.routes import router as notices
from services.scheduler.offers.routes import router as offers
from services.scheduler.own_schedules.routes import router as own_schedules
from services.scheduler.placements.routes import router as placements
from services.scheduler.practitioners.routes import router as practitioners
from services.scheduler.proposals.routes import router as proposals
from services.scheduler.reassignments.routes import router as reassignments
from services.scheduler.rule_packs.routes import router as rule_packs
from services.scheduler.settings import SchedulerSettings
from services.scheduler.setup_changes.routes import router as setup_changes
from services.scheduler.sites.routes import router as sites
from services.scheduler.solves.routes import router as solves
from services.scheduler.solves.watching import SolveWatch
from services.scheduler.swaps.routes import router as swaps
from services.scheduler.timetables.routes import router as timetables
from services.scheduler.transport.routes import router as transport
from services.scheduler.waitlist.routes import router as waitlist
from services.scheduler.week_changes.routes import router as week_changes
from services.scheduler.weekly_held_seats.routes import router as weekly_held_seats

# Matching is linear, so what is asked most comes first.
_ROUTERS = (
    solves,
    appointments,
    bookings,
    placements,
    attendance,
    make_ups,
    swaps,
    licences,
    modality_changes,
    transport,
    timetables,
    reassignments,
    proposals,
    commitments,
    feeds,
    sites,
    practitioners,
    group_offerings,
    group_openings,
    setup_changes,
    waitlist,
    disruptions,
    notices,
    closures,
    group_series,
    notice_preferences,
    notice_providers,
    offers,
    census,
    kpis,
    week_changes,
    fairness,
    rule_packs,
    horizon,
    held_seats,
    weekly_held_seats,
    own_schedules,
    cohorts,
)


def build(lifespan: Lifespan) -> FastAPI:
    """Assemble the application; `lifespan` opens what it needs."""
    app = create_app(Microservice.SCHEDULER, _ROUTERS, lifespan=lifespan)
    app.state.calendar_readers = CalendarReaders()
    app.state.remote_calendars = RemoteCalendars(Fetcher(largest=LARGEST_CALENDAR))
    app.state.message_channel = WebhookChannel()
    app.state.decides_again = decide_again
    app.state.solve_watch = SolveWatch(lambda: app.state.process.database)
    return app


def application() -> FastAPI:
    """Return the application of this process, with its settings read.

    Raises:
        RootKeyError: The file of the root key does not hold a key.
    """
    settings = SchedulerSettings.read()
    root_keys = RootKeys.read(settings.root_key_file)
    fetcher = Fetcher(largest=LARGEST_CALENDAR, allows_loopback=settings.loopback_calendars)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_process(Microservice.SCHEDULER, settings) as opened:
            gateway = GatewayClient(opened.http, str(settings.gateway_url))
            app.state.process = opened.process
            app.state.root_keys = root_keys
            app.state.remote_calendars = RemoteCalendars(fetcher)
            app.state.message_channel = WebhookChannel(allows_loopback=settings.loopback_providers)
            app.state.gateway = gateway
            app.state.records = RecordsClient(opened.http, str(settings.records_url), gateway)
            yield

    return build(lifespan)
