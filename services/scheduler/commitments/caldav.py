"""Reads a CalDAV collection whole (RFC 4791), where its server does not say that nothing has changed.

Servers answer differently about what has changed since a sync-token and about what falls into a time, so a token or a
ctag only ever tells that nothing has changed, and every repetition is expanded here. No href of an answer is followed.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xml.etree.ElementTree import fromstring as parse

from services.chassis.http import HttpAnswer
from services.contracts.scheduler.commitments import PollOutcome
from services.scheduler.commitments.remote import Found, RemoteCalendars, RemoteFailedError
from services.scheduler.commitments.rules import KEPT_AFTER, KEPT_BEFORE
from services.scheduler.commitments.sealed import Access, Validators

_XML: Final = {"content-type": "application/xml; charset=utf-8"}
_DAV: Final = "{DAV:}"
_CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
_CTAG: Final = "{http://calendarserver.org/ns/}getctag"
_OK: Final = "200"
_LONGEST_TOKEN: Final = 1024
_MARGIN: Final = timedelta(days=2)
_INSTANT: Final = "%Y%m%dT%H%M%SZ"
_EMPTY: Final = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
_WHAT_IT_IS: Final = b"""<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:" xmlns:S="http://calendarserver.org/ns/">\
<D:prop><D:resourcetype/><D:sync-token/><S:getctag/></D:prop></D:propfind>"""
_EVENTS: Final = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">\
<D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{within}\
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""


async def read_collection(remote: RemoteCalendars, access: Access, known: Validators | None, now: datetime) -> Found:
    """Read the events of a collection as one document, with all their repetitions still to be expanded.

    Raises:
        RemoteFailedError: It could not be read, or it is no calendar.
    """
    tag = await _tag(remote, access, now)
    if known is not None and tag is not None and tag == known.collection:
        return Found(None, known)
    try:
        answer = await _events(remote, access, now, "")
    except RemoteFailedError as failure:
        if failure.outcome is not PollOutcome.TOO_LARGE:
            raise
        answer = await _events(remote, access, now, _within_horizon(now))
    return Found(await asyncio.to_thread(_document, answer), Validators(now.timestamp(), collection=tag))


async def _tag(remote: RemoteCalendars, access: Access, now: datetime) -> str | None:
    """Return what changes whenever the collection does; None where the server tells nothing of the kind."""
    answer = await remote.ask(access, now, method="PROPFIND", headers={**_XML, "depth": "0"}, body=_WHAT_IT_IS)
    properties = [found for response in _responses(answer) for found in _found_in(response)]
    if not any(
        found.tag == f"{_DAV}resourcetype" and found.find(f"{_CALDAV}calendar") is not None for found in properties
    ):
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
    tags = sorted(f"{found.tag}={found.text}" for found in properties if found.tag in {f"{_DAV}sync-token", _CTAG})
    joined = "\n".join(tags)
    return joined if tags and len(joined) <= _LONGEST_TOKEN else None


async def _events(remote: RemoteCalendars, access: Access, now: datetime, within: str) -> HttpAnswer:
    body = _EVENTS.format(within=within).encode()
    return await remote.ask(access, now, method="REPORT", headers={**_XML, "depth": "1"}, body=body)


def _within_horizon(now: datetime) -> str:
    """Write a time that holds every day that is kept, in any zone; open ends are what servers fail at."""
    start, end = now - KEPT_BEFORE - _MARGIN, now + KEPT_AFTER + _MARGIN
    return f'<C:time-range start="{start.strftime(_INSTANT)}" end="{end.strftime(_INSTANT)}"/>'


def _document(answer: HttpAnswer) -> bytes:
    """Put the calendars of an answer one after another, always in the same order."""
    found: list[tuple[str, str]] = []
    for response in _responses(answer):
        href = response.findtext(f"{_DAV}href") or ""
        found += [(href, data.text or "") for data in _found_in(response) if data.tag == f"{_CALDAV}calendar-data"]
    return b"".join(text.strip().encode() + b"\r\n" for _, text in sorted(found)) or _EMPTY


def _responses(answer: HttpAnswer) -> list[Element]:
    """Read a multistatus (RFC 4918, 13); a document type, which could define entities, is refused unread."""
    try:
        text = answer.body.decode("utf-8")
        if answer.status != HTTPStatus.MULTI_STATUS or "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
        root = parse(text)  # noqa: S314 - see above
    except (UnicodeDecodeError, ParseError, ValueError):
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD) from None
    return root.findall(f"{_DAV}response") if root.tag == f"{_DAV}multistatus" else []


def _found_in(response: Element) -> Iterator[Element]:
    for part in response.findall(f"{_DAV}propstat"):
        if _OK in (part.findtext(f"{_DAV}status") or "").split():
            for properties in part.findall(f"{_DAV}prop"):
                yield from properties
