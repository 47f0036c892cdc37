"""The two families of schemas, and the text types that every body shares."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode's general category Cc, which is closed."""


def _refuse_control_characters(value: str) -> str:
    # PostgreSQL's text refuses NUL, and a control character in a name is a mistake or an attack.
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # JSON may carry a lone surrogate, which no UTF-8 text can hold.
        raise ValueError("must be valid Unicode text") from None
    return value


PRINTABLE: Final = AfterValidator(_refuse_control_characters)
"""Refuses control characters and what is no Unicode text."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PRINTABLE]
"""A short line of text that a person reads: 1 to 200 characters, no control characters."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A code that an organization defines for itself, such as a treatment track."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""A language tag (BCP 47), such as `en` or `es-US`."""

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
"""A day that can be asked about: far enough from the calendar's ends that no sum of days leaves it."""

_FIRST_INSTANT: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LAST_INSTANT: Final = datetime(9999, 12, 30, tzinfo=UTC)


def _within_reach(at: datetime) -> datetime:
    if not _FIRST_INSTANT <= at <= _LAST_INSTANT:
        raise ValueError("must be an instant after 1970 and before the end of the calendar")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""An instant that a list of what happened can be asked for: within what an id that sorts by time can tell."""

Member = TypeVar("Member")

Distinct = Annotated[frozenset[Member], PlainSerializer(sorted, when_used="json")]
"""Each member once, written in one order: a set gives equal contents in whatever order they came, so that what was
read twice seemed changed."""

PageSize = Annotated[int, Field(ge=1, le=200, description="Items a page, 1 to 200 (AIP-158).")]


class RequestModel(BaseModel):
    """A body that a caller sends; a member that we do not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class ResourceModel(BaseModel):
    """A body that we answer; within `v1` it only grows, so a reader ignores members it does not know."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


Item = TypeVar("Item")


class Page(ResourceModel, Generic[Item]):
    """One page of a collection (AIP-158)."""

    items: list[Item]
    next_page_token: str | None = Field(description="Send it as page_token for the next page; null on the last.")
