"""What a public health authority is told: counts of a year that tell of nobody (42 CFR 2.54, 45 CFR 164.514(b))."""

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import RecipientId
from services.contracts.records.episodes import DischargeReason


class LevelCount(ResourceModel):
    """How many admissions there were to a level of care; null where so few patients were that one is recognizable."""

    criteria_edition: str
    level: str
    admissions: int | None


class DischargeCount(ResourceModel):
    """How many discharges there were for a reason; null where so few patients were that one is recognizable."""

    reason: DischargeReason
    discharges: int | None


class PublicHealthReport(ResourceModel):
    """A year of the organization: no date but the year, no place below it, no count of 1 to 10 patients."""

    recipient_id: RecipientId
    year: int
    by_level: list[LevelCount]
    admissions: int | None = Field(description="All of them; null where a count is withheld that could be told by it.")
    by_reason: list[DischargeCount]
    discharges: int | None
