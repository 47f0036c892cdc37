"""Which attended sessions are documented: read from encounters and notes at once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Date, Integer, Uuid, and_, any_, bindparam, exists, not_, or_, select

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import EncounterId, PatientId, SiteId
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.tables import EncounterRow
from services.records.notes.tables import NoteCosignatureRow, NoteRow, NoteVersionRow

_OF_ENCOUNTER: Final = and_(
    NoteRow.organization_id == EncounterRow.organization_id,
    NoteRow.encounter_id == EncounterRow.id,
    NoteVersionRow.organization_id == NoteRow.organization_id,
    NoteVersionRow.note_id == NoteRow.id,
)
_COSIGNED: Final = (
    exists()
    .where(
        NoteCosignatureRow.organization_id == NoteVersionRow.organization_id,
        NoteCosignatureRow.note_id == NoteVersionRow.note_id,
        NoteCosignatureRow.number == NoteVersionRow.number,
    )
    .correlate(NoteVersionRow)
)
_LATER: Final = NoteVersionRow.__table__.alias("later")
_IS_NEWEST: Final = not_(
    exists()
    .where(
        _LATER.c.organization_id == NoteVersionRow.organization_id,
        _LATER.c.note_id == NoteVersionRow.note_id,
        _LATER.c.number > NoteVersionRow.number,
    )
    .correlate(NoteVersionRow)
)
_SIGNED: Final = exists().where(_OF_ENCOUNTER).correlate(EncounterRow)
_COMPLETED: Final = (
    exists()
    .where(_OF_ENCOUNTER, _IS_NEWEST, or_(not_(NoteVersionRow.needs_cosignature), _COSIGNED))
    .correlate(EncounterRow)
)
_ATTENDED: Final = select(
    EncounterRow.id,
    EncounterRow.patient_id,
    EncounterRow.site_id,
    EncounterRow.service,
    EncounterRow.starts_at.label("start"),
    EncounterRow.ends_at.label("end"),
    EncounterRow.attended_minutes,
    _SIGNED.label("is_signed"),
    _COMPLETED.label("is_completed"),
).where(EncounterRow.status == AttendanceStatus.FULFILLED.value)
_UNDOCUMENTED: Final = Query(
    _ATTENDED.where(
        EncounterRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        EncounterRow.id > bindparam("after", type_=Uuid),
        not_(_COMPLETED),
    )
    .order_by(EncounterRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_UNDOCUMENTED_OF_ONE: Final = Query(
    _ATTENDED.where(EncounterRow.patient_id == bindparam("patient_id", type_=Uuid), not_(_COMPLETED)).order_by(
        EncounterRow.ends_at, EncounterRow.id
    )
)
_DELIVERED: Final = Query(
    _ATTENDED.where(
        EncounterRow.patient_id == bindparam("patient_id", type_=Uuid),
        EncounterRow.week == bindparam("week", type_=Date),
    ).order_by(EncounterRow.starts_at, EncounterRow.id)
)


_DOCUMENTED: Final = Query(
    select(EncounterRow.id).where(
        EncounterRow.id == any_(bindparam("encounter_ids", type_=ARRAY(Uuid))),
        EncounterRow.status == AttendanceStatus.FULFILLED.value,
        _COMPLETED,
    )
)


IN_CHART: Final = (_UNDOCUMENTED_OF_ONE,)
"""What `ServiceQueries.undocumented_of` asks."""


class Delivered(NamedTuple):
    """An attended session, and whether its note is signed by all who must."""

    id: EncounterId
    patient_id: PatientId
    site_id: SiteId
    service: ServiceKind
    start: datetime
    end: datetime
    attended_minutes: int
    is_signed: bool
    is_completed: bool


class ServiceQueries:
    """Reads of attended sessions beside their notes."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def undocumented(self, patient_ids: list[PatientId], page: PageRequest) -> list[Delivered]:
        """Return a page of sessions that are not completed services, and one more where there is one."""
        rows = await self._read.all(_UNDOCUMENTED, patient_ids=patient_ids, after=page.after, limit=page.limit)
        return [_to_delivered(row) for row in rows]

    async def undocumented_of(self, patient_id: PatientId) -> list[Delivered]:
        """Return the sessions of one patient that are not completed services, in the order of time."""
        return [_to_delivered(row) for row in await self._read.all(_UNDOCUMENTED_OF_ONE, patient_id=patient_id)]

    async def completed(self, encounter_ids: Sequence[EncounterId]) -> frozenset[EncounterId]:
        """Return which of these sessions are completed services."""
        return frozenset(
            EncounterId(row["id"]) for row in await self._read.all(_DOCUMENTED, encounter_ids=list(encounter_ids))
        )

    async def delivered(self, patient_id: PatientId, monday: date) -> list[Delivered]:
        """Return the sessions that a patient attended in a week, in the order of time."""
        return [_to_delivered(row) for row in await self._read.all(_DELIVERED, patient_id=patient_id, week=monday)]


def _to_delivered(row: Mapping[Any, Any]) -> Delivered:
    values = {name: row[name] for name in Delivered._fields}
    return Delivered(**{**values, "service": ServiceKind(row["service"])})
