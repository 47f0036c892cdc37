"""What is true of closings: the label, when a record is to be destroyed, and what may be decided. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.disclosure import Information
from services.contracts.records.programme_closings import DispositionKind, RetentionLaw

_LAST: Final = ZoneInfo("Etc/GMT+12")
"""Where a day ends last."""

NOT_GIVEN: Final = frozenset({Information.CLAIMS, Information.SCHEDULING, Information.COUNSELLING_NOTES})
"""What no transfer has to give: claims are told by payer and days, planning of nobody, and those notes stand apart."""

_PLAN_OF_CARE: Final = frozenset({Information.DIAGNOSES, Information.TREATMENT_PLAN})


def label_of(programme: str, retention: RetentionLaw | None) -> str | None:
    """Return the label of what is kept (42 CFR 2.19(b)(1)(i)(A)), or None where nothing is."""
    if retention is None:
        return None
    return (
        f"Records of {programme} required to be maintained under {retention.citation} until a date not later than"
        f" {retention.keep_until:%B} {retention.keep_until.day}, {retention.keep_until.year}"
    )


def whole_of(information: Iterable[Information]) -> frozenset[Information]:
    """Return which parts one disclosure gives: the plan of care, which tells diagnoses, goes with both of its own."""
    given = frozenset(information)
    return given if given >= _PLAN_OF_CARE else given - {Information.DIAGNOSES}


def has_ended(ends_on: date, now: datetime) -> bool:
    """Whether a last day is over wherever the programme may be."""
    return now.astimezone(_LAST).date() > ends_on


def destroy_from(sealed_at: datetime | None, keep_until: date | None) -> date | None:
    """Return from which day on a record is destroyed; None before the closing is sealed.

    Also of one that was transferred: the programme that closes has no more right to what it keeps (42 CFR 2.19(a)).
    """
    if sealed_at is None:
        return None
    return keep_until or sealed_at.astimezone(_LAST).date()


def misfit(kind: DispositionKind, retention: RetentionLaw | None) -> str | None:
    """Say why a record may not be disposed of so, or None."""
    if kind is DispositionKind.KEEP and retention is None:
        return "must be transfer or destroy: this closing names no law that requires to keep records (42 CFR 2.19(a))"
    if kind is DispositionKind.DESTROY and retention is not None:
        return "must be transfer or keep: the law that this closing names requires to keep it (42 CFR 2.19(a)(2))"
    return None
