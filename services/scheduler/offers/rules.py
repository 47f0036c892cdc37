"""What is true of offers: who may be asked, and until when. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.identifiers import PatientId
from services.contracts.scheduler.waitlist import RankedEntry
from services.scheduler.offers.seats import FreeSeats
from services.scheduler.waitlist.rules import suits

TOKEN_BYTES: Final = 32


def hash_of(token: str) -> bytes:
    """Return what is kept of a secret: 256 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(token.encode()).digest()


def expiry(now: datetime, minutes: int, session: FreeSeats) -> datetime:
    """Return until when an answer counts, which is never past the start."""
    return min(now + timedelta(minutes=minutes), session.start)


def may_be_asked(entry: RankedEntry, session: FreeSeats) -> bool:
    """Whether somebody who waits has no seat there and is not being asked."""
    waits = entry.entry.service in {None, session.service}
    return waits and entry.entry.id not in session.asked and entry.entry.patient_id not in session.seated


def candidates(ranked: Iterable[RankedEntry], session: FreeSeats, zone: ZoneInfo) -> Iterator[RankedEntry]:
    """Yield, in the order of the rank, whom the seat would suit."""
    start, end = session.start.astimezone(zone), session.end.astimezone(zone)
    seen: set[PatientId] = set()
    for one in ranked:
        if may_be_asked(one, session) and suits(one.entry, session.service, start, end):
            # Somebody may wait for one service and for the whole programme: one offer is enough.
            if one.entry.patient_id not in seen:
                yield one
            seen.add(one.entry.patient_id)
