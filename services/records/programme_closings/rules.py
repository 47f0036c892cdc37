"""What is true of closings: the label, when a record is to be destroyed, and what may be decided. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.disclosure import Information
from services.contracts.records.programme_closings import DispositionKind, DispositionRequest, RetentionLaw

_LAST: Final = ZoneInfo("Etc/GMT+12")
"""Where a day ends last."""

NOT_GIVEN: Final = frozenset({Information.CLAIMS, Information.SCHEDULING, Information.COUNSELLING_NOTES})
"""What no transfer has to give: claims are told by payer and days, planning of nobody, and those notes stand apart."""

_PLAN_OF_CARE: Final = frozenset({Information.DIAGNOSES, Information.TREATMENT_PLAN})

_NOT_KEPT: Final = (
    "must be transfer or destroy: neither this closing nor retention names a law that requires to keep these records"
    " (42 CFR 2.19(a))"
)
_KEPT: Final = (
    "must be transfer or keep: the law that this closing names requires to keep these records (42 CFR 2.19(a)(2));"
    " where their own period has expired, name it by retention, with the reason"
)
_STILL_KEPT: Final = (
    "must not lie after the programme's last day: until then these records are kept (42 CFR 2.19(a)(2))"
)
_EXPIRED: Final = (
    "must lie after the programme's last day: records whose period has expired are destroyed (42 CFR 2.19(a)(2)), and"
    " so is what a transfer leaves, where reason says from what the period was counted"
)


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


def destroy_from(sealed_at: datetime | None, keeps: RetentionLaw | None) -> date | None:
    """Return from which day on a record is destroyed; None before the closing is sealed.

    Also of one that was transferred: the programme that closes has no more right to what it keeps (42 CFR 2.19(a)).
    """
    if sealed_at is None:
        return None
    return sealed_at.astimezone(_LAST).date() if keeps is None else keeps.keep_until


def law_of(
    kind: DispositionKind | None, own: RetentionLaw | None, closing_s: RetentionLaw | None
) -> RetentionLaw | None:
    """Return what requires to keep a record, or did until it expired; None while nothing is decided."""
    is_left = kind in {DispositionKind.KEEP, DispositionKind.TRANSFER}
    return own or (closing_s if is_left else None)


def misfit(request: DispositionRequest, retention: RetentionLaw | None, ends_on: date) -> tuple[str, str] | None:
    """Say where and why records may not be disposed of so in a closing of that retention, or None."""
    own, destroys, has_expired = request.retention, request.kind is DispositionKind.DESTROY, request.reason is not None
    if own is not None and (own.keep_until > ends_on) is has_expired:
        return "/retention/keep_until", _STILL_KEPT if has_expired else _EXPIRED
    if request.kind is DispositionKind.KEEP and own is None and retention is None:
        return "/kind", _NOT_KEPT
    if destroys and own is None and retention is not None:
        return "/kind", _KEPT
    return None
