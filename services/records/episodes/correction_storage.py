"""Where corrections of discharges are kept."""

from typing import Final

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import EpisodeId, OrganizationId
from services.contracts.records.episodes import DischargeCorrection, Episode
from services.records.episodes.storage import EpisodeRows
from services.records.episodes.tables import DischargeCorrectionRow

_OF_EPISODE: Final = Query(
    select(DischargeCorrectionRow.__table__)
    .where(DischargeCorrectionRow.episode_id == bindparam("episode_id", type_=Uuid))
    .order_by(DischargeCorrectionRow.version)
)


class DischargeCorrectionQueries:
    """Reads of what corrections have replaced."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_episode(self, episode_id: EpisodeId) -> list[DischargeCorrection]:
        """Return what was written down before each correction, oldest first."""
        rows = await self._read.all(_OF_EPISODE, episode_id=episode_id)
        return [DischargeCorrection.model_validate(dict(row)) for row in rows]


class DischargeCorrectionRows:
    """Corrections within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id
        self._episodes = EpisodeRows(db, organization_id)

    async def replace(self, replaced: DischargeCorrection, episode: Episode) -> bool:
        """Keep what was written down, and write what is right; says whether no other episode stands in its way."""
        kept = replaced.model_dump() | {"reason": replaced.reason.value}
        try:
            async with self._db.begin_nested():
                self._db.add(
                    DischargeCorrectionRow(organization_id=self._organization_id, episode_id=episode.id, **kept)
                )
                await self._episodes.change(episode)
                await self._db.flush()
        except IntegrityError as error:
            if violated_constraint(error) == "episodes_one_open_excl":
                return False
            raise
        return True
