"""Whose plan asks for other hours than those that the level of care stands for which holds for them."""

from datetime import date

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import EpisodeId, PatientId
from services.contracts.rule_packs import Population, RuleMark


class LevelFinding(ResourceModel):
    """A plan and a level of care that do not fit: one of the two is to be changed, or a taper week to be named."""

    patient_id: PatientId
    episode_id: EpisodeId
    criteria_edition: str
    level: str
    population: Population
    required_minutes: int = Field(description="What the plan in force requires of this week.")
    fewest_hours: int | None
    most_hours: int | None
    fewer_than_hours: int | None = Field(description="The level ends below so many hours a week.")
    citation: str
    mark: RuleMark = Field(description="How well the hours are known.")


class LevelFindings(ResourceModel):
    """What does not fit at a site in this week; it warns, and keeps nobody from anything."""

    week: date = Field(description="Its Monday, by the site's zone.")
    items: list[LevelFinding]
