"""Where memberships and broken glass are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.chassis.paging import PageRequest
from services.contracts.identifiers import (
    AccountId,
    CareTeamMemberId,
    EmergencyAccessId,
    OrganizationId,
    PatientId,
    SiteMemberId,
)
from services.contracts.records.care_teams import REVIEW_WITHIN, CareTeamMember, EmergencyAccess, SiteMember
from services.records.relations.tables import CareTeamMemberRow, EmergencyAccessRow, SiteMemberRow

_MEMBERS: Final = Query(
    select(CareTeamMemberRow.__table__)
    .where(CareTeamMemberRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(CareTeamMemberRow.from_at, CareTeamMemberRow.id)
)
_SITE_MEMBERS: Final = Query(
    select(SiteMemberRow.__table__)
    .where(SiteMemberRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(SiteMemberRow.from_at, SiteMemberRow.id)
)
_GLASS: Final = Query(
    select(EmergencyAccessRow.__table__)
    .where(EmergencyAccessRow.id > bindparam("after", type_=Uuid), EmergencyAccessRow.reviewed_at.is_(None))
    .order_by(EmergencyAccessRow.id)
    .limit(bindparam("limit"))
)
_REASON: Final = Query(
    select(EmergencyAccessRow.patient_id, EmergencyAccessRow.reason).where(
        EmergencyAccessRow.id == bindparam("id", type_=Uuid)
    )
)


class CareTeamQueries:
    """Reads of memberships and broken glass."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def members(self, patient_id: PatientId) -> list[CareTeamMember]:
        """Return who is and was in a patient's care team, oldest first."""
        rows = await self._read.all(_MEMBERS, patient_id=patient_id)
        return [CareTeamMember.model_validate(dict(row)) for row in rows]

    async def at_site(self, site_id: UUID) -> list[SiteMember]:
        """Return who works and worked at a site, oldest first."""
        return [SiteMember.model_validate(dict(row)) for row in await self._read.all(_SITE_MEMBERS, site_id=site_id)]

    async def reason(self, access_id: EmergencyAccessId) -> tuple[PatientId, bytes | None] | None:
        """Return whose glass was broken, and why, as it is sealed; or None."""
        row = await self._read.one_or_none(_REASON, id=access_id)
        return None if row is None else (PatientId(row["patient_id"]), row["reason"])

    async def to_review(self, page: PageRequest) -> list[EmergencyAccess]:
        """Return broken glass that nobody has looked at, oldest first."""
        rows = await self._read.all(_GLASS, after=page.after, limit=page.limit)
        return [_access(row) for row in rows]


class CareTeamRows:
    """Memberships and broken glass within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add_member(self, member: CareTeamMember) -> bool:
        """Write a membership; says whether it is new at its time."""
        return await self._add(CareTeamMemberRow, member)

    async def add_site_member(self, member: SiteMember) -> bool:
        """Write who works at a site; says whether it is new at its time."""
        return await self._add(SiteMemberRow, member)

    async def add_glass(self, access: EmergencyAccess, reason: bytes) -> None:
        """Write a broken glass, and the sealed reason."""
        values = access.model_dump(exclude={"review_due_at"})
        self._db.add(EmergencyAccessRow(organization_id=self._organization_id, reason=reason, **values))
        await self._db.flush()

    async def member(self, member_id: CareTeamMemberId) -> CareTeamMember | None:
        """Return a membership, and make others wait who want to change it."""
        found = select(CareTeamMemberRow.__table__).where(CareTeamMemberRow.id == member_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else CareTeamMember.model_validate(dict(row))

    async def site_member(self, member_id: SiteMemberId) -> SiteMember | None:
        """Return who works at a site, and make others wait who want to change it."""
        found = select(SiteMemberRow.__table__).where(SiteMemberRow.id == member_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else SiteMember.model_validate(dict(row))

    async def glass(self, access_id: EmergencyAccessId) -> EmergencyAccess | None:
        """Return a broken glass, and make others wait who want to review it."""
        found = select(EmergencyAccessRow.__table__).where(EmergencyAccessRow.id == access_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _access(row)

    async def end_member(self, member_id: CareTeamMemberId, now: datetime) -> None:
        """End a membership."""
        await self._db.execute(update(CareTeamMemberRow).where(CareTeamMemberRow.id == member_id).values(until_at=now))

    async def end_site_member(self, member_id: SiteMemberId, now: datetime) -> None:
        """End somebody's work at a site."""
        await self._db.execute(update(SiteMemberRow).where(SiteMemberRow.id == member_id).values(until_at=now))

    async def review(self, access_id: EmergencyAccessId, reviewer: AccountId, now: datetime) -> None:
        """Say who looked at a broken glass, and when."""
        await self._db.execute(
            update(EmergencyAccessRow)
            .where(EmergencyAccessRow.id == access_id)
            .values(reviewed_by=reviewer, reviewed_at=now)
        )

    async def _add(self, row: type[CareTeamMemberRow | SiteMemberRow], member: CareTeamMember | SiteMember) -> bool:
        written = insert(row).values(organization_id=self._organization_id, **member.model_dump())
        try:
            async with self._db.begin_nested():
                await self._db.execute(written)
        except IntegrityError as error:
            if (violated_constraint(error) or "").endswith("_once_excl"):
                return False
            raise
        return True


def _access(row: Mapping[Any, Any]) -> EmergencyAccess:
    return EmergencyAccess.model_validate({**row, "review_due_at": row["opened_at"] + REVIEW_WITHIN})
