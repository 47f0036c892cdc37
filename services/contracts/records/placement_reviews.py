"""Placement reviews: what a clinician rated in each dimension, by the edition that the programme works by."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, PatientId, PlacementReviewId, SiteId
from services.contracts.records.episodes import Level
from services.contracts.rule_packs import RuleMark


class CriteriaDimension(ResourceModel):
    """A dimension's number and name."""

    number: int
    name: str


class CriteriaEdition(ResourceModel):
    """An edition of criteria: names and numbers only, its descriptions and decision rules are copyright."""

    id: str
    title: str
    mark: RuleMark
    citation: str
    levels: list[str]
    dimensions: list[CriteriaDimension]


class SiteCriteriaEditionRequest(RequestModel):
    """Which edition a site is held to from a day on: by its state, or by the contract of who pays."""

    site_id: SiteId
    edition: Code = Field(description="One that list_criteria_editions names.")
    effective_from: Day


class SiteCriteriaEdition(ResourceModel):
    """The edition that is in force at a site from a day on, until another one is; of two of a day the later counts."""

    site_id: SiteId
    edition: str
    effective_from: date
    set_by: AccountId
    set_at: datetime


class DimensionRating(RequestModel):
    """A dimension's rating in the programme's own words; this API knows no scale and no rule of any edition."""

    dimension: Annotated[int, Field(ge=1, le=9)]
    rating: Code
    comment: Name | None = None


class PlacementReviewRequest(RequestModel):
    """What a clinician found, by the edition that the programme works by, and the level they recommend."""

    criteria_edition: Code
    reviewed_on: Day
    ratings: Annotated[list[DimensionRating], Field(min_length=1, max_length=9)]
    recommended_level: Level
    differs_because: Name | None = Field(
        default=None, description="Why another level is to be given than is recommended, where it is."
    )

    @model_validator(mode="after")
    def _rates_each_once(self) -> Self:
        rated = [rating.dimension for rating in self.ratings]
        if len(rated) != len(set(rated)):
            raise ValueError("ratings names a dimension twice")
        return self


class RatedDimension(ResourceModel):
    """A dimension's rating, with the name that it has in the edition."""

    dimension: int
    name: str
    rating: str
    comment: str | None


class PlacementReview(ResourceModel):
    """A placement review; another opinion is another review, and ratings are never carried to another edition."""

    id: PlacementReviewId
    patient_id: PatientId
    criteria_edition: str
    reviewed_on: date
    ratings: list[RatedDimension]
    recommended_level: str
    differs_because: str | None
    reviewed_by: AccountId
    created_at: datetime
