"""Where counselling notes are kept, sealed with a key of their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import AccountId, CounsellingNoteId, OrganizationId, PatientId
from services.contracts.records.counselling_notes import CounsellingNote, CounsellingNoteHead
from services.records.counselling_notes.tables import (
    CounsellingNoteKeyRow,
    CounsellingNoteRow,
    CounsellingNoteVersionRow,
)
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key
from services.records.patients.tables import PatientRow

_TABLE: Final = CounsellingNoteVersionRow.__tablename__
_KEYS: Final = CounsellingNoteKeyRow.__tablename__
_NEWEST: Final = (
    select(func.max(CounsellingNoteVersionRow.number))
    .where(
        CounsellingNoteVersionRow.organization_id == CounsellingNoteRow.organization_id,
        CounsellingNoteVersionRow.note_id == CounsellingNoteRow.id,
    )
    .correlate(CounsellingNoteRow)
    .scalar_subquery()
)
_NOTE: Final = (
    select(
        CounsellingNoteRow.organization_id,
        CounsellingNoteRow.id,
        CounsellingNoteRow.patient_id,
        CounsellingNoteRow.author_id,
        CounsellingNoteVersionRow.number.label("version"),
        CounsellingNoteVersionRow.details,
        CounsellingNoteVersionRow.written_at,
        CounsellingNoteKeyRow.id.label("key_id"),
        CounsellingNoteKeyRow.wrapped.label("wrapped_key"),
        OrganizationKeyRow.id.label("organization_key_id"),
        OrganizationKeyRow.wrapped.label("wrapped_organization_key"),
        PatientRow.sealed_at.is_not(None).label("is_sealed"),
    )
    .join_from(
        CounsellingNoteRow,
        CounsellingNoteVersionRow,
        (CounsellingNoteVersionRow.organization_id == CounsellingNoteRow.organization_id)
        & (CounsellingNoteVersionRow.note_id == CounsellingNoteRow.id)
        & (CounsellingNoteVersionRow.number == _NEWEST),
    )
    .join(
        CounsellingNoteKeyRow,
        (CounsellingNoteKeyRow.organization_id == CounsellingNoteRow.organization_id)
        & (CounsellingNoteKeyRow.patient_id == CounsellingNoteRow.patient_id),
    )
    .join(
        OrganizationKeyRow,
        (OrganizationKeyRow.organization_id == CounsellingNoteKeyRow.organization_id)
        & (OrganizationKeyRow.id == CounsellingNoteKeyRow.organization_key_id),
    )
    .join(
        PatientRow,
        (PatientRow.organization_id == CounsellingNoteRow.organization_id)
        & (PatientRow.id == CounsellingNoteRow.patient_id),
    )
)
_ONE: Final = _NOTE.where(CounsellingNoteRow.id == bindparam("note_id", type_=Uuid))
_READ_ONE: Final = Query(_ONE)
_OF_PATIENT: Final = Query(
    _NOTE.where(CounsellingNoteRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(CounsellingNoteRow.id)
)
_OWN: Final = Query(
    _NOTE.where(
        CounsellingNoteRow.patient_id == bindparam("patient_id", type_=Uuid),
        CounsellingNoteRow.author_id == bindparam("author_id", type_=Uuid),
    ).order_by(CounsellingNoteRow.id)
)


class Kept(NamedTuple):
    """A note as it is kept in its newest version, still closed."""

    organization_id: OrganizationId
    id: CounsellingNoteId
    patient_id: PatientId
    author_id: AccountId
    version: int
    details: bytes
    written_at: datetime
    key_id: UUID
    wrapped_key: bytes
    organization_key_id: UUID
    wrapped_organization_key: bytes
    is_sealed: bool

    def head(self) -> CounsellingNoteHead:
        """Return that there is the note."""
        return CounsellingNoteHead(
            id=self.id, patient_id=self.patient_id, version=self.version, written_at=self.written_at
        )

    def told(self, root: RootKeys) -> CounsellingNote:
        """Open the note.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        place = _place(self.organization_id, self.version, self.id)
        return CounsellingNote(
            id=self.id,
            patient_id=self.patient_id,
            author_id=self.author_id,
            version=self.version,
            text=self.key(root).unseal(self.details, place).decode(),
            written_at=self.written_at,
        )

    def key(self, root: RootKeys) -> SealingKey:
        """Unwrap the key of this patient's counselling notes."""
        above = open_key(root, self.organization_id, self.organization_key_id, self.wrapped_organization_key)
        return above.unwrap(self.key_id, self.wrapped_key, _key_place(self.organization_id, self.key_id))


class CounsellingNoteQueries:
    """Reads of counselling notes."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def one(self, note_id: CounsellingNoteId) -> Kept | None:
        """Return a note, closed."""
        row = await self._read.one_or_none(_READ_ONE, note_id=note_id)
        return None if row is None else _to_kept(row)

    async def own(self, patient_id: PatientId, author_id: AccountId) -> list[Kept]:
        """Return what one author keeps about one patient, closed, oldest first."""
        rows = await self._read.all(_OWN, patient_id=patient_id, author_id=author_id)
        return [_to_kept(row) for row in rows]

    async def of_patient(self, patient_id: PatientId) -> list[Kept]:
        """Return all that is kept about a patient, closed, oldest first."""
        return [_to_kept(row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    def opened(self, kept: Kept) -> CounsellingNote:
        """Open a note that was let through."""
        return kept.told(self._root)


class CounsellingNoteRows:
    """Counselling notes within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def one(self, note_id: CounsellingNoteId) -> Kept | None:
        """Return a note, closed."""
        row = (await self._db.execute(_ONE, {"note_id": note_id})).mappings().one_or_none()
        return None if row is None else _to_kept(row)

    async def add(self, head: CounsellingNoteHead, author_id: AccountId, text: str) -> None:
        """Write a note; with the first about a patient their key is made, and the patient is locked."""
        key = await self._key(head.patient_id, head.written_at)
        self._db.add(
            CounsellingNoteRow(
                organization_id=self._organization_id, id=head.id, patient_id=head.patient_id, author_id=author_id
            )
        )
        await self._db.flush()
        await self._write(head, text, key)

    async def write(self, kept: Kept, head: CounsellingNoteHead, text: str) -> None:
        """Write another version of a note whose patient is locked."""
        await self._write(head, text, kept.key(self._root))

    async def _write(self, head: CounsellingNoteHead, text: str, key: SealingKey) -> None:
        self._db.add(
            CounsellingNoteVersionRow(
                organization_id=self._organization_id,
                note_id=head.id,
                number=head.version,
                details=key.seal(text.encode(), _place(self._organization_id, head.version, head.id)),
                written_at=head.written_at,
            )
        )
        await self._db.flush()

    async def _key(self, patient_id: PatientId, now: datetime) -> SealingKey:
        stored = select(CounsellingNoteKeyRow).where(CounsellingNoteKeyRow.patient_id == patient_id)
        above_id, above = await organization_key(self._db, self._root, self._organization_id, now)
        row = (await self._db.execute(stored)).scalar_one_or_none()
        if row is not None:
            return above.unwrap(row.id, row.wrapped, _key_place(self._organization_id, row.id))
        key_id = uuid4()
        key = SealingKey.generate(key_id)
        await self._db.execute(
            insert(CounsellingNoteKeyRow).values(
                organization_id=self._organization_id,
                id=key_id,
                patient_id=patient_id,
                organization_key_id=above_id,
                wrapped=above.wrap(key, _key_place(self._organization_id, key_id)),
                created_at=now,
            )
        )
        return key


def _place(organization_id: OrganizationId, version: int, note_id: UUID) -> Place:
    # The versions of a note share its id: without its number one would open in the place of another.
    return Place(organization_id, _TABLE, f"details{version}", note_id)


def _key_place(organization_id: OrganizationId, key_id: UUID) -> Place:
    return Place(organization_id, _KEYS, "wrapped", key_id)


def _to_kept(row: Mapping[Any, Any]) -> Kept:
    return Kept(**{name: row[name] for name in Kept._fields})
