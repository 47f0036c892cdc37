"""Reads a CalDAV collection whole (RFC 4791), where its server does not say that nothing has changed.

When somebody is to be had is written as VAVAILABILITY (RFC 7953): in `calendar-availability`, which servers keep with
the scheduling inbox (RFC 6638), or among the events of a calendar that may hold it. An inbox is read for that alone,
for the invitations in it bind nobody yet.

Servers answer differently about what has changed since a sync-token and about what falls into a time, so a token or a
ctag only ever tells that nothing has changed, and every repetition is expanded here. No href of an answer is followed.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"><D:prop>\
<D:resourcetype/><D:sync-token/><S:getctag/><C:supported-calendar-component-set/><C:calendar-availability/></D:prop>\
</D:propfind>"""
_EVENTS: Final = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">\
<D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">{within}\
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""


@dataclass(frozen=True, slots=True)
class _Collection:
    """What a server says of a collection.

    `tag` changes whenever what is read of it does, and is None where nothing tells; `components` are what to ask for.
    """

    tag: str | None
    availability: bytes
    components: tuple[str, ...]


async def read_collection(remote: RemoteCalendars, access: Access, known: Validators | None, now: datetime) -> Found:
    """Read what a collection tells of somebody's time as one document, with all their repetitions still to be expanded.

    Raises:
        RemoteFailedError: It could not be read, or it is no calendar.
    """
    collection = await _collection(remote, access, now)
    if known is not None and collection.tag is not None and collection.tag == known.collection:
        return Found(None, known)
    answers = [await _all_of(component, remote, access, now) for component in collection.components]
    document = await asyncio.to_thread(_document, collection.availability, answers)
    return Found(document, Validators(now.timestamp(), collection=collection.tag))


async def _collection(remote: RemoteCalendars, access: Access, now: datetime) -> _Collection:
    answer = await remote.ask(access, now, method="PROPFIND", headers={**_XML, "depth": "0"}, body=_WHAT_IT_IS)
    properties = {found.tag: found for response in _responses(answer) for found in _found_in(response)}
    kinds = {kind.tag for kind in properties.get(f"{_DAV}resourcetype", ())}
    availability = _text(properties.get(f"{_CALDAV}calendar-availability"))
    if f"{_CALDAV}schedule-inbox" in kinds:
        return _Collection(tag=_digest(availability), availability=availability, components=())
    if f"{_CALDAV}calendar" not in kinds:
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
    held = {held.get("name") for held in properties.get(f"{_CALDAV}supported-calendar-component-set", ())}
    return _Collection(
        tag=_tag(properties, availability),
        availability=availability,
        components=("VEVENT", "VAVAILABILITY") if "VAVAILABILITY" in held else ("VEVENT",),
    )


def _tag(properties: Mapping[str, Element], availability: bytes) -> str | None:
    """Join what changes whenever the collection or its availability does; a property is no member of a collection."""
    tags = [f"{name}={properties[name].text}" for name in (f"{_DAV}sync-token", _CTAG) if name in properties]
    joined = "\n".join([*tags, _digest(availability)] if availability else tags)
    return joined if tags and len(joined) <= _LONGEST_TOKEN else None


def _digest(availability: bytes) -> str:
    return f"{_CALDAV}calendar-availability={hashlib.sha256(availability).hexdigest()}"


def _text(property_: Element | None) -> bytes:
    return b"" if property_ is None else (property_.text or "").strip().encode()


async def _all_of(component: str, remote: RemoteCalendars, access: Access, now: datetime) -> HttpAnswer:
    """Ask for every one of a collection's components of a kind; where they are too many, for those of the horizon."""
    try:
        return await _events(remote, access, now, component, "")
    except RemoteFailedError as failure:
        if failure.outcome is not PollOutcome.TOO_LARGE:
            raise
        return await _events(remote, access, now, component, _within_horizon(now))


async def _events(remote: RemoteCalendars, access: Access, now: datetime, component: str, within: str) -> HttpAnswer:
    body = _EVENTS.format(component=component, within=within).encode()
    return await remote.ask(access, now, method="REPORT", headers={**_XML, "depth": "1"}, body=body)


def _within_horizon(now: datetime) -> str:
    """Write a time that holds every day that is kept, in any zone; open ends are what servers fail at."""
    start, end = now - KEPT_BEFORE - _MARGIN, now + KEPT_AFTER + _MARGIN
    return f'<C:time-range start="{start.strftime(_INSTANT)}" end="{end.strftime(_INSTANT)}"/>'


def _document(availability: bytes, answers: Sequence[HttpAnswer]) -> bytes:
    """Put the availability and the calendars of answers one after another, always in the same order.

    A member that has both an event and an availability is in two answers, and counts once.
    """
    found: set[tuple[str, str]] = set()
    for response in (response for answer in answers for response in _responses(answer)):
        href = response.findtext(f"{_DAV}href") or ""
        found |= {(href, data.text or "") for data in _found_in(response) if data.tag == f"{_CALDAV}calendar-data"}
    calendars = [availability, *(text.strip().encode() for _, text in sorted(found))]
    return b"".join(calendar + b"\r\n" for calendar in calendars if calendar) or _EMPTY


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
