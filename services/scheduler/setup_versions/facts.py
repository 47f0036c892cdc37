"""What is known of a version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SetupVersion:
    """Something as a version has it, from the week of `effective_on` on; None where it has always been so."""

    subject_id: UUID
    version: int
    effective_on: date | None
    document: Mapping[str, Any]

    def counts_in(self, monday: date) -> bool:
        """Whether it is in force in a week, unless a newer version is."""
        return self.effective_on is None or self.effective_on <= monday
