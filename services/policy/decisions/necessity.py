"""What a purpose needs of a record (42 CFR 2.13(a)), dated, and with the text that it was read in."""

from datetime import date
from typing import Final, NamedTuple

from services.contracts.disclosure import Information, Purpose


class Necessary(NamedTuple):
    """From a day on, the parts that a purpose needs; a later row of the same purpose takes its place."""

    purpose: Purpose
    effective_from: date
    information: frozenset[Information]
    citation: str


NECESSARY: Final = (
    Necessary(
        Purpose.PAYMENT,
        date(2024, 4, 16),
        # Who was treated, for what, whether it had to be, and what is charged; no account of what was said.
        frozenset(
            {
                Information.DEMOGRAPHICS,
                Information.DIAGNOSES,
                Information.TREATMENT_PLAN,
                Information.ASSESSMENTS,
                Information.MEDICATION,
                Information.ATTENDANCE,
                Information.DISCHARGE_SUMMARY,
                Information.CLAIMS,
            }
        ),
        "42 CFR 2.13(a); 45 CFR 164.502(b); 45 CFR 164.501, payment (2)(i), (iii) to (v)",
    ),
    Necessary(
        Purpose.OPERATIONS,
        date(2024, 4, 16),
        # What was planned, given and reached, for quality, audit and administration.
        frozenset(
            {
                Information.DEMOGRAPHICS,
                Information.SCHEDULING,
                Information.DIAGNOSES,
                Information.TREATMENT_PLAN,
                Information.ASSESSMENTS,
                Information.ATTENDANCE,
                Information.DISCHARGE_SUMMARY,
                Information.CLAIMS,
                Information.CONSENTS,
            }
        ),
        "42 CFR 2.13(a); 45 CFR 164.502(b); 45 CFR 164.501, health care operations (1), (4) to (6)",
    ),
)
"""What is not here needs whatever the consent describes. 42 CFR 2.13(a) limits any disclosure, so it limits too what a
specific consent names: that HIPAA asks no such thing of an authorization (45 CFR 164.502(b)(2)(iii)) widens nothing."""


def is_needed(purpose: Purpose, information: Information, on: date) -> bool:
    """Whether a purpose needs a part of a record, by what holds on a day."""
    holding = [one for one in NECESSARY if one.purpose is purpose and one.effective_from <= on]
    return not holding or information in max(holding, key=lambda one: one.effective_from).information
