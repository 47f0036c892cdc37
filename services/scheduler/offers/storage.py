"""Where offers are kept.

Whoever decides about an offer first locks its batch's row, and the session's after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    Integer,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import (
    AppointmentId,
    OfferBatchId,
    OfferId,
    OrganizationId,
    PatientId,
    SiteId,
    WaitlistEntryId,
)
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.offers import (
    Offer,
    OfferBatch,
    OfferBatchStatus,
    OfferRule,
    OfferRuleRequest,
    OfferStatus,
)
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.offers.seats import FreeSeats
from services.scheduler.offers.tables import OfferBatchRow, OfferRow, OfferRuleRow
from services.scheduler.storing import json_of
from services.scheduler.waitlist.tables import WaitlistEntryRow

_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_APPOINTMENT_ID: Final = bindparam("appointment_id", type_=Uuid)
_BATCH_STATUS: Final = case(
    (OfferBatchRow.withdrawn, OfferBatchStatus.WITHDRAWN.value),
    (OfferBatchRow.accepted == OfferBatchRow.seats, OfferBatchStatus.FILLED.value),
    (OfferBatchRow.expires_at <= _NOW, OfferBatchStatus.EXPIRED.value),
    else_=OfferBatchStatus.OPEN.value,
)
_IS_OPEN: Final = and_(
    ~OfferBatchRow.withdrawn, OfferBatchRow.accepted < OfferBatchRow.seats, OfferBatchRow.expires_at > _NOW
)
# An open offer of somebody who waits no longer is nobody's to take.
_OFFER_STATUS: Final = case(
    (OfferRow.status != OfferStatus.OPEN.value, OfferRow.status),
    (OfferBatchRow.expires_at <= _NOW, OfferStatus.EXPIRED.value),
    (WaitlistEntryRow.status != "waiting", OfferStatus.WITHDRAWN.value),
    else_=OfferStatus.OPEN.value,
)
_BATCH: Final = select(
    OfferBatchRow.id,
    OfferBatchRow.site_id,
    OfferBatchRow.appointment_id,
    OfferBatchRow.seats,
    OfferBatchRow.accepted,
    _BATCH_STATUS.label("status"),
    OfferBatchRow.automatic,
    OfferBatchRow.expires_at,
    OfferBatchRow.created_at,
)
_OFFER_TABLES: Final = (OfferBatchRow, OfferBatchRow.id == OfferRow.batch_id)
_ENTRY_TABLES: Final = (WaitlistEntryRow, WaitlistEntryRow.id == OfferRow.entry_id)
_OFFER: Final = (
    select(
        OfferRow.id,
        OfferRow.batch_id,
        OfferRow.entry_id,
        OfferRow.patient_id,
        OfferRow.rank,
        _OFFER_STATUS.label("status"),
        OfferRow.decided_at,
    )
    .join(*_OFFER_TABLES)
    .join(*_ENTRY_TABLES)
)
_ONE_BATCH: Final = Query(_BATCH.where(OfferBatchRow.id == bindparam("batch_id", type_=Uuid)))
_PAGE: Final = Query(
    _BATCH.where(
        OfferBatchRow.site_id == bindparam("site_id", type_=Uuid),
        OfferBatchRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(OfferBatchRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_OFFERS_BETWEEN: Final = Query(
    _OFFER.where(
        OfferRow.batch_id.between(bindparam("first", type_=Uuid), bindparam("last", type_=Uuid)),
    ).order_by(OfferRow.batch_id, OfferRow.rank, OfferRow.id)
)
_ONE_OFFER: Final = Query(
    _OFFER.add_columns(
        OfferRow.seating,
        OfferBatchRow.appointment_id,
        OfferBatchRow.site_id,
        OfferBatchRow.expires_at,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
    )
    .join(AppointmentRow, AppointmentRow.id == OfferBatchRow.appointment_id)
    .where(OfferRow.id == bindparam("offer_id", type_=Uuid))
)
_LIVE_SEATS: Final = Query(
    select(AppointmentPatientRow.patient_id).where(
        AppointmentPatientRow.appointment_id == _APPOINTMENT_ID,
        AppointmentPatientRow.held_until.is_(None) | (AppointmentPatientRow.held_until > _NOW),
    )
)
_SESSION: Final = Query(
    select(
        AppointmentRow.site_id,
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.capacity,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
    ).where(AppointmentRow.id == _APPOINTMENT_ID, AppointmentRow.status == AppointmentStatus.BOOKED.value)
)
_OPEN_BATCHES: Final = Query(
    select(OfferBatchRow.id, (OfferBatchRow.seats - OfferBatchRow.accepted).label("left")).where(
        OfferBatchRow.appointment_id == _APPOINTMENT_ID, _IS_OPEN
    )
)
_BEING_ASKED: Final = Query(
    select(OfferRow.entry_id)
    .join(*_OFFER_TABLES)
    .where(
        OfferBatchRow.appointment_id == _APPOINTMENT_ID,
        # Whoever has declined this very seat is not asked for it again.
        or_(
            OfferRow.status == OfferStatus.DECLINED.value,
            and_(OfferRow.status == OfferStatus.OPEN.value, _IS_OPEN),
        ),
    )
)
_BOOKED_THEN: Final = Query(
    select(AppointmentPatientRow.appointment_id)
    .where(
        AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid),
        AppointmentPatientRow.booked,
        AppointmentPatientRow.during.op("&&")(
            func.tstzrange(
                bindparam("start", type_=TIMESTAMP(timezone=True)), bindparam("end", type_=TIMESTAMP(timezone=True))
            )
        ),
    )
    .limit(1)
)
_RULE: Final = Query(
    select(
        OfferRuleRow.site_id,
        OfferRuleRow.enabled,
        OfferRuleRow.people,
        OfferRuleRow.minutes,
        OfferRuleRow.notice_minutes,
    ).where(OfferRuleRow.site_id == bindparam("site_id", type_=Uuid))
)


@dataclass(frozen=True, slots=True)
class FoundOffer:
    """An offer with what answering it needs."""

    offer: Offer
    appointment_id: AppointmentId
    site_id: SiteId
    modality: Modality
    seating: PatientSeating
    start: datetime
    end: datetime
    expires_at: datetime


async def free_seats(read: Read, appointment_id: AppointmentId, now: datetime) -> FreeSeats | None:
    """Fetch a booked session with the seats that are neither taken, held nor on offer."""
    session = await read.one_or_none(_SESSION, appointment_id=appointment_id)
    if session is None:
        return None
    asked = {"appointment_id": appointment_id, "now": now}
    seated = {PatientId(row["patient_id"]) for row in await read.all(_LIVE_SEATS, **asked)}
    offered = sum(row["left"] for row in await read.all(_OPEN_BATCHES, **asked))
    values = {**session, "service": ServiceKind(session["service"]), "modality": Modality(session["modality"])}
    capacity = values.pop("capacity")
    return FreeSeats(
        appointment_id=appointment_id,
        free=capacity - len(seated) - offered,
        seated=seated,
        asked={WaitlistEntryId(row["entry_id"]) for row in await read.all(_BEING_ASKED, **asked)},
        **values,
    )


async def is_booked(read: Read, patient_id: PatientId, session: FreeSeats) -> bool:
    """Say whether the patient has a seat elsewhere at the session's time."""
    found = await read.one_or_none(_BOOKED_THEN, patient_id=patient_id, start=session.start, end=session.end)
    return found is not None


async def add(
    db: AsyncSession, organization_id: OrganizationId, batch: OfferBatch, seatings: dict[PatientId, PatientSeating]
) -> None:
    """Keep a new batch and its offers."""
    common = {"organization_id": organization_id}
    values = batch.model_dump(exclude={"status", "offers"})
    await db.execute(insert(OfferBatchRow), [{**common, **values, "withdrawn": False}])
    offers = [
        {
            **common,
            **offer.model_dump(exclude={"status"}),
            "status": offer.status.value,
            "seating": seatings[offer.patient_id].model_dump(mode="json"),
        }
        for offer in batch.offers
    ]
    await db.execute(insert(OfferRow), offers)


async def find_batch(read: Read, batch_id: OfferBatchId, now: datetime) -> OfferBatch | None:
    """Fetch one batch with its offers."""
    row = await read.one_or_none(_ONE_BATCH, batch_id=batch_id, now=now)
    return None if row is None else (await _with_offers(read, [row], now))[0]


async def page(read: Read, site_id: SiteId, page: PageRequest, now: datetime) -> list[OfferBatch]:
    """Fetch a page of a site's batches, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit, now=now)
    return await _with_offers(read, rows, now)


async def _with_offers(read: Read, rows: Sequence[Any], now: datetime) -> list[OfferBatch]:
    if not rows:
        return []
    offers: dict[UUID, list[Offer]] = {row["id"]: [] for row in rows}
    for found in await read.all(_OFFERS_BETWEEN, first=rows[0]["id"], last=rows[-1]["id"], now=now):
        if found["batch_id"] in offers:
            offers[found["batch_id"]].append(Offer(**found))
    return [OfferBatch(**row, offers=offers[row["id"]]) for row in rows]


async def find_offer(read: Read, offer_id: OfferId, now: datetime) -> FoundOffer | None:
    """Fetch one offer with its session."""
    row = await read.one_or_none(_ONE_OFFER, offer_id=offer_id, now=now)
    if row is None:
        return None
    values = dict(row)
    seating = _seating(json_of(values.pop("seating")))
    modality = Modality(values.pop("modality"))
    around = {name: values.pop(name) for name in ("appointment_id", "site_id", "expires_at", "start", "end")}
    return FoundOffer(offer=Offer(**values), modality=modality, seating=seating, **around)


def _seating(stored: dict[str, Any]) -> PatientSeating:
    """Read what was said when an offer was made; an earlier release kept less, for the two days that one is open."""
    plan = stored.get("plan")
    known = None if plan is None else {"telehealth_jurisdiction": None, "needs_transport": False, **plan}
    return PatientSeating.model_validate({"left_on": None, **stored, "plan": known})


async def count_accepted(db: AsyncSession, batch_id: OfferBatchId, now: datetime) -> bool | None:
    """Count one accept, if a seat of the batch is left; says whether it was the last, or None where none was left."""
    counted = await db.execute(
        update(OfferBatchRow)
        .where(
            OfferBatchRow.id == batch_id,
            OfferBatchRow.accepted < OfferBatchRow.seats,
            ~OfferBatchRow.withdrawn,
            OfferBatchRow.expires_at > now,
        )
        .values(accepted=OfferBatchRow.accepted + 1)
        .returning(OfferBatchRow.accepted == OfferBatchRow.seats)
    )
    return counted.scalar()


async def decide(db: AsyncSession, offer_id: OfferId, status: OfferStatus, now: datetime) -> bool:
    """Write down what became of an open offer; says whether it was open."""
    decided = await db.execute(
        update(OfferRow)
        .where(OfferRow.id == offer_id, OfferRow.status == OfferStatus.OPEN.value)
        .values(status=status.value, decided_at=now)
        .returning(OfferRow.id)
    )
    return decided.scalar() is not None


async def close_others(
    db: AsyncSession, batch_id: OfferBatchId, status: OfferStatus, now: datetime
) -> list[tuple[OfferId, PatientId]]:
    """Write down what became of those offers of a batch that are still open; returns which they were, and whose."""
    closed = await db.execute(
        update(OfferRow)
        .where(OfferRow.batch_id == batch_id, OfferRow.status == OfferStatus.OPEN.value)
        .values(status=status.value, decided_at=now)
        .returning(OfferRow.id, OfferRow.patient_id)
    )
    return [(OfferId(row.id), PatientId(row.patient_id)) for row in closed]


async def withdraw(db: AsyncSession, batch_id: OfferBatchId, now: datetime) -> bool:
    """Take a batch back that is open; says whether it was."""
    withdrawn = await db.execute(
        update(OfferBatchRow)
        .where(
            OfferBatchRow.id == batch_id,
            ~OfferBatchRow.withdrawn,
            OfferBatchRow.accepted < OfferBatchRow.seats,
            OfferBatchRow.expires_at > now,
        )
        .values(withdrawn=True)
        .returning(OfferBatchRow.id)
    )
    return withdrawn.scalar() is not None


async def find_rule(read: Read, site_id: SiteId) -> OfferRule | None:
    """Fetch a site's rule."""
    row = await read.one_or_none(_RULE, site_id=site_id)
    return None if row is None else OfferRule(**row)


async def put_rule(
    db: AsyncSession, organization_id: OrganizationId, site_id: SiteId, request: OfferRuleRequest
) -> None:
    """Keep a site's rule in place of the one before."""
    values = request.model_dump()
    statement = upsert(OfferRuleRow).values(organization_id=organization_id, site_id=site_id, **values)
    await db.execute(statement.on_conflict_do_update(constraint="offer_rules_pkey", set_=values))
