"""Where proposals are kept."""

from typing import Any, Final

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, ProposalId
from services.contracts.scheduler.timetables import Proposal, ProposalStatus
from services.scheduler.proposals.tables import ProposalRow
from services.scheduler.storing import decoded, json_of

_JSON: Final = ("goals", "unmet", "checker", "diff", "sessions")
_PROPOSAL_ID: Final = bindparam("proposal_id", type_=Uuid)
_ONE: Final = Query(
    select(*(column for column in ProposalRow.__table__.c if column.name not in {"organization_id", "document"})).where(
        ProposalRow.id == _PROPOSAL_ID
    )
)
_DOCUMENT: Final = Query(select(ProposalRow.document).where(ProposalRow.id == _PROPOSAL_ID))


async def insert(
    db: AsyncSession, organization_id: OrganizationId, proposal: Proposal, document: dict[str, Any]
) -> None:
    """Keep a new proposal."""
    values = proposal.model_dump(exclude=set(_JSON)) | proposal.model_dump(mode="json", include=set(_JSON))
    db.add(ProposalRow(organization_id=organization_id, document=document, **values))
    await db.flush()


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


async def mark_published(db: AsyncSession, proposal_id: ProposalId) -> None:
    """Note that a proposal is published."""
    await db.execute(
        update(ProposalRow).where(ProposalRow.id == proposal_id).values(status=ProposalStatus.PUBLISHED.value)
    )
