"""What puts a person before others: rules as data, each with its citation; another payer is more rows."""

from dataclasses import dataclass
from typing import Final

from services.contracts.scheduler.waitlist import PriorityFact


@dataclass(frozen=True, slots=True)
class Priority:
    """Points for everybody of whom all the `facts` are true.

    Points of preferences that a rule orders strictly are so far apart that no waiting makes up for them.

    Attributes:
        admit_within_days: From the day of the request, where the rule sets a time.
        excludes: Codes of weaker priorities that this one stands in for.
    """

    code: str
    facts: frozenset[PriorityFact]
    points: int
    sentence: str
    citation: str
    admit_within_days: int | None = None
    excludes: frozenset[str] = frozenset()


PRIORITIES: Final = (
    Priority(
        code="pregnant-injects-drugs",
        facts=frozenset({PriorityFact.PREGNANT, PriorityFact.INJECTS_DRUGS}),
        points=300_000,
        sentence="a pregnant person who injects drugs is admitted first",
        citation="45 CFR 96.131(a)(1); 45 CFR 96.126(b)",
        admit_within_days=14,
        excludes=frozenset({"pregnant", "injects-drugs"}),
    ),
    Priority(
        code="pregnant",
        facts=frozenset({PriorityFact.PREGNANT}),
        points=200_000,
        sentence="a pregnant person is admitted before others",
        citation="45 CFR 96.131(a)(2)",
    ),
    Priority(
        code="injects-drugs",
        facts=frozenset({PriorityFact.INJECTS_DRUGS}),
        points=100_000,
        sentence="a person who injects drugs is admitted before others",
        citation="45 CFR 96.131(a)(3); 45 CFR 96.126(b)",
        admit_within_days=14,
    ),
    Priority(
        code="steps-down",
        facts=frozenset({PriorityFact.STEPS_DOWN}),
        points=30,
        sentence="a person who leaves a more intensive level of care should not wait between the two",
        citation="The ASAM Criteria, 3rd edition (2013), continued service and transfer criteria",
    ),
)
"""The strongest first."""

POINTS_A_DAY: Final = 1
FEW_HOURS: Final = 20
FEW_HOURS_POINTS: Final = 14
"""Who can come in at most so many hours a week is asked two weeks earlier: a seat that fits comes by seldom."""
