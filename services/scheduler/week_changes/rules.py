"""What somebody has seen of a site's weeks, as a cursor, and what is different from it. Pure.

A cursor is no place in a row of commits, which come out of order, but what was seen: of each week the version and a
mark of its book. Whatever is different is told, whenever it was committed, and nothing can be passed over.
"""

import base64
import binascii
from datetime import date
from struct import Struct, error
from typing import Final
from uuid import UUID

from services.contracts.identifiers import SiteId
from services.contracts.scheduler.week_changes import WeekChange
from services.scheduler.week_changes.facts import Seen, SeenWeek

MOST_WEEKS: Final = 53
_WEEK: Final = Struct(">IIQ")
_SITE_BYTES: Final = 16
LONGEST_CURSOR: Final = 4 * ((_SITE_BYTES + MOST_WEEKS * _WEEK.size + 2) // 3)
_UNSEEN: Final = SeenWeek(0, 0)


def written(site_id: SiteId, seen: Seen) -> str:
    """Write a cursor of what was seen of a site."""
    weeks = b"".join(_WEEK.pack(week.toordinal(), *one) for week, one in sorted(seen.items()))
    return base64.urlsafe_b64encode(site_id.bytes + weeks).decode().rstrip("=")


def read(cursor: str, site_id: SiteId) -> Seen | None:
    """Read a cursor; None where it is none of this site."""
    try:
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if SiteId(UUID(bytes=found[:_SITE_BYTES])) != site_id:
            return None
        weeks = _WEEK.iter_unpack(found[_SITE_BYTES:])
        return {date.fromordinal(day): SeenWeek(version, mark) for day, version, mark in weeks}
    except (binascii.Error, ValueError, OverflowError, error):
        return None


def changes(before: Seen, now: Seen) -> list[WeekChange]:
    """Say which weeks are not as they were; what is no more among them is over."""
    return [
        WeekChange(
            week=week,
            base_version=was.version,
            version=one.version,
            is_book_changed=week not in before or one.mark != was.mark,
        )
        for week, one in sorted(now.items())
        if (was := before.get(week, _UNSEEN)) != one
    ]
