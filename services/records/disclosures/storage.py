"""Where the accounting of disclosures is kept: names sealed on the way in, opened on the way out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TIMESTAMP, Boolean, Integer, Uuid, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place
from services.contracts.identifiers import AccountId, DisclosureId, OrganizationId, PatientId, RecipientId
from services.contracts.records.disclosures import Disclosure, DisclosureDenial, EmergencyDisclosure
from services.contracts.records.recipients import Recipient
from services.records.disclosures.tables import DisclosureDenialRow, DisclosureRow
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key

_DISCLOSURE: Final = select(
    DisclosureRow.__table__,
    OrganizationKeyRow.id.label("key_id"),
    OrganizationKeyRow.wrapped.label("wrapped_key"),
).join(OrganizationKeyRow, OrganizationKeyRow.organization_id == DisclosureRow.organization_id)
_PAGE: Final = (
    _DISCLOSURE.where(
        DisclosureRow.id > bindparam("after", type_=Uuid),
        DisclosureRow.disclosed_at >= bindparam("since", type_=TIMESTAMP(timezone=True)),
    )
    .order_by(DisclosureRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_OF_PATIENT: Final = Query(_PAGE.where(DisclosureRow.patient_id == bindparam("patient_id", type_=Uuid)))
_RECIPIENT: Final = bindparam("recipient_id", type_=Uuid)
_OF_PROGRAMME: Final = Query(
    _PAGE.where(
        or_(_RECIPIENT.is_(None), DisclosureRow.recipient_id == _RECIPIENT),
        or_(
            bindparam("review_due", type_=Boolean).is_(False),
            DisclosureRow.review_due & DisclosureRow.reviewed_at.is_(None),
        ),
    )
)
_DENIALS: Final = Query(
    select(DisclosureDenialRow.__table__)
    .where(DisclosureDenialRow.id > bindparam("after", type_=Uuid))
    .order_by(DisclosureDenialRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_EMERGENCY: Final = {"recipient_name": "recipient_person", "facility": "facility", "discloser": "discloser"}
_SEALED: Final = (*_EMERGENCY.values(), "reference", "subpoena")


class Entry(NamedTuple):
    """An entry of the accounting, before its recipient is looked up in the directory."""

    values: Mapping[str, Any]

    @property
    def id(self) -> DisclosureId:
        """By which pages are ordered."""
        return DisclosureId(self.values["id"])

    @property
    def recipient_id(self) -> RecipientId:
        """Who received it."""
        return RecipientId(self.values["recipient_id"])

    def told_with(self, recipient: Recipient) -> Disclosure:
        """Make the entry as it is told."""
        emergency = {member: self.values[column] for member, column in _EMERGENCY.items()}
        nature = self.values["nature"]
        told = None if nature is None else EmergencyDisclosure.model_validate({**emergency, "nature": nature})
        return Disclosure.model_validate({**self.values, "recipient": recipient, "emergency": told})


class DisclosureQueries:
    """Reads of the accounting."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def of_patient(self, patient_id: PatientId, since: datetime, page: PageRequest) -> list[Entry]:
        """Return a page of a patient's disclosures, and one more where there is one."""
        rows = await self._read.all(_OF_PATIENT, patient_id=patient_id, since=since, after=page.after, limit=page.limit)
        return [_to_entry(row, self._root) for row in rows]

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
        return [_to_entry(row, self._root) for row in rows]

    async def denials(self, page: PageRequest) -> list[Mapping[str, Any]]:
        """Return a page of what was denied, and one more where there is one."""
        return [dict(row) for row in await self._read.all(_DENIALS, after=page.after, limit=page.limit)]


class DisclosureRows:
    """The accounting within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def add(self, disclosure: Disclosure) -> None:
        """Write a disclosure, what names somebody sealed with the organization's key."""
        _, key = await organization_key(self._db, self._root, self._organization_id, disclosure.disclosed_at)
        values = disclosure.model_dump(exclude={"recipient", "emergency"})
        told = disclosure.emergency or EmergencyDisclosure()
        values |= {column: getattr(told, member) for member, column in _EMERGENCY.items()}
        for column in _SEALED:
            if values[column] is not None:
                place = _place(self._organization_id, column, disclosure.id)
                values[column] = key.seal(values[column].encode(), place)
        self._db.add(
            DisclosureRow(
                organization_id=self._organization_id,
                recipient_id=disclosure.recipient.id,
                nature=told.nature,
                **values,
            )
        )
        await self._db.flush()

    async def add_denial(self, denial: DisclosureDenial) -> None:
        """Write what was not disclosed; clause and remedy follow from the rule."""
        values = denial.model_dump(exclude={"clause", "remedy"})
        self._db.add(DisclosureDenialRow(organization_id=self._organization_id, **values))
        await self._db.flush()

    async def one(self, disclosure_id: DisclosureId) -> Entry | None:
        """Return a disclosure, and make others wait who want to review it."""
        found = _DISCLOSURE.where(DisclosureRow.id == disclosure_id).with_for_update(of=DisclosureRow)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_entry(row, self._root)

    async def review(self, disclosure_id: DisclosureId, reviewer: AccountId, now: datetime) -> None:
        """Say who looked at a disclosure, and when."""
        await self._db.execute(
            update(DisclosureRow).where(DisclosureRow.id == disclosure_id).values(reviewed_by=reviewer, reviewed_at=now)
        )


def _to_entry(row: Mapping[Any, Any], root: RootKeys) -> Entry:
    organization_id, row_id = row["organization_id"], row["id"]
    values = {name: row[name] for name in DisclosureRow.__table__.columns.keys()}  # noqa: SIM118 - not a mapping
    if any(values[column] is not None for column in _SEALED):
        key = open_key(root, organization_id, row["key_id"], row["wrapped_key"])
        for column in _SEALED:
            if values[column] is not None:
                values[column] = key.unseal(values[column], _place(organization_id, column, row_id)).decode()
    return Entry(values)


def _place(organization_id: OrganizationId, column: str, disclosure_id: UUID) -> Place:
    return Place(organization_id, DisclosureRow.__tablename__, column, disclosure_id)
