"""Where progress notes are kept, sealed with the patient's own key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Integer, Uuid, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId, EncounterId, NoteId, OrganizationId, PatientId
from services.contracts.records.notes import Note, NoteStatus, NoteText
from services.records.notes.standing import status_of
from services.records.notes.tables import NoteCosignatureRow, NoteDraftRow, NoteRow, NoteVersionRow
from services.records.person_seal import PersonSeal

_DRAFTS: Final = NoteDraftRow.__tablename__
_VERSIONS: Final = NoteVersionRow.__tablename__

_OF_NOTE: Final = and_(NoteVersionRow.organization_id == NoteRow.organization_id, NoteVersionRow.note_id == NoteRow.id)
_NEWEST: Final = select(func.max(NoteVersionRow.number)).where(_OF_NOTE).correlate(NoteRow).scalar_subquery()
_COSIGNED: Final = and_(
    NoteCosignatureRow.organization_id == NoteVersionRow.organization_id,
    NoteCosignatureRow.note_id == NoteVersionRow.note_id,
    NoteCosignatureRow.number == NoteVersionRow.number,
)
_DRAFTED: Final = and_(NoteDraftRow.organization_id == NoteRow.organization_id, NoteDraftRow.note_id == NoteRow.id)
_COLUMNS: Final = (
    *(column for column in NoteRow.__table__.c if column.name != "organization_id"),
    NoteDraftRow.edition,
    NoteDraftRow.details.label("draft"),
    NoteVersionRow.number,
    NoteVersionRow.details,
    NoteVersionRow.is_late_entry,
    NoteVersionRow.needs_cosignature,
    NoteVersionRow.signed_by,
    NoteVersionRow.signed_at,
    NoteVersionRow.sha256,
    NoteCosignatureRow.cosigned_by,
    NoteCosignatureRow.cosigned_at,
)
_NOTE: Final = (
    select(*_COLUMNS)
    .outerjoin_from(NoteRow, NoteDraftRow, _DRAFTED)
    .outerjoin(NoteVersionRow, and_(_OF_NOTE, NoteVersionRow.number == _NEWEST))
    .outerjoin(NoteCosignatureRow, _COSIGNED)
)
_ID: Final = bindparam("note_id", type_=Uuid)
_ONE: Final = _NOTE.where(NoteRow.id == _ID)
_READ_ONE: Final = Query(_ONE)
_READ_VERSIONS: Final = Query(
    select(*_COLUMNS)
    .join_from(NoteRow, NoteVersionRow, _OF_NOTE)
    .outerjoin(NoteDraftRow, _DRAFTED)
    .outerjoin(NoteCosignatureRow, _COSIGNED)
    .where(NoteRow.id == _ID)
    .order_by(NoteVersionRow.number.desc())
)
_SIGNED_OF_PATIENT: Final = Query(
    select(*_COLUMNS)
    .join_from(NoteRow, NoteVersionRow, _OF_NOTE)
    .outerjoin(NoteDraftRow, _DRAFTED)
    .outerjoin(NoteCosignatureRow, _COSIGNED)
    .where(NoteRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(NoteRow.id, NoteVersionRow.number.desc())
)
_PAGE: Final = Query(
    _NOTE.where(
        NoteRow.patient_id == bindparam("patient_id", type_=Uuid),
        NoteRow.id > bindparam("after", type_=Uuid),
        or_(NoteVersionRow.number.is_not(None), NoteRow.author_id == bindparam("viewer", type_=Uuid)),
    )
    .order_by(NoteRow.id)
    .limit(bindparam("limit", type_=Integer))
)


class Kept(NamedTuple):
    """A note as it is kept, its text still closed: its draft, or the newest version that was signed."""

    id: NoteId
    patient_id: PatientId
    encounter_id: EncounterId
    author_id: AccountId
    created_at: datetime
    edition: int | None = None
    draft: bytes | None = None
    number: int | None = None
    details: bytes | None = None
    is_late_entry: bool | None = None
    needs_cosignature: bool | None = None
    signed_by: AccountId | None = None
    signed_at: datetime | None = None
    sha256: bytes | None = None
    cosigned_by: AccountId | None = None
    cosigned_at: datetime | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it has never been signed."""
        return self.number is None

    @property
    def version(self) -> int:
        """The draft's edition, or the number of what was signed."""
        return self.number or self.edition or 0

    @property
    def status(self) -> NoteStatus:
        """Where it stands."""
        if self.number is None:
            return NoteStatus.DRAFT
        return status_of(self.number, needs_cosignature=bool(self.needs_cosignature), cosigned_at=self.cosigned_at)

    def said(self, seal: PersonSeal) -> tuple[NoteText, str | None]:
        """Open the text, and why this version was written."""
        sealed, table, column = (
            (self.draft, _DRAFTS, "details") if self.number is None else (self.details, _VERSIONS, _column(self.number))
        )
        written = orjson.loads(seal.open(sealed or b"", table, column, self.id))
        return NoteText.model_validate(written["text"]), written["reason"]

    def told(self, seal: PersonSeal) -> Note:
        """Open the note."""
        text, reason = self.said(seal)
        return Note(
            id=self.id,
            patient_id=self.patient_id,
            encounter_id=self.encounter_id,
            author_id=self.author_id,
            status=self.status,
            version=self.version,
            text=text,
            reason=reason,
            is_late_entry=bool(self.is_late_entry),
            signed_by=self.signed_by,
            signed_at=self.signed_at,
            sha256=None if self.sha256 is None else self.sha256.hex(),
            cosigned_by=self.cosigned_by,
            cosigned_at=self.cosigned_at,
            created_at=self.created_at,
        )


class Signature(NamedTuple):
    """What a signature adds to a text."""

    number: int
    is_late_entry: bool
    needs_cosignature: bool
    signed_by: AccountId
    signed_at: datetime
    sha256: bytes


class NoteQueries:
    """Reads of notes."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def one(self, note_id: NoteId) -> Kept | None:
        """Return a note as it stands."""
        row = await self._read.one_or_none(_READ_ONE, note_id=note_id)
        return None if row is None else _to_kept(row)

    async def versions(self, note_id: NoteId) -> list[Kept]:
        """Return every version of a note that was signed, newest first."""
        return [_to_kept(row) for row in await self._read.all(_READ_VERSIONS, note_id=note_id)]

    async def signed_of(self, patient_id: PatientId) -> list[Kept]:
        """Return every version of a patient's notes that was signed, each note's newest first."""
        return [_to_kept(row) for row in await self._read.all(_SIGNED_OF_PATIENT, patient_id=patient_id)]

    async def page(self, patient_id: PatientId, viewer: AccountId, page: PageRequest) -> list[Kept]:
        """Return a page of a patient's notes, and one more where there is one; drafts only to who writes them."""
        rows = await self._read.all(_PAGE, patient_id=patient_id, viewer=viewer, after=page.after, limit=page.limit)
        return [_to_kept(row) for row in rows]


class NoteRows:
    """Notes within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def one(self, note_id: NoteId) -> Kept | None:
        """Return a note as it stands."""
        row = (await self._db.execute(_ONE, {"note_id": note_id})).mappings().one_or_none()
        return None if row is None else _to_kept(row)

    async def exists(self, encounter_id: EncounterId, author_id: AccountId) -> bool:
        """Whether the author has a note of the encounter; the patient is locked, so it stays so."""
        found = select(NoteRow.id).where(NoteRow.encounter_id == encounter_id, NoteRow.author_id == author_id)
        return await self._db.scalar(found) is not None

    async def add(self, kept: Kept, text: NoteText, seal: PersonSeal) -> Kept:
        """Write a note with its first draft."""
        head = {name: getattr(kept, name) for name in ("id", "patient_id", "encounter_id", "author_id", "created_at")}
        self._db.add(NoteRow(organization_id=self._organization_id, **head))
        await self._db.flush()
        draft = _closed(text, None, seal, (_DRAFTS, "details"), kept.id)
        self._db.add(NoteDraftRow(organization_id=self._organization_id, note_id=kept.id, edition=1, details=draft))
        await self._db.flush()
        return kept._replace(edition=1, draft=draft)

    async def redraft(self, kept: Kept, text: NoteText, seal: PersonSeal) -> Kept:
        """Write a draft over the one before."""
        edition = kept.version + 1
        draft = _closed(text, None, seal, (_DRAFTS, "details"), kept.id)
        await self._db.execute(
            update(NoteDraftRow).where(NoteDraftRow.note_id == kept.id).values(edition=edition, details=draft)
        )
        return kept._replace(edition=edition, draft=draft)

    async def sign(
        self, kept: Kept, text: NoteText, reason: str | None, signature: Signature, seal: PersonSeal
    ) -> Kept:
        """Write what is signed; a draft goes with it."""
        details = _closed(text, reason, seal, (_VERSIONS, _column(signature.number)), kept.id)
        signed = signature._asdict()
        self._db.add(NoteVersionRow(organization_id=self._organization_id, note_id=kept.id, details=details, **signed))
        await self._db.flush()
        await self._db.execute(delete(NoteDraftRow).where(NoteDraftRow.note_id == kept.id))
        return kept._replace(edition=None, draft=None, details=details, cosigned_by=None, cosigned_at=None, **signed)

    async def cosign(self, kept: Kept, by: AccountId, at: datetime) -> Kept:
        """Write who answers for the newest version beside its author."""
        self._db.add(
            NoteCosignatureRow(
                organization_id=self._organization_id,
                note_id=kept.id,
                number=kept.number,
                signed_by=kept.signed_by,
                sha256=kept.sha256,
                cosigned_by=by,
                cosigned_at=at,
            )
        )
        await self._db.flush()
        return kept._replace(cosigned_by=by, cosigned_at=at)


def _closed(text: NoteText, reason: str | None, seal: PersonSeal, place: tuple[str, str], note_id: NoteId) -> bytes:
    written = orjson.dumps({"text": text.model_dump(mode="json"), "reason": reason})
    return seal.close(written, *place, note_id)


def _column(number: int) -> str:
    # The versions of a note share its id: without its number one would open in the place of another.
    return f"details{number}"


def _to_kept(row: Mapping[Any, Any]) -> Kept:
    return Kept(**{name: row[name] for name in Kept._fields})
