"""Where draw programmes are kept; the seed of their keys is sealed with the patient's own key."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Date, Uuid, any_, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import DrawProgrammeId, OrganizationId, PatientId
from services.contracts.records.draw_programmes import DrawProgramme, DrawTerms, Hazard
from services.records.draw_programmes.commitments import commitment
from services.records.draw_programmes.predictability import predictability
from services.records.draw_programmes.tables import DrawProgrammeRow
from services.records.person_seal import PersonSeal

_TABLE: Final = DrawProgrammeRow.__tablename__
_MADE: Final = {"terms", "commitment", "predictability"}
_PROGRAMME: Final = select(DrawProgrammeRow.__table__)
_DAY: Final = bindparam("day", type_=Date)
_OF_PATIENT: Final = Query(
    _PROGRAMME.where(DrawProgrammeRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(
        DrawProgrammeRow.id, DrawProgrammeRow.version
    )
)
_VERSIONS: Final = Query(
    _PROGRAMME.where(DrawProgrammeRow.id == bindparam("programme_id", type_=Uuid)).order_by(DrawProgrammeRow.version)
)
_ON: Final = Query(
    _PROGRAMME.where(
        DrawProgrammeRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        DrawProgrammeRow.starts_on <= _DAY,
        func.coalesce(DrawProgrammeRow.ended_on, DrawProgrammeRow.ends_on) >= _DAY,
    ).order_by(DrawProgrammeRow.id)
)


class Sealed(NamedTuple):
    """A programme, and the sealed seed that its keys are made of."""

    programme: DrawProgramme
    seed: bytes

    def open(self, seal: PersonSeal) -> bytes:
        """Open the seed; only what has been released may be told of what it makes."""
        return seal.open(self.seed, _TABLE, _column(self.programme), self.programme.id)


class DrawProgrammeQueries:
    """Reads of draw programmes."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId) -> list[DrawProgramme]:
        """Return every version of every programme of a patient, oldest first."""
        return [_to_programme(row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def versions(self, programme_id: DrawProgrammeId) -> list[Sealed]:
        """Return every version of a programme, oldest first."""
        return [_to_sealed(row) for row in await self._read.all(_VERSIONS, programme_id=programme_id)]

    async def on(self, day: date, patient_ids: Collection[PatientId]) -> list[Sealed]:
        """Return the versions of these patients' programmes to which a day belongs."""
        return [_to_sealed(row) for row in await self._read.all(_ON, day=day, patient_ids=sorted(patient_ids))]


class DrawProgrammeRows:
    """Draw programmes within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, programme: DrawProgramme, seed: bytes, seal: PersonSeal) -> bool:
        """Write a version; says whether no other programme of the patient has days of it."""
        terms = programme.terms.model_dump(mode="python", exclude={"hazard", "call_days"})
        row = DrawProgrammeRow(
            organization_id=self._organization_id,
            **programme.model_dump(exclude=_MADE),
            **terms,
            call_days=sorted(programme.terms.call_days),
            hazard_tests=programme.terms.hazard.tests,
            hazard_opportunities=programme.terms.hazard.opportunities,
            seed=seal.close(seed, _TABLE, _column(programme), programme.id),
        )
        try:
            async with self._db.begin_nested():
                self._db.add(row)
        except IntegrityError as error:
            if violated_constraint(error) == "draw_programmes_one_excl":
                return False
            raise
        return True

    async def newest(self, programme_id: DrawProgrammeId) -> DrawProgramme | None:
        """Return the newest version of a programme."""
        found = _PROGRAMME.where(DrawProgrammeRow.id == programme_id).order_by(DrawProgrammeRow.version.desc()).limit(1)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_programme(row)

    async def version(self, programme_id: DrawProgrammeId, version: int) -> Sealed | None:
        """Return one version of a programme."""
        found = _PROGRAMME.where(DrawProgrammeRow.id == programme_id, DrawProgrammeRow.version == version)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_sealed(row)

    async def end(self, programme: DrawProgramme, last_day: date) -> None:
        """Write the last day of a version."""
        await self._db.execute(
            update(DrawProgrammeRow)
            .where(DrawProgrammeRow.id == programme.id, DrawProgrammeRow.version == programme.version)
            .values(ended_on=last_day)
        )


def _column(programme: DrawProgramme) -> str:
    # Versions share an id: without its number one version's seed would open in the place of another's.
    return f"seed{programme.version}"


def _to_sealed(row: Mapping[Any, Any]) -> Sealed:
    return Sealed(_to_programme(row), row["seed"])


def _to_programme(row: Mapping[Any, Any]) -> DrawProgramme:
    terms = DrawTerms(
        hazard=Hazard(tests=row["hazard_tests"], opportunities=row["hazard_opportunities"]),
        **{name: row[name] for name in DrawTerms.model_fields if name != "hazard"},
    )
    return DrawProgramme(
        terms=terms,
        commitment=commitment(row["document"]),
        predictability=predictability(terms),
        **{name: row[name] for name in DrawProgramme.model_fields if name not in _MADE},
    )
