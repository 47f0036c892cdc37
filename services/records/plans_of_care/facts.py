"""What can be known of an episode's plan without opening what it says."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.contracts.identifiers import SiteId
from services.contracts.records.plans_of_care import PlanActKind


class ActFacts(NamedTuple):
    """One act on a version, and when it took place."""

    version: int
    kind: PlanActKind
    at: datetime
    needs_cosignature: bool


class Stay(NamedTuple):
    """Where a patient is admitted, and from which day to which."""

    site_id: SiteId
    first_on: date
    last_on: date | None


class PlanFacts(NamedTuple):
    """Which versions there are, when each was written, and what was done to which."""

    versions: Sequence[tuple[int, datetime]] = ()
    acts: Sequence[ActFacts] = ()
    services_changed: bool = False
    """Whether the weeks ask for other services than the newest version says."""


class PlannedStay(NamedTuple):
    """A stay with a plan of care that every clinician has signed who must, by days where its site is."""

    first_on: date
    last_on: date | None
    signed_on: date
    certified_on: Sequence[date]
