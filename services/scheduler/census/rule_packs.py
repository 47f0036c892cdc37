"""Patients a counsellor, as data with citations; another state is another row."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RatioRule:
    """The most patients that one counsellor may have."""

    jurisdiction: str
    patients_per_counsellor: int
    citation: str


RATIO_RULES: Final = (RatioRule("US-NJ", 24, "N.J.A.C. 10:161B-10.1, intensive outpatient services: 1 to 24"),)
COUNSELLOR_ROLES: Final = frozenset({"counsellor", "therapist"})
