"""Where closings are kept, and what becomes of each record."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.paging import PageRequest
from services.contracts.disclosure import Information, RecipientKind
from services.contracts.identifiers import AccountId, DisclosureId, OrganizationId, PatientId, ProgrammeClosingId
from services.contracts.records.disclosures import DisclosureBasis
from services.contracts.records.programme_closings import (
    DispositionKind,
    DispositionRequest,
    ProgrammeClosingRequest,
    ProgrammeClosingStatus,
    RetentionLaw,
)
from services.records.consents.tables import ConsentRow
from services.records.disclosures.tables import DisclosureRow
from services.records.family.tables import RelatedPersonAccountRow
from services.records.own_record.tables import PatientAccountRow
from services.records.patients.tables import PatientKeyRow, PatientRow
from services.records.programme_closings.tables import DispositionRow, ProgrammeClosingRow
from services.records.recipients.tables import RecipientRow
from services.records.record_seals.tables import RecordSealRow

_CLOSING: Final = select(ProgrammeClosingRow.__table__)
_OF_CLOSING: Final = and_(
    DispositionRow.organization_id == PatientRow.organization_id,
    DispositionRow.patient_id == PatientRow.id,
    DispositionRow.closing_id == bindparam("closing_id", type_=Uuid),
)
_KEY: Final = and_(
    PatientKeyRow.organization_id == PatientRow.organization_id, PatientKeyRow.patient_id == PatientRow.id
)
# While it is open it is about everybody; then about those of whom something was decided.
_ABOUT: Final = or_(
    DispositionRow.kind.is_not(None), and_(bindparam("is_open", type_=Boolean), PatientRow.sealed_at.is_(None))
)
_OPEN: Final = and_(ProgrammeClosingRow.cancelled_at.is_(None), ProgrammeClosingRow.sealed_at.is_(None))
_COUNTS: Final = (
    select(
        ProgrammeClosingRow.id,
        func.count().filter(DispositionRow.kind.is_(None), PatientKeyRow.id.is_not(None)).label("undecided"),
        func.count().filter(DispositionRow.kind == DispositionKind.TRANSFER.value).label("transferred"),
        func.count().filter(DispositionRow.kind == DispositionKind.KEEP.value).label("kept"),
        func.count().filter(DispositionRow.kind == DispositionKind.DESTROY.value).label("to_destroy"),
        func.count().filter(PatientKeyRow.id.is_(None)).label("destroyed"),
    )
    .join_from(ProgrammeClosingRow, PatientRow, PatientRow.organization_id == ProgrammeClosingRow.organization_id)
    .outerjoin(
        DispositionRow,
        and_(
            DispositionRow.organization_id == PatientRow.organization_id,
            DispositionRow.patient_id == PatientRow.id,
            DispositionRow.closing_id == ProgrammeClosingRow.id,
        ),
    )
    .outerjoin(PatientKeyRow, _KEY)
    .where(or_(DispositionRow.kind.is_not(None), and_(_OPEN, PatientRow.sealed_at.is_(None))))
    .group_by(ProgrammeClosingRow.id)
)
_DISPOSITIONS: Final = (
    select(
        PatientRow.id,
        DispositionRow.kind,
        DispositionRow.disclosure_id,
        DispositionRow.citation,
        DispositionRow.keep_until,
        DispositionRow.reason,
        DispositionRow.decided_by,
        DispositionRow.decided_at,
        PatientKeyRow.id.is_(None).label("is_destroyed"),
    )
    .outerjoin(DispositionRow, _OF_CLOSING)
    .outerjoin(PatientKeyRow, _KEY)
    .where(_ABOUT, PatientRow.id > bindparam("after", type_=Uuid))
    .order_by(PatientRow.id)
    .limit(bindparam("limit", type_=Integer))
)


class Counts(NamedTuple):
    """Of how many records what is decided."""

    undecided: int = 0
    transferred: int = 0
    kept: int = 0
    to_destroy: int = 0
    destroyed: int = 0


class KeptClosing(NamedTuple):
    """A closing as it is kept."""

    values: Mapping[Any, Any]

    @property
    def id(self) -> ProgrammeClosingId:
        """Its id."""
        return ProgrammeClosingId(self.values["id"])

    @property
    def status(self) -> ProgrammeClosingStatus:
        """Where it stands."""
        if self.values["sealed_at"] is not None:
            return ProgrammeClosingStatus.SEALED
        if self.values["cancelled_at"] is not None:
            return ProgrammeClosingStatus.CANCELLED
        return ProgrammeClosingStatus.OPEN

    @property
    def retention(self) -> RetentionLaw | None:
        """What requires that records are kept."""
        return _retention(self.values)


class KeptDisposition(NamedTuple):
    """What is decided of one record, as it is kept."""

    values: Mapping[Any, Any]

    @property
    def id(self) -> PatientId:
        """The patient's."""
        return PatientId(self.values["id"])

    @property
    def kind(self) -> DispositionKind | None:
        """What becomes of it; None while nothing is decided."""
        return None if self.values["kind"] is None else DispositionKind(self.values["kind"])

    @property
    def retention(self) -> RetentionLaw | None:
        """What requires to keep it, or did, where that is not the closing's."""
        return _retention(self.values)


class ProgrammeClosingRows:
    """Closings within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, values: Mapping[str, Any]) -> KeptClosing | None:
        """Write a closing, and return it; None where another is open."""
        row = ProgrammeClosingRow
        written = insert(row).values(organization_id=self._organization_id, **values)
        added = await self._db.execute(written.on_conflict_do_nothing().returning(row.__table__))
        kept = added.mappings().one_or_none()
        return None if kept is None else KeptClosing(dict(kept))

    async def all(self) -> list[KeptClosing]:
        """Return the closings of an organization, oldest first."""
        found = await self._db.execute(_CLOSING.order_by(ProgrammeClosingRow.id))
        return [KeptClosing(dict(row)) for row in found.mappings()]

    async def one(self, closing_id: ProgrammeClosingId) -> KeptClosing | None:
        """Return a closing."""
        return await self._one(_CLOSING, closing_id)

    async def lock(self, closing_id: ProgrammeClosingId) -> KeptClosing | None:
        """Return a closing, and make others wait who want to change it, or what becomes of a record in it."""
        return await self._one(_CLOSING.with_for_update(), closing_id)

    async def _one(self, closing: Select[Any], closing_id: ProgrammeClosingId) -> KeptClosing | None:
        row = (await self._db.execute(closing.where(ProgrammeClosingRow.id == closing_id))).mappings().one_or_none()
        return None if row is None else KeptClosing(dict(row))

    async def end(self, closing: KeptClosing, by: AccountId, at: datetime, *, seals: bool) -> KeptClosing:
        """Write that a closing is cancelled, or sealed; then every record that it is about is sealed with it."""
        name = "sealed" if seals else "cancelled"
        values = {f"{name}_by": by, f"{name}_at": at}
        await self._db.execute(update(ProgrammeClosingRow).where(ProgrammeClosingRow.id == closing.id).values(**values))
        if seals:
            decided = select(DispositionRow.patient_id).where(DispositionRow.closing_id == closing.id)
            about = PatientRow.id.in_(decided)
            # In the order in which others lock several, so that none waits for one who waits for it.
            ordered = select(PatientRow.id).where(about).order_by(PatientRow.id)
            await self._db.execute(ordered.with_for_update(key_share=True))
            await self._db.execute(update(PatientRow).where(about).values(sealed_at=at))
            await self._end_accounts(decided, by, at)
            await self._tell_the_scheduler(about, at)
        return KeptClosing({**closing.values, **values})

    async def _end_accounts(self, patient_ids: Select[UUID], by: AccountId, at: datetime) -> None:
        """End the accounts of patients, who are locked, and of those close to them: they are free for others then."""
        for row in (PatientAccountRow, RelatedPersonAccountRow):
            # It was made by a process whose clock may be ahead, and nothing ends before it began.
            until_at = func.greatest(at, row.from_at + timedelta(microseconds=1))
            ended = update(row).where(row.patient_id.in_(patient_ids), row.until_at.is_(None))
            await self._db.execute(
                ended.values(until_at=until_at, ended_by=by).execution_options(synchronize_session=False)
            )

    async def _tell_the_scheduler(self, about: ColumnElement[bool], at: datetime) -> None:
        """Have the scheduler end what it plans of patients; who was shredded just before is told of already."""
        row, told = PatientRow, RecordSealRow
        sealed = select(row.organization_id, row.id, literal(at, TIMESTAMP(timezone=True))).where(about)
        written = insert(told).from_select([told.organization_id, told.patient_id, told.sealed_at], sealed)
        await self._db.execute(written.on_conflict_do_nothing())

    async def counts(self, closing_ids: Iterable[ProgrammeClosingId]) -> dict[ProgrammeClosingId, Counts]:
        """Return of how many records what is decided in each of these closings."""
        asked = list(closing_ids)
        found = await self._db.execute(_COUNTS.where(ProgrammeClosingRow.id.in_(asked)))
        counted = {ProgrammeClosingId(closing_id): Counts(*counts) for closing_id, *counts in found}
        return {one: counted.get(one, Counts()) for one in asked}

    async def dispositions(self, closing: KeptClosing, page: PageRequest) -> list[KeptDisposition]:
        """Return a page of records, and one more where there is one, with what is decided of each."""
        asked = {**_about(closing), "after": page.after, "limit": page.limit}
        return [KeptDisposition(dict(row)) for row in (await self._db.execute(_DISPOSITIONS, asked)).mappings()]

    async def dispose(self, closing: KeptClosing, request: DispositionRequest, by: AccountId, at: datetime) -> None:
        """Write what becomes of records, instead of what was decided before."""
        decided = {
            "kind": request.kind.value,
            "disclosure_id": request.disclosure_id,
            **_retention_values(request.retention),
            "reason": None if request.reason is None else request.reason.value,
            "decided_by": by,
            "decided_at": at,
        }
        of = {"organization_id": self._organization_id, "closing_id": closing.id}
        written = insert(DispositionRow).values([{**of, "patient_id": one, **decided} for one in request.patient_ids])
        key = ("organization_id", "closing_id", "patient_id")
        await self._db.execute(written.on_conflict_do_update(index_elements=key, set_=decided))

    async def transferred(
        self, disclosure_id: DisclosureId, patient_id: PatientId, since: datetime
    ) -> dict[DisclosureId, list[Information]]:
        """Return what the recipient of a disclosure was given since then, as a programme that the consent names.

        Only what was given without a limit of days, and each disclosure by itself.
        """
        row, consent = DisclosureRow, ConsentRow
        to = select(row.recipient_id).where(row.id == disclosure_id).scalar_subquery()
        found = await self._db.execute(
            select(row.id, row.information)
            .join(
                RecipientRow,
                and_(RecipientRow.organization_id == row.organization_id, RecipientRow.id == row.recipient_id),
            )
            .join(
                consent,
                and_(
                    consent.organization_id == row.organization_id,
                    consent.id == row.consent_id,
                    consent.version == row.consent_version,
                ),
            )
            .where(
                row.patient_id == patient_id,
                row.recipient_id == to,
                row.basis == DisclosureBasis.CONSENT.value,
                row.disclosed_at >= since,
                RecipientRow.kind == RecipientKind.TREATING_PROVIDER.value,
                row.recipient_id == any_(consent.recipient_ids),
                *(one.is_(None) for kept in (row, consent) for one in (kept.records_from, kept.records_until)),
            )
        )
        return {DisclosureId(one): [Information(part) for part in information] for one, information in found}


def request_values(request: ProgrammeClosingRequest) -> dict[str, Any]:
    """Return a request as it is kept."""
    return {
        **request.model_dump(exclude={"retention", "reason"}),
        "reason": request.reason.value,
        **_retention_values(request.retention),
    }


def _retention_values(retention: RetentionLaw | None) -> dict[str, Any]:
    if retention is None:
        return {"citation": None, "keep_until": None}
    return retention.model_dump()


def _retention(values: Mapping[Any, Any]) -> RetentionLaw | None:
    if values["citation"] is None:
        return None
    return RetentionLaw(citation=values["citation"], keep_until=values["keep_until"])


def _about(closing: KeptClosing) -> dict[str, Any]:
    return {"closing_id": closing.id, "is_open": closing.status is ProgrammeClosingStatus.OPEN}
