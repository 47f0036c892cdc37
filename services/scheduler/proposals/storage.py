"""Where proposals and what was decided about their changes are kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, Integer, Uuid, and_, any_, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, PatientId, ProposalId
from services.contracts.scheduler.timetables import ChangeStatus, Proposal, ProposalChange, ProposalStatus
from services.contracts.vocabulary import ServiceKind
from services.scheduler.proposals.decisions import Decision
from services.scheduler.proposals.facts import Place
from services.scheduler.proposals.tables import ProposalChangeRow, ProposalRow
from services.scheduler.solves.tables import SolveRow
from services.scheduler.storing import decoded, json_of

_JSON: Final = ("goals", "unmet", "checker", "diff", "sessions")
_PROPOSAL_ID: Final = bindparam("proposal_id", type_=Uuid)
_ONE: Final = Query(
    select(*(column for column in ProposalRow.__table__.c if column.name not in {"organization_id", "document"})).where(
        ProposalRow.id == _PROPOSAL_ID
    )
)
_DOCUMENT: Final = Query(select(ProposalRow.document).where(ProposalRow.id == _PROPOSAL_ID))
_INSTANCES: Final = Query(
    select(ProposalRow.id, SolveRow.instance)
    .join(
        SolveRow,
        and_(SolveRow.organization_id == ProposalRow.organization_id, SolveRow.id == ProposalRow.solve_id),
    )
    .where(ProposalRow.id == any_(bindparam("proposals", type_=ARRAY(Uuid))))
)
_REPAIR: Final = Query(select(ProposalRow.document["repair"].label("repair")).where(ProposalRow.id == _PROPOSAL_ID))

_SIDES: Final = ("before", "after")
_CHANGES: Final = select(
    *(column for column in ProposalChangeRow.__table__.c if column.name not in {"organization_id", "proposal_id"})
).where(ProposalChangeRow.proposal_id == _PROPOSAL_ID)
_PAGE_OF_CHANGES: Final = Query(
    _CHANGES.where(ProposalChangeRow.id > bindparam("after", type_=Uuid))
    .order_by(ProposalChangeRow.number)
    .limit(bindparam("limit", type_=Integer))
)
_CHANGE: Final = Query(_CHANGES.where(ProposalChangeRow.number == bindparam("number", type_=Integer)))
_AFTERS: Final = Query(
    select(
        ProposalChangeRow.number, ProposalChangeRow.patient_id, ProposalChangeRow.service, ProposalChangeRow.after
    ).where(ProposalChangeRow.proposal_id == _PROPOSAL_ID)
)
_STATUSES: Final = Query(
    select(ProposalChangeRow.number, ProposalChangeRow.status).where(ProposalChangeRow.proposal_id == _PROPOSAL_ID)
)


async def written_instances(read: Read, proposals: Collection[ProposalId]) -> dict[ProposalId, str | dict[str, Any]]:
    """Fetch the instances that the solves of some proposals were given, unread: they are large."""
    rows = await read.all(_INSTANCES, proposals=list(proposals))
    return {ProposalId(row["id"]): row["instance"] for row in rows}


async def insert_proposal(
    db: AsyncSession,
    organization_id: OrganizationId,
    proposal: Proposal,
    document: dict[str, Any],
    changes: Sequence[ProposalChange],
) -> None:
    """Keep a new proposal with its changes."""
    values = proposal.model_dump(exclude=set(_JSON)) | proposal.model_dump(mode="json", include=set(_JSON))
    db.add(ProposalRow(organization_id=organization_id, document=document, **values))
    await db.flush()
    if changes:
        key = {"organization_id": organization_id, "proposal_id": proposal.id}
        rows = [
            {**key, **change.model_dump(exclude=set(_SIDES)), **change.model_dump(mode="json", include=set(_SIDES))}
            for change in changes
        ]
        await db.execute(insert(ProposalChangeRow), rows)


async def find(read: Read, proposal_id: ProposalId) -> Proposal | None:
    """Fetch one proposal."""
    row = await read.one_or_none(_ONE, proposal_id=proposal_id)
    return None if row is None else Proposal(**decoded(row, *_JSON))


async def document_of(read: Read, proposal_id: ProposalId) -> dict[str, Any]:
    """Fetch the timetable of a proposal that exists, as the solver writes it."""
    row = await read.one_or_none(_DOCUMENT, proposal_id=proposal_id)
    if row is None:
        raise LookupError("the proposal has just been read")
    document: dict[str, Any] = json_of(row["document"])
    return document


async def repair_of(read: Read, proposal_id: ProposalId) -> dict[str, Any] | None:
    """Fetch what a repair does to people; None where the proposal is no repair."""
    row = await read.one_or_none(_REPAIR, proposal_id=proposal_id)
    repair: dict[str, Any] | None = None if row is None else json_of(row["repair"])
    return repair


async def mark_published(db: AsyncSession, proposal_id: ProposalId) -> None:
    """Note that a proposal is published."""
    await db.execute(
        update(ProposalRow).where(ProposalRow.id == proposal_id).values(status=ProposalStatus.PUBLISHED.value)
    )


async def mark_pending_accepted(db: AsyncSession, proposal_id: ProposalId) -> None:
    """Note that what nobody decided about is accepted."""
    await db.execute(
        update(ProposalChangeRow)
        .where(
            ProposalChangeRow.proposal_id == proposal_id,
            ProposalChangeRow.status == ChangeStatus.PENDING.value,
        )
        .values(status=ChangeStatus.ACCEPTED.value)
    )


async def hold(db: AsyncSession, proposal_id: ProposalId) -> None:
    """Keep others from deciding about a proposal or publishing it until the transaction ends."""
    await db.execute(select(ProposalRow.id).where(ProposalRow.id == proposal_id).with_for_update())


async def page_of_changes(read: Read, proposal_id: ProposalId, page: PageRequest) -> list[ProposalChange]:
    """Fetch a page of a proposal's changes, and one more where there is one."""
    rows = await read.all(_PAGE_OF_CHANGES, proposal_id=proposal_id, after=page.after, limit=page.limit)
    return [ProposalChange(**decoded(row, *_SIDES)) for row in rows]


async def find_change(read: Read, proposal_id: ProposalId, number: int) -> ProposalChange:
    """Fetch a change that exists."""
    row = await read.one_or_none(_CHANGE, proposal_id=proposal_id, number=number)
    if row is None:
        raise LookupError("the change has just been decided about")
    return ProposalChange(**decoded(row, *_SIDES))


async def statuses_of_changes(read: Read, proposal_id: ProposalId) -> Mapping[int, ChangeStatus]:
    """Fetch what was decided about each change, by number."""
    rows = await read.all(_STATUSES, proposal_id=proposal_id)
    return {row["number"]: ChangeStatus(row["status"]) for row in rows}


async def numbers_by_place(read: Read, proposal_id: ProposalId) -> Mapping[Place, int]:
    """Fetch which change gives a patient which place."""
    rows = [decoded(row, "after") for row in await read.all(_AFTERS, proposal_id=proposal_id)]
    return {
        Place(
            PatientId(row["patient_id"]), ServiceKind(row["service"]), datetime.fromisoformat(row["after"]["start"])
        ): row["number"]
        for row in rows
        if row["after"] is not None
    }


async def decide(db: AsyncSession, proposal_id: ProposalId, numbers: Sequence[int], decision: Decision) -> None:
    """Keep one decision about several changes."""
    await db.execute(
        update(ProposalChangeRow)
        .where(ProposalChangeRow.proposal_id == proposal_id, ProposalChangeRow.number.in_(numbers))
        .values(
            status=decision.status.value,
            reason=None if decision.reason is None else decision.reason.value,
            decided_by=decision.decided_by,
            decided_at=decision.decided_at,
        )
    )
