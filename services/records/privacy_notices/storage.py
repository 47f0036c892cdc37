"""Where notices of privacy practices are kept, and who was given which."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, cast, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import OrganizationId, PatientId, PrivacyNoticeId
from services.contracts.records.privacy_notices import PrivacyNotice, PrivacyNoticeReceipt
from services.records.privacy_notices.tables import PrivacyNoticeReceiptRow, PrivacyNoticeRow

_COLUMNS: Final = tuple(name for name in PrivacyNotice.model_fields if name != "passages")
# SQLAlchemy's connections hand jsonb over in another form than the pool of reads; text is text on both.
_NOTICE: Final = select(
    *(getattr(PrivacyNoticeRow, name) for name in _COLUMNS), cast(PrivacyNoticeRow.passages, Text).label("passages")
)
_NEWEST: Final = Query(
    _NOTICE.ext(distinct_on(PrivacyNoticeRow.id)).order_by(PrivacyNoticeRow.id, PrivacyNoticeRow.version.desc())
)
_ACTIVE: Final = _NOTICE.where(PrivacyNoticeRow.status == "active").order_by(PrivacyNoticeRow.effective_on)
_ACTIVE_NOTICES: Final = Query(_ACTIVE)
_RECEIPTS: Final = Query(
    select(PrivacyNoticeReceiptRow.__table__)
    .where(PrivacyNoticeReceiptRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(PrivacyNoticeReceiptRow.id)
)

_GIVEN_TO: Final = Query(
    select(PrivacyNoticeReceiptRow.patient_id)
    .where(PrivacyNoticeReceiptRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))))
    .distinct()
)


class PrivacyNoticeQueries:
    """Reads of notices and of who was given which."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def newest(self) -> list[PrivacyNotice]:
        """Return the newest version of each notice, oldest notice first."""
        return [_to_notice(row) for row in await self._read.all(_NEWEST)]

    async def active(self) -> list[PrivacyNotice]:
        """Return the notices that hold or held, by the day they became effective."""
        return [_to_notice(row) for row in await self._read.all(_ACTIVE_NOTICES)]

    async def receipts(self, patient_id: PatientId) -> list[PrivacyNoticeReceipt]:
        """Return which notices a patient was given, in the order they were recorded."""
        rows = await self._read.all(_RECEIPTS, patient_id=patient_id)
        return [PrivacyNoticeReceipt.model_validate(dict(row)) for row in rows]

    async def given_to(self, patient_ids: list[PatientId]) -> set[PatientId]:
        """Return who of these patients was given a notice, or was to be and could not."""
        rows = await self._read.all(_GIVEN_TO, patient_ids=patient_ids)
        return {PatientId(row["patient_id"]) for row in rows}


class PrivacyNoticeRows:
    """Notices and receipts within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def newest(self, notice_id: PrivacyNoticeId) -> PrivacyNotice | None:
        """Return the newest version of a notice."""
        found = _NOTICE.where(PrivacyNoticeRow.id == notice_id).order_by(PrivacyNoticeRow.version.desc()).limit(1)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_notice(row)

    async def active(self) -> list[PrivacyNotice]:
        """Return the notices that hold or held, by the day they became effective."""
        return [_to_notice(row) for row in (await self._db.execute(_ACTIVE)).mappings()]

    async def add(self, notice: PrivacyNotice) -> str | None:
        """Write one version of a notice, or return the name of the constraint that it breaks."""
        row = PrivacyNoticeRow(
            organization_id=self._organization_id,
            **notice.model_dump(mode="python", exclude={"passages"}),
            passages={element.value: text for element, text in notice.passages.items()},
        )
        try:
            async with self._db.begin_nested():
                self._db.add(row)
                await self._db.flush()
        except IntegrityError as error:
            return violated_constraint(error)
        return None

    async def add_receipt(self, receipt: PrivacyNoticeReceipt) -> None:
        """Write that a patient was given a notice."""
        self._db.add(PrivacyNoticeReceiptRow(organization_id=self._organization_id, **receipt.model_dump()))
        await self._db.flush()


def _to_notice(row: Mapping[Any, Any]) -> PrivacyNotice:
    return PrivacyNotice.model_validate(
        {**{name: row[name] for name in _COLUMNS}, "passages": orjson.loads(row["passages"])}
    )
