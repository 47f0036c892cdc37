"""What a patient reads of the own plans for the time after treatment."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.contracts.base import Day, ResourceModel
from services.contracts.identifiers import AftercarePlanId, EpisodeId
from services.contracts.records.placement_reviews import PlacementReview
from services.contracts.records.recovery import AftercareChannel, AftercareContact

_Withheld = Annotated[
    int, Field(description="How many lines and notes are kept back, as each seems to name another patient.")
]


class OwnRelapsePreventionPlan(ResourceModel):
    """The newest version of the own plan."""

    version: int
    triggers: list[str]
    warning_signs: list[str]
    coping_skills: list[str]
    supports: list[str]
    in_the_patients_words: bool
    written_at: datetime
    withheld: _Withheld


class OwnPlacementReviews(ResourceModel):
    """All of the own placement reviews, newest first; a comment that is kept back is null."""

    items: list[PlacementReview]
    withheld: _Withheld


class OwnAftercarePlan(ResourceModel):
    """What is agreed for the time after an episode of one's own, with every contact."""

    id: AftercarePlanId
    episode_id: EpisodeId
    discharged_on: Day
    channels: list[AftercareChannel]
    may_leave_message: bool
    reach_at: str | None
    goals: list[str]
    community_supports: list[str]
    joins_alumni_group: bool
    joins_peer_group: bool
    contacts: list[AftercareContact]
    created_at: datetime


class OwnAftercarePlans(ResourceModel):
    """All of the own aftercare."""

    items: list[OwnAftercarePlan]
    withheld: _Withheld
