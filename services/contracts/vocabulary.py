"""Words that several services share: what is delivered, how, and the wall-clock windows people agree on."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel


class ServiceKind(StrEnum):
    """What a treatment plan may require of a week."""

    PROCESS_GROUP = "process_group"
    SKILLS_GROUP = "skills_group"
    EDUCATION_GROUP = "education_group"
    INDIVIDUAL = "individual"
    FAMILY = "family"
    MEDICATION = "medication"
    NURSE_VISIT = "nurse_visit"

    @property
    def is_group(self) -> bool:
        """Whether it takes place among several patients."""
        return self in {self.PROCESS_GROUP, self.SKILLS_GROUP, self.EDUCATION_GROUP}


class Modality(StrEnum):
    """Where a session takes place."""

    ON_SITE = "on_site"
    TELEHEALTH = "telehealth"


Jurisdiction = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]
"""A state, province or region, as ISO 3166-2 writes it, such as `US-NY`."""


class Weekday(StrEnum):
    """Days as RFC 5545 writes them; the week starts on Monday (ISO 8601)."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"

    @property
    def number(self) -> int:
        """0 for Monday to 6 for Sunday."""
        return list(Weekday).index(self)


QuarterHour = Annotated[int, Field(ge=0, le=10080, multiple_of=15)]
"""Minutes in whole quarters of an hour, the grid on which weeks are planned."""


class WeeklyWindow(RequestModel):
    """A half-open window of one weekday in wall time of the site's zone; it does not cross midnight."""

    weekday: Weekday
    start: time
    end: time

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("times are wall time of the site's zone: send HH:MM without an offset")
        if any(at.minute % 15 or at.second or at.microsecond for at in (self.start, self.end)):
            raise ValueError("times lie on quarters of an hour")
        if self.start >= self.end:
            raise ValueError("end must be after start on the same day")
        return self
