"""Rows of what was published, written as they stand: for reports, which only read them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.scheduler.proposals.tables import ProposalChangeRow, ProposalRow
from services.scheduler.rows import Base
from services.scheduler.solves.tables import SolveRow
from services.scheduler.timetables.tables import TimetableRow

_SOME_DAY = datetime(2026, 10, 1, 12, tzinfo=UTC)
_FIGURES: dict[str, Any] = {
    "objective": 0.0,
    "bound": None,
    "gap": None,
    "required_minutes": 0,
    "unmet": [],
    "checker": {},
    "document": {},
}


class History:
    """Writes what became of one site's weeks."""

    def __init__(self, database: Database, organization_id: UUID, site_id: str) -> None:
        self._database = database
        self._of: dict[str, Any] = {"organization_id": organization_id, "site_id": UUID(site_id)}

    async def _write(self, *rows: Base) -> None:
        async with self._database.command(OrganizationId(self._of["organization_id"])) as db:
            for row in rows:
                db.add(row)
                await db.flush()

    async def published(self, week: str, version: int = 1, **values: Any) -> None:
        """Write down that a version of a week was published."""
        row = {
            **_FIGURES,
            "proposal_id": uuid4(),
            "reverted_to": None,
            "reason": None,
            "fully_served": 0,
            "patients": 0,
            "published_at": _SOME_DAY,
            "published_by": None,
            **values,
        }
        await self._write(TimetableRow(**self._of, id=uuid4(), week=date.fromisoformat(week), version=version, **row))

    async def proposed(self, week: str, patient_id: str, *changes: tuple[str, str, str]) -> UUID:
        """Write down a proposal with moves of a patient's group: status, start before, start after; returns its id."""
        monday, solve_id, proposal_id = date.fromisoformat(week), uuid4(), uuid4()
        solve = SolveRow(
            **self._of,
            id=solve_id,
            week=monday,
            status="succeeded",
            outcome=None,
            progress=None,
            attempt=1,
            base_version=1,
            time_limit_seconds=1.0,
            seed=0,
            instance={},
            warnings=[],
            proposal_id=proposal_id,
            problem=None,
            cancel_requested=False,
            worker_id=None,
            heartbeat_at=None,
            created_at=_SOME_DAY,
            finished_at=_SOME_DAY,
        )
        proposal = ProposalRow(
            **self._of,
            **_FIGURES,
            id=proposal_id,
            solve_id=solve_id,
            week=monday,
            base_version=1,
            status="published",
            outcome="optimal",
            goals={},
            fully_served=0,
            patients=0,
            diff={},
            sessions=[],
            created_at=_SOME_DAY,
        )
        moves = [
            ProposalChangeRow(
                organization_id=self._of["organization_id"],
                proposal_id=proposal_id,
                number=number,
                id=uuid4(),
                kind="moved",
                patient_id=UUID(patient_id),
                service="process_group",
                before={"start": before},
                after={"start": after},
                status=status,
                reason="clinical" if status == "rejected" else None,
                decided_by=None,
                decided_at=None,
            )
            for number, (status, before, after) in enumerate(changes, start=1)
        ]
        await self._write(solve, proposal, *moves)
        return proposal_id
