"""What is allowed with going back: an earlier version's sessions, as a new version."""

import asyncio
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import AccountId, SiteId, TimetableId
from services.contracts.scheduler.timetables import RevertRequest, Session, Timetable
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.bookings.logic import FreedSeats
from services.scheduler.closures.logic import ClosureGuard
from services.scheduler.errors import PastWeekError, WeekMovedError
from services.scheduler.notices.announcing import Announcements
from services.scheduler.proposals.errors import RevertRefusedError, TelehealthRefusedError
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
from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json, timetable_to_json
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.instance import Timetable as PlannedWeek
from services.scheduler.solves.logic import WeekFacts
from services.scheduler.solves.rules import is_past
from services.scheduler.storing import fresh_id
from services.scheduler.timetables.logic import TimetablesLogic, TimetablesReader
from services.scheduler.transport.riding import RidesLogic
from services.scheduler.weeks import WeekGrid


class RevertsLogic:
    """Publishes an earlier version of a week once more, if it still fits."""

    def __init__(
        self,
        account_id: AccountId,
        *,
        facts: WeekFacts,
        published: TimetablesReader,
        moved_weeks: MovedWeeks,
        timetables: TimetablesLogic,
        appointments: AppointmentsLogic,
        announcements: Announcements,
        guard: ClosureGuard,
        rides: RidesLogic,
        telehealth: TelehealthGate,
        freed_seats: FreedSeats,
        clock: Clock,
    ) -> None:
        self._account_id = account_id
        self._facts = facts
        self._published = published
        self._moved_weeks = moved_weeks
        self._timetables = timetables
        self._appointments = appointments
        self._announcements = announcements
        self._guard = guard
        self._rides = rides
        self._telehealth = telehealth
        self._freed_seats = freed_seats
        self._clock = clock

    async def revert(
        self, site_id: SiteId, week: date, request: RevertRequest, *, expected_version: int, caller_token: str
    ) -> Timetable:
        """Make the sessions of an earlier version the next one, and book them, all or nothing.

        Raises:
            NotFoundError: Nothing is published, or there is no such site in the caller's organization.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            InvalidRequestError: There is no such earlier version.
            PastWeekError: The week is over.
            RevertRefusedError: With the commitments, plans and staff of today it breaks a rule.
            BookedByHandError: Seats taken by hand since have no place in it, and the request does not give them up.
            DoubleBookingError: Somebody or some room is booked elsewhere.
            SiteClosedError: Sessions would lie in closed hours.
            TelehealthRefusedError: A session by telehealth that is not booked now lacks consent or a licence.
            RidesMissingError: Somebody whose plan needs transport has neither a ride nor a reason.
            UpstreamUnavailableError: Records does not answer.
        """
        zone = ZoneInfo((await self._facts.sites.get(site_id)).zone)
        current, _ = await self._published.current_document(site_id, week)
        if current == 0:
            raise NotFoundError
        if expected_version != current:
            stale = WeekMovedError(week, expected_version=expected_version, current_version=current)
            raise await self._moved_weeks.told(stale, site_id)
        earlier = await self._published.version(site_id, week, request.to_version)
        if earlier is None or request.to_version == current:
            raise InvalidRequestError("/to_version", "must be an earlier version of this week")
        if is_past(week, self._clock.today(zone)):
            raise PastWeekError
        old, document = earlier
        found = await self._instance_of_today(site_id, week, caller_token)
        instance = instance_from_json(found)
        planned = with_past(instance, timetable_from_json(document))
        timetable, sessions = await self._next_version(old, document, planned, instance, WeekGrid(zone, week))
        if faults := await self._telehealth.faults(site_id, week, sessions, zone, caller_token):
            raise TelehealthRefusedError(faults, {})
        again = timetable.model_copy(update={"version": current + 1, "reason": request.reason})
        try:
            await self._timetables.publish(again, document | timetable_to_json(planned))
        except WeekMovedError as stale:
            raise await self._moved_weeks.told(stale, site_id) from None
        replaced = await self._appointments.replace_week(
            site_id,
            week,
            again.version,
            sessions,
            apart=kept_apart(instance),
            replace_bookings=request.replace_bookings,
        )
        await self._guard.refuse_closed(site_id)
        await self._rides.bring_week(site_id, week, riders_of(found), request.no_rides)
        if request.notify:
            await self._announcements.of_version(replaced, site_id, again.id)
        await self._freed_seats.all_freed(replaced.freed_seats(), caller_token)
        return again

    async def _instance_of_today(self, site_id: SiteId, week: date, caller_token: str) -> dict[str, Any]:
        requirements = await self._facts.requirements(caller_token, site_id, week)
        setup = await self._facts.setup(await self._facts.sites.get(site_id))
        _, instance = await self._facts.instance(setup, requirements)
        # What changes is the question of the person who goes back; here only what fits is asked.
        return instance | {"published": None}

    async def _next_version(
        self, old: Timetable, document: dict[str, Any], planned: PlannedWeek, instance: Instance, grid: WeekGrid
    ) -> tuple[Timetable, list[Session]]:
        verdict = await asyncio.to_thread(check, instance, planned)
        _refuse_what_does_not_fit(old.version, verdict)
        unmet = unmet_of(instance, planned, document["unmet"])
        now = self._clock.now()
        changed = {
            "id": TimetableId(fresh_id(now)),
            "reverted_to": old.version,
            "objective": verdict.cost,
            # The bound was proven for the facts of that day.
            "bound": None,
            "gap": None,
            "fully_served": len(instance.patients) - len({requirement.patient_id for requirement in unmet}),
            "patients": len(instance.patients),
            "required_minutes": required_minutes_of(instance),
            "unmet": unmet,
            "checker": to_contract(verdict),
            "published_at": now,
            "published_by": self._account_id,
        }
        return old.model_copy(update=changed), sessions_of(instance, planned, grid)


def _refuse_what_does_not_fit(version: int, verdict: Verdict) -> None:
    if not verdict.ok:
        collisions = sum("meets a commitment" in error for error in verdict.errors)
        raise RevertRefusedError(version, collisions=collisions, broken_rules=len(verdict.errors) - collisions)
