"""Placement reviews: what a clinician rated in each dimension, by the edition that the programme works by."""

from services.contracts.base import ResourceModel
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
