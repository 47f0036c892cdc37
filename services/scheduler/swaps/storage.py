"""Where swaps are kept."""

from typing import Final

from sqlalchemy import Integer, Uuid, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.swaps import Swap
from services.scheduler.swaps.tables import SwapRow

_PAGE: Final = Query(
    select(*(column for column in SwapRow.__table__.c if column.name != "organization_id"))
    .where(SwapRow.site_id == bindparam("site_id", type_=Uuid), SwapRow.id > bindparam("after", type_=Uuid))
    .order_by(SwapRow.id)
    .limit(bindparam("limit", type_=Integer))
)


async def insert_swap(db: AsyncSession, organization_id: OrganizationId, swap: Swap) -> None:
    """Keep that an exchange was made."""
    await db.execute(insert(SwapRow).values(organization_id=organization_id, **swap.model_dump()))


async def page(read: Read, site_id: SiteId, page: PageRequest) -> list[Swap]:
    """Fetch a page of a site's swaps, and one more where there is one."""
    return [Swap(**row) for row in await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit)]
