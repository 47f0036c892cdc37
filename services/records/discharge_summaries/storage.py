"""Where discharge summaries are kept, sealed with the patient's own key."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ARRAY, Date, Uuid, and_, any_, bindparam, join, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import AccountId, EpisodeId, OrganizationId, PatientId
from services.contracts.records.discharge_summaries import DischargeSummary, DischargeSummaryStatus
from services.records.discharge_summaries.lacking import Lacking
from services.records.discharge_summaries.standing import status_of
from services.records.discharge_summaries.tables import DischargeSummaryCosignatureRow, DischargeSummaryRow
from services.records.episodes.tables import EpisodeRow
from services.records.person_seal import PersonSeal

_TABLE: Final = DischargeSummaryRow.__tablename__
_SUMMARY: Final = select(
    DischargeSummaryRow.episode_id,
    DischargeSummaryRow.version,
    DischargeSummaryRow.details,
    DischargeSummaryRow.signed_by,
    DischargeSummaryRow.signed_at,
    DischargeSummaryRow.sha256,
    DischargeSummaryRow.needs_cosignature,
    DischargeSummaryCosignatureRow.cosigned_by,
    DischargeSummaryCosignatureRow.cosigned_at,
    EpisodeRow.patient_id,
    EpisodeRow.admitted_on,
    EpisodeRow.discharged_on,
    EpisodeRow.discharge_reason,
).select_from(
    join(
        DischargeSummaryRow,
        EpisodeRow,
        (EpisodeRow.organization_id == DischargeSummaryRow.organization_id)
        & (EpisodeRow.id == DischargeSummaryRow.episode_id),
    ).outerjoin(
        DischargeSummaryCosignatureRow,
        (DischargeSummaryCosignatureRow.organization_id == DischargeSummaryRow.organization_id)
        & (DischargeSummaryCosignatureRow.episode_id == DischargeSummaryRow.episode_id)
        & (DischargeSummaryCosignatureRow.version == DischargeSummaryRow.version),
    )
)
_VERSIONS: Final = _SUMMARY.where(DischargeSummaryRow.episode_id == bindparam("episode_id", type_=Uuid)).order_by(
    DischargeSummaryRow.version.desc()
)
_READ_VERSIONS: Final = Query(_VERSIONS)
_OF_PATIENT: Final = Query(
    _SUMMARY.where(EpisodeRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(
        EpisodeRow.admitted_on, DischargeSummaryRow.episode_id, DischargeSummaryRow.version.desc()
    )
)


_NEWEST: Final = (
    select(DischargeSummaryRow.episode_id, DischargeSummaryRow.version, DischargeSummaryRow.needs_cosignature)
    .ext(distinct_on(DischargeSummaryRow.episode_id))
    .order_by(DischargeSummaryRow.episode_id, DischargeSummaryRow.version.desc())
    .subquery("newest")
)
_LACKING: Final = Query(
    select(
        EpisodeRow.id.label("episode_id"),
        EpisodeRow.patient_id,
        EpisodeRow.programme,
        EpisodeRow.discharged_on,
        _NEWEST.c.version,
    )
    .outerjoin(_NEWEST, _NEWEST.c.episode_id == EpisodeRow.id)
    .outerjoin(
        DischargeSummaryCosignatureRow,
        (DischargeSummaryCosignatureRow.episode_id == _NEWEST.c.episode_id)
        & (DischargeSummaryCosignatureRow.version == _NEWEST.c.version),
    )
    .where(
        EpisodeRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        EpisodeRow.discharged_on >= bindparam("since", type_=Date),
        or_(
            _NEWEST.c.version.is_(None),
            and_(_NEWEST.c.needs_cosignature, DischargeSummaryCosignatureRow.cosigned_at.is_(None)),
        ),
    )
)


class Sealed(NamedTuple):
    """A version that is still closed."""

    row: Mapping[Any, Any]

    @property
    def version(self) -> int:
        """Its number."""
        version: int = self.row["version"]
        return version

    @property
    def author(self) -> AccountId:
        """Who signed it."""
        return AccountId(self.row["signed_by"])

    @property
    def signed_at(self) -> datetime:
        """When its author signed it."""
        at: datetime = self.row["signed_at"]
        return at

    @property
    def status(self) -> DischargeSummaryStatus:
        """Where it stands."""
        return status_of(needs_cosignature=self.row["needs_cosignature"], cosigned_at=self.row["cosigned_at"])

    @property
    def episode_id(self) -> EpisodeId:
        """Of which episode it is."""
        return EpisodeId(self.row["episode_id"])

    def open(self, seal: PersonSeal) -> DischargeSummary:
        """Open what it says.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        said = orjson.loads(seal.open(self.row["details"], _TABLE, _column(self.version), self.episode_id))
        return DischargeSummary.model_validate(
            {**self.row, **said, "status": self.status, "sha256": self.row["sha256"].hex()}
        )


class DischargeSummaryQueries:
    """Reads of discharge summaries."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def versions(self, episode_id: EpisodeId) -> list[Sealed]:
        """Return every version of an episode's summary, newest first."""
        return [Sealed(row) for row in await self._read.all(_READ_VERSIONS, episode_id=episode_id)]

    async def lacking(self, patient_ids: Sequence[PatientId], since: date) -> list[Lacking]:
        """Return which episodes of these patients, ended since a day, have no summary that all who must have signed."""
        rows = await self._read.all(_LACKING, patient_ids=list(patient_ids), since=since)
        return [Lacking(**{name: row[name] for name in Lacking._fields}) for row in rows]

    async def newest_of_patient(self, patient_id: PatientId) -> list[Sealed]:
        """Return of each of a patient's summaries the newest version that all have signed, by admission."""
        newest: dict[EpisodeId, Sealed] = {}
        for sealed in map(Sealed, await self._read.all(_OF_PATIENT, patient_id=patient_id)):
            if sealed.status is DischargeSummaryStatus.SIGNED:
                newest.setdefault(sealed.episode_id, sealed)
        return list(newest.values())


class DischargeSummaryRows:
    """Discharge summaries within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def newest(self, episode_id: EpisodeId) -> Sealed | None:
        """Return the newest version; the patient is locked, so it stays so."""
        row = (await self._db.execute(_VERSIONS.limit(1), {"episode_id": episode_id})).mappings().first()
        return None if row is None else Sealed(dict(row))

    async def add(self, summary: DischargeSummary, seal: PersonSeal) -> None:
        """Write a signed version."""
        said = orjson.dumps({"text": summary.text.model_dump(mode="json"), "reason": summary.reason})
        self._db.add(
            DischargeSummaryRow(
                organization_id=self._organization_id,
                episode_id=summary.episode_id,
                version=summary.version,
                details=seal.close(said, _TABLE, _column(summary.version), summary.episode_id),
                signed_by=summary.signed_by,
                signed_at=summary.signed_at,
                sha256=bytes.fromhex(summary.sha256),
                needs_cosignature=summary.status is DischargeSummaryStatus.AWAITING_COSIGNATURE,
            )
        )
        await self._db.flush()

    async def cosign(self, sealed: Sealed, caller: AccountId, now: datetime) -> Sealed:
        """Write who answers for a version; the patient is locked, so that it is the first."""
        self._db.add(
            DischargeSummaryCosignatureRow(
                organization_id=self._organization_id,
                episode_id=sealed.episode_id,
                version=sealed.version,
                cosigned_by=caller,
                cosigned_at=now,
            )
        )
        await self._db.flush()
        return Sealed({**sealed.row, "cosigned_by": caller, "cosigned_at": now})


def _column(version: int) -> str:
    # The versions of a summary share its id: without its number one would open in the place of another.
    return f"details{version}"
