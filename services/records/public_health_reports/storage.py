"""How many were admitted and discharged in a year; no row of anybody leaves the database."""

from datetime import date
from typing import Final

from sqlalchemy import Date, and_, bindparam, func, select

from services.chassis.database import Query, Read
from services.contracts.records.episodes import DischargeReason
from services.records.episodes.tables import EpisodeLevelRow, EpisodeRow
from services.records.public_health_reports.facts import Count

_FIRST: Final = bindparam("first", type_=Date)
_LAST: Final = bindparam("last", type_=Date)
_COUNT: Final = (func.count().label("stays"), func.count(EpisodeRow.patient_id.distinct()).label("patients"))
_ADMITTED: Final = Query(
    select(EpisodeLevelRow.criteria_edition, EpisodeLevelRow.level, *_COUNT)
    .join(
        EpisodeRow,
        and_(
            EpisodeRow.organization_id == EpisodeLevelRow.organization_id, EpisodeRow.id == EpisodeLevelRow.episode_id
        ),
    )
    .where(EpisodeLevelRow.number == 1, EpisodeRow.admitted_on.between(_FIRST, _LAST))
    .group_by(EpisodeLevelRow.criteria_edition, EpisodeLevelRow.level)
    .order_by(EpisodeLevelRow.criteria_edition, EpisodeLevelRow.level)
)
_DISCHARGED: Final = Query(
    select(EpisodeRow.discharge_reason, *_COUNT)
    .where(EpisodeRow.discharged_on.between(_FIRST, _LAST))
    .group_by(EpisodeRow.discharge_reason)
)


class PublicHealthQueries:
    """Counts."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def admitted(self, first: date, last: date) -> dict[tuple[str, str], Count]:
        """Return how many were admitted to which level of which edition."""
        rows = await self._read.all(_ADMITTED, first=first, last=last)
        return {(row["criteria_edition"], row["level"]): Count(row["stays"], row["patients"]) for row in rows}

    async def discharged(self, first: date, last: date) -> dict[DischargeReason, Count]:
        """Return how many were discharged for which reason."""
        rows = await self._read.all(_DISCHARGED, first=first, last=last)
        return {DischargeReason(row["discharge_reason"]): Count(row["stays"], row["patients"]) for row in rows}
