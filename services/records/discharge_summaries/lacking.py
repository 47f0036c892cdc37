"""An ended episode whose summary is not signed by all who must, as rules and what is kept both see it."""

from datetime import date
from typing import NamedTuple

from services.contracts.identifiers import EpisodeId, PatientId


class Lacking(NamedTuple):
    """Of which episode, and which version awaits a co-signature; None where nobody has signed any."""

    episode_id: EpisodeId
    patient_id: PatientId
    programme: str
    discharged_on: date
    version: int | None
