"""Reads a calendar where it is: an iCalendar document at an address."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from services.chassis.fetching import Fetcher, FetchFailedError, FetchFailure, Wanted
from services.chassis.http import HttpAnswer
from services.contracts.scheduler.commitments import PollOutcome
from services.scheduler.commitments.sealed import Access, Validators

_FAILURES: Final = MappingProxyType(
    {
        FetchFailure.URL_REFUSED: PollOutcome.ADDRESS_REFUSED,
        FetchFailure.ADDRESS_REFUSED: PollOutcome.ADDRESS_REFUSED,
        FetchFailure.UNREACHABLE: PollOutcome.UNREACHABLE,
        FetchFailure.TIMED_OUT: PollOutcome.TIMED_OUT,
        FetchFailure.NOT_TRUSTED: PollOutcome.CERTIFICATE_REFUSED,
        FetchFailure.TOO_LARGE: PollOutcome.TOO_LARGE,
        FetchFailure.TOO_MANY_REDIRECTS: PollOutcome.TOO_MANY_REDIRECTS,
        FetchFailure.COMPRESSED: PollOutcome.NOT_UNDERSTOOD,
    }
)
_STATUSES: Final[Mapping[int, PollOutcome]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: PollOutcome.ACCESS_REFUSED,
        HTTPStatus.FORBIDDEN: PollOutcome.ACCESS_REFUSED,
        HTTPStatus.NOT_FOUND: PollOutcome.GONE,
        HTTPStatus.GONE: PollOutcome.GONE,
        HTTPStatus.TOO_MANY_REQUESTS: PollOutcome.SERVER_FAILED,
    }
)
_READ_FOR_CALLERS_AT_ONCE: Final = 3
_LONGEST_VALIDATOR: Final = 1024
_ACCEPT: Final = "text/calendar, */*;q=0.1"


class RemoteFailedError(Exception):
    """The calendar could not be read where it is."""

    def __init__(self, outcome: PollOutcome, retry_after: timedelta | None = None) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Found:
    """What was read; no document where nothing has changed since the validators were given."""

    document: bytes | None = field(repr=False)
    validators: Validators


class RemoteCalendars:
    """Reads calendars of other people's servers."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self.places = asyncio.Semaphore(_READ_FOR_CALLERS_AT_ONCE)
        """One for each caller who may wait for a stranger's server with a connection to our database in hand."""

    def check(self, url: str) -> str | None:
        """Return the URL as it is asked for, or None where it can be seen to lead nowhere good."""
        try:
            return self._fetcher.check(url)
        except FetchFailedError:
            return None

    async def document(self, access: Access, known: Validators | None, now: datetime) -> Found:
        """Read a document (RFC 5545) at its address.

        Raises:
            RemoteFailedError: It could not be read.
        """
        headers = {"accept": _ACCEPT}
        if known is not None and known.etag is not None:
            headers["if-none-match"] = known.etag
        if known is not None and known.last_modified is not None:
            headers["if-modified-since"] = known.last_modified
        answer = await self.ask(access, now, headers=headers)
        if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
            return Found(None, known)
        if answer.status != HTTPStatus.OK:
            raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
        return Found(
            answer.body,
            Validators(
                now.timestamp(), _short(answer.headers.get("etag")), _short(answer.headers.get("last-modified"))
            ),
        )

    async def ask(
        self,
        access: Access,
        now: datetime,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        unless: Collection[int] = (),
    ) -> HttpAnswer:
        """Send one request; answers of the statuses in `unless` are returned although they refuse.

        Raises:
            RemoteFailedError: There is no answer, or one that refuses.
        """
        wanted = Wanted(access.url, method, headers or {}, body, access.user_name, access.password)
        try:
            answer = await self._fetcher.fetch(wanted)
        except FetchFailedError as error:
            raise RemoteFailedError(_FAILURES[error.failure]) from None
        outcome = refusal(answer.status)
        if outcome is not None and answer.status not in unless:
            raise RemoteFailedError(outcome, _pause(answer.headers.get("retry-after"), now))
        return answer


def refusal(status: int) -> PollOutcome | None:
    """Return what a status of an answer, or of a part of one, means for reading; None where it refuses nothing."""
    return PollOutcome.SERVER_FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _STATUSES.get(status)


def _short(validator: str | None) -> str | None:
    """Leave out a validator that is too long to be one."""
    return validator if validator is not None and len(validator) <= _LONGEST_VALIDATOR else None


def _pause(retry_after: str | None, now: datetime) -> timedelta | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds, or a date; nothing where it is neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isdecimal() and len(text) <= len("999999999"):
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta())
    except (TypeError, ValueError):
        return None
