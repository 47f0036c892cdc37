"""What can be known of an episode's plan without opening what it says."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.contracts.records.plans_of_care import PlanActKind


class PlanFacts(NamedTuple):
    """Which versions there are, when each was written, and when what was done to which."""

    versions: Sequence[tuple[int, datetime]] = ()
    acts: Sequence[tuple[int, PlanActKind, datetime]] = ()
