"""What is true of notices: what one must contain and since when, and which was in force at an instant."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from services.contracts.problems import InvalidField
from services.contracts.records.privacy_notices import (
    NoticeElement,
    PrivacyNotice,
    PrivacyNoticeRequest,
    RequiredNoticeElement,
)

REQUIRED_SINCE: Final = date(2026, 2, 16)
"""The day by which programmes comply with the notice as amended (89 FR 12472)."""

_CITATIONS: Final[Mapping[NoticeElement, str]] = MappingProxyType(
    {
        NoticeElement.HEADER: "42 CFR 2.22(b)(1)(i)",
        NoticeElement.USES_WITHOUT_CONSENT: "42 CFR 2.22(b)(1)(ii)",
        NoticeElement.MORE_STRINGENT_LAW: "42 CFR 2.22(b)(1)(ii)",
        NoticeElement.USES_WITH_CONSENT: "42 CFR 2.22(b)(1)(ii)",
        NoticeElement.SINGLE_CONSENT: "42 CFR 2.22(b)(1)(ii)",
        NoticeElement.REDISCLOSURE: "42 CFR 2.22(b)(1)(ii)",
        NoticeElement.PROCEEDINGS: "42 CFR 2.22(b)(1)(iii), 45 CFR 164.520(b)(1)(iii)",
        NoticeElement.RIGHT_TO_RESTRICT: "42 CFR 2.22(b)(1)(iv), 2.26",
        NoticeElement.RIGHT_TO_ACCOUNTING: "42 CFR 2.22(b)(1)(iv), 2.25",
        NoticeElement.RIGHT_TO_INTERMEDIARY_LIST: "42 CFR 2.22(b)(1)(iv), 2.24",
        NoticeElement.RIGHT_TO_COPY: "42 CFR 2.22(b)(1)(iv)",
        NoticeElement.RIGHT_TO_DISCUSS: "42 CFR 2.22(b)(1)(iv)",
        NoticeElement.RIGHT_TO_REFUSE_FUNDRAISING: "42 CFR 2.22(b)(1)(iv)",
        NoticeElement.RIGHT_OF_ACCESS: "45 CFR 164.520(b)(1)(iv)",
        NoticeElement.RIGHT_TO_CONFIDENTIAL_COMMUNICATION: "45 CFR 164.520(b)(1)(iv)",
        NoticeElement.DUTY_TO_PROTECT: "42 CFR 2.22(b)(1)(v)",
        NoticeElement.DUTY_TO_ABIDE: "42 CFR 2.22(b)(1)(v)",
        NoticeElement.RIGHT_TO_CHANGE_TERMS: "42 CFR 2.22(b)(1)(v)",
        NoticeElement.COMPLAINTS: "42 CFR 2.22(b)(1)(vi)",
        NoticeElement.CONTACT: "42 CFR 2.22(b)(1)(vii)",
        NoticeElement.FUNDRAISING: "42 CFR 2.22(b)(1)(iii), 45 CFR 164.520(b)(1)(iii)",
    }
)
REQUIRED: Final[Sequence[RequiredNoticeElement]] = tuple(
    RequiredNoticeElement(
        element=element, citation=citation, only_when_fundraising=element is NoticeElement.FUNDRAISING
    )
    for element, citation in _CITATIONS.items()
)
# A day is not over before it is over in the last zone, and has begun when it has begun in the first.
_WEST: Final = timedelta(hours=12)
_EAST: Final = timedelta(hours=14)


def missing_elements(notice: PrivacyNoticeRequest | PrivacyNotice) -> tuple[NoticeElement, ...]:
    """Return which elements a notice lacks to become active."""
    return tuple(
        one.element
        for one in REQUIRED
        if one.element not in notice.passages and (notice.fundraises or not one.only_when_fundraising)
    )


def fields_of(missing: Sequence[NoticeElement]) -> tuple[InvalidField, ...]:
    """Say of each missing element where it belongs, and where the law asks for it."""
    return tuple(
        InvalidField(location="body", pointer=f"/passages/{one.value}", detail=f"must be there ({_CITATIONS[one]})")
        for one in missing
    )


def is_past(day: date, now: datetime) -> bool:
    """Whether a day has ended everywhere on earth."""
    return day < (now - _WEST).date()


def in_force_on(notices: Sequence[PrivacyNotice], day: date, language: str) -> PrivacyNotice | None:
    """Return which of the active notices holds on a day, or None where none of the language did."""
    held = [one for one in notices if one.language == language and _since(one) <= day]
    return max(held, key=_since, default=None)


def was_in_force(notice: PrivacyNotice, notices: Sequence[PrivacyNotice], at: datetime) -> bool:
    """Whether a notice held at an instant on a day that it was somewhere: a notice holds by the day on the spot."""
    first, last = (at - _WEST).date(), (at + _EAST).date()
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return any(in_force_on(notices, day, notice.language) == notice for day in days)


def _since(notice: PrivacyNotice) -> date:
    return notice.effective_on or date.max
