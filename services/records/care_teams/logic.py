"""What may be done with care teams, and what follows from a broken glass."""

import secrets
from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import (
    CareTeamMemberId,
    EmergencyAccessId,
    PatientId,
    SiteId,
    SiteMemberId,
)
from services.contracts.records.care_teams import (
    REVIEW_WITHIN,
    CareTeamMember,
    CareTeamMemberRequest,
    EmergencyAccess,
    EmergencyAccessReason,
    EmergencyAccessRequest,
    SiteMember,
    SiteMemberRequest,
)
from services.records.care_teams.rules import GLASS_STAYS_BROKEN, TOLD_WITHIN
from services.records.care_teams.storage import CareTeamQueries, CareTeamRows
from services.records.errors import AlreadyAMemberError, OverAlreadyError, OwnReviewError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads

_Member = TypeVar("_Member", CareTeamMember, SiteMember)
_REASON: Final = ("emergency_accesses", "reason")

GlassBroken = Callable[[EmergencyAccessId], None]
"""Hears of a glass that was broken, of which those who lead are told once that is committed, and nothing undone."""


class CareTeamCommands:
    """Changes to care teams, within one unit of work."""

    def __init__(self, rows: CareTeamRows, patients: PatientCommands, gate: Gate, broken: GlassBroken) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate
        self._broken = broken
        self._clock: Clock = gate.clock

    async def join(self, patient_id: PatientId, request: CareTeamMemberRequest) -> CareTeamMember:
        """Enter an account in a patient's care team from now on.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            AlreadyAMemberError: It is in the team at this time.
        """
        await self._patients.lock(patient_id, Information.TREATMENT_PLAN)
        member = CareTeamMember(
            id=CareTeamMemberId(self._new_id()),
            patient_id=patient_id,
            account_id=request.account_id,
            from_at=self._clock.now(),
            until_at=None,
        )
        if not await self._rows.add_member(member):
            raise AlreadyAMemberError
        return member

    async def leave(self, member_id: CareTeamMemberId) -> CareTeamMember:
        """End a membership now; what was seen before stays in the audit trail.

        Raises:
            NotFoundError: There is no such membership here.
            OverAlreadyError: It has ended.
        """
        member = await self._rows.member(member_id)
        if member is None:
            raise self._nothing(member_id)
        await self._patients.lock(member.patient_id, Information.TREATMENT_PLAN)
        ended = self._ended(member)
        await self._rows.end_member(member_id, self._clock.now())
        return ended

    async def join_site(self, request: SiteMemberRequest) -> SiteMember:
        """Let an account see every patient of a site from now on.

        Raises:
            AlreadyAMemberError: It works there at this time.
        """
        member = SiteMember(
            id=SiteMemberId(self._new_id()),
            site_id=request.site_id,
            account_id=request.account_id,
            from_at=self._clock.now(),
            until_at=None,
        )
        if not await self._rows.add_site_member(member):
            raise AlreadyAMemberError
        self._gate.configured(site=request.site_id, member=request.account_id)
        return member

    async def leave_site(self, member_id: SiteMemberId) -> SiteMember:
        """End somebody's work at a site now.

        Raises:
            NotFoundError: There is no such membership here.
            OverAlreadyError: It has ended.
        """
        member = await self._rows.site_member(member_id)
        if member is None:
            raise self._nothing(member_id)
        ended = self._ended(member)
        await self._rows.end_site_member(member_id, self._clock.now())
        self._gate.configured(site=member.site_id, member=member.account_id)
        return ended

    async def break_glass(self, patient_id: PatientId, request: EmergencyAccessRequest) -> EmergencyAccess:
        """Open a patient's record to the caller for an hour, to be read; those who lead are told, and review it.

        Raises:
            NotFoundError: There is no such patient here.
        """
        now = self._clock.now()
        seal = await self._patients.lock_in_emergency(patient_id, request.nature)
        access = EmergencyAccess(
            id=EmergencyAccessId(self._new_id()),
            patient_id=patient_id,
            account_id=self._gate.caller.account_id,
            nature=request.nature,
            opened_at=now,
            until_at=now + GLASS_STAYS_BROKEN,
            review_due_at=now + REVIEW_WITHIN,
            reviewed_by=None,
            reviewed_at=None,
        )
        reason = seal.close(request.reason.encode(), *_REASON, access.id)
        await self._rows.add_glass(access, reason, told_by=now + TOLD_WITHIN)
        self._broken(access.id)
        return access

    async def review(self, access_id: EmergencyAccessId) -> EmergencyAccess:
        """Say that the caller has looked at a broken glass.

        Raises:
            NotFoundError: There is no such access here.
            OwnReviewError: The caller broke it.
            OverAlreadyError: Somebody has reviewed it.
        """
        access = await self._rows.glass(access_id)
        if access is None:
            raise self._nothing(access_id)
        if access.account_id == self._gate.caller.account_id:
            raise OwnReviewError
        if access.reviewed_at is not None:
            raise OverAlreadyError
        now = self._clock.now()
        await self._rows.review(access_id, self._gate.caller.account_id, now)
        self._gate.shown([access.patient_id], Information.CONSENTS)
        return access.model_copy(update={"reviewed_by": self._gate.caller.account_id, "reviewed_at": now})

    def _nothing(self, sought: UUID) -> NotFoundError:
        self._gate.refuse(sought)
        return NotFoundError()

    def _ended(self, member: _Member) -> _Member:
        if member.until_at is not None:
            raise OverAlreadyError
        return member.model_copy(update={"until_at": self._clock.now()})

    def _new_id(self) -> UUID:
        return new_id(self._clock.now(), secrets.token_bytes(10))


class CareTeamReads:
    """What can be read of care teams."""

    def __init__(self, queries: CareTeamQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def members(self, patient_id: PatientId) -> Page[CareTeamMember]:
        """Return who is and was in a patient's care team.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.TREATMENT_PLAN)
        return Page(items=await self._queries.members(patient_id), next_page_token=None)

    async def at_site(self, site_id: SiteId) -> Page[SiteMember]:
        """Return who works and worked at a site."""
        self._gate.configured(site=site_id)
        return Page(items=await self._queries.at_site(site_id), next_page_token=None)

    async def reason(self, access_id: EmergencyAccessId) -> EmergencyAccessReason:
        """Return why a glass was broken.

        Raises:
            NotFoundError: There is no such access here, or its patient is not for the caller.
        """
        found = await self._queries.reason(access_id)
        if found is None:
            self._gate.refuse(access_id)
            raise NotFoundError
        patient_id, sealed = found
        seal = await self._patients.seal(patient_id, Information.PROGRESS_NOTES)
        reason = None if sealed is None else seal.open(sealed, *_REASON, access_id).decode()
        return EmergencyAccessReason(id=access_id, reason=reason)

    async def to_review(self, requested: PageRequest) -> Page[EmergencyAccess]:
        """Return broken glass that nobody has looked at."""
        page = requested.page(await self._queries.to_review(requested))
        self._gate.shown([access.patient_id for access in page.items], Information.CONSENTS)
        return page
