"""What is allowed with proposals, and the story of a publication."""

import asyncio
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import (
    AccountId,
    OrganizationId,
    PatientId,
    ProposalChangeId,
    ProposalId,
    SiteId,
    SolveId,
    TimetableId,
)
from services.contracts.scheduler.notices import NoticePreviews
from services.contracts.scheduler.solves import SolveOutcome
from services.contracts.scheduler.timetables import (
    ChangeStatus,
    Proposal,
    ProposalStatus,
    PublicationRequest,
    Session,
    Timetable,
    TimetableChangeReason,
)
from services.scheduler.appointments.logic import AppointmentsLogic, AppointmentsReader
from services.scheduler.bookings.logic import FreedSeats
from services.scheduler.closures.logic import ClosureGuard
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import (
    AlreadyPublishedError,
    PastWeekError,
    ReasonRequiredError,
    TimetableRefusedError,
    WeekMovedError,
)
from services.scheduler.make_ups.planned import PlannedMakeUps
from services.scheduler.notices.announcing import Announcements
from services.scheduler.proposals import storage
from services.scheduler.proposals.changes import changes_of, week_without
from services.scheduler.proposals.errors import SiteChangedMeanwhileError, TelehealthRefusedError, TimetableMovedError
from services.scheduler.proposals.facts import Place
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.proposals.rules import (
    change_to_contract,
    diff_of,
    gap_of,
    kept_apart,
    people_to_come,
    required_minutes_of,
    riders_of,
    sessions_of,
    to_contract,
    unmet_of,
)
from services.scheduler.proposals.telehealth import TelehealthGate
from services.scheduler.sealed_patients.logic import PlannedPatients
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json, timetable_to_json
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.instance import Timetable as SolvedTimetable
from services.scheduler.solves.beginnings import with_beginnings
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.solves.outages import Outages, OutagesSource, with_outages
from services.scheduler.solves.rules import is_past, with_commitments
from services.scheduler.storing import fresh_id
from services.scheduler.timetables.logic import TimetablesLogic, TimetablesReader
from services.scheduler.transport.riding import RidesLogic
from services.scheduler.weeks import WeekGrid

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SolvedWeek:
    """What a solver says of a week; `document` is its timetable with status, objective, bound and reasons."""

    solve_id: SolveId
    site_id: SiteId
    week: date
    base_version: int
    instance: dict[str, Any]
    document: dict[str, Any]


class ProposalsReader:
    """Reads proposals."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def get(self, proposal_id: ProposalId) -> Proposal:
        """Return a proposal.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
        """
        proposal = await storage.find(self._read, proposal_id)
        if proposal is None:
            raise NotFoundError
        return proposal

    async def document(self, proposal_id: ProposalId) -> dict[str, Any]:
        """Return the timetable of a proposal that exists, as the solver writes it."""
        return await storage.document_of(self._read, proposal_id)

    async def written_instances(self, proposals: Collection[ProposalId]) -> dict[ProposalId, str | dict[str, Any]]:
        """Return what the solver was given that each of the proposals is of; it may still be text, to be read."""
        return await storage.written_instances(self._read, proposals)

    async def repair(self, proposal_id: ProposalId) -> dict[str, Any] | None:
        """Return what a repair does to people, counted and bounded; None where the proposal is no repair."""
        return await storage.repair_of(self._read, proposal_id)

    async def rejected(self, proposal_id: ProposalId) -> set[int]:
        """Return the numbers of the changes that are rejected."""
        statuses = await storage.statuses_of_changes(self._read, proposal_id)
        return {number for number, status in statuses.items() if status is ChangeStatus.REJECTED}

    async def numbers_by_place(self, proposal_id: ProposalId) -> Mapping[Place, int]:
        """Return the number of the change that gives a patient a place."""
        return await storage.numbers_by_place(self._read, proposal_id)


class Proposing:
    """Turns what a solver found into a proposal."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, sites: SitesReader, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._clock = clock

    async def propose(self, solved: SolvedWeek) -> ProposalId:
        """Check the timetable independently and keep it.

        Raises:
            TimetableRefusedError: The checker refuses it; nothing is kept.
        """
        instance = instance_from_json(solved.instance)
        timetable = timetable_from_json(solved.document)
        verdict = await asyncio.to_thread(check, instance, timetable, bound=solved.document.get("bound"))
        if not verdict.ok:
            raise TimetableRefusedError(len(verdict.errors))
        site = await self._sites.get(solved.site_id)
        grid = WeekGrid(ZoneInfo(site.zone), solved.week)
        unmet = unmet_of(instance, timetable, solved.document["unmet"])
        now = self._clock.now()
        proposal = Proposal(
            id=ProposalId(fresh_id(now)),
            solve_id=solved.solve_id,
            site_id=solved.site_id,
            week=solved.week,
            base_version=solved.base_version,
            status=ProposalStatus.PROPOSED,
            outcome=SolveOutcome(solved.document["status"]),
            objective=verdict.cost,
            bound=solved.document.get("bound"),
            gap=gap_of(verdict.cost, solved.document.get("bound")),
            goals={name: float(value) for name, value in asdict(verdict.goals).items()},
            fully_served=len(instance.patients) - len({requirement.patient_id for requirement in unmet}),
            patients=len(instance.patients),
            required_minutes=required_minutes_of(instance),
            unmet=unmet,
            checker=to_contract(verdict),
            diff=diff_of(instance, timetable),
            sessions=sessions_of(instance, timetable, grid),
            created_at=now,
        )
        numbered = changes_of(instance, timetable)
        # Ids sort as numbers do, so that pages come in their order.
        ids = sorted(ProposalChangeId(fresh_id(now)) for _ in numbered)
        changes = [
            change_to_contract(instance, change, grid, change_id)
            for change, change_id in zip(numbered, ids, strict=True)
        ]
        await storage.insert_proposal(self._db, self._organization_id, proposal, solved.document, changes)
        return proposal.id


@dataclass(frozen=True, slots=True)
class _AcceptedWeek:
    """What is published of a proposal: everything but what was rejected."""

    instance: Instance
    timetable: SolvedTimetable
    document: dict[str, Any]
    sessions: list[Session]
    verdict: Verdict
    riders: AbstractSet[PatientId]
    zone: ZoneInfo
    outages: Outages


class ProposalsLogic:
    """Publishes proposals."""

    def __init__(
        self,
        db: UnitOfWork,
        account_id: AccountId,
        *,
        reader: ProposalsReader,
        sites: SitesReader,
        solves: SolvesReader,
        commitments: CommitmentsReader,
        published: TimetablesReader,
        moved_weeks: MovedWeeks,
        timetables: TimetablesLogic,
        appointments: AppointmentsLogic,
        book: AppointmentsReader,
        outages: OutagesSource,
        announcements: Announcements,
        guard: ClosureGuard,
        make_ups: PlannedMakeUps,
        rides: RidesLogic,
        telehealth: TelehealthGate,
        planned: PlannedPatients,
        freed_seats: FreedSeats,
        clock: Clock,
    ) -> None:
        self._db = db
        self._account_id = account_id
        self._reader = reader
        self._sites = sites
        self._solves = solves
        self._commitments = commitments
        self._published = published
        self._moved_weeks = moved_weeks
        self._timetables = timetables
        self._appointments = appointments
        self._book = book
        self._outages = outages
        self._announcements = announcements
        self._guard = guard
        self._make_ups = make_ups
        self._rides = rides
        self._telehealth = telehealth
        self._planned = planned
        self._freed_seats = freed_seats
        self._clock = clock

    async def publish(
        self, proposal_id: ProposalId, expected_version: int, request: PublicationRequest, caller_token: str
    ) -> Timetable:
        """Make what is accepted of a proposal the week that people are told, and book its sessions, all or nothing.

        Seats that it frees are offered to who waits, where the site wants that.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
            AlreadyPublishedError: It was published before.
            TimetableMovedError: `expected_version` is not the version it is based on, or not the published one.
            ReasonRequiredError: The week is published already, and no reason was given.
            PastWeekError: The week is over.
            TimetableRefusedError: With the commitments, absences and closures known by now it breaks a rule.
            BookedByHandError: Seats taken by hand since have no place in it, and the request does not give them up.
            DoubleBookingError: Somebody or some room is booked elsewhere, at another site for example.
            SiteClosedError: The site was closed meanwhile, in hours in which the proposal has sessions.
            SiteChangedMeanwhileError: Somebody changed the setup of the site, or what is missing, at this moment.
            TelehealthRefusedError: A session by telehealth that is new lacks consent or a licence by now.
            UpstreamUnavailableError: A session by telehealth is new, and records does not answer.
            RidesMissingError: Somebody whose plan needs transport has neither a ride nor a reason.
        """
        await storage.hold(self._db, proposal_id)
        proposal = await self._reader.get(proposal_id)
        if proposal.status is ProposalStatus.PUBLISHED:
            raise AlreadyPublishedError
        current, _ = await self._published.current_document(proposal.site_id, proposal.week)
        if not expected_version == proposal.base_version == current:
            raise await self._moved(proposal)
        if proposal.base_version > 0 and request.reason is None:
            raise ReasonRequiredError
        accepted = await self._accepted(proposal, caller_token)
        timetable = self._next_version(proposal, accepted, request.reason)
        try:
            await self._timetables.publish(timetable, accepted.document)
        except WeekMovedError:
            raise await self._moved(proposal) from None
        replaced = await self._appointments.replace_week(
            proposal.site_id,
            proposal.week,
            timetable.version,
            accepted.sessions,
            apart=kept_apart(accepted.instance),
            replace_bookings=request.replace_bookings,
        )
        await self._guard.refuse_closed(proposal.site_id)
        await self._make_ups.plan(proposal.site_id, proposal.week, replaced.gained_seats())
        # Nobody changes the setup from here on; who did so while the week was checked has not seen it in the book.
        grid = WeekGrid(accepted.zone, proposal.week)
        if await self._outages.of_week(proposal.site_id, grid) != accepted.outages:
            raise SiteChangedMeanwhileError
        await self._rides.bring_week(proposal.site_id, proposal.week, accepted.riders, request.no_rides)
        await storage.mark_published(self._db, proposal_id)
        await storage.mark_pending_accepted(self._db, proposal_id)
        if request.notify:
            await self._announcements.of_version(replaced, proposal.site_id, timetable.id)
        await self._freed_seats.all_freed(replaced.freed_seats(), caller_token)
        return timetable

    async def _moved(self, proposal: Proposal) -> TimetableMovedError:
        """Name what was published since the proposal was made; all who may publish may read it in the book as well."""
        known = instance_from_json(await self._solves.instance(proposal.solve_id))
        moved = await self._moved_weeks.since(proposal.site_id, proposal.week, proposal.base_version, known)
        return TimetableMovedError(proposal.week, moved)

    async def preview_notices(self, proposal_id: ProposalId, caller_token: str) -> NoticePreviews:
        """Return what patients would be told if what is accepted by now were published; nothing is stored.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
            AlreadyPublishedError: It is published, and they were told then.
            PastWeekError: The week is over.
            TimetableRefusedError: With the commitments, absences and closures known by now it breaks a rule.
            TelehealthRefusedError: A session by telehealth that is new lacks consent or a licence by now.
            UpstreamUnavailableError: A session by telehealth is new, and records does not answer.
        """
        proposal = await self._reader.get(proposal_id)
        if proposal.status is ProposalStatus.PUBLISHED:
            raise AlreadyPublishedError
        accepted = await self._accepted(proposal, caller_token)
        difference = await self._appointments.difference_of_week(
            proposal.site_id, proposal.week, accepted.sessions, apart=kept_apart(accepted.instance)
        )
        return await self._announcements.preview(difference, proposal.site_id)

    async def _accepted(self, proposal: Proposal, caller_token: str) -> _AcceptedWeek:
        zone = ZoneInfo((await self._sites.get(proposal.site_id)).zone)
        if is_past(proposal.week, self._clock.today(zone)):
            raise PastWeekError
        grid = WeekGrid(zone, proposal.week)
        planned = await self._solves.instance(proposal.solve_id)
        outages = await self._outages.of_week(proposal.site_id, grid)
        instance = await self._instance_by_now(proposal, with_outages(planned, outages), grid)
        document = await self._reader.document(proposal.id)
        timetable, sessions = timetable_from_json(document), proposal.sessions
        if rejected := await self._reader.rejected(proposal.id):
            timetable = week_without(timetable, changes_of(instance, timetable), rejected)
        held = with_past(instance, timetable)
        if rejected or held != timetable:
            timetable = held
            document = document | timetable_to_json(timetable)
            sessions = sessions_of(instance, timetable, grid)
        verdict = await asyncio.to_thread(check, instance, timetable)
        gone = await self._planned.sealed_among(people_to_come(instance, timetable))
        if gone or not verdict.ok:
            raise TimetableRefusedError(len(verdict.errors) + len(gone))
        if faults := await self._telehealth.faults(proposal.site_id, proposal.week, sessions, zone, caller_token):
            raise TelehealthRefusedError(faults, await self._reader.numbers_by_place(proposal.id))
        return _AcceptedWeek(instance, timetable, document, sessions, verdict, riders_of(planned), zone, outages)

    async def _instance_by_now(self, proposal: Proposal, instance: Mapping[str, Any], grid: WeekGrid) -> Instance:
        patients = [PatientId(UUID(patient["id"])) for patient in instance["patients"]]
        busy = await self._commitments.of_patients(patients, grid.start - _DAY, grid.end + _DAY)
        begun = await self._book.begun(proposal.site_id, proposal.week)
        known = with_commitments(instance, busy, grid)
        # What was missed before the solve is in the needs of its instance already, and must not be asked for twice.
        return instance_from_json(with_beginnings(known, begun, grid, self._clock.now()))

    def _next_version(
        self, proposal: Proposal, accepted: _AcceptedWeek, reason: TimetableChangeReason | None
    ) -> Timetable:
        now = self._clock.now()
        unmet = unmet_of(accepted.instance, accepted.timetable, accepted.document["unmet"])
        return Timetable(
            id=TimetableId(fresh_id(now)),
            site_id=proposal.site_id,
            week=proposal.week,
            version=proposal.base_version + 1,
            proposal_id=proposal.id,
            reverted_to=None,
            reason=reason,
            objective=accepted.verdict.cost,
            bound=proposal.bound,
            gap=gap_of(accepted.verdict.cost, proposal.bound),
            fully_served=proposal.patients - len({requirement.patient_id for requirement in unmet}),
            patients=proposal.patients,
            required_minutes=proposal.required_minutes,
            unmet=unmet,
            checker=to_contract(accepted.verdict),
            published_at=now,
            published_by=self._account_id,
        )
