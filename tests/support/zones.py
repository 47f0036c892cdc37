"""Changes of offset in the whole world, and an oracle of them that only knows what a clock shows at an instant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from zoneinfo import ZoneInfo

YEARS = (2016, 2036)
_DAY_SECONDS = 86_400


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows the time; else the time before the gap.

    Only asks what the clock shows at an instant, never for the instant of a time.
    """
    near = wall.replace(tzinfo=UTC)
    offsets = {local(near + timedelta(hours=h), zone) - wall - timedelta(hours=h) for h in (-26, 26)}
    candidates = sorted(near - offset for offset in offsets)
    shown = [instant for instant in candidates if local(instant, zone) == wall]
    if shown:
        return shown[0]
    before = local(near - timedelta(hours=26), zone) - wall + timedelta(hours=26)
    return near - before


def canonical_zones() -> Iterator[str]:
    """The zones of the database, each content once."""
    seen: set[bytes] = set()
    for name in sorted((files("tzdata") / "zones").read_text().split()):
        digest = sha256((files("tzdata") / "zoneinfo" / name).read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield name


def zones() -> Iterator[ZoneInfo]:
    """The canonical zones, read from the database's own files."""
    for name in canonical_zones():
        with (files("tzdata") / "zoneinfo" / name).open("rb") as file:
            yield ZoneInfo.from_file(file, key=name)


def changes_of(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which the offset changes, to the second."""
    midnight = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    offset = midnight.astimezone(zone).utcoffset()
    while midnight.year < YEARS[1]:
        before, midnight = midnight, midnight + timedelta(days=4)
        after = midnight.astimezone(zone).utcoffset()
        if after != offset:
            low, high = 0, 4 * _DAY_SECONDS
            while high - low > 1:
                middle = (low + high) // 2
                same = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
                low, high = (middle, high) if same else (low, middle)
            yield before + timedelta(seconds=high)
            offset = after


@cache
def behaviours() -> tuple[tuple[ZoneInfo, tuple[datetime, ...]], ...]:
    """One zone, with its changes, for each way in which the clocks of the world go over the years."""
    found: dict[tuple[object, ...], tuple[ZoneInfo, tuple[datetime, ...]]] = {}
    for zone in zones():
        changes = tuple(changes_of(zone))
        offsets = (instant.astimezone(zone).utcoffset() for instant in (datetime(YEARS[0], 1, 1, tzinfo=UTC), *changes))
        found.setdefault((changes, *offsets), (zone, changes))
    return tuple(found.values())
