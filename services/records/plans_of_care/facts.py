"""What can be known of an episode's plan without opening what it says."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.contracts.records.plans_of_care import PlanActKind


class ActFacts(NamedTuple):
    """One act on a version, and when it took place."""

    version: int
    kind: PlanActKind
    at: datetime
    needs_cosignature: bool


class PlanFacts(NamedTuple):
    """Which versions there are, when each was written, and what was done to which."""

    versions: Sequence[tuple[int, datetime]] = ()
    acts: Sequence[ActFacts] = ()
