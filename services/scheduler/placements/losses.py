"""What is allowed with the losses of a proposal: whom they hit, and why nothing free can replace them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, ProposalId
from services.contracts.scheduler.placements import ProposalLoss
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.placements.gathering import sources_of
from services.scheduler.placements.rules import BookedWeek
from services.scheduler.placements.telling import WeekTelling, unmet_of
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Patient
from services.scheduler.solver.interactive.answers import WhyUnplaced, why_unplaced
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.repair.refilling import in_need
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.weeks import WeekGrid


@dataclass(frozen=True, slots=True)
class _Loser:
    id: UUID
    patient: Patient


class LossesReader:
    """Explains what proposals take from people; a repair as well as any other plan of a published week."""

    def __init__(
        self, *, proposals: ProposalsReader, solves: SolvesReader, sites: SitesReader, commitments: CommitmentsReader
    ) -> None:
        self._proposals = proposals
        self._solves = solves
        self._sites = sites
        self._commitments = commitments

    async def page(self, proposal_id: ProposalId, page: PageRequest) -> Page[ProposalLoss]:
        """Return a page of who would lose something, in the order of their identifiers.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
        """
        proposal = await self._proposals.get(proposal_id)
        grid = WeekGrid(ZoneInfo((await self._sites.get(proposal.site_id)).zone), proposal.week)
        asked = await self._solves.instance(proposal.solve_id)
        planned = await self._proposals.document(proposal_id)
        week = await asyncio.to_thread(lambda: FrozenWeek(instance_from_json(asked), timetable_from_json(planned)))
        told = standing(week.instance)
        every = sorted((_Loser(UUID(str(one.id)), one) for one in in_need(week, told)), key=lambda one: one.id)
        found = page.page([one for one in every if one.id > page.after][: page.limit])
        reasons = await asyncio.to_thread(lambda: [why_unplaced(week, one.patient) for one in found.items])
        losses = [await self._loss(week, one, why, grid) for one, why in zip(found.items, reasons, strict=True)]
        return Page(items=losses, next_page_token=found.next_page_token)

    async def _loss(self, week: FrozenWeek, one: _Loser, why: Sequence[WhyUnplaced], grid: WeekGrid) -> ProposalLoss:
        patient_id = PatientId(one.id)
        sources = await sources_of(self._commitments, grid, patient_id)
        # Nothing of the proposal is booked yet, so that no fact has an appointment.
        telling = WeekTelling(
            BookedWeek(
                week,
                one.patient,
                grid,
                groups=(None,) * len(week.meetings),
                visits={},
                known=len(week.patients[one.patient.id].commitments),
                held={},
            )
        )
        return ProposalLoss(
            patient_id=patient_id,
            lost=unmet_of(week.missing(one.patient)),
            reasons=[telling.unplaced(need, sources) for need in why],
        )
