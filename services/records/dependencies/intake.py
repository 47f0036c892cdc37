"""The wiring of referrals, episodes of care, and what leads to them."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.contracts.records.episodes import Clock
from services.records.dependencies import PatientChanges, PatientReading, TheGate
from services.records.episodes.clocks import clocks
from services.records.episodes.logic import EpisodeCommands, EpisodeReads
from services.records.episodes.running import ClockCommands, ClockReads
from services.records.episodes.storage import EpisodeQueries, EpisodeRows
from services.records.placement_reviews.criteria import Edition, editions


async def _episode_changes(db: Db, principal: Caller, patients: PatientChanges, gate: TheGate) -> EpisodeCommands:
    return EpisodeCommands(EpisodeRows(db, organization_of(principal)), patients, gate)


EpisodeChanges = Annotated[EpisodeCommands, Depends(_episode_changes)]


async def _episode_reading(read: Reading, patients: PatientReading, gate: TheGate) -> EpisodeReads:
    return EpisodeReads(EpisodeQueries(read), patients, gate)


EpisodeReading = Annotated[EpisodeReads, Depends(_episode_reading)]


async def _clock_changes(db: Db, principal: Caller, episodes: EpisodeChanges, gate: TheGate) -> ClockCommands:
    return ClockCommands(EpisodeRows(db, organization_of(principal)), episodes, gate)


ClockChanges = Annotated[ClockCommands, Depends(_clock_changes)]


async def _clock_reading(read: Reading, episodes: EpisodeReading, gate: TheGate) -> ClockReads:
    return ClockReads(EpisodeQueries(read), episodes, gate)


ClockReading = Annotated[ClockReads, Depends(_clock_reading)]


async def _knows_clocks(_principal: Caller) -> tuple[Clock, ...]:
    return clocks()


KnowsClocks = Annotated[tuple[Clock, ...], Depends(_knows_clocks)]


async def _knows_editions(_principal: Caller) -> tuple[Edition, ...]:
    return editions()


KnowsEditions = Annotated[tuple[Edition, ...], Depends(_knows_editions)]
