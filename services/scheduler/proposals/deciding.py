"""What is allowed with the changes of a proposal: deciding about them one by one, or several together."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import AccountId, ProposalId
from services.contracts.scheduler.timetables import (
    ChangeAcceptance,
    ChangeRejection,
    ChangeStatus,
    ProposalChange,
    ProposalStatus,
)
from services.scheduler.errors import AlreadyPublishedError, ChangeDoesNotFitError
from services.scheduler.proposals import storage
from services.scheduler.proposals.changes import Decisions
from services.scheduler.proposals.decisions import Decision
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solves.logic import SolvesReader


class ProposalChangesReader:
    """Reads what a proposal changes."""

    def __init__(self, read: Read, proposals: ProposalsReader) -> None:
        self._read = read
        self._proposals = proposals

    async def page(self, proposal_id: ProposalId, page: PageRequest) -> Page[ProposalChange]:
        """Return a page of the changes, in the order of their numbers.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
        """
        await self._proposals.get(proposal_id)
        return page.page(await storage.page_of_changes(self._read, proposal_id, page))


class ProposalChangesLogic:
    """Decides about changes; what is decided always leaves a week that could be published."""

    def __init__(
        self,
        db: UnitOfWork,
        account_id: AccountId,
        *,
        read: Read,
        proposals: ProposalsReader,
        solves: SolvesReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._account_id = account_id
        self._read = read
        self._proposals = proposals
        self._solves = solves
        self._clock = clock

    async def accept(self, proposal_id: ProposalId, number: int, request: ChangeAcceptance) -> ProposalChange:
        """Accept a change, and others together with it.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization, or no such change.
            InvalidRequestError: One of the others does not exist.
            AlreadyPublishedError: The proposal is published.
            ChangeDoesNotFitError: The week would break a rule; says what to accept along.
        """
        decision = Decision(ChangeStatus.ACCEPTED, None, self._account_id, self._clock.now())
        return await self._decide(proposal_id, [number, *request.together_with], decision)

    async def reject(self, proposal_id: ProposalId, number: int, request: ChangeRejection) -> ProposalChange:
        """Reject a change, and others together with it: their patients keep what is published.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization, or no such change.
            InvalidRequestError: One of the others does not exist.
            AlreadyPublishedError: The proposal is published.
            ChangeDoesNotFitError: The week would break a rule; says what to reject along.
        """
        decision = Decision(ChangeStatus.REJECTED, request.reason, self._account_id, self._clock.now())
        return await self._decide(proposal_id, [number, *request.together_with], decision)

    async def _decide(self, proposal_id: ProposalId, numbers: Sequence[int], decision: Decision) -> ProposalChange:
        await storage.hold(self._db, proposal_id)
        proposal = await self._proposals.get(proposal_id)
        statuses = await storage.statuses_of_changes(self._read, proposal_id)
        if numbers[0] not in statuses:
            raise NotFoundError
        if not statuses.keys() >= set(numbers):
            raise InvalidRequestError("/together_with", "must be numbers of changes of this proposal")
        if proposal.status is ProposalStatus.PUBLISHED:
            raise AlreadyPublishedError
        rejected = {number for number, status in statuses.items() if status is ChangeStatus.REJECTED}
        wanted = decision.status is ChangeStatus.REJECTED
        if wanted or not rejected.isdisjoint(numbers):
            decisions = Decisions(
                instance_from_json(await self._solves.instance(proposal.solve_id)),
                timetable_from_json(await self._proposals.document(proposal_id)),
            )
            free = statuses.keys() - rejected if wanted else rejected
            await asyncio.to_thread(_refuse_what_does_not_fit, decisions, set(numbers), free, rejected, wanted=wanted)
        await storage.decide(self._db, proposal_id, numbers, decision)
        return await storage.find_change(self._read, proposal_id, numbers[0])


def _refuse_what_does_not_fit(
    decisions: Decisions, decided: AbstractSet[int], free: AbstractSet[int], rejected: AbstractSet[int], *, wanted: bool
) -> None:
    def rejected_with(numbers: AbstractSet[int]) -> AbstractSet[int]:
        return rejected | numbers if wanted else rejected - numbers

    if broken := decisions.broken_rules(rejected_with(decided)):
        raise ChangeDoesNotFitError(broken, decisions.remedy(decided, free, rejected_with))
