"""Documentation: by when notes are signed, and plans are written and reviewed, per site and from a day on."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, SiteId
from services.contracts.rule_packs import RuleMark
from services.contracts.scheduler.sites import ZoneName

_Count = Annotated[int, Field(ge=1, le=400)]


class NoteRule(RequestModel):
    """By when a session's note is signed: hours after its end, or the end of a business day after it."""

    code: Code
    hours: _Count | None = None
    business_days: _Count | None = Field(
        default=None, description="Monday to Friday; holidays are counted, so the deadline is never too late."
    )
    citation: Name
    mark: RuleMark
    effective_from: date

    @model_validator(mode="after")
    def _counts_one_way(self) -> Self:
        if (self.hours is None) is (self.business_days is None):
            raise ValueError("a note rule has hours or business_days, and not both")
        return self


class PlanRule(RequestModel):
    """By when a plan is written after the first session, and how often it is reviewed and certified again."""

    code: Code
    first_plan_days: Annotated[int, Field(ge=0, le=400)]
    first_plan_session_days: _Count | None = Field(
        default=None, description="Days with a session by the end of which the plan is written, if that is earlier."
    )
    review_days: _Count | None = None
    recertification_days: _Count | None = None
    citation: Name
    mark: RuleMark
    effective_from: date


class DocumentationRules(ResourceModel):
    """Every rule that a site can be held to."""

    note_rules: list[NoteRule]
    plan_rules: list[PlanRule]


class DocumentationStandardRequest(RequestModel):
    """Hold a site to a note rule and a plan rule from a day on."""

    effective_from: Day
    zone: ZoneName = Field(description="Of the site: its days are counted there.")
    note_rule: Code
    plan_rule: Code


class DocumentationStandard(ResourceModel):
    """What a site is held to from a day on; it is written once, and a later day's replaces it."""

    site_id: SiteId
    effective_from: date
    zone: str
    note_rule: str
    plan_rule: str
    created_by: AccountId
    created_at: datetime
