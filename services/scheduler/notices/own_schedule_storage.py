"""Which practitioners hear of their schedules, what the book says of these by now, and what they were told."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import NoticeId, OrganizationId, PractitionerId, SiteId
from services.contracts.scheduler.notices import NoticeLanguage
from services.contracts.scheduler.own_schedules import SessionPart
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPractitionerRow, AppointmentRow
from services.scheduler.notices.own_schedule_rules import OwnSitting, Schedule
from services.scheduler.notices.tables import ToldScheduleRow
from services.scheduler.own_schedules.storage import IS_HELD
from services.scheduler.own_schedules.tables import OwnNoticePreferenceRow, PractitionerAccountRow
from services.scheduler.practitioners.tables import PractitionerRow

_TOLD: Final = (
    select(PractitionerRow.id, PractitionerRow.site_id, OwnNoticePreferenceRow.language)
    .join(
        PractitionerAccountRow,
        and_(
            PractitionerAccountRow.organization_id == PractitionerRow.organization_id,
            PractitionerAccountRow.practitioner_id == PractitionerRow.id,
        ),
    )
    .join(
        OwnNoticePreferenceRow,
        and_(
            OwnNoticePreferenceRow.organization_id == PractitionerAccountRow.organization_id,
            OwnNoticePreferenceRow.account_id == PractitionerAccountRow.account_id,
        ),
    )
    .where(OwnNoticePreferenceRow.opted_in)
    .order_by(PractitionerRow.id)
)
_BOOKED: Final = (
    select(
        AppointmentPractitionerRow.practitioner_id,
        AppointmentRow.service,
        AppointmentRow.during,
        AppointmentRow.modality,
        AppointmentRow.room_id,
        AppointmentPractitionerRow.part,
    )
    .join(
        AppointmentPractitionerRow,
        and_(
            AppointmentPractitionerRow.organization_id == AppointmentRow.organization_id,
            AppointmentPractitionerRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(IS_HELD)
)


@dataclass(frozen=True, slots=True)
class Hearer:
    """A practitioner who wishes to hear of their schedule."""

    practitioner_id: PractitionerId
    site_id: SiteId
    language: NoticeLanguage


@dataclass(frozen=True, slots=True)
class ToldSchedule:
    """A schedule as a notice told of it, and as it was told before; None for not at all."""

    notice_id: NoticeId
    sittings: Schedule
    before: Schedule | None


async def hearers(db: AsyncSession) -> list[Hearer]:
    """Fetch who wishes to hear of their schedule."""
    return [
        Hearer(PractitionerId(row.id), SiteId(row.site_id), NoticeLanguage(row.language))
        for row in await db.execute(_TOLD)
    ]


async def booked(
    db: AsyncSession, practitioners: Collection[PractitionerId], now: datetime
) -> dict[PractitionerId, Schedule]:
    """Fetch what lies ahead of these practitioners."""
    found: dict[PractitionerId, set[OwnSitting]] = {}
    ahead = _BOOKED.where(
        AppointmentPractitionerRow.practitioner_id.in_(practitioners), func.lower(AppointmentRow.during) > now
    )
    for row in await db.execute(ahead, {"now": now}):
        sitting = OwnSitting(
            ServiceKind(row.service),
            row.during.lower,
            row.during.upper,
            Modality(row.modality),
            row.room_id,
            SessionPart(row.part),
        )
        found.setdefault(PractitionerId(row.practitioner_id), set()).add(sitting)
    return {who: frozenset(sittings) for who, sittings in found.items()}


async def told(db: AsyncSession, practitioners: Collection[PractitionerId]) -> dict[PractitionerId, ToldSchedule]:
    """Fetch what these practitioners were told."""
    found = await db.execute(
        select(
            ToldScheduleRow.practitioner_id, ToldScheduleRow.notice_id, ToldScheduleRow.sessions, ToldScheduleRow.before
        ).where(ToldScheduleRow.practitioner_id.in_(practitioners))
    )
    return {
        PractitionerId(row.practitioner_id): ToldSchedule(
            NoticeId(row.notice_id), _read(row.sessions), None if row.before is None else _read(row.before)
        )
        for row in found
    }


async def keep_told(
    db: AsyncSession, organization_id: OrganizationId, practitioner_id: PractitionerId, schedule: ToldSchedule
) -> None:
    """Keep what a practitioner is told, in place of what was told before."""
    values = {
        "notice_id": schedule.notice_id,
        "sessions": _written(schedule.sittings),
        "before": null() if schedule.before is None else _written(schedule.before),
    }
    statement = insert(ToldScheduleRow).values(
        organization_id=organization_id, practitioner_id=practitioner_id, **values
    )
    await db.execute(
        statement.on_conflict_do_update(index_elements=["organization_id", "practitioner_id"], set_=values)
    )


def _written(sittings: Iterable[OwnSitting]) -> list[dict[str, str | None]]:
    return [
        {
            "service": sitting.service.value,
            "start": sitting.start.isoformat(),
            "end": sitting.end.isoformat(),
            "modality": sitting.modality.value,
            "room_id": None if sitting.room_id is None else str(sitting.room_id),
            "part": sitting.part.value,
        }
        for sitting in sorted(sittings, key=lambda one: one.start)
    ]


def _read(document: Iterable[dict[str, Any]]) -> Schedule:
    return frozenset(
        OwnSitting(
            ServiceKind(one["service"]),
            datetime.fromisoformat(one["start"]),
            datetime.fromisoformat(one["end"]),
            Modality(one["modality"]),
            None if one["room_id"] is None else UUID(one["room_id"]),
            SessionPart(one["part"]),
        )
        for one in document
    )
