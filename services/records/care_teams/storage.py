"""Where memberships and broken glass are kept."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Database, Query, Read, violated_constraint
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
from services.records.relations.tables import (
    CareTeamMemberRow,
    EmergencyAccessRow,
    SiteMemberRow,
    UntoldEmergencyRow,
)

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

    async def add_glass(self, access: EmergencyAccess, reason: bytes, *, told_by: datetime) -> None:
        """Write a broken glass, the sealed reason, and by when those who lead are to be told of it."""
        values = access.model_dump(exclude={"review_due_at"})
        self._db.add(EmergencyAccessRow(organization_id=self._organization_id, reason=reason, **values))
        untold = UntoldEmergencyRow(
            id=access.id,
            organization_id=self._organization_id,
            account_id=access.account_id,
            opened_at=access.opened_at,
            due_at=told_by,
        )
        self._db.add(untold)
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


class UntoldEmergency(NamedTuple):
    """A broken glass of which those who lead are still to be told."""

    id: EmergencyAccessId
    organization_id: OrganizationId
    account_id: AccountId


class UntoldEmergencies:
    """Of which broken glass is still to be told, in all organizations, within a unit of work."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def take(self, now: datetime, *, lease: timedelta) -> UntoldEmergency | None:
        """Take what has been due for longest and that nobody else takes, and have it alone for the lease; or None."""
        due = select(UntoldEmergencyRow.id).where(UntoldEmergencyRow.due_at <= now)
        one = due.order_by(UntoldEmergencyRow.due_at).limit(1).with_for_update(skip_locked=True).scalar_subquery()
        taken = (
            update(UntoldEmergencyRow)
            .where(UntoldEmergencyRow.id == one)
            .values(due_at=now + lease)
            .returning(UntoldEmergencyRow.id, UntoldEmergencyRow.organization_id, UntoldEmergencyRow.account_id)
        )
        row = (await self._db.execute(taken)).one_or_none()
        if row is None:
            return None
        return UntoldEmergency(
            EmergencyAccessId(row.id), OrganizationId(row.organization_id), AccountId(row.account_id)
        )

    async def drop(self, access_id: EmergencyAccessId) -> None:
        """Forget one of which those who lead are told."""
        await self._db.execute(delete(UntoldEmergencyRow).where(UntoldEmergencyRow.id == access_id))

    async def sweep(self, before: datetime) -> int:
        """Forget those that were opened so long ago, and say how many they are."""
        old = UntoldEmergencyRow.opened_at <= before
        swept = await self._db.execute(delete(UntoldEmergencyRow).where(old).returning(UntoldEmergencyRow.id))
        return len(swept.all())


def untold_in(database: Database) -> Callable[[], AbstractAsyncContextManager[UntoldEmergencies]]:
    """Return what opens a unit of work on them."""

    @asynccontextmanager
    async def unit() -> AsyncIterator[UntoldEmergencies]:
        async with database.command(None) as db:
            yield UntoldEmergencies(db)

    return unit


def _access(row: Mapping[Any, Any]) -> EmergencyAccess:
    return EmergencyAccess.model_validate({**row, "review_due_at": row["opened_at"] + REVIEW_WITHIN})
