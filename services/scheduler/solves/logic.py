"""What is allowed with solves."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.chassis.remembered import Remembered
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import OrganizationId, SiteId, SolveBatchId, SolveId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.scheduler.solves import Solve, SolveRequest, SolveStatus
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dispatch import enqueue_solve
from services.scheduler.errors import SiteNotReadyError, SolveFinishedError, SolveInProgressError, WeekRefusedError
from services.scheduler.fairness.logic import BurdensReader
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.make_ups.logic import MissedReader
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.solves import storage
from services.scheduler.solves.attempts import BatchPlace
from services.scheduler.solves.beginnings import with_beginnings
from services.scheduler.solves.outages import Outages, OutagesSource, with_outages
from services.scheduler.solves.pins import with_pins
from services.scheduler.solves.rules import (
    SiteSetup,
    instance_of,
    missing_of,
    refusal_of_week,
    usual_of,
    warnings_of,
    with_fairness,
)
from services.scheduler.solves.runs import begin_next
from services.scheduler.solves.setup_rules import in_force, named_in
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.solves.telehealth import with_telehealth
from services.scheduler.storing import fresh_id
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader
from services.scheduler.weekly_held_seats.rules import with_kept_seats
from services.scheduler.weeks import WeekGrid

_DAY: Final = timedelta(days=1)
_TO_SUNDAY: Final = timedelta(days=6)
Published = tuple[int, dict[str, Any] | None]
"""The number of a published version and its document; 0 and None where nothing is published."""
_WRITTEN: Final = Remembered[dict[str, Any]]()
REPAIR_SECONDS: Final = 20.0
"""A repair is over when the fewest people touched are proven, which rarely takes so long."""


class SolvesReader:
    """Reads solves."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def get(self, solve_id: SolveId) -> Solve:
        """Return a solve.

        Raises:
            NotFoundError: There is no such solve in the caller's organization.
        """
        solve = await storage.find(self._read, solve_id)
        if solve is None:
            raise NotFoundError
        return solve

    async def of_batch(self, batch_id: SolveBatchId) -> list[Solve]:
        """Return the solves of a batch in order of their weeks; none where there is no such batch."""
        return await storage.of_batch(self._read, batch_id)

    async def instance(self, solve_id: SolveId) -> dict[str, Any]:
        """Return the instance that a solve was given."""
        return await storage.instance_of(self._read, solve_id)

    async def find_unfinished(self, site_id: SiteId, week: date) -> SolveId | None:
        """Return the solve of a week that is not over yet."""
        return await storage.find_unfinished(self._read, site_id, week)


class WeekFacts:
    """Gathers what a week's instance is made of."""

    def __init__(
        self,
        *,
        setups: SetupsReader,
        commitments: CommitmentsReader,
        rules: RulePacksReader,
        burdens: BurdensReader | None,
        timetables: TimetablesReader,
        appointments: AppointmentsReader,
        outages: OutagesSource,
        missed: MissedReader,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self.sites = setups.sites
        self._setups = setups
        self._commitments = commitments
        self._rules = rules
        self._burdens = burdens
        self._timetables = timetables
        self._appointments = appointments
        self._outages = outages
        self._missed = missed
        self._records = records
        self._clock = clock

    async def requirements(self, caller_token: str, site_id: SiteId, week: date) -> WeekRequirements:
        """Ask records what the plans of the site require.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        try:
            return await self._records.week_requirements(caller_token, site_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    async def setup(self, site_id: SiteId, week: date) -> SiteSetup:
        """Read how the site is set up in a week, with what is not in force yet, or no more.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return await self._setups.in_week(site_id, week)

    async def instance(
        self, setup: SiteSetup, requirements: WeekRequirements, published: Published | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the published version the week stands at, and the instance against it; it is read unless given."""
        grid = WeekGrid(ZoneInfo(setup.site.zone), requirements.week)
        patients = [patient.patient_id for patient in requirements.patients]
        busy = await self._commitments.of_patients(patients, grid.start - _DAY, grid.end + _DAY)
        base_version, told = published or await self.published(setup.site.id, requirements.week)
        there = in_force(setup, requirements.week)
        setup = in_force(setup, requirements.week, named_in(told))
        whole = _WRITTEN.get(
            f"{setup.site.id} {requirements.week}",
            (setup, requirements, busy, told),
            lambda: instance_of(setup, requirements, busy, grid, told),
        )
        whole = await self._fair(setup.site.id, whole, requirements)
        bound = await self._rules.bind(setup.site.id, whole, requirements, there.practitioners)
        instance = with_outages(bound, await self._outages.of_week(setup.site.id, grid))
        if told is None:
            usual = await self._timetables.usual_document(setup.site.id, requirements.week)
            instance["usual"] = usual and usual_of(usual, instance)
        return base_version, await self.begun(setup.site.id, instance, grid)

    async def missing(self, site_id: SiteId, week: date) -> Outages:
        """Return what is missing from a week; read before its facts, it tells afterwards whether they still hold.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = ZoneInfo((await self.sites.get(site_id)).zone)
        return await self._outages.of_week(site_id, WeekGrid(zone, week))

    async def _fair(self, site_id: SiteId, instance: dict[str, Any], requirements: WeekRequirements) -> dict[str, Any]:
        if self._burdens is None:
            return instance
        likes = {patient.patient_id: patient.preference_cost for patient in requirements.patients}
        return with_fairness(instance, await self._burdens.weights(site_id, requirements.week, likes))

    async def published(self, site_id: SiteId, week: date) -> Published:
        """Return the published version's number and document; 0 and None where there is none."""
        return await self._timetables.current_document(site_id, week)

    async def booked(self, site_id: SiteId, week: date) -> list[Appointment]:
        """Return everything that is booked in a week."""
        return await self._appointments.all_of_week(site_id, week)

    async def begun(self, site_id: SiteId, instance: dict[str, Any], grid: WeekGrid) -> dict[str, Any]:
        """Return the instance of which only the part of the week that is still to come is free."""
        now = self._clock.now()
        if grid.begins(now) == 0:
            return instance
        appointments = await self._appointments.begun(site_id, grid.monday)
        return with_beginnings(instance, appointments, grid, now, await self._missed.of_week(site_id, grid.monday))


class SolvesLogic:
    """Asks for weeks and takes the asking back."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: SolvesReader,
        facts: WeekFacts,
        kept: KeptWeeksReader,
        licences: LicencesReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._facts = facts
        self._kept = kept
        self._licences = licences
        self._clock = clock

    async def create(self, request: SolveRequest, caller_token: str) -> Solve:
        """Take a picture of the week and queue it for the solver.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            WeekRefusedError: The week is no Monday, is past, or lies more than a year ahead.
            SiteNotReadyError: The site lacks what every week needs.
            InvalidRequestError: A pin is no session that is booked in the week, or cannot be part of it any more.
            SolveInProgressError: The week is being solved already.
            UpstreamUnavailableError: Records does not answer.
        """
        return await self._queue(request, caller_token, {})

    async def repair(
        self, site_id: SiteId, week: date, caller_token: str, place: BatchPlace | None = None
    ) -> Solve | None:
        """Have the published week mended where it no longer holds; None where nothing is published.

        Of the weeks of a batch only the first one is begun.

        Raises:
            Whatever `create` raises, for the same reasons.
        """
        version, _ = await self._facts.published(site_id, week)
        if version == 0:
            return None
        request = SolveRequest(site_id=site_id, week=week, time_limit_seconds=REPAIR_SECONDS)
        return await self._queue(request, caller_token, {"task": "repair"}, place)

    async def create_in_batch(self, request: SolveRequest, caller_token: str, place: BatchPlace) -> Solve:
        """Take a picture of a week of a batch; only the first one is begun.

        Raises:
            Whatever `create` raises, for the same reasons.
        """
        return await self._queue(request, caller_token, {}, place)

    async def _queue(
        self, request: SolveRequest, caller_token: str, task: dict[str, Any], place: BatchPlace | None = None
    ) -> Solve:
        site = await self._facts.sites.get(request.site_id)
        refusal = refusal_of_week(request.week, self._clock.today(ZoneInfo(site.zone)))
        if refusal is not None:
            raise WeekRefusedError(*refusal)
        if site.ends_on is not None and site.ends_on <= request.week:
            raise WeekRefusedError("site-ended", f"must lie before {site.ends_on}, from which on the site is no more")
        requirements = await self._facts.requirements(caller_token, site.id, request.week)
        setup = await self._facts.setup(site.id, request.week)
        there = in_force(setup, request.week)
        # A week that is published is repaired also where the last of something has ended: what needed it is cancelled.
        if not task and (missing := missing_of(there, requirements)):
            raise SiteNotReadyError(missing)
        base_version, instance = await self._facts.instance(setup, requirements)
        instance = await self._by_telehealth(instance, there, request.week)
        if not task:
            # A repair finds a seat for whoever lost one, and may take any for that.
            instance = with_kept_seats(instance, await self._kept.of_week(site.id, request.week))
            instance = await self._pinned(request, instance, WeekGrid(ZoneInfo(site.zone), request.week))
        solve = _queued(request, base_version, warnings_of(there, requirements, instance), self._clock.now())
        await self._enqueue(solve, request, instance | task, place)
        return solve

    async def _by_telehealth(self, instance: dict[str, Any], setup: SiteSetup, week: date) -> dict[str, Any]:
        first = max(week, self._clock.today(ZoneInfo(setup.site.zone)))
        staff = [practitioner.id for practitioner in setup.practitioners]
        licensed = await self._licences.on_all_days(staff, first, week + _TO_SUNDAY)
        return with_telehealth(instance, licensed, week, first)

    async def _pinned(self, request: SolveRequest, instance: dict[str, Any], grid: WeekGrid) -> dict[str, Any]:
        if not request.pins:
            return instance
        booked = await self._facts.booked(request.site_id, request.week)
        return with_pins(instance, request.pins, booked, grid)

    async def _enqueue(
        self, solve: Solve, request: SolveRequest, instance: dict[str, Any], place: BatchPlace | None
    ) -> None:
        is_kept = await storage.insert_solve(
            self._db,
            self._organization_id,
            solve,
            time_limit=request.time_limit_seconds,
            seed=request.seed,
            instance=instance,
            place=place,
        )
        if not is_kept:
            unfinished = await self._reader.find_unfinished(solve.site_id, solve.week)
            raise SolveInProgressError(unfinished or solve.id)
        if place is None or place.number == 0:
            await enqueue_solve(self._db, self._organization_id, solve.id)

    async def cancel(self, solve_id: SolveId) -> Solve:
        """Cancel a solve: at once while it is queued, within a second while it runs.

        Raises:
            NotFoundError: There is no such solve in the caller's organization.
            SolveFinishedError: It is over.
        """
        await self._reader.get(solve_id)
        await storage.lock_batch(self._db, solve_id)
        if not await storage.request_cancel(self._db, solve_id, self._clock.now()):
            raise SolveFinishedError
        await begin_next(self._db, self._organization_id, solve_id)
        return await self._reader.get(solve_id)


def _queued(request: SolveRequest, base_version: int, warnings: list[str], now: datetime) -> Solve:
    return Solve(
        id=SolveId(fresh_id(now)),
        site_id=request.site_id,
        week=request.week,
        status=SolveStatus.QUEUED,
        outcome=None,
        progress=None,
        attempt=0,
        base_version=base_version,
        proposal_id=None,
        warnings=warnings,
        problem=None,
        created_at=now,
        finished_at=None,
    )
