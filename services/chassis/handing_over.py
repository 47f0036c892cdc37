"""Hands messages over to who carries them out of the house: a signed webhook, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from yarl import URL

from services.chassis.addresses import is_loopback, is_public
from services.chassis.fetching import Fetcher, FetchFailedError, FetchFailure, Wanted
from services.chassis.webhooks import signed_headers

_WANTED: Final = "must be an https URL of a public host, without user, password or fragment"
_LARGEST_ANSWER: Final = 64 * 1024
_TRY_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_NEVER: Final = frozenset({FetchFailure.URL_REFUSED, FetchFailure.ADDRESS_REFUSED})


class Carriage(StrEnum):
    """What became of handing a message over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    TRY_LATER = "try_later"


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where messages are handed over, and the secret by which the other side knows that they are ours."""

    url: str
    secret: bytes = field(repr=False)


class Handover:
    """Hands messages over by Standard Webhooks 1.0.0, at least once each; `webhook-id` is the message's id.

    It follows no redirect, for a message must not go where nobody has sent it.
    """

    def __init__(self, *, allows_loopback: bool = False) -> None:
        self._allows_loopback = allows_loopback
        self._fetcher = Fetcher(largest=_LARGEST_ANSWER, allows_loopback=allows_loopback, seconds=10.0)

    def check(self, url: str) -> None:
        """Refuse a URL that leads nowhere good.

        Raises:
            ValueError: The words say what is wanted.
        """
        try:
            host = URL(self._fetcher.check(url)).host or ""
        except FetchFailedError:
            raise ValueError(_WANTED) from None
        if _is_literal(host) and not is_public(host) and not (self._allows_loopback and is_loopback(host)):
            raise ValueError(_WANTED)

    async def hand_over(self, carrier: Carrier, message_id: str, body: bytes, *, agent: str, now: datetime) -> Carriage:
        """Hand a message over, which is accepted with 2xx; whatever goes wrong outside is an answer, no exception."""
        headers = {
            "content-type": "application/json",
            "user-agent": agent,
            **signed_headers(carrier.secret, message_id, now, body),
        }
        wanted = Wanted(carrier.url, method="POST", headers=headers, body=body, follows_redirects=False)
        try:
            answer = await self._fetcher.fetch(wanted)
        except FetchFailedError as failed:
            return Carriage.REFUSED if failed.failure in _NEVER else Carriage.TRY_LATER
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return Carriage.ACCEPTED
        is_passing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _TRY_LATER
        return Carriage.TRY_LATER if is_passing else Carriage.REFUSED


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
