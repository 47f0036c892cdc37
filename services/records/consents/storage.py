"""Where consents, authority, rules on minors, and restrictions are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Text, Uuid, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import (
    ConsentId,
    OrganizationId,
    PatientId,
    RepresentativeId,
    RestrictionId,
    SiteId,
)
from services.contracts.records.consents import (
    Consent,
    ConsentTerms,
    MinorConsentRule,
    Representative,
    RepresentativeEnd,
    RepresentativeKind,
    Restriction,
)
from services.records.consents.authorities import Authority
from services.records.consents.stays import Stay
from services.records.consents.tables import ConsentRow, MinorConsentRuleRow, RepresentativeRow, RestrictionRow
from services.records.episodes.tables import EpisodeRow
from services.records.person_seal import PersonSeal

_TERMS: Final = tuple(name for name in ConsentTerms.model_fields if name != "signatures")
# SQLAlchemy's connections hand jsonb over in another form than the pool of reads; text is text on both.
_CONSENT: Final = select(
    ConsentRow.id,
    ConsentRow.patient_id,
    ConsentRow.version,
    ConsentRow.status,
    ConsentRow.effective_at,
    ConsentRow.changed_by,
    ConsentRow.created_at,
    cast(ConsentRow.signatures, Text).label("signatures"),
    *(getattr(ConsentRow, name) for name in _TERMS),
)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_NEWEST_OF_PATIENT: Final = (
    _CONSENT.ext(distinct_on(ConsentRow.id))
    .where(ConsentRow.patient_id == _PATIENT_ID)
    .order_by(ConsentRow.id, ConsentRow.version.desc())
)
_OF_PATIENT: Final = Query(_NEWEST_OF_PATIENT)
_VERSIONS: Final = Query(
    _CONSENT.where(ConsentRow.id == bindparam("consent_id", type_=Uuid)).order_by(ConsentRow.version.desc())
)
_RESTRICTIONS_OF_PATIENT: Final = (
    select(RestrictionRow.__table__).where(RestrictionRow.patient_id == _PATIENT_ID).order_by(RestrictionRow.id)
)
_RESTRICTIONS: Final = Query(_RESTRICTIONS_OF_PATIENT)
_REPRESENTATIVE: Final = select(RepresentativeRow.__table__)
_REPRESENTATIVES: Final = Query(
    _REPRESENTATIVE.where(RepresentativeRow.patient_id == _PATIENT_ID).order_by(RepresentativeRow.id)
)
_AUTHORITIES_OF_PATIENT: Final = (
    select(
        RepresentativeRow.id,
        RepresentativeRow.kind,
        RepresentativeRow.authority_from,
        func.coalesce(RepresentativeRow.ended_until, RepresentativeRow.authority_until).label("authority_until"),
    )
    .where(RepresentativeRow.patient_id == _PATIENT_ID)
    .order_by(RepresentativeRow.id)
)
_AUTHORITIES: Final = Query(_AUTHORITIES_OF_PATIENT)
_RULES_OF_SITE: Final = (
    select(MinorConsentRuleRow.__table__)
    .where(MinorConsentRuleRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(MinorConsentRuleRow.effective_from, MinorConsentRuleRow.id)
)
_RULES: Final = Query(_RULES_OF_SITE)
_STAYS_OF_PATIENT: Final = (
    select(EpisodeRow.admitted_on, EpisodeRow.discharged_on)
    .where(EpisodeRow.patient_id == _PATIENT_ID)
    .order_by(EpisodeRow.admitted_on, EpisodeRow.id)
)
_STAYS: Final = Query(_STAYS_OF_PATIENT)


IN_CHART: Final = (_OF_PATIENT, _STAYS)
"""What `ConsentQueries.of_patient` and `ConsentQueries.stays` ask."""


class KeptRepresentative(NamedTuple):
    """An authority as it is kept, the name of who has it still closed."""

    id: RepresentativeId
    patient_id: PatientId
    row: Mapping[Any, Any]

    @property
    def is_ended(self) -> bool:
        """Whether somebody has said that it ended before its time, or never held."""
        return self.row["ended_at"] is not None

    def open(self, seal: PersonSeal) -> Representative:
        """Open the name."""
        kept = {name: self.row[name] for name in Representative.model_fields if name not in {"name", "end"}}
        name, table = self.row["name"], RepresentativeRow.__tablename__
        end = None
        if self.is_ended:
            end = RepresentativeEnd(
                until=self.row["ended_until"],
                document_sha256=self.row["ended_document_sha256"],
                ended_by=self.row["ended_by"],
                ended_at=self.row["ended_at"],
            )
        opened = None if name is None else seal.open(name, table, "name", self.id).decode()
        return Representative.model_validate({**kept, "name": opened, "end": end})


class ConsentQueries:
    """Reads of consents and what belongs to them."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId) -> list[Consent]:
        """Return the newest version of each of a patient's consents."""
        return [_to_consent(row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def stays(self, patient_id: PatientId) -> list[Stay]:
        """Return from when to when a patient was treated, oldest first."""
        rows = await self._read.all(_STAYS, patient_id=patient_id)
        return [Stay(row["admitted_on"], row["discharged_on"]) for row in rows]

    async def versions(self, consent_id: ConsentId) -> list[Consent]:
        """Return every version of a consent, newest first."""
        return [_to_consent(row) for row in await self._read.all(_VERSIONS, consent_id=consent_id)]

    async def restrictions(self, patient_id: PatientId) -> list[Restriction]:
        """Return a patient's restrictions, those that have ended too."""
        rows = await self._read.all(_RESTRICTIONS, patient_id=patient_id)
        return [Restriction.model_validate(dict(row)) for row in rows]

    async def representatives(self, patient_id: PatientId) -> list[KeptRepresentative]:
        """Return who has or had authority to sign for a patient."""
        return [_to_representative(row) for row in await self._read.all(_REPRESENTATIVES, patient_id=patient_id)]

    async def authorities(self, patient_id: PatientId) -> list[Authority]:
        """Return from when until when somebody may sign for a patient."""
        return [_to_authority(row) for row in await self._read.all(_AUTHORITIES, patient_id=patient_id)]

    async def rules(self, site_id: SiteId) -> list[MinorConsentRule]:
        """Return a site's rules on minors, oldest first."""
        rows = await self._read.all(_RULES, site_id=site_id)
        return [MinorConsentRule.model_validate(dict(row)) for row in rows]


class ConsentRows:
    """Consents and what belongs to them, within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, consent: Consent, *, names_intermediary: bool, evidence_sha256: str | None = None) -> None:
        """Write one version of a consent."""
        terms = consent.terms.model_dump(mode="python", exclude={"signatures"})
        columns = {name: _plain(value) for name, value in terms.items()}
        self._db.add(
            ConsentRow(
                organization_id=self._organization_id,
                status=consent.status.value,
                signatures=[one.model_dump(mode="json") for one in consent.terms.signatures],
                names_intermediary=names_intermediary,
                evidence_sha256=evidence_sha256,
                **consent.model_dump(exclude={"terms", "status"}),
                **columns,
            )
        )
        await self._db.flush()

    async def newest(self, consent_id: ConsentId) -> tuple[Consent, bool] | None:
        """Return the newest version of a consent, and whether it names an intermediary."""
        found = (
            _CONSENT.add_columns(ConsentRow.names_intermediary)
            .where(ConsentRow.id == consent_id)
            .order_by(ConsentRow.version.desc())
            .limit(1)
        )
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else (_to_consent(row), row["names_intermediary"])

    async def of_patient(self, patient_id: PatientId) -> list[Consent]:
        """Return the newest version of each of a patient's consents."""
        rows = await self._db.execute(_NEWEST_OF_PATIENT, {"patient_id": patient_id})
        return [_to_consent(row) for row in rows.mappings()]

    async def stays(self, patient_id: PatientId) -> list[Stay]:
        """Return from when to when a patient was treated, oldest first."""
        rows = await self._db.execute(_STAYS_OF_PATIENT, {"patient_id": patient_id})
        return [Stay(row.admitted_on, row.discharged_on) for row in rows]

    async def add_representative(self, representative: Representative, name: str, seal: PersonSeal) -> None:
        """Write an authority, the name sealed with the patient's own key."""
        kept = representative.model_dump(exclude={"name", "end"})
        sealed = seal.close(name.encode(), RepresentativeRow.__tablename__, "name", representative.id)
        self._db.add(RepresentativeRow(organization_id=self._organization_id, name=sealed, **kept))
        await self._db.flush()

    async def representative(self, representative_id: RepresentativeId) -> KeptRepresentative | None:
        """Return an authority."""
        found = await self._db.execute(_REPRESENTATIVE.where(RepresentativeRow.id == representative_id))
        row = found.mappings().one_or_none()
        return None if row is None else _to_representative(row)

    async def end_representative(self, representative_id: RepresentativeId, end: RepresentativeEnd) -> None:
        """Write that an authority ended before its time, or never held."""
        ended = update(RepresentativeRow).where(RepresentativeRow.id == representative_id)
        await self._db.execute(
            ended.values(
                ended_until=end.until,
                ended_document_sha256=end.document_sha256,
                ended_by=end.ended_by,
                ended_at=end.ended_at,
            )
        )

    async def authorities(self, patient_id: PatientId) -> list[Authority]:
        """Return from when until when somebody may sign for a patient."""
        rows = await self._db.execute(_AUTHORITIES_OF_PATIENT, {"patient_id": patient_id})
        return [_to_authority(row) for row in rows.mappings()]

    async def add_rule(self, rule: MinorConsentRule) -> None:
        """Write a rule on minors."""
        self._db.add(_row(MinorConsentRuleRow, self._organization_id, rule))
        await self._db.flush()

    async def rules(self, site_id: SiteId) -> list[MinorConsentRule]:
        """Return a site's rules on minors, oldest first."""
        rows = await self._db.execute(_RULES_OF_SITE, {"site_id": site_id})
        return [MinorConsentRule.model_validate(dict(row)) for row in rows.mappings()]

    async def add_restriction(self, restriction: Restriction) -> None:
        """Write a restriction."""
        self._db.add(_row(RestrictionRow, self._organization_id, restriction))
        await self._db.flush()

    async def restrictions(self, patient_id: PatientId) -> list[Restriction]:
        """Return a patient's restrictions, those that have ended too."""
        rows = await self._db.execute(_RESTRICTIONS_OF_PATIENT, {"patient_id": patient_id})
        return [Restriction.model_validate(dict(row)) for row in rows.mappings()]

    async def restriction(self, restriction_id: RestrictionId) -> Restriction | None:
        """Return a restriction."""
        found = select(RestrictionRow.__table__).where(RestrictionRow.id == restriction_id)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else Restriction.model_validate(dict(row))

    async def end_restriction(self, restriction_id: RestrictionId, now: datetime) -> None:
        """End a restriction."""
        await self._db.execute(update(RestrictionRow).where(RestrictionRow.id == restriction_id).values(ended_at=now))


def _row(kind: Any, organization_id: OrganizationId, resource: Any) -> Any:
    values = {name: _plain(value) for name, value in resource.model_dump().items()}
    return kind(organization_id=organization_id, **values)


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, frozenset) else value


def _to_representative(row: Mapping[Any, Any]) -> KeptRepresentative:
    return KeptRepresentative(row["id"], row["patient_id"], row)


def _to_authority(row: Mapping[Any, Any]) -> Authority:
    kind = RepresentativeKind(row["kind"])
    return Authority(row["id"], kind, row["authority_from"], row["authority_until"])


def _to_consent(row: Mapping[Any, Any]) -> Consent:
    terms = {name: row[name] for name in _TERMS} | {"signatures": orjson.loads(row["signatures"])}
    values = {name: row[name] for name in Consent.model_fields if name != "terms"}
    return Consent.model_validate({**values, "terms": terms})
