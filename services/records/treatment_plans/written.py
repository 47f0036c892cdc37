"""What plans require of a week, written down once: a version of a plan never changes, so neither does what it asks for.

Nothing here says whose it is to read. The database tells each time which versions hold for a site, behind row-level
security, and only those are looked up.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Final

import orjson

from services.contracts.identifiers import SiteId, TreatmentPlanId
from services.contracts.records.treatment_plans import NoContact, PlanRequirement

_MOST: Final = 8192
"""Some weeks of some hundred people each, a few kilobytes for a person's week."""


@dataclass(frozen=True, slots=True)
class WrittenRequirement:
    """What one plan requires of a week, as JSON."""

    required: PlanRequirement
    text: bytes

    @classmethod
    def of(cls, required: PlanRequirement) -> "WrittenRequirement":
        """Write a requirement down."""
        return cls(required, required.model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class WrittenWeek:
    """`WeekRequirements`, of which the patients' part is written already."""

    site_id: SiteId
    week: date
    patients: Sequence[WrittenRequirement]
    no_contact: Sequence[NoContact]

    def document(self) -> bytes:
        """Return the whole as JSON, byte for byte what `WeekRequirements` would write."""
        return orjson.dumps(
            {
                "site_id": self.site_id,
                "week": self.week,
                "patients": [orjson.Fragment(patient.text) for patient in self.patients],
                "no_contact": [pair.model_dump(mode="json") for pair in self.no_contact],
            }
        )


class WrittenPlans:
    """Keeps what versions of plans require of weeks, what was asked for least recently forgotten first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[TreatmentPlanId, date], WrittenRequirement | None] = OrderedDict()
        self._lock = Lock()

    def known(
        self, plan_ids: Iterable[TreatmentPlanId], monday: date
    ) -> dict[TreatmentPlanId, WrittenRequirement | None]:
        """Return what is kept; None for a plan whose patient does not attend in the week."""
        with self._lock:
            found = {plan_id: self._known[plan_id, monday] for plan_id in plan_ids if (plan_id, monday) in self._known}
            for plan_id in found:
                self._known.move_to_end((plan_id, monday))
            return found

    def keep(self, written: dict[TreatmentPlanId, WrittenRequirement | None], monday: date) -> None:
        """Keep what versions of plans require of a week."""
        with self._lock:
            self._known.update({(plan_id, monday): requirement for plan_id, requirement in written.items()})
            while len(self._known) > self._most:
                self._known.popitem(last=False)
