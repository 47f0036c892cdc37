"""Pages of a collection (AIP-158), by keyset on the identifier: ids sort by the time they were made."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page, PageSize

_FIRST = UUID(int=0)
_ID_BYTES = 16


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


_Item = TypeVar("_Item", bound=_Identified)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: at most `size` items whose id is greater than `after`."""

    size: int
    after: UUID

    @property
    def limit(self) -> int:
        """Rows to fetch: one more than are shown, which tells whether another page follows."""
        return self.size + 1

    def page(self, found: Sequence[_Item]) -> "Page[_Item]":
        """Make the page of the rows found, which are in the order of their ids."""
        shown = list(found[: self.size])
        token = _token(shown[-1].id) if len(found) > self.size else None
        return Page(items=shown, next_page_token=token)


def _token(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def page_request(
    size: int, page_token: str | None, *, pointer: str = "page_token", location: str = "query"
) -> PageRequest:
    """Return the page that a size and a token ask for, wherever they were sent.

    Raises:
        InvalidRequestError: The token is that of no page.
    """
    if page_token is None:
        return PageRequest(size, _FIRST)
    try:
        last = base64.urlsafe_b64decode(page_token + "==")
    except (binascii.Error, ValueError):
        last = b""
    if len(last) != _ID_BYTES:
        raise InvalidRequestError(pointer, "must be the next_page_token of a page", location=location)
    return PageRequest(size, UUID(bytes=last))


async def _requested_page(
    page_size: PageSize = 50,
    page_token: Annotated[str | None, Query(max_length=64, description="next_page_token of the page before.")] = None,
) -> PageRequest:
    return page_request(page_size, page_token)


RequestedPage = Annotated[PageRequest, Depends(_requested_page)]
"""The page that page_size and page_token ask for."""
