"""Where incidents are kept: what is said of them sealed with the organization's key."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Uuid, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, PrivacyIncidentId
from services.contracts.records.privacy_incidents import (
    AffectedPatient,
    AffectedPatientsRequest,
    NoticeMethod,
    PatientNoticesRequest,
    PrivacyIncidentRequest,
)
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key
from services.records.privacy_incidents.facts import Act, ActKind, Counted, Discovered, Incident
from services.records.privacy_incidents.tables import (
    AffectedPatientRow,
    BreachNoticeRow,
    PrivacyIncidentActRow,
    PrivacyIncidentRow,
)

_INCIDENT: Final = select(
    PrivacyIncidentRow.__table__,
    OrganizationKeyRow.id.label("key_id"),
    OrganizationKeyRow.wrapped.label("wrapped_key"),
).join(OrganizationKeyRow, OrganizationKeyRow.organization_id == PrivacyIncidentRow.organization_id)
_ONE: Final = Query(_INCIDENT.where(PrivacyIncidentRow.id == bindparam("incident_id", type_=Uuid)))
_FROM: Final = bindparam("discovered_from", type_=Date)
_UNTIL: Final = bindparam("discovered_until", type_=Date)
_FOUND: Final = _INCIDENT.where(
    or_(_FROM.is_(None), PrivacyIncidentRow.discovered_on >= _FROM),
    or_(_UNTIL.is_(None), PrivacyIncidentRow.discovered_on <= _UNTIL),
).order_by(PrivacyIncidentRow.id)
_PAGE: Final = Query(
    _FOUND.where(PrivacyIncidentRow.id > bindparam("after", type_=Uuid)).limit(bindparam("limit", type_=Integer))
)
_IDS: Final = bindparam("incident_ids", type_=ARRAY(Uuid))
_ACTS: Final = Query(
    select(PrivacyIncidentActRow.__table__)
    .where(PrivacyIncidentActRow.incident_id == func.any(_IDS))
    .order_by(PrivacyIncidentActRow.incident_id, PrivacyIncidentActRow.number)
)
_TOLD: Final = (
    select(
        BreachNoticeRow.incident_id, BreachNoticeRow.patient_id, func.min(BreachNoticeRow.sent_on).label("notified_on")
    )
    # A call in an urgent case is made beside the written notice (45 CFR 164.404(d)(3)).
    .where(BreachNoticeRow.method != NoticeMethod.TELEPHONE.value)
    .group_by(BreachNoticeRow.incident_id, BreachNoticeRow.patient_id)
    .subquery()
)
_IS_TOLD: Final = (_TOLD.c.incident_id == AffectedPatientRow.incident_id) & (
    _TOLD.c.patient_id == AffectedPatientRow.patient_id
)
_COUNTS: Final = Query(
    select(
        AffectedPatientRow.incident_id,
        AffectedPatientRow.resident_of,
        func.count().label("affected"),
        func.count(_TOLD.c.notified_on).label("notified"),
        func.max(_TOLD.c.notified_on).label("last_on"),
    )
    .outerjoin(_TOLD, _IS_TOLD)
    .where(AffectedPatientRow.incident_id == func.any(_IDS))
    .group_by(AffectedPatientRow.incident_id, AffectedPatientRow.resident_of)
    .order_by(AffectedPatientRow.incident_id, AffectedPatientRow.resident_of)
)
_AFFECTED: Final = Query(
    select(AffectedPatientRow.patient_id, AffectedPatientRow.resident_of, _TOLD.c.notified_on)
    .outerjoin(_TOLD, _IS_TOLD)
    .where(
        AffectedPatientRow.incident_id == bindparam("incident_id", type_=Uuid),
        AffectedPatientRow.patient_id > bindparam("after", type_=Uuid),
    )
    .order_by(AffectedPatientRow.patient_id)
    .limit(bindparam("limit", type_=Integer))
)
_AFFECTED_AMONG: Final = Query(
    select(AffectedPatientRow.patient_id).where(
        AffectedPatientRow.incident_id == bindparam("incident_id", type_=Uuid),
        AffectedPatientRow.patient_id == func.any(bindparam("patient_ids", type_=ARRAY(Uuid))),
    )
)


class PrivacyIncidentQueries:
    """Reads of incidents."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def one(self, incident_id: PrivacyIncidentId) -> Incident | None:
        """Return an incident as it stands."""
        found = await self._whole(await self._read.all(_ONE, incident_id=incident_id))
        return next(iter(found), None)

    async def some(self, page: PageRequest, discovered: Discovered) -> list[Incident]:
        """Return a page of incidents, and one more where there is one, in the order they were recorded."""
        rows = await self._read.all(
            _PAGE,
            after=page.after,
            limit=page.limit,
            discovered_from=discovered.from_on,
            discovered_until=discovered.until_on,
        )
        return await self._whole(rows)

    async def affected(self, incident_id: PrivacyIncidentId, page: PageRequest) -> list[AffectedPatient]:
        """Return a page of who is affected, and one more where there is one."""
        rows = await self._read.all(_AFFECTED, incident_id=incident_id, after=page.after, limit=page.limit)
        return [AffectedPatient.model_validate(dict(row)) for row in rows]

    async def affected_among(
        self, incident_id: PrivacyIncidentId, patient_ids: Sequence[PatientId]
    ) -> frozenset[PatientId]:
        """Return which of these patients are affected."""
        rows = await self._read.all(_AFFECTED_AMONG, incident_id=incident_id, patient_ids=list(patient_ids))
        return frozenset(PatientId(row["patient_id"]) for row in rows)

    async def _whole(self, rows: Sequence[Mapping[str, Any]]) -> list[Incident]:
        ids = [row["id"] for row in rows]
        acts, counted = defaultdict[UUID, list[Act]](list), defaultdict[UUID, list[Counted]](list)
        keys = {row["id"]: self._key(row) for row in rows}
        for row in await self._read.all(_ACTS, incident_ids=ids) if ids else ():
            place = _place(row["organization_id"], row["incident_id"], row["number"])
            details = keys[row["incident_id"]].unseal(row["details"], place)
            acts[row["incident_id"]].append(Act(ActKind(row["kind"]), details, row["done_by"], row["done_at"]))
        for row in await self._read.all(_COUNTS, incident_ids=ids) if ids else ():
            counted[row["incident_id"]].append(
                Counted(row["resident_of"], row["affected"], row["notified"], row["last_on"])
            )
        return [_to_incident(row, keys[row["id"]], acts[row["id"]], counted[row["id"]]) for row in rows]

    def _key(self, row: Mapping[str, Any]) -> SealingKey:
        return open_key(self._root, row["organization_id"], row["key_id"], row["wrapped_key"])


class PrivacyIncidentRows:
    """Incidents within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def add(self, incident: Incident) -> None:
        """Write an incident as it is first told."""
        key = await self._key(incident.recorded_at)
        place = Place(self._organization_id, PrivacyIncidentRow.__tablename__, "details", incident.id)
        self._db.add(
            PrivacyIncidentRow(
                organization_id=self._organization_id,
                id=incident.id,
                discovered_on=incident.told.discovered_on,
                details=key.seal(incident.told.model_dump_json().encode(), place),
                recorded_by=incident.recorded_by,
                recorded_at=incident.recorded_at,
            )
        )
        await self._db.flush()

    async def act(self, incident: Incident, act: Act) -> bool:
        """Write what was done; says whether nobody else did something in the meantime."""
        number, key = incident.version + 1, await self._key(act.done_at)
        written = insert(PrivacyIncidentActRow).values(
            organization_id=self._organization_id,
            incident_id=incident.id,
            number=number,
            kind=act.kind.value,
            details=key.seal(act.details, _place(self._organization_id, incident.id, number)),
            done_by=act.done_by,
            done_at=act.done_at,
        )
        try:
            async with self._db.begin_nested():
                await self._db.execute(written)
        except IntegrityError as error:
            if violated_constraint(error) == "privacy_incident_acts_pkey":
                return False
            raise
        return True

    async def add_affected(
        self, incident_id: PrivacyIncidentId, request: AffectedPatientsRequest, by: AccountId, now: datetime
    ) -> None:
        """Write who is affected; who is listed already stays as they are."""
        rows = [
            {
                "organization_id": self._organization_id,
                "incident_id": incident_id,
                "patient_id": patient_id,
                "resident_of": request.resident_of,
                "added_by": by,
                "added_at": now,
            }
            for patient_id in sorted(set(request.patient_ids))
        ]
        await self._db.execute(insert(AffectedPatientRow).values(rows).on_conflict_do_nothing())

    async def add_notices(
        self, incident_id: PrivacyIncidentId, request: PatientNoticesRequest, ids: Sequence[UUID], act: Act
    ) -> None:
        """Write that these patients were told, each under an id."""
        rows = [
            {
                "organization_id": self._organization_id,
                "id": notice_id,
                "incident_id": incident_id,
                "patient_id": patient_id,
                "method": request.method.value,
                "sent_on": request.sent_on,
                "document_sha256": request.document_sha256,
                "recorded_by": act.done_by,
                "recorded_at": act.done_at,
            }
            for notice_id, patient_id in zip(ids, request.patient_ids, strict=True)
        ]
        await self._db.execute(insert(BreachNoticeRow).values(rows))

    async def _key(self, now: datetime) -> SealingKey:
        return (await organization_key(self._db, self._root, self._organization_id, now))[1]


def _to_incident(row: Mapping[str, Any], key: SealingKey, acts: Sequence[Act], counted: Sequence[Counted]) -> Incident:
    place = Place(row["organization_id"], PrivacyIncidentRow.__tablename__, "details", row["id"])
    told = PrivacyIncidentRequest.model_validate_json(key.unseal(row["details"], place))
    return Incident(PrivacyIncidentId(row["id"]), told, row["recorded_by"], row["recorded_at"], acts, counted)


def _place(organization_id: OrganizationId, incident_id: UUID, number: int) -> Place:
    # The acts share the incident's id: without its number one would open in the place of another.
    return Place(organization_id, PrivacyIncidentActRow.__tablename__, f"details{number}", incident_id)
