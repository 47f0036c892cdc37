"""What a published week is made of, gathered around one patient."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.chassis.remembered import Remembered, RememberedParts
from services.contracts.identifiers import CommitmentSourceId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating, WeekRequirements
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.bookings.facts import seating_in
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import PastWeekError
from services.scheduler.held_seats.logic import HeldSeatsReader
from services.scheduler.placements.rules import BookedWeek, booked_week, may_be_at_home, whole_week
from services.scheduler.placements.telling import SourcesOf
from services.scheduler.solver.format import instance_from_json, patient_from_json
from services.scheduler.solver.instance import Instance, Patient
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solves.beginnings import counted
from services.scheduler.solves.logic import WeekFacts
from services.scheduler.solves.outages import Outages
from services.scheduler.solves.rules import is_past
from services.scheduler.transport.riding import needs_ride
from services.scheduler.weeks import WeekGrid

# The book tells what has begun and what people were told; nothing of it can be changed here.
_AS_BOOKED: Final = {"published": None, "fixed": None, "begins": 0}
_MOST_COMMITMENTS: Final = PageRequest(1000, UUID(int=0))
_PARSED: Final = Remembered[Instance]()
_PATIENTS: Final = RememberedParts[dict[str, Any], Patient]()


async def sources_of(commitments: CommitmentsReader, grid: WeekGrid, patient_id: PatientId) -> SourcesOf:
    """Return what finds the sources that know of the patient's commitments in a time of the week."""
    page = await commitments.page(patient_id, grid.start, grid.end, _MOST_COMMITMENTS)

    def sources(start: datetime, end: datetime) -> list[CommitmentSourceId]:
        return sorted({one.source_id for one in page.items if one.start < end and start < one.end})

    return sources


class BookedWeeks:
    """Gathers a published week, as it is booked, around one patient."""

    def __init__(
        self,
        facts: WeekFacts,
        *,
        appointments: AppointmentsReader,
        held_seats: HeldSeatsReader,
        clock: Clock,
    ) -> None:
        self._facts = facts
        self._held_seats = held_seats
        self._appointments = appointments
        self._clock = clock

    async def of(
        self,
        site_id: SiteId,
        week: date,
        patient_id: PatientId,
        caller_token: str,
        *,
        without_kept: bool = True,
        as_consented: bool = False,
    ) -> tuple[int, BookedWeek]:
        """Return the published version and the week around the patient, `without_kept` without seats kept for others.

        With `as_consented` who has not consented to telehealth by the end of the week is on site only.

        Raises:
            NotFoundError: There is no such site in the caller's organization, nothing is published, or no plan asks for
                the patient to be seen there in that week.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await self._gathered(site_id, week, caller_token)
        seating = found.seating(patient_id)
        kept = {} if seating is None or not without_kept else await self._held_seats.of_week(site_id, week, seating)
        on_site_only = as_consented and seating is not None and not may_be_at_home(seating, week)
        booked = await asyncio.to_thread(
            lambda: booked_week(
                found.instance(),
                found.counted(),
                found.grid,
                patient_id,
                now=self._clock.now(),
                kept=kept,
                on_site_only=on_site_only,
            )
        )
        if booked is None:
            raise NotFoundError
        needs_transport = seating is not None and needs_ride(seating)
        return found.version, replace(booked, needs_transport=needs_transport)

    async def missing(self, site_id: SiteId, week: date) -> Outages:
        """Return what is missing from a week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return await self._facts.missing(site_id, week)

    async def whole(self, site_id: SiteId, week: date, caller_token: str) -> tuple[int, WeekGrid, FrozenWeek]:
        """Return the published version, its grid, and the week as it is booked.

        Raises:
            NotFoundError: There is no such site in the caller's organization, or nothing is published.
            PastWeekError: The week is over.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await self._gathered(site_id, week, caller_token)
        booked = await asyncio.to_thread(
            lambda: whole_week(found.instance(), found.counted(), found.grid, self._clock.now())
        )
        return found.version, found.grid, booked

    async def _gathered(self, site_id: SiteId, week: date, caller_token: str) -> "_Gathered":
        site = await self._facts.sites.get(site_id)
        zone = ZoneInfo(site.zone)
        if week.weekday() != 0:
            raise NotFoundError
        if is_past(week, self._clock.today(zone)):
            raise PastWeekError
        # Records is asked while the book is read; the version before what was booked in it.
        asked = asyncio.create_task(self._facts.requirements(caller_token, site_id, week))
        try:
            setup = await self._facts.setup(site_id, week)
            published = await self._facts.published(site_id, week)
            appointments = await self._appointments.all_of_week(site_id, week)
            requirements = await asked
        finally:
            asked.cancel()
        version, document = await self._facts.instance(setup, requirements, published)
        if version == 0:
            raise NotFoundError
        return _Gathered(version, document, appointments, WeekGrid(zone, week), requirements)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What a published week is made of, as it was found."""

    version: int
    document: dict[str, Any]
    appointments: list[Appointment]
    grid: WeekGrid
    requirements: WeekRequirements

    def instance(self) -> Instance:
        document = self.document | _AS_BOOKED
        return _PARSED.get(document["name"], document, lambda: _parsed(document))

    def counted(self) -> list[Appointment]:
        """Return what is booked, but for missed visits that are to be had again."""
        return counted(self.document, self.appointments, self.grid)

    def seating(self, patient_id: PatientId) -> PatientSeating | None:
        """Return what giving the patient a seat depends on, but for whom to keep apart; None without a plan there."""
        plan = next((one for one in self.requirements.patients if one.patient_id == patient_id), None)
        return None if plan is None else seating_in(plan)


def _parsed(document: dict[str, Any]) -> Instance:
    people = {patient["id"]: patient for patient in document["patients"]}
    return instance_from_json(document, tuple(_PATIENTS.all(document["name"], people, patient_from_json)))
