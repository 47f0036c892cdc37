"""Where relapse-prevention plans are kept, sealed with the patient's own key."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.records.recovery import RelapsePreventionPlan, RelapsePreventionRequest
from services.records.person_seal import PersonSeal
from services.records.relapse_prevention.tables import RelapsePlanRow

_TABLE: Final = RelapsePlanRow.__tablename__
_VERSIONS: Final = Query(
    select(RelapsePlanRow.__table__)
    .where(RelapsePlanRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(RelapsePlanRow.version.desc())
)


class SealedPlan(NamedTuple):
    """A version that is still closed."""

    row: Mapping[Any, Any]

    def open(self, seal: PersonSeal) -> RelapsePreventionPlan:
        """Open what was written."""
        kept = {name: self.row[name] for name in ("patient_id", "version", "written_by", "written_at")}
        details = seal.open(self.row["details"], _TABLE, _column(self.row["version"]), self.row["patient_id"])
        said = RelapsePreventionRequest.model_validate_json(details)
        return RelapsePreventionPlan.model_validate({**said.model_dump(), **kept})


class RelapsePlanQueries:
    """Reads of relapse-prevention plans."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def versions(self, patient_id: PatientId) -> list[SealedPlan]:
        """Return every version of a patient's plan, the newest first."""
        return [SealedPlan(row) for row in await self._read.all(_VERSIONS, patient_id=patient_id)]


class RelapsePlanRows:
    """Relapse-prevention plans within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def newest_version(self, patient_id: PatientId) -> int:
        """Return the number of the newest version, 0 where there is none; the patient is locked."""
        highest = select(func.max(RelapsePlanRow.version)).where(RelapsePlanRow.patient_id == patient_id)
        return await self._db.scalar(highest) or 0

    async def add(self, plan: RelapsePreventionPlan, said: RelapsePreventionRequest, seal: PersonSeal) -> None:
        """Write a version."""
        details = seal.close(said.model_dump_json().encode(), _TABLE, _column(plan.version), plan.patient_id)
        kept = plan.model_dump(include={"patient_id", "version", "written_by", "written_at"})
        self._db.add(RelapsePlanRow(organization_id=self._organization_id, details=details, **kept))
        await self._db.flush()


def _column(version: int) -> str:
    # The versions share the patient's id: without its number one would open in the place of another.
    return f"details{version}"
