"""Where it is kept who signs in as which practitioner, and how staff are written to; and their weeks."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Uuid, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import AccountId, OrganizationId, PractitionerId
from services.contracts.scheduler.own_schedules import OwnNoticePreference, OwnSession
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import ServiceKind
from services.scheduler.appointments.tables import EXPIRED_HOLDS, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.own_schedules.tables import OwnNoticePreferenceRow, PractitionerAccountRow
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.sites.tables import SiteRow

_ACCOUNT_ID: Final = bindparam("account_id", type_=Uuid)
_PRACTITIONER_ID: Final = bindparam("practitioner_id", type_=Uuid)
_PRACTITIONERS: Final = Query(
    select(PractitionerAccountRow.practitioner_id)
    .where(PractitionerAccountRow.account_id == _ACCOUNT_ID)
    .order_by(PractitionerAccountRow.practitioner_id)
)
_PREFERENCE: Final = Query(
    select(*OwnNoticePreferenceRow.__table__.c).where(OwnNoticePreferenceRow.account_id == _ACCOUNT_ID)
)
_PREFERENCE_OF_PRACTITIONER: Final = Query(
    select(*OwnNoticePreferenceRow.__table__.c)
    .join(
        PractitionerAccountRow,
        and_(
            PractitionerAccountRow.organization_id == OwnNoticePreferenceRow.organization_id,
            PractitionerAccountRow.account_id == OwnNoticePreferenceRow.account_id,
        ),
    )
    .where(PractitionerAccountRow.practitioner_id == _PRACTITIONER_ID)
)
_GROUPS: Final = [service.value for service in ServiceKind if service.is_group]
_TAKEN: Final = AppointmentRow.taken - EXPIRED_HOLDS
IS_HELD: Final = and_(
    AppointmentRow.status == AppointmentStatus.BOOKED.value,
    AppointmentPractitionerRow.booked,
    # Whoever was to come alone and gave the seat back leaves a row that somebody else may be booked into.
    or_(_TAKEN > 0, *(AppointmentRow.service == service for service in _GROUPS)),
)
"""Whether a practitioner has to be there at the moment `now`: a hold that is over keeps nobody."""
_WEEK: Final = Query(
    select(
        AppointmentRow.id.label("appointment_id"),
        AppointmentRow.site_id,
        AppointmentRow.service,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.room_id,
        AppointmentPractitionerRow.part,
        _TAKEN.label("taken"),
        SiteRow.zone,
    )
    .join(
        AppointmentPractitionerRow,
        and_(
            AppointmentPractitionerRow.organization_id == AppointmentRow.organization_id,
            AppointmentPractitionerRow.appointment_id == AppointmentRow.id,
        ),
    )
    .join(
        PractitionerAccountRow,
        and_(
            PractitionerAccountRow.organization_id == AppointmentPractitionerRow.organization_id,
            PractitionerAccountRow.practitioner_id == AppointmentPractitionerRow.practitioner_id,
        ),
    )
    .join(
        SiteRow,
        and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id),
    )
    .where(
        AppointmentRow.week == bindparam("week", type_=Date), PractitionerAccountRow.account_id == _ACCOUNT_ID, IS_HELD
    )
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
)


async def is_practitioner(db: AsyncSession, practitioner_id: PractitionerId) -> bool:
    """Say whether there is such a practitioner."""
    return await db.scalar(select(PractitionerRow.id).where(PractitionerRow.id == practitioner_id)) is not None


async def put_account(
    db: AsyncSession,
    organization_id: OrganizationId,
    practitioner_id: PractitionerId,
    account_id: AccountId,
    *,
    recorded_by: AccountId,
    now: datetime,
) -> None:
    """Keep whose account a practitioner signs in with, in place of the one before."""
    values = {"account_id": account_id, "recorded_by": recorded_by, "recorded_at": now}
    statement = insert(PractitionerAccountRow).values(
        organization_id=organization_id, practitioner_id=practitioner_id, **values
    )
    await db.execute(
        statement.on_conflict_do_update(index_elements=["organization_id", "practitioner_id"], set_=values)
    )


async def delete_account(db: AsyncSession, practitioner_id: PractitionerId) -> None:
    """Forget whose account a practitioner signs in with."""
    await db.execute(
        delete(PractitionerAccountRow)
        .where(PractitionerAccountRow.practitioner_id == practitioner_id)
        .execution_options(synchronize_session=False)
    )


async def practitioners_of(read: Read, account_id: AccountId) -> list[PractitionerId]:
    """Fetch who the holder of an account is."""
    return [PractitionerId(row["practitioner_id"]) for row in await read.all(_PRACTITIONERS, account_id=account_id)]


async def week_of(read: Read, account_id: AccountId, week: date, now: datetime) -> list[OwnSession]:
    """Fetch what the holder of an account does in a week, in order of time; times have the site's offset."""
    found = []
    for row in await read.all(_WEEK, account_id=account_id, week=week, now=now):
        values = dict(row)
        zone = ZoneInfo(values.pop("zone"))
        found.append(OwnSession(**{**values, **{side: values[side].astimezone(zone) for side in ("start", "end")}}))
    return found


async def find_preference(read: Read, account_id: AccountId) -> Mapping[str, Any] | None:
    """Fetch how the holder of an account is written to, with the address still sealed."""
    return await read.one_or_none(_PREFERENCE, account_id=account_id)


async def preference_of_practitioner(read: Read, practitioner_id: PractitionerId) -> Mapping[str, Any] | None:
    """Fetch how a practitioner is written to, with the address still sealed."""
    return await read.one_or_none(_PREFERENCE_OF_PRACTITIONER, practitioner_id=practitioner_id)


def opened(row: Mapping[str, Any], key: SealingKey | None) -> OwnNoticePreference:
    """Return a preference; where it has an address, with the organization's key.

    Raises:
        SealBrokenError: What is stored was changed behind our back.
    """
    address = row["address"]
    if address is not None and key is not None:
        address = key.unseal(address, _place(row["organization_id"], row["account_id"])).decode()
    return OwnNoticePreference(**{**row, "address": address})


async def put_preference(
    db: AsyncSession, organization_id: OrganizationId, preference: OwnNoticePreference, key: SealingKey
) -> bool:
    """Keep a preference, the first one or in place of the version before; says no where that is not current."""
    values = {
        **preference.model_dump(),
        "channel": preference.channel.value,
        "language": preference.language.value,
        "address": None
        if preference.address is None
        else key.seal(preference.address.encode(), _place(organization_id, preference.account_id)),
    }
    statement = insert(OwnNoticePreferenceRow).values(organization_id=organization_id, **values)
    if preference.version == 1:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(
            index_elements=["organization_id", "account_id"],
            set_=values,
            where=OwnNoticePreferenceRow.version == preference.version - 1,
        )
    return await db.scalar(statement.returning(OwnNoticePreferenceRow.account_id)) is not None


async def opt_out(db: AsyncSession, practitioner_id: PractitionerId, now: datetime) -> None:
    """End a practitioner's agreement to be written to."""
    account = select(PractitionerAccountRow.account_id).where(PractitionerAccountRow.practitioner_id == practitioner_id)
    await db.execute(
        update(OwnNoticePreferenceRow)
        .where(OwnNoticePreferenceRow.account_id.in_(account), OwnNoticePreferenceRow.opted_in)
        .values(opted_in=False, version=OwnNoticePreferenceRow.version + 1, updated_at=now)
        .execution_options(synchronize_session=False)
    )


def _place(organization_id: OrganizationId, account_id: AccountId) -> Place:
    return Place(organization_id, OwnNoticePreferenceRow.__tablename__, "address", account_id)
