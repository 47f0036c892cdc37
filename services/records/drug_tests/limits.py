"""Limits of specimens and of notice, as dated data with citation and with how well each is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from services.contracts.records.draw_programmes import Specimen
from services.contracts.rule_packs import RuleMark


@dataclass(frozen=True, slots=True)
class SpecimenLimits:
    """Between which bounds a specimen of urine is such as a body gives."""

    applies_from: date
    citation: str
    mark: RuleMark
    coldest_fahrenheit: float
    warmest_fahrenheit: float
    temperature_within_minutes: float
    dilute_creatinine_below: float
    substituted_creatinine_below: float
    substituted_gravity_at_most: float
    """With so little creatinine, a gravity up to this or from the other on is not a body's; in between it may be."""
    substituted_gravity_at_least: float
    lowest_specific_gravity: float


SPECIMEN_LIMITS: Final = (
    SpecimenLimits(
        applies_from=date(2008, 8, 25),
        citation="49 CFR 40.65(b) for the temperature; 40.88, formerly 40.93, for creatinine (mg/dL) and gravity",
        # For dilute, 40.88 wants the gravity between 1.0010 and 1.0030 too; by creatinine alone it accuses of nothing.
        mark=RuleMark.LIKELY,
        coldest_fahrenheit=90,
        warmest_fahrenheit=100,
        temperature_within_minutes=4,
        dilute_creatinine_below=20,
        substituted_creatinine_below=2,
        substituted_gravity_at_most=1.0010,
        substituted_gravity_at_least=1.0200,
        lowest_specific_gravity=1.0010,
    ),
)
"""Oldest first; what was measured is judged by those of its day."""


@dataclass(frozen=True, slots=True)
class NoticeLimit:
    """How long after a notice a specimen still tells what it should."""

    applies_from: date
    citation: str
    mark: RuleMark
    within: Mapping[Specimen, timedelta]


NOTICE_LIMITS: Final = (
    NoticeLimit(
        applies_from=date(2015, 7, 1),
        citation="All Rise (NADCP), Adult Drug Court Best Practice Standards, VII: eight hours, for oral fluid four",
        mark=RuleMark.CERTAIN,
        within=MappingProxyType({Specimen.URINE: timedelta(hours=8), Specimen.ORAL_FLUID: timedelta(hours=4)}),
    ),
)
"""Oldest first; a notice is held to that of its day."""


def notice_limit_on(day: date) -> NoticeLimit:
    """Return the limit of a day; the oldest holds for what is older than it is."""
    return next((one for one in reversed(NOTICE_LIMITS) if one.applies_from <= day), NOTICE_LIMITS[0])


def limits_on(day: date) -> SpecimenLimits:
    """Return the limits of a day; the oldest hold for what is older than they are."""
    return next((one for one in reversed(SPECIMEN_LIMITS) if one.applies_from <= day), SPECIMEN_LIMITS[0])
