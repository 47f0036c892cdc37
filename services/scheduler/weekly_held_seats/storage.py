"""Where rules of seats kept from week to week are."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Uuid, and_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import GroupOfferingId, OrganizationId, SiteId
from services.contracts.scheduler.held_seats import WeeklyHeldSeatsRule, WeeklyHeldSeatsRuleRequest
from services.contracts.vocabulary import ServiceKind
from services.scheduler.group_offerings.tables import GroupOfferingRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.weekly_held_seats.kept import WeeklyKept, released_at
from services.scheduler.weekly_held_seats.tables import WeeklyHeldSeatsRuleRow

_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_WEEK: Final = bindparam("week", type_=Date)
_RULE: Final = Query(
    select(
        *(column for column in WeeklyHeldSeatsRuleRow.__table__.c if column.name in WeeklyHeldSeatsRule.model_fields)
    ).where(
        WeeklyHeldSeatsRuleRow.site_id == _SITE_ID,
        WeeklyHeldSeatsRuleRow.group_offering_id == bindparam("group_offering_id", type_=Uuid),
    )
)
_OF_WEEK: Final = Query(
    select(
        WeeklyHeldSeatsRuleRow.group_offering_id,
        WeeklyHeldSeatsRuleRow.seats,
        WeeklyHeldSeatsRuleRow.few_choices,
        WeeklyHeldSeatsRuleRow.release_days,
        GroupOfferingRow.service,
        GroupOfferingRow.minutes,
        SiteRow.zone,
    )
    .join(
        GroupOfferingRow,
        and_(
            GroupOfferingRow.organization_id == WeeklyHeldSeatsRuleRow.organization_id,
            GroupOfferingRow.id == WeeklyHeldSeatsRuleRow.group_offering_id,
        ),
    )
    .join(
        SiteRow,
        and_(
            SiteRow.organization_id == WeeklyHeldSeatsRuleRow.organization_id,
            SiteRow.id == WeeklyHeldSeatsRuleRow.site_id,
        ),
    )
    .where(
        WeeklyHeldSeatsRuleRow.site_id == _SITE_ID,
        WeeklyHeldSeatsRuleRow.enabled,
        or_(WeeklyHeldSeatsRuleRow.first_week.is_(None), WeeklyHeldSeatsRuleRow.first_week <= _WEEK),
        or_(WeeklyHeldSeatsRuleRow.last_week.is_(None), WeeklyHeldSeatsRuleRow.last_week >= _WEEK),
    )
    .order_by(WeeklyHeldSeatsRuleRow.group_offering_id)
)


async def find_rule(read: Read, site_id: SiteId, group_offering_id: GroupOfferingId) -> WeeklyHeldSeatsRule | None:
    """Fetch the rule of a kind of group."""
    row = await read.one_or_none(_RULE, site_id=site_id, group_offering_id=group_offering_id)
    return None if row is None else WeeklyHeldSeatsRule(**row)


async def put_rule(
    db: AsyncSession,
    organization_id: OrganizationId,
    site_id: SiteId,
    group_offering_id: GroupOfferingId,
    request: WeeklyHeldSeatsRuleRequest,
) -> None:
    """Keep the rule of a kind of group in place of the one before."""
    values = request.model_dump()
    statement = upsert(WeeklyHeldSeatsRuleRow).values(
        organization_id=organization_id, site_id=site_id, group_offering_id=group_offering_id, **values
    )
    await db.execute(statement.on_conflict_do_update(constraint="weekly_held_seats_rules_pkey", set_=values))


async def of_week(read: Read, site_id: SiteId, monday: date) -> Sequence[WeeklyKept]:
    """Fetch what the rules of a site keep in a week, released or not."""
    return [_kept(row, monday) for row in await read.all(_OF_WEEK, site_id=site_id, week=monday)]


def _kept(row: Any, monday: date) -> WeeklyKept:
    return WeeklyKept(
        group_offering_id=GroupOfferingId(row["group_offering_id"]),
        service=ServiceKind(row["service"]),
        minutes=row["minutes"],
        seats=row["seats"],
        few_choices=row["few_choices"],
        released_at=released_at(monday, row["release_days"], ZoneInfo(row["zone"])),
    )
