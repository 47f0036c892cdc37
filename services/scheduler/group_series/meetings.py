"""A series in one week, as rules and storage both speak of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import NamedTuple

from services.contracts.identifiers import GroupOfferingId, PatientId, PractitionerId


class SeriesIdentity(NamedTuple):
    """What makes two meetings of two weeks the same group."""

    group_offering_id: GroupOfferingId
    track: str | None
    language: str
    weekday: int
    start: time
    practitioner_id: PractitionerId


@dataclass(frozen=True, slots=True)
class Meeting:
    """A series in one week."""

    identity: SeriesIdentity
    patient_ids: Sequence[PatientId]
