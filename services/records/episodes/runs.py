"""A clock as it runs for an episode."""

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
    created_at: datetime
