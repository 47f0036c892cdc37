"""Where licences are kept."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, Date, Integer, Uuid, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.chassis.paging import PageRequest
from services.contracts.identifiers import LicenceId, OrganizationId, PractitionerId
from services.contracts.scheduler.licences import Licence, LicenceRequest
from services.scheduler.licences.errors import LicenceOverlapsError
from services.scheduler.licences.tables import LicenceRow
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.storing import fresh_id

_DAY: Final = timedelta(days=1)
_SHOWN: Final = (
    LicenceRow.id,
    LicenceRow.practitioner_id,
    LicenceRow.jurisdiction,
    func.lower(LicenceRow.valid).label("valid_from"),
    (func.upper(LicenceRow.valid) - 1).label("valid_until"),
)
_PRACTITIONER_ID: Final = bindparam("practitioner_id", type_=Uuid)
_KNOWN: Final = select(PractitionerRow.id).where(PractitionerRow.id == _PRACTITIONER_ID)
_KNOWN_READ: Final = Query(_KNOWN)
_PAGE: Final = Query(
    select(*_SHOWN)
    .where(LicenceRow.practitioner_id == _PRACTITIONER_ID, LicenceRow.id > bindparam("after", type_=Uuid))
    .order_by(LicenceRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_ON_DAY: Final = Query(
    select(LicenceRow.practitioner_id, LicenceRow.jurisdiction).where(
        LicenceRow.practitioner_id == any_(bindparam("practitioners", type_=ARRAY(Uuid))),
        LicenceRow.valid.contains(bindparam("day", type_=Date)),
    )
)


async def is_practitioner(db: AsyncSession, practitioner_id: PractitionerId) -> bool:
    """Say whether there is such a practitioner."""
    return await db.scalar(_KNOWN, {"practitioner_id": practitioner_id}) is not None


async def insert(
    db: AsyncSession,
    organization_id: OrganizationId,
    practitioner_id: PractitionerId,
    request: LicenceRequest,
    now: datetime,
) -> Licence | None:
    """Keep a licence of a practitioner who exists; None where it overlaps another one."""
    licence = Licence(id=LicenceId(fresh_id(now)), practitioner_id=practitioner_id, **request.model_dump())
    values: dict[str, Any] = licence.model_dump(include={"id", "practitioner_id", "jurisdiction"})
    values |= {"valid": _days(request.valid_from, request.valid_until), "created_at": now}
    statement = upsert(LicenceRow).values(organization_id=organization_id, **values).on_conflict_do_nothing()
    return None if await db.scalar(statement.returning(LicenceRow.id)) is None else licence


def _days(first: date, last: date | None) -> Range[date]:
    return Range(first, None if last is None else last + _DAY)


async def find(db: AsyncSession, licence_id: LicenceId) -> Licence | None:
    """Fetch one licence, and hold it until the transaction ends."""
    found = await db.execute(select(*_SHOWN).where(LicenceRow.id == licence_id).with_for_update())
    row = found.mappings().one_or_none()
    return None if row is None else Licence(**row)


async def end(db: AsyncSession, licence: Licence, last: date | None) -> None:
    """Give a licence another last day.

    Raises:
        LicenceOverlapsError: Another licence begins before it; the transaction can only be rolled back.
    """
    try:
        await db.execute(
            update(LicenceRow)
            .where(LicenceRow.id == licence.id)
            .values(valid=_days(licence.valid_from, last))
            .execution_options(synchronize_session=False)
        )
    except IntegrityError as error:
        if violated_constraint(error) != "licences_valid_excl":
            raise
        raise LicenceOverlapsError from None


async def page(read: Read, practitioner_id: PractitionerId, page: PageRequest) -> list[Licence] | None:
    """Fetch a page of a practitioner's licences, and one more where there is one; None without the practitioner."""
    if await read.one_or_none(_KNOWN_READ, practitioner_id=practitioner_id) is None:
        return None
    rows = await read.all(_PAGE, practitioner_id=practitioner_id, after=page.after, limit=page.limit)
    return [Licence(**row) for row in rows]


async def on_day(
    read: Read, practitioners: Collection[PractitionerId], day: date
) -> dict[PractitionerId, frozenset[str]]:
    """Fetch where these practitioners may treat on a day."""
    found: dict[PractitionerId, set[str]] = {one: set() for one in practitioners}
    for row in await read.all(_ON_DAY, practitioners=list(practitioners), day=day):
        found[PractitionerId(row["practitioner_id"])].add(row["jurisdiction"])
    return {who: frozenset(where) for who, where in found.items()}
