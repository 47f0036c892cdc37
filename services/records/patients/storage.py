"""Where patients are kept: sealed on the way in, opened on the way out."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    Boolean,
    Integer,
    Uuid,
    and_,
    any_,
    bindparam,
    column,
    exists,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, SiteId
from services.contracts.records.patients import Patient, PatientPresence
from services.records.gate import Reach
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key
from services.records.patients.likeness import digest, likeness
from services.records.patients.tables import PatientKeyRow, PatientRow
from services.records.person_seal import PersonSeal
from services.records.relations.tables import CareTeamMemberRow, EmergencyAccessRow, SiteMemberRow

_VIEWER: Final = bindparam("viewer", type_=Uuid)
_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_TEAM: Final = (
    exists()
    .where(
        CareTeamMemberRow.organization_id == PatientRow.organization_id,
        CareTeamMemberRow.patient_id == PatientRow.id,
        CareTeamMemberRow.account_id == _VIEWER,
        CareTeamMemberRow.from_at <= _NOW,
        or_(CareTeamMemberRow.until_at.is_(None), CareTeamMemberRow.until_at > _NOW),
    )
    .correlate(PatientRow)
)
_SITE: Final = (
    exists()
    .where(
        SiteMemberRow.organization_id == PatientRow.organization_id,
        SiteMemberRow.site_id == PatientRow.site_id,
        SiteMemberRow.account_id == _VIEWER,
        SiteMemberRow.from_at <= _NOW,
        or_(SiteMemberRow.until_at.is_(None), SiteMemberRow.until_at > _NOW),
    )
    .correlate(PatientRow)
)
_GLASS: Final = (
    select(EmergencyAccessRow.nature, EmergencyAccessRow.opened_at, EmergencyAccessRow.until_at)
    .where(
        EmergencyAccessRow.organization_id == PatientRow.organization_id,
        EmergencyAccessRow.patient_id == PatientRow.id,
        EmergencyAccessRow.account_id == _VIEWER,
        EmergencyAccessRow.opened_at <= _NOW,
        EmergencyAccessRow.until_at > _NOW,
    )
    .order_by(EmergencyAccessRow.until_at.desc())
    .limit(1)
    .correlate(PatientRow)
    .lateral("glass")
)
_REACH: Final = (
    PatientRow.sealed_at.is_not(None).label("is_sealed"),
    _TEAM.label("in_care_team"),
    _SITE.label("at_site"),
    _GLASS.c.nature.label("glass_nature"),
    _GLASS.c.opened_at.label("glass_opened_at"),
    _GLASS.c.until_at.label("glass_until"),
)
_OWN_KEY: Final = and_(
    PatientKeyRow.organization_id == PatientRow.organization_id, PatientKeyRow.patient_id == PatientRow.id
)
_HAS_KEY: Final = exists().where(_OWN_KEY).correlate(PatientRow)
_SEALS: Final = (
    select(
        PatientRow.organization_id,
        PatientRow.id,
        PatientRow.site_id,
        PatientKeyRow.id.label("key_id"),
        PatientKeyRow.wrapped.label("wrapped_key"),
        OrganizationKeyRow.id.label("organization_key_id"),
        OrganizationKeyRow.wrapped.label("wrapped_organization_key"),
        *_REACH,
    )
    .join_from(PatientRow, PatientKeyRow, _OWN_KEY)
    .join(
        OrganizationKeyRow,
        (OrganizationKeyRow.organization_id == PatientKeyRow.organization_id)
        & (OrganizationKeyRow.id == PatientKeyRow.organization_key_id),
    )
    .outerjoin(_GLASS, true())
)
_PATIENT: Final = _SEALS.add_columns(
    PatientRow.given_name, PatientRow.family_name, PatientRow.birth_date, PatientRow.version, PatientRow.created_at
)
_ONE: Final = Query(_PATIENT.where(PatientRow.id == bindparam("patient_id", type_=Uuid)))
_SOME: Final = Query(
    _PATIENT.where(
        PatientRow.id > bindparam("after", type_=Uuid),
        # Left out here and not by the gate alone: what is dropped from a page would seem to be its end.
        PatientRow.sealed_at.is_(None),
    )
    .where(or_(bindparam("everybody", type_=Boolean), _TEAM, _SITE, _GLASS.c.until_at.is_not(None)))
    .order_by(PatientRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_THESE: Final = Query(
    _PATIENT.where(PatientRow.id == any_(bindparam("patient_ids", type_=ARRAY(Uuid)))).order_by(PatientRow.id)
)
_SEEN: Final = select(PatientRow.organization_id, PatientRow.id, PatientRow.site_id, *_REACH).outerjoin(_GLASS, true())
_PRESENCE: Final = Query(
    _SEEN.where(
        PatientRow.id == bindparam("patient_id", type_=Uuid), or_(_HAS_KEY, ~bindparam("to_plan", type_=Boolean))
    )
)
_REACHES_OF: Final = Query(
    _SEEN.where(PatientRow.id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))), _HAS_KEY).order_by(PatientRow.id)
)
_PRESENCES_AT_SITE: Final = Query(_SEEN.where(PatientRow.site_id == bindparam("site_id", type_=Uuid)))
_SEAL: Final = Query(_SEALS.where(PatientRow.id == bindparam("patient_id", type_=Uuid)))
_SEALS_AT_SITE: Final = Query(_SEALS.where(PatientRow.site_id == bindparam("site_id", type_=Uuid)))
_AT_SITE: Final = Query(
    select(PatientRow.id).where(PatientRow.site_id == bindparam("site_id", type_=Uuid), PatientRow.sealed_at.is_(None))
)
# Named and not imported: closings know patients, and patients no closings.
_CLOSINGS: Final = table("programme_closings", column("cancelled_at"), column("sealed_at"))
_HOLD_CLOSING: Final = (
    select(true())
    .select_from(_CLOSINGS)
    .where(_CLOSINGS.c.cancelled_at.is_(None), _CLOSINGS.c.sealed_at.is_(None))
    .with_for_update(read=True)
)

IN_CHART: Final = (_ONE,)
"""What `PatientQueries.sealed` asks."""

Row = TypeVar("Row")


class Viewer(NamedTuple):
    """Who looks, and when: what relations to a patient are found for."""

    account_id: AccountId
    now: datetime


class Seen(NamedTuple, Generic[Row]):
    """A row, and what its viewer is to the patient."""

    row: Row
    reach: Reach


class SealedPatient(NamedTuple):
    """A patient, and the seal of what is written about them."""

    patient: Patient
    seal: PersonSeal


class PatientQueries:
    """Reads of patients; those of other organizations do not exist here."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def one(self, patient_id: PatientId, viewer: Viewer) -> Seen[Patient] | None:
        """Return a patient.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        row = await self._read.one_or_none(_ONE, patient_id=patient_id, viewer=viewer.account_id, now=viewer.now)
        return None if row is None else Seen(_to_patient(row, _to_seal(row, self._root)), _to_reach(row))

    async def sealed(self, patient_id: PatientId, viewer: Viewer) -> Seen[SealedPatient] | None:
        """Return a patient, with the seal of what is written about them; otherwise as `one`."""
        row = await self._read.one_or_none(_ONE, patient_id=patient_id, viewer=viewer.account_id, now=viewer.now)
        if row is None:
            return None
        seal = _to_seal(row, self._root)
        return Seen(SealedPatient(_to_patient(row, seal), seal), _to_reach(row))

    async def some(self, page: PageRequest, viewer: Viewer, *, everybody: bool) -> list[Seen[Patient]]:
        """Return the patients of a page, and one more where there is one: all, or those in the viewer's reach."""
        rows = await self._read.all(
            _SOME, after=page.after, limit=page.limit, viewer=viewer.account_id, now=viewer.now, everybody=everybody
        )
        return [Seen(_to_patient(row, _to_seal(row, self._root)), _to_reach(row)) for row in rows]

    async def these(self, patient_ids: Iterable[PatientId], viewer: Viewer) -> list[Seen[Patient]]:
        """Return those of these who are patients here."""
        rows = await self._read.all(_THESE, patient_ids=list(patient_ids), viewer=viewer.account_id, now=viewer.now)
        return [Seen(_to_patient(row, _to_seal(row, self._root)), _to_reach(row)) for row in rows]

    async def presence(
        self, patient_id: PatientId, viewer: Viewer, *, to_plan: bool = False
    ) -> Seen[PatientPresence] | None:
        """Return where a patient is treated; to plan something, nobody who was shredded."""
        asked = {"patient_id": patient_id, "to_plan": to_plan, "viewer": viewer.account_id, "now": viewer.now}
        row = await self._read.one_or_none(_PRESENCE, **asked)
        return None if row is None else Seen(PatientPresence(id=row["id"], site_id=row["site_id"]), _to_reach(row))

    async def presences_at(self, site_id: SiteId, viewer: Viewer) -> list[Seen[PatientPresence]]:
        """Return who is treated at a site, and what the viewer is to each."""
        rows = await self._read.all(_PRESENCES_AT_SITE, site_id=site_id, viewer=viewer.account_id, now=viewer.now)
        return [Seen(PatientPresence(id=row["id"], site_id=row["site_id"]), _to_reach(row)) for row in rows]

    async def reaches(self, patient_ids: Iterable[PatientId], viewer: Viewer) -> dict[PatientId, Reach]:
        """Return what the viewer is to those of these who are patients here and not shredded, in order of their ids."""
        asked = list(patient_ids)
        rows = await self._read.all(_REACHES_OF, patient_ids=asked, viewer=viewer.account_id, now=viewer.now)
        return {PatientId(row["id"]): _to_reach(row) for row in rows}

    async def seal(self, patient_id: PatientId, viewer: Viewer) -> Seen[PersonSeal] | None:
        """Return the seal of a patient.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        row = await self._read.one_or_none(_SEAL, patient_id=patient_id, viewer=viewer.account_id, now=viewer.now)
        return None if row is None else Seen(_to_seal(row, self._root), _to_reach(row))

    async def seals_at(self, site_id: SiteId, viewer: Viewer) -> dict[PatientId, Seen[PersonSeal]]:
        """Return the seals of everybody who is treated at a site.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        rows = await self._read.all(_SEALS_AT_SITE, site_id=site_id, viewer=viewer.account_id, now=viewer.now)
        return {PatientId(row["id"]): Seen(_to_seal(row, self._root), _to_reach(row)) for row in rows}

    async def at_site(self, site_id: SiteId) -> list[PatientId]:
        """Return who is treated at a site, and whose record is not sealed."""
        return [row["id"] for row in await self._read.all(_AT_SITE, site_id=site_id)]


class PatientRows:
    """Patients within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def lock(self, patient_id: PatientId, viewer: Viewer) -> Seen[SealedPatient] | None:
        """Return a patient, and make other writers of this patient wait until this unit of work has ended."""
        statement = _PATIENT.where(PatientRow.id == patient_id).with_for_update(of=PatientRow, key_share=True)
        values = {"viewer": viewer.account_id, "now": viewer.now}
        row = (await self._db.execute(statement, values)).mappings().one_or_none()
        if row is None:
            return None
        seal = _to_seal(row, self._root)
        return Seen(SealedPatient(_to_patient(row, seal), seal), _to_reach(row))

    async def alike(self, sought: str, viewer: Viewer) -> list[Seen[Patient]]:
        """Return the patients who may be a person, by `likeness`; entries from before there was one are opened."""
        _, key = await organization_key(self._db, self._root, self._organization_id, viewer.now)
        candidate = or_(PatientRow.likeness == digest(key, sought), PatientRow.likeness.is_(None))
        values = {"viewer": viewer.account_id, "now": viewer.now}
        rows = (await self._db.execute(_PATIENT.where(candidate).order_by(PatientRow.id), values)).mappings().all()
        found = [Seen(_to_patient(row, _to_seal(row, self._root)), _to_reach(row)) for row in rows]
        return [
            seen for seen in found if likeness(seen.row.given_name, seen.row.family_name, seen.row.birth_date) == sought
        ]

    async def some(self, patient_ids: list[PatientId], viewer: Viewer) -> list[Seen[Patient]]:
        """Return those of these patients who are here, in the order of their ids."""
        statement = _PATIENT.where(PatientRow.id.in_(patient_ids)).order_by(PatientRow.id)
        values = {"viewer": viewer.account_id, "now": viewer.now}
        rows = (await self._db.execute(statement, values)).mappings().all()
        return [Seen(_to_patient(row, _to_seal(row, self._root)), _to_reach(row)) for row in rows]

    async def reaches(self, ids: Iterable[UUID], viewer: Viewer) -> dict[UUID, Reach]:
        """Return what the viewer is to those of these who are patients here."""
        values = {"viewer": viewer.account_id, "now": viewer.now}
        rows = await self._db.execute(_SEEN.where(PatientRow.id.in_(list(ids))), values)
        return {row["id"]: _to_reach(row) for row in rows.mappings()}

    async def join_care_team(self, patient: Patient, account_id: AccountId) -> None:
        """Enter who admits a patient in the care team."""
        self._db.add(
            CareTeamMemberRow(
                organization_id=self._organization_id,
                id=patient.id,
                patient_id=patient.id,
                account_id=account_id,
                from_at=patient.created_at,
            )
        )
        await self._db.flush()

    async def known(self, patient_ids: list[PatientId]) -> set[PatientId]:
        """Return which of these patients exist, and whose record is not sealed."""
        asked = select(PatientRow.id).where(PatientRow.id.in_(patient_ids), PatientRow.sealed_at.is_(None))
        rows = await self._db.execute(asked)
        return {PatientId(patient_id) for patient_id in rows.scalars()}

    async def add(self, patient: Patient) -> None:
        """Write a patient, sealed with a data key of the patient's own.

        A closing that is open is not sealed meanwhile: it would leave this record behind, which it does not see yet.
        """
        await self._db.execute(_HOLD_CLOSING)
        key_id = uuid4()
        key = SealingKey.generate(key_id)
        sealed = {
            column: key.seal(text.encode(), _place(self._organization_id, column, patient.id))
            for column, text in (
                ("given_name", patient.given_name),
                ("family_name", patient.family_name),
                ("birth_date", patient.birth_date.isoformat()),
            )
        }
        plain = patient.model_dump(include={"id", "site_id", "version", "created_at"})
        above_id, above = await organization_key(self._db, self._root, self._organization_id, patient.created_at)
        found_by = digest(above, likeness(patient.given_name, patient.family_name, patient.birth_date))
        self._db.add(PatientRow(organization_id=self._organization_id, likeness=found_by, **plain, **sealed))
        await self._db.flush()
        self._db.add(
            PatientKeyRow(
                organization_id=self._organization_id,
                id=key_id,
                patient_id=patient.id,
                organization_key_id=above_id,
                wrapped=above.wrap(key, _key_place(self._organization_id, key_id)),
                created_at=patient.created_at,
            )
        )
        await self._db.flush()


def _to_reach(row: Mapping[Any, Any]) -> Reach:
    return Reach(
        organization_id=row["organization_id"],
        in_care_team=row["in_care_team"],
        at_site=row["at_site"],
        glass_nature=row["glass_nature"],
        glass_opened_at=row["glass_opened_at"],
        glass_until=row["glass_until"],
        is_sealed=row["is_sealed"],
    )


def _to_patient(row: Mapping[Any, Any], seal: PersonSeal) -> Patient:
    return Patient(
        id=row["id"],
        given_name=_open(seal, row, "given_name"),
        family_name=_open(seal, row, "family_name"),
        birth_date=date.fromisoformat(_open(seal, row, "birth_date")),
        site_id=row["site_id"],
        version=row["version"],
        created_at=row["created_at"],
    )


def _open(seal: PersonSeal, row: Mapping[Any, Any], column: str) -> str:
    return seal.open(row[column], PatientRow.__tablename__, column, row["id"]).decode()


def _to_seal(row: Mapping[Any, Any], root: RootKeys) -> PersonSeal:
    return PersonSeal(row["organization_id"], _data_key(row, root))


def _data_key(row: Mapping[Any, Any], root: RootKeys) -> SealingKey:
    organization_id, key_id = row["organization_id"], row["key_id"]
    above_id = row["organization_key_id"]
    above = open_key(root, organization_id, above_id, row["wrapped_organization_key"])
    return above.unwrap(key_id, row["wrapped_key"], _key_place(organization_id, key_id))


def _place(organization_id: OrganizationId, column: str, patient_id: UUID) -> Place:
    return Place(organization_id, PatientRow.__tablename__, column, patient_id)


def _key_place(organization_id: OrganizationId, key_id: UUID) -> Place:
    return Place(organization_id, PatientKeyRow.__tablename__, "wrapped", key_id)
