"""A clock as it runs for an episode: what is kept, and what the clock needs of the episode."""

from datetime import date, datetime
from typing import NamedTuple

from services.contracts.identifiers import EpisodeClockId, EpisodeId, PatientId


class ClockRun(NamedTuple):
    """A clock as it runs for an episode."""

    id: EpisodeClockId
    episode_id: EpisodeId
    patient_id: PatientId
    code: str
    starts_on: date
    met_on: date | None
    first_session_on: date | None
    created_at: datetime
