"""The clocks that run for an episode: started, met, read."""

import secrets

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.identifiers import EpisodeClockId, EpisodeId
from services.contracts.records.episodes import (
    ClockMetRequest,
    EpisodeClock,
    EpisodeClockRequest,
)
from services.records.episodes.beginnings import Beginning, Beginnings
from services.records.episodes.clocks import clock_of
from services.records.episodes.logic import EpisodeCommands, EpisodeReads
from services.records.episodes.rules import latest_day, reading
from services.records.episodes.runs import ClockRun
from services.records.episodes.storage import EpisodeQueries, EpisodeRows
from services.records.errors import EpisodeClockRunsError, OverAlreadyError
from services.records.gate import Gate


class ClockCommands:
    """Changes to clocks, within one unit of work."""

    def __init__(self, rows: EpisodeRows, episodes: EpisodeCommands, beginnings: Beginnings, gate: Gate) -> None:
        self._rows = rows
        self._episodes = episodes
        self._beginnings = beginnings
        self._gate = gate

    async def start(self, episode_id: EpisodeId, request: EpisodeClockRequest) -> EpisodeClock:
        """Let a clock run.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            InvalidRequestError: There is no such clock, or not on that day.
            EpisodeClockRunsError: It runs from that day already.
        """
        episode = await self._episodes.lock_by_id(episode_id)
        _refuse_unknown(request)
        now = self._gate.clock.now()
        if request.starts_on > latest_day(now):
            raise InvalidRequestError("/starts_on", "must not lie in the future")
        run = ClockRun(
            id=EpisodeClockId(new_id(now, secrets.token_bytes(10))),
            episode_id=episode_id,
            patient_id=episode.patient_id,
            code=request.code,
            starts_on=request.starts_on,
            met_on=None,
            created_at=now,
        )
        if not await self._rows.add_clock(run):
            raise EpisodeClockRunsError
        return _reading(run, await self._beginnings.of(episode, now))

    async def meet(self, clock_id: EpisodeClockId, request: ClockMetRequest) -> EpisodeClock:
        """Say on which day what a clock asks for had happened.

        Raises:
            NotFoundError: There is no such clock here, or not for the caller.
            OverAlreadyError: Somebody has said so already.
            InvalidRequestError: The day lies in the future, or before the clock's first.
        """
        found = await self._rows.clock(clock_id)
        if found is None:
            self._gate.refuse(clock_id)
            raise NotFoundError
        episode = await self._episodes.lock_by_id(found.episode_id)
        now = self._gate.clock.now()
        if found.met_on is not None:
            raise OverAlreadyError
        if not found.starts_on <= request.met_on <= latest_day(now):
            raise InvalidRequestError("/met_on", "must lie between starts_on and today")
        await self._rows.meet_clock(clock_id, request.met_on)
        return _reading(found._replace(met_on=request.met_on), await self._beginnings.of(episode, now))


class ClockReads:
    """What can be read of clocks."""

    def __init__(self, queries: EpisodeQueries, episodes: EpisodeReads, beginnings: Beginnings, gate: Gate) -> None:
        self._queries = queries
        self._episodes = episodes
        self._beginnings = beginnings
        self._gate = gate

    async def of_episode(self, episode_id: EpisodeId) -> Page[EpisodeClock]:
        """Return the clocks of an episode, oldest first.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
        """
        beginning = await self._beginnings.of(await self._episodes.one(episode_id), self._gate.clock.now())
        runs = await self._queries.clocks(episode_id)
        return Page(items=[_reading(run, beginning) for run in runs], next_page_token=None)


def _refuse_unknown(request: EpisodeClockRequest) -> None:
    clock = clock_of(request.code)
    if clock is None:
        raise InvalidRequestError("/code", "must be one that list_clocks names")
    if request.starts_on < clock.effective_from:
        raise InvalidRequestError("/starts_on", f"must not lie before {clock.effective_from}, when the clock applies")


def _reading(run: ClockRun, beginning: Beginning) -> EpisodeClock:
    clock = clock_of(run.code)
    assert clock is not None  # noqa: S101 - codes are only ever added to the file
    return reading(clock, run, beginning.began_on, beginning.today)
