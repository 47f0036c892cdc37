"""Where notices are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TIMESTAMP, Integer, Text, Uuid, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import (
    AppointmentId,
    NoticeId,
    OfferId,
    OrganizationId,
    PatientId,
    PractitionerId,
    RoomId,
    SiteId,
)
from services.contracts.scheduler.notices import Notice, NoticeKind, NoticeReason, NoticeStatus
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import PLANNING, NoticeFacts, Sitting, Told
from services.scheduler.notices.tables import NoticeRow

UNSENT: Final = (NoticeStatus.QUEUED.value, NoticeStatus.HELD.value)
_SHOWN: Final = tuple(column for column in NoticeRow.__table__.c if column.name in Notice.model_fields)
_AFTER: Final = NoticeRow.id > bindparam("after", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_INSTANT: Final = TIMESTAMP(timezone=True)
_STATUS: Final = bindparam("status", type_=Text)
_OF_SITE: Final = Query(
    select(*_SHOWN)
    .where(
        NoticeRow.site_id == bindparam("site_id", type_=Uuid),
        NoticeRow.deliver_after >= bindparam("begin", type_=_INSTANT),
        NoticeRow.deliver_after < bindparam("end", type_=_INSTANT),
        or_(_STATUS.is_(None), NoticeRow.status == _STATUS),
        _AFTER,
    )
    .order_by(NoticeRow.id)
    .limit(_LIMIT)
)
_OF_PATIENT: Final = Query(
    select(*_SHOWN)
    .where(NoticeRow.patient_id == bindparam("patient_id", type_=Uuid), _AFTER)
    .order_by(NoticeRow.id)
    .limit(_LIMIT)
)
_ONE: Final = Query(select(*_SHOWN).where(NoticeRow.id == bindparam("notice_id", type_=Uuid)))
_BY_KEY: Final = select(*_SHOWN).where(NoticeRow.dedupe_key == bindparam("dedupe_key"))


@dataclass(frozen=True, slots=True)
class Unsent:
    """A notice that has not left the house, held by this transaction."""

    id: NoticeId
    told: Told


async def page_of_site(
    read: Read, site_id: SiteId, span: tuple[datetime, datetime], status: NoticeStatus | None, page: PageRequest
) -> list[Notice]:
    """Fetch a page of a site's notices that are to go out within a span, and one more where there is one."""
    begin, end = span
    rows = await read.all(
        _OF_SITE,
        site_id=site_id,
        begin=begin,
        end=end,
        status=None if status is None else status.value,
        after=page.after,
        limit=page.limit,
    )
    return [Notice(**row) for row in rows]


async def page_of_patient(read: Read, patient_id: PatientId, page: PageRequest) -> list[Notice]:
    """Fetch a page of a patient's notices, and one more where there is one."""
    rows = await read.all(_OF_PATIENT, patient_id=patient_id, after=page.after, limit=page.limit)
    return [Notice(**row) for row in rows]


async def find(read: Read, notice_id: NoticeId) -> Notice | None:
    """Fetch one notice."""
    row = await read.one_or_none(_ONE, notice_id=notice_id)
    return None if row is None else Notice(**row)


async def find_by_key(db: AsyncSession, dedupe_key: str) -> Notice | None:
    """Fetch the notice that was queued with a key."""
    row = (await db.execute(_BY_KEY, {"dedupe_key": dedupe_key})).mappings().one_or_none()
    return None if row is None else Notice(**row)


async def hold_unsent(db: AsyncSession, patient_id: PatientId, appointment_id: AppointmentId) -> Unsent | None:
    """Return the notice about a patient's appointment that has not left yet, and keep it from leaving meanwhile."""
    row = (
        await db.execute(
            select(NoticeRow.id, NoticeRow.kind, NoticeRow.facts)
            .where(
                NoticeRow.patient_id == patient_id,
                NoticeRow.appointment_id == appointment_id,
                NoticeRow.status.in_(UNSENT),
                NoticeRow.kind.in_([kind.value for kind in PLANNING]),
            )
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    return None if row is None else Unsent(NoticeId(row.id), Told(NoticeKind(row.kind), facts_from_json(row.facts)))


async def supersede(db: AsyncSession, notice_id: NoticeId, newer: NoticeId) -> None:
    """Let a newer notice take the place of one that is held."""
    await db.execute(
        update(NoticeRow)
        .where(NoticeRow.id == notice_id)
        .values(status=NoticeStatus.CANCELLED.value, reason=NoticeReason.SUPERSEDED.value, superseded_by=newer)
    )


async def insert_notice(
    db: AsyncSession, organization_id: OrganizationId, notice: Notice, told: Told, dedupe_key: str
) -> bool:
    """Keep a notice; says no where its key is taken, or where another one about its appointment came first."""
    values = notice.model_dump() | {
        "organization_id": organization_id,
        "facts": facts_to_json(told.facts),
        "starts_at": None if told.facts.after is None else told.facts.after.start,
        "dedupe_key": dedupe_key,
    }
    inserted = await db.scalar(insert(NoticeRow).values(values).on_conflict_do_nothing().returning(NoticeRow.id))
    return inserted is not None


async def hold(db: AsyncSession, notice_id: NoticeId) -> Notice | None:
    """Return a notice and keep everybody else from changing it until the transaction ends."""
    statement = select(*_SHOWN).where(NoticeRow.id == notice_id).with_for_update(key_share=True)
    row = (await db.execute(statement)).mappings().one_or_none()
    return None if row is None else Notice(**row)


async def told_of(db: AsyncSession, notice_id: NoticeId) -> Told:
    """Return what a notice that exists tells."""
    row = (await db.execute(select(NoticeRow.kind, NoticeRow.facts).where(NoticeRow.id == notice_id))).one()
    return Told(NoticeKind(row.kind), facts_from_json(row.facts))


async def rewrite(db: AsyncSession, notice_id: NoticeId, told: Told, body: str) -> None:
    """Let a notice that this transaction holds tell something else."""
    await db.execute(
        update(NoticeRow).where(NoticeRow.id == notice_id).values(facts=facts_to_json(told.facts), body=body)
    )


async def set_status(
    db: AsyncSession,
    notice_id: NoticeId,
    status: NoticeStatus,
    reason: NoticeReason | None,
    *,
    deliver_after: datetime | None = None,
) -> None:
    """Say where a notice stands that this transaction holds."""
    values: dict[str, Any] = {"status": status.value, "reason": None if reason is None else reason.value}
    if deliver_after is not None:
        values["deliver_after"] = deliver_after
    await db.execute(update(NoticeRow).where(NoticeRow.id == notice_id).values(values))


async def begin_attempt(db: AsyncSession, notice_id: NoticeId) -> int:
    """Count an attempt at a notice that this transaction holds; returns its number."""
    values = {"status": NoticeStatus.SENDING.value, "reason": None, "attempts": NoticeRow.attempts + 1}
    statement = update(NoticeRow).where(NoticeRow.id == notice_id).values(values).returning(NoticeRow.attempts)
    return int((await db.execute(statement.execution_options(synchronize_session=False))).scalar_one())


async def end_attempt(
    db: AsyncSession,
    notice_id: NoticeId,
    number: int,
    status: NoticeStatus,
    *,
    reason: NoticeReason | None = None,
    deliver_after: datetime | None = None,
    sent_at: datetime | None = None,
) -> bool:
    """End an attempt; says no where another attempt, or a receipt, has said something newer meanwhile."""
    values: dict[str, Any] = {"status": status.value, "reason": None if reason is None else reason.value}
    if deliver_after is not None:
        values["deliver_after"] = deliver_after
    if sent_at is not None:
        values["sent_at"] = func.coalesce(NoticeRow.sent_at, sent_at)
    statement = (
        update(NoticeRow)
        .where(
            NoticeRow.id == notice_id,
            NoticeRow.status == NoticeStatus.SENDING.value,
            NoticeRow.attempts == number,
        )
        .values(values)
        .returning(NoticeRow.id)
        .execution_options(synchronize_session=False)
    )
    return await db.scalar(statement) is not None


async def mark_delivered(db: AsyncSession, notice_id: NoticeId, now: datetime) -> None:
    """Note that a notice has arrived; the first word of it is the one that stays."""
    await db.execute(
        update(NoticeRow)
        .where(NoticeRow.id == notice_id, NoticeRow.delivered_at.is_(None))
        .values(
            status=NoticeStatus.DELIVERED.value,
            reason=None,
            sent_at=func.coalesce(NoticeRow.sent_at, now),
            delivered_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def facts_to_json(facts: NoticeFacts) -> dict[str, Any]:
    """Write facts down; instants in UTC."""
    return {
        "site_id": str(facts.site_id),
        "appointment_id": None if facts.appointment_id is None else str(facts.appointment_id),
        "before": _sitting_to_json(facts.before),
        "after": _sitting_to_json(facts.after),
        "reply_by": None if facts.reply_by is None else facts.reply_by.isoformat(),
        "offer_id": None if facts.offer_id is None else str(facts.offer_id),
    }


def _sitting_to_json(sitting: Sitting | None) -> dict[str, str | None] | None:
    if sitting is None:
        return None
    return {
        "start": sitting.start.isoformat(),
        "end": sitting.end.isoformat(),
        "modality": sitting.modality.value,
        "practitioner_id": None if sitting.practitioner_id is None else str(sitting.practitioner_id),
        "room_id": None if sitting.room_id is None else str(sitting.room_id),
    }


def facts_from_json(document: Mapping[str, Any]) -> NoticeFacts:
    """Read facts as `facts_to_json` writes them."""
    appointment_id, reply_by = document["appointment_id"], document["reply_by"]
    offer_id = document.get("offer_id")
    return NoticeFacts(
        site_id=SiteId(UUID(document["site_id"])),
        appointment_id=None if appointment_id is None else AppointmentId(UUID(appointment_id)),
        before=_sitting_from_json(document["before"]),
        after=_sitting_from_json(document["after"]),
        reply_by=None if reply_by is None else datetime.fromisoformat(reply_by),
        offer_id=None if offer_id is None else OfferId(UUID(offer_id)),
    )


def _sitting_from_json(document: Mapping[str, str] | None) -> Sitting | None:
    if document is None:
        return None
    # Notices that were queued before these were written down say nothing of them.
    practitioner_id, room_id = document.get("practitioner_id"), document.get("room_id")
    return Sitting(
        datetime.fromisoformat(document["start"]),
        datetime.fromisoformat(document["end"]),
        Modality(document["modality"]),
        None if practitioner_id is None else PractitionerId(UUID(practitioner_id)),
        None if room_id is None else RoomId(UUID(room_id)),
    )
