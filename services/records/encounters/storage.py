"""Where encounters are kept; an event changes one only where it tells of a later revision."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ARRAY, Date, Integer, Text, Uuid, any_, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AppointmentId, AttendanceId, EncounterId, OrganizationId, PatientId
from services.contracts.records.encounters import AttendanceEvent, Encounter, MissedInARow
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.tables import EncounterEventRow, EncounterRow

_ENCOUNTER: Final = select(
    *(column for column in EncounterRow.__table__.c if column.name not in {"organization_id", "starts_at", "ends_at"}),
    EncounterRow.starts_at.label("start"),
    EncounterRow.ends_at.label("end"),
)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_ONE: Final = Query(_ENCOUNTER.where(EncounterRow.id == bindparam("encounter_id", type_=Uuid)))
_WEEK: Final = Query(
    _ENCOUNTER.where(
        EncounterRow.patient_id == _PATIENT_ID, EncounterRow.week == bindparam("week", type_=Date)
    ).order_by(EncounterRow.starts_at, EncounterRow.id)
)
_BETWEEN: Final = Query(
    _ENCOUNTER.where(
        EncounterRow.patient_id == _PATIENT_ID,
        EncounterRow.week >= bindparam("from_on", type_=Date),
        EncounterRow.week <= bindparam("until_on", type_=Date),
    ).order_by(EncounterRow.starts_at, EncounterRow.id)
)
_PAGE: Final = Query(
    _ENCOUNTER.where(EncounterRow.patient_id == _PATIENT_ID, EncounterRow.id > bindparam("after", type_=Uuid))
    .order_by(EncounterRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_OF_PATIENT: Final = Query(
    _ENCOUNTER.where(EncounterRow.patient_id == _PATIENT_ID).order_by(EncounterRow.starts_at, EncounterRow.id)
)
_SHARED: Final = Query(
    _ENCOUNTER.where(
        EncounterRow.appointment_id.in_(
            select(EncounterRow.appointment_id).where(EncounterRow.patient_id == _PATIENT_ID)
        )
    ).order_by(EncounterRow.id)
)
_STARTS: Final = (
    select(EncounterRow.patient_id, EncounterRow.starts_at)
    .where(
        EncounterRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        EncounterRow.status == AttendanceStatus.FULFILLED.value,
    )
    .order_by(EncounterRow.patient_id, EncounterRow.starts_at)
)
_ATTENDED: Final = Query(_STARTS)
_LAST_ATTENDED: Final = Query(
    select(EncounterRow.patient_id, func.max(EncounterRow.starts_at).label("starts_at"))
    .where(
        EncounterRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        EncounterRow.service == bindparam("service", type_=Text),
        EncounterRow.status == AttendanceStatus.FULFILLED.value,
    )
    .group_by(EncounterRow.patient_id)
)
_OF_SERVICE: Final = Query(
    _ENCOUNTER.where(
        EncounterRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        EncounterRow.service == bindparam("service", type_=Text),
    ).order_by(EncounterRow.starts_at, EncounterRow.id)
)
_LATER: Final = aliased(EncounterRow)
_MISSED_IN_A_ROW: Final = Query(
    select(
        EncounterRow.patient_id,
        func.count().label("sessions"),
        func.min(EncounterRow.starts_at).label("first_missed_at"),
        func.max(EncounterRow.starts_at).label("last_missed_at"),
    )
    .where(
        EncounterRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        or_(EncounterRow.status == AttendanceStatus.NOSHOW.value, EncounterRow.excused.is_(False)),
        ~exists()
        .where(
            _LATER.organization_id == EncounterRow.organization_id,
            _LATER.patient_id == EncounterRow.patient_id,
            or_(_LATER.status == AttendanceStatus.ARRIVED.value, _LATER.status == AttendanceStatus.FULFILLED.value),
            _LATER.starts_at > EncounterRow.starts_at,
        )
        .correlate(EncounterRow),
    )
    .group_by(EncounterRow.patient_id)
    .having(func.count() >= bindparam("fewest", type_=Integer))
    .order_by(func.min(EncounterRow.starts_at), EncounterRow.patient_id)
)


class EncounterQueries:
    """Reads of encounters."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def one(self, encounter_id: EncounterId) -> Encounter | None:
        """Return an encounter."""
        row = await self._read.one_or_none(_ONE, encounter_id=encounter_id)
        return None if row is None else Encounter.model_validate(dict(row))

    async def week(self, patient_id: PatientId, monday: date) -> list[Encounter]:
        """Return a patient's encounters of a week, in the order of time."""
        rows = await self._read.all(_WEEK, patient_id=patient_id, week=monday)
        return [Encounter.model_validate(dict(row)) for row in rows]

    async def between(self, patient_id: PatientId, monday: date, until_on: date) -> list[Encounter]:
        """Return a patient's encounters of the weeks from one to that of a day, in the order of time."""
        rows = await self._read.all(_BETWEEN, patient_id=patient_id, from_on=monday, until_on=until_on)
        return [Encounter.model_validate(dict(row)) for row in rows]

    async def of_patient(self, patient_id: PatientId) -> list[Encounter]:
        """Return a patient's encounters, in the order of time."""
        rows = await self._read.all(_OF_PATIENT, patient_id=patient_id)
        return [Encounter.model_validate(dict(row)) for row in rows]

    async def of_service(self, patient_ids: Iterable[PatientId], service: ServiceKind) -> list[Encounter]:
        """Return the encounters of these patients that are of a service, in the order of time."""
        rows = await self._read.all(_OF_SERVICE, patient_ids=list(patient_ids), service=service.value)
        return [Encounter.model_validate(dict(row)) for row in rows]

    async def shared(self, patient_id: PatientId) -> list[Encounter]:
        """Return what is known of everybody who had a seat in a session of this patient, the patient among them."""
        rows = await self._read.all(_SHARED, patient_id=patient_id)
        return [Encounter.model_validate(dict(row)) for row in rows]

    async def attended(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, list[datetime]]:
        """Return when the sessions began that each of these patients attended, in the order of time."""
        return _to_starts(await self._read.all(_ATTENDED, patient_ids=list(patient_ids)))

    async def last_attended(self, patient_ids: Iterable[PatientId], service: ServiceKind) -> dict[PatientId, datetime]:
        """Return when the last session of a service began that each of those of these patients attended who did."""
        rows = await self._read.all(_LAST_ATTENDED, patient_ids=list(patient_ids), service=service.value)
        return {row["patient_id"]: row["starts_at"] for row in rows}

    async def missed_in_a_row(self, patient_ids: Iterable[PatientId], fewest: int) -> list[MissedInARow]:
        """Return who of these has missed so many sessions since the last that they came to."""
        rows = await self._read.all(_MISSED_IN_A_ROW, patient_ids=list(patient_ids), fewest=fewest)
        return [MissedInARow.model_validate(dict(row)) for row in rows]

    async def page(self, patient_id: PatientId, page: PageRequest) -> list[Encounter]:
        """Return a page of a patient's encounters, and one more where there is one, the first told of ahead."""
        rows = await self._read.all(_PAGE, patient_id=patient_id, after=page.after, limit=page.limit)
        return [Encounter.model_validate(dict(row)) for row in rows]


class EncounterRows:
    """Encounters within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def keep(self, one: Encounter) -> Encounter:
        """Write an encounter, or its later revision; returns what stands after that."""
        values: dict[str, Any] = one.model_dump(mode="python", exclude={"start", "end"})
        values |= {"starts_at": one.start, "ends_at": one.end, "organization_id": self._organization_id}
        written = insert(EncounterRow).values(**values)
        changed = {name: written.excluded[name] for name in values if name not in {"organization_id", "id"}}
        await self._db.execute(
            written.on_conflict_do_update(
                constraint="encounters_seat_key",
                set_=changed,
                where=EncounterRow.revision < written.excluded.revision,
            )
        )
        found = _ENCOUNTER.where(
            EncounterRow.appointment_id == one.appointment_id, EncounterRow.patient_id == one.patient_id
        )
        return _to_encounter((await self._db.execute(found)).mappings().one())

    async def one(self, encounter_id: EncounterId) -> Encounter | None:
        """Return an encounter."""
        found = await self._db.execute(_ENCOUNTER.where(EncounterRow.id == encounter_id))
        row = found.mappings().one_or_none()
        return None if row is None else _to_encounter(row)

    async def members(self, appointment_id: AppointmentId) -> list[Encounter]:
        """Return what is known of everybody who had a seat in a session."""
        found = _ENCOUNTER.where(EncounterRow.appointment_id == appointment_id).order_by(EncounterRow.id)
        return [_to_encounter(row) for row in (await self._db.execute(found)).mappings()]

    async def beside(self, patient_id: PatientId) -> list[PatientId]:
        """Return who else had a seat in any session of a patient's."""
        shared = select(EncounterRow.appointment_id).where(EncounterRow.patient_id == patient_id)
        found = (
            select(EncounterRow.patient_id)
            .distinct()
            .where(EncounterRow.appointment_id.in_(shared), EncounterRow.patient_id != patient_id)
            .order_by(EncounterRow.patient_id)
        )
        return [PatientId(one) for one in await self._db.scalars(found)]

    async def attended(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, list[datetime]]:
        """Return when the sessions began that each of these patients attended, in the order of time."""
        return _to_starts((await self._db.execute(_STARTS, {"patient_ids": list(patient_ids)})).mappings())

    async def taken(self, event_id: AttendanceId) -> Encounter | None:
        """Return what an event became that was taken before."""
        known = select(EncounterEventRow.encounter_id).where(EncounterEventRow.id == event_id)
        row = (await self._db.execute(_ENCOUNTER.where(EncounterRow.id.in_(known)))).mappings().one_or_none()
        return None if row is None else _to_encounter(row)

    async def take(self, event: AttendanceEvent, encounter_id: EncounterId, now: datetime) -> None:
        """Note that an event was taken; twice is once."""
        values = {
            "organization_id": self._organization_id,
            "id": event.id,
            "encounter_id": encounter_id,
            "revision": event.revision,
            "status": event.status.value,
            "received_at": now,
        }
        await self._db.execute(insert(EncounterEventRow).values(**values).on_conflict_do_nothing())


def _to_starts(rows: Iterable[Mapping[Any, Any]]) -> dict[PatientId, list[datetime]]:
    starts = defaultdict[PatientId, list[datetime]](list)
    for row in rows:
        starts[row["patient_id"]].append(row["starts_at"])
    return starts


def _to_encounter(row: Mapping[Any, Any]) -> Encounter:
    return Encounter.model_validate(dict(row))
