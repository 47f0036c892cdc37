"""Where the accounting of disclosures is kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import TIMESTAMP, Boolean, Integer, Uuid, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId, DisclosureId, OrganizationId, PatientId, RecipientId
from services.contracts.records.disclosures import Disclosure, EmergencyDisclosure
from services.contracts.records.recipients import Recipient
from services.records.disclosures.tables import DisclosureRow

_PAGE: Final = (
    select(DisclosureRow.__table__)
    .where(DisclosureRow.id > bindparam("after", type_=Uuid))
    .order_by(DisclosureRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_OF_PATIENT: Final = Query(
    _PAGE.where(
        DisclosureRow.patient_id == bindparam("patient_id", type_=Uuid),
        DisclosureRow.disclosed_at >= bindparam("since", type_=TIMESTAMP(timezone=True)),
    )
)
_RECIPIENT: Final = bindparam("recipient_id", type_=Uuid)
_DUE: Final = bindparam("review_due", type_=Boolean)
_OF_PROGRAMME: Final = Query(
    _PAGE.where(
        DisclosureRow.disclosed_at >= bindparam("since", type_=TIMESTAMP(timezone=True)),
        or_(_RECIPIENT.is_(None), DisclosureRow.recipient_id == _RECIPIENT),
        or_(_DUE.is_(False), DisclosureRow.review_due & DisclosureRow.reviewed_at.is_(None)),
    )
)
_TOLD: Final = {"recipient_name": "recipient_person", "facility": "facility", "discloser": "discloser", "nature": "nature"}


class Entry(NamedTuple):
    """A row of the accounting, before its recipient is looked up in the directory."""

    row: Mapping[str, Any]

    @property
    def id(self) -> DisclosureId:
        """By which pages are ordered."""
        return DisclosureId(self.row["id"])

    @property
    def recipient_id(self) -> RecipientId:
        """Who received it."""
        return RecipientId(self.row["recipient_id"])

    def told_with(self, recipient: Recipient) -> Disclosure:
        """Make the entry as it is told."""
        emergency = {member: self.row[column] for member, column in _TOLD.items()}
        has_emergency = emergency["nature"] is not None
        names = Disclosure.model_fields.keys() - {"recipient", "emergency"}
        return Disclosure.model_validate(
            {
                **{name: self.row[name] for name in names},
                "recipient": recipient,
                "emergency": EmergencyDisclosure.model_validate(emergency) if has_emergency else None,
            }
        )


class DisclosureQueries:
    """Reads of the accounting."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId, since: datetime, page: PageRequest) -> list[Entry]:
        """Return a page of a patient's disclosures, and one more where there is one."""
        rows = await self._read.all(
            _OF_PATIENT, patient_id=patient_id, since=since, after=page.after, limit=page.limit
        )
        return [Entry(dict(row)) for row in rows]

    async def of_programme(
        self, since: datetime, page: PageRequest, *, recipient_id: RecipientId | None, review_due: bool
    ) -> list[Entry]:
        """Return a page of the organization's disclosures, and one more where there is one."""
        rows = await self._read.all(
            _OF_PROGRAMME,
            since=since,
            after=page.after,
            limit=page.limit,
            recipient_id=recipient_id,
            review_due=review_due,
        )
        return [Entry(dict(row)) for row in rows]


class DisclosureRows:
    """The accounting within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, disclosure: Disclosure) -> None:
        """Write a disclosure."""
        values = disclosure.model_dump(exclude={"recipient", "emergency"})
        told = disclosure.emergency or EmergencyDisclosure()
        emergency = {column: getattr(told, member) for member, column in _TOLD.items()}
        self._db.add(
            DisclosureRow(
                organization_id=self._organization_id, recipient_id=disclosure.recipient.id, **values, **emergency
            )
        )
        await self._db.flush()

    async def one(self, disclosure_id: DisclosureId) -> Entry | None:
        """Return a disclosure, and make others wait who want to review it."""
        found = select(DisclosureRow.__table__).where(DisclosureRow.id == disclosure_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else Entry(dict(row))

    async def review(self, disclosure_id: DisclosureId, reviewer: AccountId, now: datetime) -> None:
        """Say who looked at a disclosure, and when."""
        await self._db.execute(
            update(DisclosureRow).where(DisclosureRow.id == disclosure_id).values(reviewed_by=reviewer, reviewed_at=now)
        )
