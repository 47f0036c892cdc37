"""Where episodes of care are kept."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, Date, Uuid, and_, any_, bindparam, case, exists, func, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import EpisodeClockId, EpisodeId, OrganizationId, PatientId
from services.contracts.records.episodes import Episode, EpisodeLevel
from services.records.episodes.runs import ClockRun
from services.records.episodes.stays import Stays
from services.records.episodes.tables import EpisodeClockRow, EpisodeLevelRow, EpisodeRow

_EPISODE: Final = select(EpisodeRow.__table__)
_LEVEL: Final = select(EpisodeLevelRow.__table__).order_by(EpisodeLevelRow.episode_id, EpisodeLevelRow.number)
_CLOCK: Final = select(EpisodeClockRow.__table__, EpisodeRow.patient_id).join(
    EpisodeRow,
    (EpisodeRow.organization_id == EpisodeClockRow.organization_id) & (EpisodeRow.id == EpisodeClockRow.episode_id),
)
_EPISODE_ID: Final = bindparam("episode_id", type_=Uuid)
_DAY: Final = bindparam("day", type_=Date)
_PATIENT_IDS: Final = any_(bindparam("patient_ids", type_=ARRAY(Uuid)))

_ONE: Final = Query(_EPISODE.where(EpisodeRow.id == _EPISODE_ID))
_OF_PATIENT: Final = Query(
    _EPISODE.where(EpisodeRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(
        EpisodeRow.admitted_on, EpisodeRow.id
    )
)
_OPEN_ON: Final = Query(
    _EPISODE.where(
        EpisodeRow.patient_id == _PATIENT_IDS,
        EpisodeRow.admitted_on <= _DAY,
        or_(EpisodeRow.discharged_on.is_(None), EpisodeRow.discharged_on > _DAY),
    ).order_by(EpisodeRow.id)
)
_LEVELS: Final = Query(_LEVEL.where(EpisodeLevelRow.episode_id == any_(bindparam("episode_ids", type_=ARRAY(Uuid)))))
_LEVELS_OF_PATIENT: Final = Query(
    _LEVEL.join(
        EpisodeRow,
        (EpisodeRow.organization_id == EpisodeLevelRow.organization_id) & (EpisodeRow.id == EpisodeLevelRow.episode_id),
    ).where(EpisodeRow.patient_id == bindparam("patient_id", type_=Uuid))
)
_CLOCKS: Final = Query(
    _CLOCK.where(EpisodeClockRow.episode_id == _EPISODE_ID).order_by(EpisodeClockRow.starts_on, EpisodeClockRow.id)
)
_OTHER: Final = aliased(EpisodeRow)
_HAS_LEFT: Final = and_(
    EpisodeRow.discharged_on.is_not(None),
    not_(
        exists().where(
            _OTHER.organization_id == EpisodeRow.organization_id,
            _OTHER.patient_id == EpisodeRow.patient_id,
            _OTHER.discharged_on.is_(None),
        )
    ),
)
_STAYS: Final = (
    select(
        EpisodeRow.patient_id,
        EpisodeRow.taper_weeks,
        case((_HAS_LEFT, EpisodeRow.discharged_on)).label("left_on"),
    )
    .where(EpisodeRow.patient_id == _PATIENT_IDS, or_(func.cardinality(EpisodeRow.taper_weeks) > 0, _HAS_LEFT))
    .order_by(EpisodeRow.patient_id, EpisodeRow.discharged_on)
)
_STAYING: Final = Query(_STAYS)

IN_CHART: Final = (_OF_PATIENT, _LEVELS_OF_PATIENT)
"""What `EpisodeQueries.of_patient` asks."""


class EpisodeQueries:
    """Reads of episodes."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def one(self, episode_id: EpisodeId) -> Episode | None:
        """Return an episode with its levels."""
        row = await self._read.one_or_none(_ONE, episode_id=episode_id)
        return None if row is None else (await self._whole([row]))[0]

    async def of_patient(self, patient_id: PatientId) -> list[Episode]:
        """Return a patient's episodes, oldest first."""
        levels = await self._read.all(_LEVELS_OF_PATIENT, patient_id=patient_id)
        return [_to_episode(row, levels) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def open_on(self, patient_ids: list[PatientId], day: date) -> list[Episode]:
        """Return the episodes of these patients that are open on a day, in the order of their ids."""
        return await self._whole(await self._read.all(_OPEN_ON, patient_ids=patient_ids, day=day))

    async def clocks(self, episode_id: EpisodeId) -> list[ClockRun]:
        """Return the clocks that run for an episode, oldest first."""
        return [_to_run(row) for row in await self._read.all(_CLOCKS, episode_id=episode_id)]

    async def stays(self, patient_ids: list[PatientId]) -> Stays:
        """Return what planning needs to know of the episodes of these patients."""
        return _to_stays(await self._read.all(_STAYING, patient_ids=patient_ids))

    async def _whole(self, rows: list[Any]) -> list[Episode]:
        levels = await self._read.all(_LEVELS, episode_ids=[row["id"] for row in rows])
        return [_to_episode(row, levels) for row in rows]


class EpisodeRows:
    """Episodes within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def one(self, episode_id: EpisodeId) -> Episode | None:
        """Return an episode with its levels."""
        row = (await self._db.execute(_EPISODE.where(EpisodeRow.id == episode_id))).mappings().one_or_none()
        if row is None:
            return None
        levels = (await self._db.execute(_LEVEL.where(EpisodeLevelRow.episode_id == episode_id))).mappings().all()
        return _to_episode(row, levels)

    async def stays(self, patient_id: PatientId) -> Stays:
        """Return what planning needs to know of a patient's episodes."""
        return _to_stays((await self._db.execute(_STAYS, {"patient_ids": [patient_id]})).mappings().all())

    async def is_open(self, patient_id: PatientId) -> bool:
        """Say whether a patient is in an episode of care."""
        asked = select(EpisodeRow.id).where(EpisodeRow.patient_id == patient_id, EpisodeRow.discharged_on.is_(None))
        return (await self._db.scalar(asked.limit(1))) is not None

    async def add(self, episode: Episode) -> bool:
        """Write a new episode; says whether none of the same programme stands in its way."""
        values = episode.model_dump(exclude={"levels"})
        try:
            async with self._db.begin_nested():
                self._db.add(EpisodeRow(organization_id=self._organization_id, **values))
                await self._db.flush()
        except IntegrityError as error:
            if violated_constraint(error) == "episodes_one_open_excl":
                return False
            raise
        for level in episode.levels:
            await self.add_level(episode, level)
        return True

    async def add_level(self, episode: Episode, level: EpisodeLevel) -> None:
        """Write the next level of an episode."""
        self._db.add(
            EpisodeLevelRow(
                organization_id=self._organization_id,
                episode_id=episode.id,
                created_at=episode.created_at,
                **(level.model_dump() | {"change": level.change.value}),
            )
        )
        await self._db.flush()

    async def change(self, episode: Episode) -> None:
        """Write what may change of an episode, with its version."""
        values = episode.model_dump(include={"first_session_on", "taper_weeks", "discharged_on", "version"})
        reason = None if episode.discharge_reason is None else episode.discharge_reason.value
        await self._db.execute(
            update(EpisodeRow).where(EpisodeRow.id == episode.id).values(**values, discharge_reason=reason)
        )

    async def clock(self, clock_id: EpisodeClockId) -> ClockRun | None:
        """Return a clock that runs, and make others wait who want to change it."""
        found = _CLOCK.where(EpisodeClockRow.id == clock_id).with_for_update(of=EpisodeClockRow)
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else _to_run(row)

    async def add_clock(self, run: ClockRun) -> bool:
        """Write a clock; says whether the episode has none such of that day."""
        try:
            async with self._db.begin_nested():
                self._db.add(
                    EpisodeClockRow(
                        organization_id=self._organization_id,
                        id=run.id,
                        episode_id=run.episode_id,
                        code=run.code,
                        starts_on=run.starts_on,
                        met_on=run.met_on,
                        created_at=run.created_at,
                    )
                )
                await self._db.flush()
        except IntegrityError as error:
            if violated_constraint(error) == "episode_clocks_organization_id_episode_id_code_starts_on_key":
                return False
            raise
        return True

    async def meet_clock(self, clock_id: EpisodeClockId, met_on: date) -> None:
        """Say on which day a clock was met."""
        await self._db.execute(update(EpisodeClockRow).where(EpisodeClockRow.id == clock_id).values(met_on=met_on))


def _to_episode(row: Mapping[Any, Any], levels: Iterable[Mapping[Any, Any]]) -> Episode:
    own = [EpisodeLevel.model_validate(dict(level)) for level in levels if level["episode_id"] == row["id"]]
    return Episode.model_validate({**row, "levels": own})


def _to_run(row: Mapping[Any, Any]) -> ClockRun:
    return ClockRun(**{name: row[name] for name in ClockRun._fields})


def _to_stays(rows: Iterable[Mapping[Any, Any]]) -> Stays:
    weeks: dict[PatientId, frozenset[date]] = {}
    left: dict[PatientId, date] = {}
    for row in rows:
        patient_id = row["patient_id"]
        if row["taper_weeks"]:
            weeks[patient_id] = weeks.get(patient_id, frozenset()) | frozenset(row["taper_weeks"])
        if row["left_on"] is not None:
            # In the order of their last days: the last one stands.
            left[patient_id] = row["left_on"]
    return Stays(weeks, left)
