"""Draw programmes: on which days a patient may be tested, with what odds, and how anyone can verify each day later."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, field_serializer, model_validator

from services.contracts.base import Code, Day, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, DrawProgrammeId, PatientId
from services.contracts.rule_packs import RuleMark
from services.contracts.scheduler.sites import ZoneName
from services.contracts.vocabulary import Weekday

LONGEST_DAYS: Final = 366
_WEEK: Final = 7


class Specimen(StrEnum):
    """What is collected."""

    URINE = "urine"
    ORAL_FLUID = "oral_fluid"


class Hazard(RequestModel):
    """The odds of a test on each call day, as a fraction: 2 in 7 gives two tests a week where every day is a call day.

    They are less than one: a day that is sure to be drawn is no draw.
    """

    tests: Annotated[int, Field(ge=1, le=999)]
    opportunities: Annotated[int, Field(ge=2, le=1000)]

    @model_validator(mode="after")
    def _is_less_than_one(self) -> Self:
        if self.tests >= self.opportunities:
            raise ValueError("tests must be fewer than opportunities: a day that is sure to be drawn is no draw")
        return self


class DrawTerms(RequestModel):
    """What a draw programme says; all of it is committed to before its first day."""

    specimen: Specimen = Specimen.URINE
    call_days: Annotated[frozenset[Weekday], Field(min_length=1)] = Field(
        description="The weekdays on which the patient calls in; on any other the patient is never tested."
    )
    hazard: Hazard
    cap_days: Annotated[int, Field(ge=1, le=60)] | None = Field(
        default=None, description="The longest gap in days: the last call day within it is tested. Null for no cap."
    )
    starts_on: Day
    ends_on: Day
    zone: ZoneName
    release_at: time = Field(
        default=time(5), description="When a day's draw is known, in wall time of the zone; before it nobody knows."
    )
    report_within_minutes: Annotated[int, Field(ge=30, le=1440)] | None = Field(
        default=None, description="From notice to arrival; null for the standard's figure for this specimen."
    )

    @field_serializer("call_days", when_used="json")
    def _in_the_order_of_the_week(self, call_days: frozenset[Weekday]) -> list[Weekday]:
        return [day for day in Weekday if day in call_days]

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if not timedelta() <= self.ends_on - self.starts_on < timedelta(LONGEST_DAYS):
            raise ValueError(f"ends_on must lie 0 to {LONGEST_DAYS - 1} days after starts_on")
        if self.release_at.tzinfo is not None or self.release_at.second or self.release_at.microsecond:
            raise ValueError("release_at is wall time of the zone: send HH:MM without an offset")
        return self

    @model_validator(mode="after")
    def _can_keep_its_cap(self) -> Self:
        numbers = sorted(day.number for day in self.call_days)
        after = [*numbers[1:], numbers[0] + _WEEK]
        longest = max(later - earlier for earlier, later in zip(numbers, after, strict=True))
        if self.cap_days is not None and self.cap_days < longest:
            raise ValueError(f"cap_days must be {longest} or more: so far apart are two call days")
        return self


class Predictability(ResourceModel):
    """How much of the draw a patient who knows the rules could know; computed exactly, rounded for print."""

    tests_per_week: float = Field(description="The mean in the long run, rounded to hundredths.")
    forced_percent: float = Field(
        description="The share of tests that the cap forces, which the patient can know for certain, in tenths."
    )
    gaps_over_7_days_percent: float
    gaps_over_14_days_percent: float
    safe_days: list[Weekday] = Field(description="Weekdays on which the patient knows that no test can come.")


class DrawStandard(RequestModel):
    """How often somebody who sets standards, or pays, says that people are tested; dated data."""

    code: Code
    title: str
    specimens: list[Specimen] = Field(default_factory=list, description="Those it is about; none where it is of all.")
    fewest: Annotated[int, Field(ge=1)] | None = None
    most: Annotated[int, Field(ge=1)] | None = None
    per_days: Annotated[int, Field(ge=1, le=366)] = Field(description="In how many days that many tests.")
    every_weekday: bool = Field(default=False, description="Whether no weekday may be without a draw.")
    citation: str
    mark: RuleMark
    effective_from: Day


class StandardFinding(ResourceModel):
    """A standard, and whether a programme keeps it in the long run; which of them counts is the clinician's to say."""

    standard: DrawStandard
    is_kept: bool


class DrawPreview(ResourceModel):
    """What a programme would be: how predictable, and which standards it would keep."""

    predictability: Predictability
    standards: list[StandardFinding]


class DrawProgramme(ResourceModel):
    """One version of a draw programme; a change is a new version with a key of its own."""

    id: DrawProgrammeId
    version: int
    patient_id: PatientId
    terms: DrawTerms
    ended_on: date | None = Field(description="The last day, where it ends before the day that was planned.")
    document: str = Field(description="What was committed to, to the letter: hand it out with the commitment.")
    commitment: str = Field(description="SHA-256 of the document's UTF-8 bytes, in hexadecimal.")
    predictability: Predictability
    created_by: AccountId
    created_at: datetime


class DrawProgrammeEnd(RequestModel):
    """End a programme after a day that is not over yet."""

    last_day: Day


class DrawnDay(ResourceModel):
    """What the draw of one call day came to."""

    day: date
    is_drawn: bool
    is_forced: bool = Field(description="It was the last call day within the cap.")


class Drawn(ResourceModel):
    """A patient who is to be tested on a day."""

    patient_id: PatientId
    programme_id: DrawProgrammeId
    version: int
    day: date
    is_forced: bool
    specimen: Specimen


class OwnDraw(ResourceModel):
    """Whether a patient who calls in is to be tested today; it says nothing of any other day."""

    programme_id: DrawProgrammeId
    day: date = Field(description="Today, where the programme is.")
    released_at: datetime = Field(description="From when on it is known whether the day is drawn.")
    is_drawn: bool | None = Field(description="Null before it is released: nobody knows then.")
    specimen: Specimen


class DrawEvidence(ResourceModel):
    """What anyone needs to verify every draw so far, by hand or with docs/draws.md; it tells nothing of later days."""

    programme_id: DrawProgrammeId
    version: int
    document: str
    commitment: str
    revealed_day: date | None = Field(description="The last day whose draw has been released; null before the first.")
    revealed_key: str | None = Field(description="That day's key in hexadecimal; SHA-256 of it is the day before's.")
    draws: list[DrawnDay]
