"""What is alike and what lies near, as rules and the database both see it."""

import math
from typing import Final, NamedTuple

from services.contracts.records.directory import DirectoryPlace

EARTH_RADIUS_KM: Final = 6371.0088
"""The mean radius (IUGG)."""

_POLE: Final = 90.0
_HALF_TURN: Final = 180.0


class Box(NamedTuple):
    """Degrees that hold everything within a distance; where west exceeds east it reaches over the antimeridian."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, latitude: float, longitude: float) -> bool:
        """Whether a place lies within."""
        in_reach = self.west <= longitude <= self.east
        if self.west > self.east:
            in_reach = longitude >= self.west or longitude <= self.east
        return self.south <= latitude <= self.north and in_reach


def plain(text: str) -> str:
    """Return a text as it is compared: in whatever letters and spaces it was written."""
    return " ".join(text.casefold().split())


def box_around(place: DirectoryPlace) -> Box:
    """Return degrees that hold every place within the distance; a little more near the poles, and never less."""
    reach = math.degrees(place.within_km / EARTH_RADIUS_KM)
    south, north = place.latitude - reach, place.latitude + reach
    if south <= -_POLE or north >= _POLE:
        return Box(max(-_POLE, south), min(_POLE, north), -_HALF_TURN, _HALF_TURN)
    widest = math.sin(math.radians(reach)) / math.cos(math.radians(place.latitude))
    if widest >= 1:
        return Box(south, north, -_HALF_TURN, _HALF_TURN)
    # What a float rounds away would be a programme at the very edge.
    width = math.degrees(math.asin(widest)) + 1e-9
    west, east = place.longitude - width, place.longitude + width
    return Box(south - 1e-9, north + 1e-9, _turned(west), _turned(east))


def _turned(longitude: float) -> float:
    if longitude < -_HALF_TURN:
        return longitude + 2 * _HALF_TURN
    return longitude - 2 * _HALF_TURN if longitude > _HALF_TURN else longitude
