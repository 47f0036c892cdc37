"""Episodes of care: from admission to discharge, with every level of care between and the clocks that run."""

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Day, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, EpisodeClockId, EpisodeId, PatientId, SiteId
from services.contracts.rule_packs import RuleMark

Level = Annotated[str, Field(pattern=r"^[0-4](\.[0-9])?$", description="A level of the edition, by its number.")]


class LevelChange(StrEnum):
    """What a change of level is, compared within one edition."""

    ADMISSION = "admission"
    STEP_UP = "step_up"
    STEP_DOWN = "step_down"
    OTHER_EDITION = "other_edition"
    """Rated by another edition than before: levels of two editions are not compared."""


class DischargeReason(StrEnum):
    """Why an episode ended, as the Treatment Episode Data Set counts it (SAMHSA TEDS-D, reason for discharge)."""

    COMPLETED = "completed"
    LEFT_AGAINST_ADVICE = "left_against_advice"
    TERMINATED_BY_FACILITY = "terminated_by_facility"
    TRANSFERRED = "transferred"
    INCARCERATED = "incarcerated"
    DEATH = "death"
    OTHER = "other"


class LevelDecision(RequestModel):
    """A level of care that a clinician decided on, by the criteria that the programme works by."""

    criteria_edition: Code = Field(description="Such as asam-3: an edition that list_criteria_editions names.")
    level: Level


InitialDecision = Annotated[
    LevelDecision | None,
    Field(description="Of a caller who may change levels; without it a clinician decides by change_episode_level."),
]
"""The level that an episode begins with; whoever is no clinician admits without one."""


class EpisodeRequest(RequestModel):
    """An admission to a programme of the patient's site."""

    programme: Code = Field(description="The organization's own word, such as evening-iop.")
    admitted_on: Day
    initial: InitialDecision = None


class LevelChangeRequest(RequestModel):
    """Another level of care from a day on."""

    decision: LevelDecision
    from_on: Day


class TaperWeeksRequest(RequestModel):
    """The weeks on the way out in which fewer hours still continue the level of care."""

    weeks: Annotated[list[Day], Field(max_length=4, description="Mondays, in order; none where there are none.")]

    @model_validator(mode="after")
    def _are_weeks(self) -> Self:
        if any(week.weekday() for week in self.weeks):
            raise ValueError("weeks must be Mondays, the first day of the week")
        if any(later <= earlier for earlier, later in pairwise(self.weeks)):
            raise ValueError("weeks must be in order, each once")
        return self


class FirstSessionRequest(RequestModel):
    """The first session that the patient attended, where it is none that the scheduler knows of."""

    attended_on: Day


class DischargeRequest(RequestModel):
    """The end of an episode."""

    discharged_on: Day
    reason: DischargeReason


class DischargeCorrectionRequest(RequestModel):
    """What is right of a discharge that was written down wrongly."""

    discharge: DischargeRequest | None = Field(
        description="The day and the reason that are right; null where the patient was not discharged at all."
    )


class DischargeCorrection(ResourceModel):
    """What was written down of a discharge until it was corrected, and who corrected it."""

    version: int = Field(description="Of the episode, when it was written so.")
    discharged_on: date
    reason: DischargeReason
    corrected_by: AccountId
    corrected_at: datetime


class EpisodeLevel(ResourceModel):
    """A level of care within an episode; it holds until the next one, or until discharge."""

    number: int
    criteria_edition: str
    level: str
    from_on: date
    change: LevelChange
    decided_by: AccountId


class Episode(ResourceModel):
    """An episode of care; a patient has one open episode in a programme at most."""

    id: EpisodeId
    patient_id: PatientId
    site_id: SiteId
    programme: str
    admitted_on: date
    first_session_on: date | None = Field(
        description="As written down. An attended session begins the treatment all the same, where it was earlier."
    )
    levels: list[EpisodeLevel] = Field(description="Oldest first; the last one holds. Empty until a clinician decides.")
    taper_weeks: list[date] = Field(description="Mondays of weeks whose fewer hours raise no alarm.")
    discharged_on: date | None
    discharge_reason: DischargeReason | None
    version: int
    created_at: datetime


class ClockMetBy(StrEnum):
    """What meets a clock."""

    FIRST_SESSION = "first_session"
    """The first session of the episode, by itself."""
    RECORDED = "recorded"
    """Somebody says so, who has looked."""


class Clock(ResourceModel):
    """A clock of a quality measure or a state as dated data: what starts it, and within how many days what happens."""

    code: str
    title: str
    starts_with: str
    days: int
    working_days: bool = Field(
        description="Whether only Mondays to Fridays are counted; holidays are, so that the due day is never too late."
    )
    met_by: ClockMetBy
    citation: str
    mark: RuleMark
    effective_from: date


class ClockStatus(StrEnum):
    """Where a clock stands today."""

    RUNNING = "running"
    MET = "met"
    MISSED = "missed"


class EpisodeClockRequest(RequestModel):
    """A clock that starts to run for an episode."""

    code: Code
    starts_on: Day


class ClockMetRequest(RequestModel):
    """The day on which what the clock asks for had happened."""

    met_on: Day


class EpisodeClock(ResourceModel):
    """A clock that runs for an episode; the due day still counts."""

    id: EpisodeClockId
    episode_id: EpisodeId
    patient_id: PatientId
    code: str
    title: str
    starts_on: date
    due_on: date
    met_on: date | None
    status: ClockStatus
    citation: str
