"""Where the directory is kept; distances are reckoned by the database, and nobody's place is written down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Float,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AccountId, DirectoryProgrammeId, IntakeDoorId, OrganizationId
from services.contracts.records.directory import (
    Attestation,
    AttestationRequest,
    DirectoryEntry,
    DirectoryFact,
    DirectoryPlace,
    DirectoryProgramme,
    DirectorySource,
    DirectorySourceKind,
    FacetValue,
    FacetWish,
)
from services.records.directory.nearness import EARTH_RADIUS_KM, box_around, plain
from services.records.directory.tables import DirectoryAttestationRow, DirectoryFactRow, DirectoryProgrammeRow

_NOWHERE: Final = UUID(int=0)
_MOST_VALUES: Final = 2000


def _degrees(name: str) -> ColumnElement[float]:
    return bindparam(name, type_=Float)


def _haversine(latitude: Any, longitude: Any) -> ColumnElement[float]:
    north = func.radians(_degrees("latitude"))
    half_chord = func.pow(func.sin((func.radians(latitude) - north) / 2), 2) + func.cos(north) * func.cos(
        func.radians(latitude)
    ) * func.pow(func.sin(func.radians(longitude - _degrees("longitude")) / 2), 2)
    return 2 * EARTH_RADIUS_KM * func.asin(func.least(literal(1.0), func.sqrt(half_chord)))


_AFTER: Final = bindparam("after", type_=Uuid)
_DISTANCE: Final = _haversine(DirectoryProgrammeRow.latitude, DirectoryProgrammeRow.longitude)
_PROGRAMME: Final = select(DirectoryProgrammeRow.__table__)
_WISHED: Final = (
    func.unnest(bindparam("facets", type_=ARRAY(Text)), bindparam("values", type_=ARRAY(Text)))
    .table_valued("facet", "value_key")
    .render_derived(name="wished")
)
_MET: Final = (
    select(func.count(func.distinct(DirectoryFactRow.facet)))
    .join(_WISHED, and_(_WISHED.c.facet == DirectoryFactRow.facet, _WISHED.c.value_key == DirectoryFactRow.value_key))
    .where(DirectoryFactRow.programme_id == DirectoryProgrammeRow.id)
    .scalar_subquery()
)
_REGION: Final = bindparam("region", type_=Text)
_WANTED: Final = (
    or_(_REGION.is_(None), DirectoryProgrammeRow.region == _REGION),
    or_(bindparam("wishes", type_=Integer) == 0, bindparam("wishes", type_=Integer) == _MET),
)
_LIMIT: Final = bindparam("limit", type_=Integer)
_LAST: Final = DirectoryProgrammeRow.__table__.alias("last")
_LAST_NAME: Final = select(_LAST.c.name).where(_LAST.c.id == _AFTER).scalar_subquery()
_LAST_DISTANCE: Final = (
    select(_haversine(_LAST.c.latitude, _LAST.c.longitude)).where(_LAST.c.id == _AFTER).scalar_subquery()
)
_WEST, _EAST = _degrees("west"), _degrees("east")
_REACHES: Final = or_(
    and_(_WEST <= _EAST, DirectoryProgrammeRow.longitude.between(_WEST, _EAST)),
    and_(_WEST > _EAST, or_(DirectoryProgrammeRow.longitude >= _WEST, DirectoryProgrammeRow.longitude <= _EAST)),
)


def _follows(own: Any, last: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(
        literal(_NOWHERE, type_=Uuid) == _AFTER, own > last, and_(own == last, DirectoryProgrammeRow.id > _AFTER)
    )


_NEAR: Final = Query(
    _PROGRAMME.add_columns(_DISTANCE.label("distance_km"))
    .where(
        DirectoryProgrammeRow.latitude.between(_degrees("south"), _degrees("north")),
        _REACHES,
        _degrees("within_km") >= _DISTANCE,
        *_WANTED,
        _follows(_DISTANCE, _LAST_DISTANCE),
    )
    .order_by(_DISTANCE, DirectoryProgrammeRow.id)
    .limit(_LIMIT)
)
_ANYWHERE: Final = Query(
    _PROGRAMME.where(*_WANTED, _follows(DirectoryProgrammeRow.name, _LAST_NAME))
    .order_by(DirectoryProgrammeRow.name, DirectoryProgrammeRow.id)
    .limit(_LIMIT)
)
_IDS: Final = bindparam("ids", type_=ARRAY(Uuid))
_BY_ID: Final = Query(
    _PROGRAMME.add_columns(_DISTANCE.label("distance_km")).where(DirectoryProgrammeRow.id == func.any(_IDS))
)
_FACTS: Final = Query(
    select(DirectoryFactRow.__table__)
    .where(DirectoryFactRow.programme_id == func.any(_IDS))
    .order_by(DirectoryFactRow.facet, DirectoryFactRow.kind, DirectoryFactRow.value_key)
)
_COUNT: Final = func.count(func.distinct(DirectoryFactRow.programme_id))
_FACETS: Final = Query(
    select(DirectoryFactRow.facet, func.min(DirectoryFactRow.value).label("value"), _COUNT.label("programmes"))
    .group_by(DirectoryFactRow.facet, DirectoryFactRow.value_key)
    .order_by(DirectoryFactRow.facet, _COUNT.desc(), DirectoryFactRow.value_key)
    .limit(_LIMIT)
)
# As text: the driver alone and the driver within a unit of work give JSON differently.
_ATTESTATION: Final = select(
    DirectoryAttestationRow.programme_id,
    DirectoryAttestationRow.attested_by,
    DirectoryAttestationRow.attested_at,
    DirectoryAttestationRow.stated.cast(Text).label("stated"),
)
_OWN_ATTESTATION: Final = Query(
    _ATTESTATION.where(
        DirectoryAttestationRow.programme_id == bindparam("programme_id", type_=Uuid),
        DirectoryAttestationRow.organization_id == bindparam("organization_id", type_=Uuid),
    )
)


class Located(NamedTuple):
    """A programme, and how many kilometres away it is where a place was asked for."""

    id: DirectoryProgrammeId
    programme: DirectoryProgramme
    distance_km: float | None


class Known(NamedTuple):
    """An entry as the directory has it."""

    as_of: date
    digest: bytes


class DirectoryQueries:
    """Reads of the directory."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def search(
        self, place: DirectoryPlace | None, region: str | None, wishes: Sequence[FacetWish], page: PageRequest
    ) -> list[Located]:
        """Return the programmes of a page and one more where there is one: the nearest first, or by name."""
        pairs = [(wish.facet.value, plain(value)) for wish in wishes for value in wish.any_of]
        values: dict[str, Any] = {
            "region": region,
            "wishes": len(wishes),
            "facets": [facet for facet, _ in pairs],
            "values": [value for _, value in pairs],
            "after": page.after,
            "limit": page.limit,
        }
        if place is None:
            return await self._located(await self._read.all(_ANYWHERE, **values))
        values |= place.model_dump() | box_around(place)._asdict()
        return await self._located(await self._read.all(_NEAR, **values))

    async def some(
        self, ids: Sequence[DirectoryProgrammeId], place: DirectoryPlace | None = None
    ) -> dict[DirectoryProgrammeId, Located]:
        """Return programmes by their ids."""
        at = {"latitude": None, "longitude": None} if place is None else place.model_dump(exclude={"within_km"})
        return {one.id: one for one in await self._located(await self._read.all(_BY_ID, ids=list(ids), **at))}

    async def facets(self) -> list[FacetValue]:
        """Return which values are stated, the most frequent of a facet first; no more than 2,000."""
        rows = await self._read.all(_FACETS, limit=_MOST_VALUES)
        return [FacetValue.model_validate(dict(row)) for row in rows]

    async def _located(self, rows: Sequence[Mapping[str, Any]]) -> list[Located]:
        facts: dict[UUID, list[DirectoryFact]] = defaultdict(list)
        for row in await self._read.all(_FACTS, ids=[row["id"] for row in rows]):
            facts[row["programme_id"]].append(_to_fact(row))
        return [Located(row["id"], _to_programme(row, facts[row["id"]]), dict(row).get("distance_km")) for row in rows]


class AttestationQueries:
    """Reads of what an organization's programmes have attested."""

    def __init__(self, read: Read, organization_id: OrganizationId) -> None:
        self._read = read
        self._organization_id = organization_id

    async def one(self, programme_id: DirectoryProgrammeId) -> Attestation | None:
        """Return what the organization's programme has stated of itself."""
        row = await self._read.one_or_none(
            _OWN_ATTESTATION, programme_id=programme_id, organization_id=self._organization_id
        )
        return None if row is None else _to_attestation(row)


class DirectoryRows:
    """The directory within a unit of work."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def known(self, ids: Sequence[DirectoryProgrammeId]) -> dict[DirectoryProgrammeId, Known]:
        """Return which of these are known and as what; another import waits until this unit of work has ended."""
        await self._db.execute(text("lock table directory_programmes in share row exclusive mode"))
        row = DirectoryProgrammeRow
        found = await self._db.execute(select(row.id, row.as_of, row.digest).where(row.id.in_(ids)))
        return {DirectoryProgrammeId(one.id): Known(one.as_of, one.digest) for one in found}

    async def put(
        self,
        programme_id: DirectoryProgrammeId,
        source: str,
        entry: DirectoryEntry,
        known: Known,
        facts: Sequence[DirectoryFact],
    ) -> None:
        """Write an entry, and what it states instead of what its source stated before."""
        values = entry.model_dump(exclude={"statements"}) | known._asdict() | {"source": source}
        await self._db.execute(
            insert(DirectoryProgrammeRow)
            .values(id=programme_id, **values)
            .on_conflict_do_update(index_elements=["id"], set_=values)
        )
        await self._replace(programme_id, DirectorySourceKind.PUBLIC_LOCATOR, facts)

    async def keep(self, programme_id: DirectoryProgrammeId, organization_id: OrganizationId) -> bool:
        """Say whose programme an entry is; False where there is none. What another one said is taken away."""
        row, other = DirectoryProgrammeRow, DirectoryAttestationRow
        door = case((row.organization_id == organization_id, row.intake_door_id), else_=None)
        kept = update(row).where(row.id == programme_id).values(organization_id=organization_id, intake_door_id=door)
        found = await self._db.execute(kept.returning(row.id))
        if found.scalar() is None:
            return False
        gone = delete(other).where(other.programme_id == programme_id, other.organization_id != organization_id)
        if (await self._db.execute(gone.returning(other.programme_id))).scalar() is not None:
            await self._replace(programme_id, DirectorySourceKind.PROGRAMME_ATTESTED, ())
        return True

    async def lock_own(self, programme_id: DirectoryProgrammeId, organization_id: OrganizationId) -> str | None:
        """Return the name of an organization's programme, and make others wait who attest; None where it is not."""
        row = DirectoryProgrammeRow
        found = select(row.name).where(row.id == programme_id, row.organization_id == organization_id)
        name: str | None = await self._db.scalar(found.with_for_update())
        return name

    async def show_door(
        self, programme_id: DirectoryProgrammeId, organization_id: OrganizationId, door_id: IntakeDoorId
    ) -> bool:
        """Write by which door an organization's programme is asked; False where it is not the organization's."""
        row = DirectoryProgrammeRow
        own = update(row).where(row.id == programme_id, row.organization_id == organization_id)
        shown = await self._db.execute(own.values(intake_door_id=door_id).returning(row.id))
        return shown.scalar() is not None

    async def hide_door(self, door_id: IntakeDoorId) -> None:
        """Show a door nowhere any more."""
        row = DirectoryProgrammeRow
        await self._db.execute(update(row).where(row.intake_door_id == door_id).values(intake_door_id=None))

    async def attest(
        self,
        programme_id: DirectoryProgrammeId,
        organization_id: OrganizationId,
        request: AttestationRequest,
        facts: Sequence[DirectoryFact],
        by: tuple[AccountId, datetime],
    ) -> None:
        """Write what a programme states of itself, instead of what it stated before."""
        values: dict[str, Any] = {
            "organization_id": organization_id,
            "stated": request.model_dump(mode="json"),
            "attested_by": by[0],
            "attested_at": by[1],
        }
        await self._db.execute(
            insert(DirectoryAttestationRow)
            .values(programme_id=programme_id, **values)
            .on_conflict_do_update(index_elements=["programme_id"], set_=values)
        )
        await self._replace(programme_id, DirectorySourceKind.PROGRAMME_ATTESTED, facts)

    async def _replace(
        self, programme_id: DirectoryProgrammeId, kind: DirectorySourceKind, facts: Sequence[DirectoryFact]
    ) -> None:
        row = DirectoryFactRow
        await self._db.execute(delete(row).where(row.programme_id == programme_id, row.kind == kind.value))
        if facts:
            await self._db.execute(insert(row), [_fact_values(programme_id, fact) for fact in facts])


def _fact_values(programme_id: DirectoryProgrammeId, fact: DirectoryFact) -> dict[str, Any]:
    return {
        "programme_id": programme_id,
        "kind": fact.source.kind.value,
        "facet": fact.facet.value,
        "value_key": plain(fact.value),
        "title": fact.title,
        "value": fact.value,
        "source": fact.source.name,
        "as_of": fact.source.as_of,
    }


def _to_fact(row: Mapping[str, Any]) -> DirectoryFact:
    source = DirectorySource(kind=row["kind"], name=row["source"], as_of=row["as_of"])
    return DirectoryFact(facet=row["facet"], title=row["title"], value=row["value"], source=source)


def _to_programme(row: Mapping[str, Any], facts: list[DirectoryFact]) -> DirectoryProgramme:
    told = DirectorySource(kind=DirectorySourceKind.PUBLIC_LOCATOR, name=row["source"], as_of=row["as_of"])
    return DirectoryProgramme.model_validate({**dict(row), "source": told, "facts": facts})


def _to_attestation(row: Mapping[str, Any]) -> Attestation:
    kept = {name: row[name] for name in ("programme_id", "attested_by", "attested_at")}
    request = AttestationRequest.model_validate_json(row["stated"])
    return Attestation.model_validate({**request.model_dump(), **kept})
