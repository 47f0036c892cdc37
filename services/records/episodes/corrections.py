"""Corrections of discharges: another day or reason, or none at all; what was written down before is kept."""

from services.chassis.errors import InvalidRequestError, StaleVersionError
from services.contracts.base import Page
from services.contracts.identifiers import EpisodeId
from services.contracts.records.episodes import DischargeCorrection, DischargeCorrectionRequest, Episode
from services.records.episodes.correction_storage import DischargeCorrectionQueries, DischargeCorrectionRows
from services.records.episodes.logic import EpisodeCommands, EpisodeReads
from services.records.episodes.rules import earliest_discharge, latest_day
from services.records.errors import EpisodeNotOverError, EpisodeOpenError, NothingCorrectedError
from services.records.gate import Gate


class DischargeCorrections:
    """Corrects discharges, within one unit of work."""

    def __init__(self, rows: DischargeCorrectionRows, episodes: EpisodeCommands, gate: Gate) -> None:
        self._rows = rows
        self._episodes = episodes
        self._gate = gate

    async def correct(self, episode_id: EpisodeId, request: DischargeCorrectionRequest, version: int) -> Episode:
        """Write down what is right of a discharge; what is due after it moves along, or is not due any more.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            StaleVersionError: The episode has changed meanwhile.
            EpisodeNotOverError: The patient has not been discharged.
            InvalidRequestError: The day lies in the future, or before what has happened in the episode.
            NothingCorrectedError: It is written down like that already.
            EpisodeOpenError: The patient is in this programme again, at that time.
        """
        episode = await self._episodes.lock_by_id(episode_id)
        if episode.version != version:
            raise StaleVersionError("The episode has changed since you read it; read it again and send its ETag.")
        if episode.discharged_on is None or episode.discharge_reason is None:
            raise EpisodeNotOverError
        now, right = self._gate.clock.now(), request.discharge
        if right is not None and right.discharged_on > latest_day(now):
            raise InvalidRequestError("/discharge/discharged_on", "must not lie in the future")
        if right is not None and right.discharged_on < earliest_discharge(episode):
            remedy = "must not lie before what has happened in the episode"
            raise InvalidRequestError("/discharge/discharged_on", remedy)
        said = (None, None) if right is None else (right.discharged_on, right.reason)
        if said == (episode.discharged_on, episode.discharge_reason):
            raise NothingCorrectedError
        replaced = DischargeCorrection(
            version=episode.version,
            discharged_on=episode.discharged_on,
            reason=episode.discharge_reason,
            corrected_by=self._gate.caller.account_id,
            corrected_at=now,
        )
        changes = {"discharged_on": said[0], "discharge_reason": said[1], "version": episode.version + 1}
        corrected = episode.model_copy(update=changes)
        if not await self._rows.replace(replaced, corrected):
            raise EpisodeOpenError
        return corrected


class DischargeCorrectionReads:
    """What can be read of corrections."""

    def __init__(self, queries: DischargeCorrectionQueries, episodes: EpisodeReads) -> None:
        self._queries = queries
        self._episodes = episodes

    async def of_episode(self, episode_id: EpisodeId) -> Page[DischargeCorrection]:
        """Return what was written down of an episode's discharge before each correction, oldest first.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
        """
        await self._episodes.one(episode_id)
        return Page(items=await self._queries.of_episode(episode_id), next_page_token=None)
