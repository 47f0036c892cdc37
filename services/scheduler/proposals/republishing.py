"""How a week is published without a solver: an earlier version, or one that was changed by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.identifiers import AccountId, SiteId, TimetableId
from services.contracts.scheduler.republications import RepublicationRequest
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.bookings.logic import FreedSeats
from services.scheduler.closures.logic import ClosureGuard
from services.scheduler.errors import WeekMovedError
from services.scheduler.make_ups.planned import PlannedMakeUps
from services.scheduler.notices.announcing import Announcements
from services.scheduler.proposals.errors import SiteChangedMeanwhileError, TelehealthRefusedError
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.proposals.rules import (
    kept_apart,
    required_minutes_of,
    riders_of,
    sessions_of,
    to_contract,
    unmet_of,
)
from services.scheduler.proposals.telehealth import TelehealthGate
from services.scheduler.solver.check import Verdict
from services.scheduler.solver.format import timetable_to_json
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.instance import Timetable as PlannedWeek
from services.scheduler.solves.logic import WeekFacts
from services.scheduler.solves.outages import Outages
from services.scheduler.storing import fresh_id
from services.scheduler.timetables.logic import TimetablesLogic
from services.scheduler.transport.riding import RidesLogic
from services.scheduler.weeks import WeekGrid


@dataclass(frozen=True, slots=True)
class MadeWeek:
    """A week to be published: its sessions, and the facts of today that they were judged by.

    `written` is the instance as it was found, and `outages` what was missing from the week just before; `document` is
    that of the version the week was made from.
    """

    planned: PlannedWeek
    verdict: Verdict
    instance: Instance
    written: Mapping[str, Any]
    document: Mapping[str, Any]
    outages: Outages


def next_version(old: Timetable, made: MadeWeek, current: int, *, by: AccountId, now: datetime) -> Timetable:
    """Write down the version after the current one, made from `old`; nothing is proven of it."""
    unmet = unmet_of(made.instance, made.planned, made.document["unmet"])
    patients = len(made.instance.patients)
    return old.model_copy(
        update={
            "id": TimetableId(fresh_id(now)),
            "version": current + 1,
            "reverted_to": None,
            "objective": made.verdict.cost,
            # The bound was proven for the facts of that day.
            "bound": None,
            "gap": None,
            "fully_served": patients - len({requirement.patient_id for requirement in unmet}),
            "patients": patients,
            "required_minutes": required_minutes_of(made.instance),
            "unmet": unmet,
            "checker": to_contract(made.verdict),
            "published_at": now,
            "published_by": by,
        }
    )


class Republishing:
    """Publishes such a week and books its sessions, all or nothing."""

    def __init__(
        self,
        *,
        facts: WeekFacts,
        moved_weeks: MovedWeeks,
        timetables: TimetablesLogic,
        appointments: AppointmentsLogic,
        announcements: Announcements,
        guard: ClosureGuard,
        make_ups: PlannedMakeUps,
        rides: RidesLogic,
        telehealth: TelehealthGate,
        freed_seats: FreedSeats,
    ) -> None:
        self._facts = facts
        self._moved_weeks = moved_weeks
        self._timetables = timetables
        self._appointments = appointments
        self._announcements = announcements
        self._guard = guard
        self._make_ups = make_ups
        self._rides = rides
        self._telehealth = telehealth
        self._freed_seats = freed_seats

    async def zone_of(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return ZoneInfo((await self._facts.sites.get(site_id)).zone)

    async def instance_of_today(self, site_id: SiteId, week: date, caller_token: str) -> tuple[dict[str, Any], Outages]:
        """Return a week's instance with the plans, commitments and staff of today, and what was missing just before.

        There is nothing in it to be compared with.

        Raises:
            UpstreamUnavailableError: Records does not answer.
        """
        requirements = await self._facts.requirements(caller_token, site_id, week)
        # Before the facts: whatever changes after this is seen when the week is booked.
        seen = await self._facts.missing(site_id, week)
        setup = await self._facts.setup(site_id, week)
        _, instance = await self._facts.instance(setup, requirements)
        # What changes is the question of the person who publishes; here only what fits is asked.
        return instance | {"published": None}, seen

    async def publish(
        self, version: Timetable, made: MadeWeek, request: RepublicationRequest, caller_token: str
    ) -> Timetable:
        """Make it the version that people are told.

        Raises:
            TelehealthRefusedError: A session by telehealth that is not booked now lacks consent or a licence.
            WeekMovedError: Somebody published the week at this moment; it names what moved.
            BookedByHandError: Seats taken by hand since have no place in it, and the request does not give them up.
            DoubleBookingError: Somebody or some room is booked elsewhere.
            SiteClosedError: Sessions would lie in closed hours.
            SiteChangedMeanwhileError: Somebody changed the setup of the site, or what is missing, at this moment.
            RidesMissingError: Somebody whose plan needs transport has neither a ride nor a reason.
            UpstreamUnavailableError: Records does not answer.
        """
        site_id, week = version.site_id, version.week
        zone = await self.zone_of(site_id)
        sessions = sessions_of(made.instance, made.planned, WeekGrid(zone, week))
        if faults := await self._telehealth.faults(site_id, week, sessions, zone, caller_token):
            raise TelehealthRefusedError(faults, {})
        try:
            await self._timetables.publish(version, {**made.document, **timetable_to_json(made.planned)})
        except WeekMovedError as stale:
            raise await self._moved_weeks.told(stale, site_id) from None
        replaced = await self._appointments.replace_week(
            site_id,
            week,
            version.version,
            sessions,
            apart=kept_apart(made.instance),
            replace_bookings=request.replace_bookings,
        )
        await self._guard.refuse_closed(site_id)
        # Nobody changes the setup from here on; who did so while the week was made has not seen it in the book.
        if await self._facts.missing(site_id, week) != made.outages:
            raise SiteChangedMeanwhileError
        await self._make_ups.plan(site_id, week, replaced.gained_seats())
        await self._rides.bring_week(site_id, week, riders_of(made.written), request.no_rides)
        if request.notify:
            await self._announcements.of_version(replaced, site_id, version.id)
        await self._freed_seats.all_freed(replaced.freed_seats(), caller_token)
        return version
