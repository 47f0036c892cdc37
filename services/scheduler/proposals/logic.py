"""What is allowed with proposals, and the story of a publication."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import OrganizationId, PatientId, ProposalId, SiteId, SolveId, TimetableId
from services.contracts.scheduler.timetables import (
    CheckerVerdict,
    Proposal,
    ProposalStatus,
    SolveOutcome,
    Timetable,
)
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.errors import AlreadyPublishedError, TimetableMovedError, TimetableRefusedError
from services.scheduler.proposals import storage
from services.scheduler.proposals.rules import diff_of, required_minutes_of, sessions_of, unmet_of
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.solves.rules import with_commitments
from services.scheduler.storing import fresh_id
from services.scheduler.timetables.logic import TimetablesLogic, TimetablesReader
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


class Proposing:
    """Turns what a solver found into a proposal."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId, sites: SitesReader, clock: Clock) -> None:
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
            gap=_gap(verdict.cost, solved.document.get("bound")),
            goals={name: float(value) for name, value in asdict(verdict.goals).items()},
            fully_served=len(instance.patients) - len({requirement.patient_id for requirement in unmet}),
            patients=len(instance.patients),
            required_minutes=required_minutes_of(instance),
            unmet=unmet,
            checker=_to_contract(verdict),
            diff=diff_of(instance, timetable),
            sessions=sessions_of(instance, timetable, WeekGrid(ZoneInfo(site.zone), solved.week)),
            created_at=now,
        )
        await storage.insert(self._db, self._organization_id, proposal, solved.document)
        return proposal.id


def _gap(objective: float, bound: float | None) -> float | None:
    if bound is None:
        return None
    return 0.0 if objective == 0 else max(0.0, (objective - bound) / objective)


def _to_contract(verdict: Verdict) -> CheckerVerdict:
    return CheckerVerdict(ok=verdict.ok, objective=verdict.cost, errors=list(verdict.errors))


class ProposalsLogic:
    """Publishes proposals."""

    def __init__(
        self,
        db: AsyncSession,
        *,
        reader: ProposalsReader,
        sites: SitesReader,
        solves: SolvesReader,
        commitments: CommitmentsReader,
        published: TimetablesReader,
        timetables: TimetablesLogic,
        appointments: AppointmentsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._reader = reader
        self._sites = sites
        self._solves = solves
        self._commitments = commitments
        self._published = published
        self._timetables = timetables
        self._appointments = appointments
        self._clock = clock

    async def publish(self, proposal_id: ProposalId, expected_version: int) -> Timetable:
        """Make a proposal the week that people are told, and book its sessions, all or nothing.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
            AlreadyPublishedError: It was published before.
            TimetableMovedError: `expected_version` is not the version it is based on, or not the published one.
            TimetableRefusedError: With the commitments known by now it breaks a rule.
            DoubleBookingError: Somebody or some room is booked elsewhere, at another site for example.
        """
        proposal = await self._reader.get(proposal_id)
        if proposal.status is ProposalStatus.PUBLISHED:
            raise AlreadyPublishedError
        if expected_version != proposal.base_version:
            current, _ = await self._published.current_document(proposal.site_id, proposal.week)
            raise TimetableMovedError(proposal.week, base_version=proposal.base_version, current_version=current)
        document = await self._reader.document(proposal_id)
        verdict = await self._check_again(proposal, document)
        timetable = self._next_version(proposal, verdict)
        await self._timetables.publish(timetable, document)
        await self._appointments.replace_week(proposal.site_id, proposal.week, timetable.version, proposal.sessions)
        await storage.mark_published(self._db, proposal_id)
        return timetable

    async def _check_again(self, proposal: Proposal, document: dict[str, Any]) -> Verdict:
        instance = await self._instance_by_now(proposal)
        verdict = await asyncio.to_thread(check, instance, timetable_from_json(document))
        if not verdict.ok:
            raise TimetableRefusedError(len(verdict.errors))
        return verdict

    async def _instance_by_now(self, proposal: Proposal) -> Instance:
        site = await self._sites.get(proposal.site_id)
        grid = WeekGrid(ZoneInfo(site.zone), proposal.week)
        instance = await self._solves.instance(proposal.solve_id)
        patients = [PatientId(UUID(patient["id"])) for patient in instance["patients"]]
        busy = await self._commitments.of_patients(patients, grid.start - _DAY, grid.end + _DAY)
        return instance_from_json(with_commitments(instance, busy, grid))

    def _next_version(self, proposal: Proposal, verdict: Verdict) -> Timetable:
        now = self._clock.now()
        return Timetable(
            id=TimetableId(fresh_id(now)),
            site_id=proposal.site_id,
            week=proposal.week,
            version=proposal.base_version + 1,
            proposal_id=proposal.id,
            objective=proposal.objective,
            bound=proposal.bound,
            gap=proposal.gap,
            fully_served=proposal.fully_served,
            patients=proposal.patients,
            required_minutes=proposal.required_minutes,
            unmet=proposal.unmet,
            checker=_to_contract(verdict),
            published_at=now,
        )
