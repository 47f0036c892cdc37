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
from services.scheduler.commitments.remote import Found, RemoteCalendars, RemoteFailedError, refusal
from services.scheduler.commitments.rules import KEPT_AFTER, KEPT_BEFORE
from services.scheduler.commitments.sealed import Access, Validators

_XML: Final = {"content-type": "application/xml; charset=utf-8"}
_DAV: Final = "{DAV:}"
_CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
_CTAG: Final = "{http://calendarserver.org/ns/}getctag"
_AVAILABILITY: Final = f"{_CALDAV}calendar-availability"
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

    `tag` changes whenever what is read of it does, and is None where nothing tells; `components` are what to ask for,
    and `perhaps` those of them that the server may know nothing of.
    """

    tag: str | None
    availability: bytes
    components: tuple[str, ...]
    perhaps: tuple[str, ...] = ()


async def read_collection(remote: RemoteCalendars, access: Access, known: Validators | None, now: datetime) -> Found:
    """Read what a collection tells of somebody's time as one document, with all their repetitions still to be expanded.

    Raises:
        RemoteFailedError: It could not be read, or it is no calendar.
    """
    collection = await _collection(remote, access, now)
    if known is not None and collection.tag is not None and collection.tag == known.collection:
        return Found(None, known)
    answers = [await _all_of(component, remote, access, now) for component in collection.components]
    for component in collection.perhaps:
        answer = await _all_of(component, remote, access, now, unless=(HTTPStatus.FORBIDDEN,))
        if not _knows_no_such(answer):
            answers.append(answer)
    document = await asyncio.to_thread(_document, collection.availability, answers)
    return Found(document, Validators(now.timestamp(), collection=collection.tag))


async def _collection(remote: RemoteCalendars, access: Access, now: datetime) -> _Collection:
    answer = await remote.ask(access, now, method="PROPFIND", headers={**_XML, "depth": "0"}, body=_WHAT_IT_IS)
    responses = _responses(answer)
    properties = {found.tag: found for response in responses for found in _found_in(response)}
    _refuse_unread(_AVAILABILITY, responses)
    kinds = {kind.tag for kind in properties.get(f"{_DAV}resourcetype", ())}
    availability = _text(properties.get(_AVAILABILITY))
    if f"{_CALDAV}schedule-inbox" in kinds:
        return _Collection(tag=_digest(availability), availability=availability, components=())
    if f"{_CALDAV}calendar" not in kinds:
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
    held = {held.get("name") for held in properties.get(f"{_CALDAV}supported-calendar-component-set", ())}
    return _Collection(
        tag=_tag(properties, availability),
        availability=availability,
        components=("VEVENT", "VAVAILABILITY") if "VAVAILABILITY" in held else ("VEVENT",),
        # A collection that does not say what it may hold may hold everything (RFC 4791, 5.2.3).
        perhaps=() if held else ("VAVAILABILITY",),
    )


def _refuse_unread(name: str, responses: Sequence[Element]) -> None:
    """Let nothing that is there and could not be read count as nothing; only what is not found is none."""
    for part in (part for response in responses for part in response.findall(f"{_DAV}propstat")):
        status = _status(part)
        is_read_or_none = status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
        if not is_read_or_none and part.find(f"{_DAV}prop/{name}") is not None:
            raise RemoteFailedError(refusal(status) or PollOutcome.NOT_UNDERSTOOD)


def _status(part: Element) -> int:
    """Read the status line of a part of a multistatus; 0 where there is none."""
    numbers = [word for word in (part.findtext(f"{_DAV}status") or "").split() if word.isdecimal()]
    return int(numbers[0]) if numbers and len(numbers[0]) == len("200") else 0


def _knows_no_such(answer: HttpAnswer) -> bool:
    """Whether a server says that it cannot look for components of a kind (RFC 4791, 7.8), and so holds none.

    Raises:
        RemoteFailedError: It refuses for another reason.
    """
    if answer.status != HTTPStatus.FORBIDDEN:
        return False
    if _parsed(answer).find(f"{_CALDAV}supported-filter") is None:
        raise RemoteFailedError(PollOutcome.ACCESS_REFUSED)
    return True


def _tag(properties: Mapping[str, Element], availability: bytes) -> str | None:
    """Join what changes whenever the collection or its availability does; a property is no member of a collection."""
    tags = [f"{name}={properties[name].text}" for name in (f"{_DAV}sync-token", _CTAG) if name in properties]
    joined = "\n".join([*tags, _digest(availability)] if availability else tags)
    return joined if tags and len(joined) <= _LONGEST_TOKEN else None


def _digest(availability: bytes) -> str:
    return f"{_AVAILABILITY}={hashlib.sha256(availability).hexdigest()}"


def _text(property_: Element | None) -> bytes:
    return b"" if property_ is None else (property_.text or "").strip().encode()


async def _all_of(
    component: str, remote: RemoteCalendars, access: Access, now: datetime, unless: Sequence[int] = ()
) -> HttpAnswer:
    """Ask for every one of a collection's components of a kind; where they are too many, for those of the horizon."""
    try:
        return await _events(remote, access, now, component, within="", unless=unless)
    except RemoteFailedError as failure:
        if failure.outcome is not PollOutcome.TOO_LARGE:
            raise
        return await _events(remote, access, now, component, within=_within_horizon(now), unless=unless)


async def _events(
    remote: RemoteCalendars, access: Access, now: datetime, component: str, *, within: str, unless: Sequence[int]
) -> HttpAnswer:
    body = _EVENTS.format(component=component, within=within).encode()
    headers = {**_XML, "depth": "1"}
    return await remote.ask(access, now, method="REPORT", headers=headers, body=body, unless=unless)


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
    """Read a multistatus (RFC 4918, 13)."""
    if answer.status != HTTPStatus.MULTI_STATUS:
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
    root = _parsed(answer)
    return root.findall(f"{_DAV}response") if root.tag == f"{_DAV}multistatus" else []


def _parsed(answer: HttpAnswer) -> Element:
    """Read a document; a document type, which could define entities, is refused unread."""
    try:
        text = answer.body.decode("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD)
        return parse(text)  # noqa: S314 - see above
    except (UnicodeDecodeError, ParseError, ValueError):
        raise RemoteFailedError(PollOutcome.NOT_UNDERSTOOD) from None


def _found_in(response: Element) -> Iterator[Element]:
    for part in response.findall(f"{_DAV}propstat"):
        if _status(part) == HTTPStatus.OK:
            for properties in part.findall(f"{_DAV}prop"):
                yield from properties
