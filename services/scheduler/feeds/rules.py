"""What is true of feeds: what has changed since it was last served, and how it is written (RFC 5545, 5546, 7986)."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.contracts.vocabulary import ServiceKind

KEPT: Final = timedelta(days=30)
"""How long what is over, or cancelled, stays in a feed."""
TOKEN_BYTES: Final = 32
SHOWN: Final = (
    ServiceKind.PROCESS_GROUP,
    ServiceKind.SKILLS_GROUP,
    ServiceKind.EDUCATION_GROUP,
    ServiceKind.INDIVIDUAL,
    ServiceKind.FAMILY,
    ServiceKind.MEDICATION,
    ServiceKind.NURSE_VISIT,
)
"""What a feed shows: what is drawn by lot and told on its day, as a drug test is, is not to be read here before."""
FORMAT: Final = 1
"""Goes up when the same items are written otherwise, so that no program keeps the old writing."""

_LONGEST_LINE: Final = 75
_POLL: Final = "PT1H"
_INSTANT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as the book has it; instants are in UTC."""

    appointment_id: UUID
    start: datetime
    end: datetime
    location: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A session as a feed tells it, with how often it has changed there and when last."""

    uid: UUID
    start: datetime
    end: datetime
    location: str | None
    sequence: int
    changed_at: datetime
    cancelled: bool


def hash_of(token: str) -> bytes:
    """Return by what a secret is found; 32 random bytes need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def uid_of(feed_id: UUID, appointment_id: UUID) -> UUID:
    """Return what a session is called in one feed, for good.

    Feeds of two people who sit in one group have no word in common, so whoever reads both does not learn of it.
    """
    return uuid5(feed_id, str(appointment_id))


def told(feed_id: UUID, served: Iterable[Item], planned: Iterable[Planned], now: datetime) -> list[Item]:
    """Return what the feed tells now, given what it told last; a change raises the sequence (RFC 5546, 2.1.4)."""
    known = {item.uid: item for item in served}
    items: list[Item] = []
    for session in planned:
        uid = uid_of(feed_id, session.appointment_id)
        items.append(_told_again(known.pop(uid, None), _first(uid, session, now)))
    items += filter(None, (_without(item, now) for item in known.values()))
    return sorted(items, key=lambda item: (item.start, item.uid))


def _first(uid: UUID, session: Planned, now: datetime) -> Item:
    # An instant in a feed has whole seconds.
    return Item(uid, session.start, session.end, session.location, 0, now.replace(microsecond=0), cancelled=False)


def _told_again(before: Item | None, item: Item) -> Item:
    if before is None:
        return item
    if replace(item, sequence=before.sequence, changed_at=before.changed_at) == before:
        return before
    return replace(item, sequence=before.sequence + 1)


def _without(item: Item, now: datetime) -> Item | None:
    """Say what becomes of an item that is no longer planned: it is over long since, or cancelled, for a while."""
    if item.end <= now - KEPT or (item.cancelled and item.changed_at <= now - KEPT):
        return None
    if item.cancelled:
        return item
    return replace(item, cancelled=True, sequence=item.sequence + 1, changed_at=now.replace(microsecond=0))


def written(items: Sequence[Item]) -> bytes:
    """Write a feed; the same items are the same bytes."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Calendar//Feed//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:Appointments",
        "X-WR-CALNAME:Appointments",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_POLL}",
        f"X-PUBLISHED-TTL:{_POLL}",
    ]
    if items:
        lines.append(f"LAST-MODIFIED:{_instant(max(item.changed_at for item in items))}")
    for item in items:
        lines += _event(item)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line)).encode()


def _event(item: Item) -> Iterator[str]:
    changed = _instant(item.changed_at)
    yield "BEGIN:VEVENT"
    yield f"UID:{item.uid}"
    yield f"DTSTAMP:{changed}"
    yield f"LAST-MODIFIED:{changed}"
    yield f"SEQUENCE:{item.sequence}"
    yield f"DTSTART:{_instant(item.start)}"
    yield f"DTEND:{_instant(item.end)}"
    yield "SUMMARY:Appointment"
    if item.location is not None and not item.cancelled:
        yield f"LOCATION:{_escaped(item.location)}"
    yield f"STATUS:{'CANCELLED' if item.cancelled else 'CONFIRMED'}"
    yield f"TRANSP:{'TRANSPARENT' if item.cancelled else 'OPAQUE'}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(_INSTANT)


def _escaped(text: str) -> str:
    """Write TEXT (RFC 5545, 3.3.11); names have no line breaks."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """Fold a line after 75 octets and within no character (RFC 5545, 3.1)."""
    part, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part += character
        size += octets
    yield part
