"""What is true of the directory."""

import math
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.records.directory import DirectoryPlace
from services.contracts.vocabulary import Weekday, WeeklyWindow
from services.records.directory.nearness import EARTH_RADIUS_KM, box_around
from services.records.directory.rules import parts_of_week


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    # The angle between two unit vectors: another way than the database's.
    def vector(place: tuple[float, float]) -> tuple[float, float, float]:
        north, east = math.radians(place[0]), math.radians(place[1])
        return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)

    a, b = vector(one), vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return EARTH_RADIUS_KM * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


@given(
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    within=st.floats(0.001, 500),
    bearing=st.floats(0, 2 * math.pi),
    share=st.floats(0, 0.999999),
)
def test_a_box_holds_every_place_within_the_distance(
    latitude: float, longitude: float, within: float, bearing: float, share: float
) -> None:
    box = box_around(DirectoryPlace(latitude=latitude, longitude=longitude, within_km=within))
    angle, north = within * share / EARTH_RADIUS_KM, math.radians(latitude)
    there = math.asin(
        max(-1.0, min(1.0, math.sin(north) * math.cos(angle) + math.cos(north) * math.sin(angle) * math.cos(bearing)))
    )
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(north), math.cos(angle) - math.sin(north) * math.sin(there)
    )
    east = (longitude + math.degrees(turn) + 540) % 360 - 180
    place = (math.degrees(there), east)

    if distance_km((latitude, longitude), place) <= within:
        assert box.holds(*place)


def test_a_box_leaves_out_what_lies_far() -> None:
    box = box_around(DirectoryPlace(latitude=40, longitude=-74, within_km=50))

    assert not box.holds(41, -74)
    assert not box.holds(40, -75)


@pytest.mark.parametrize(
    ("weekday", "start", "end", "parts"),
    [
        ("MO", 18, 21, {"evening"}),
        ("TU", 9, 12, {"morning"}),
        ("WE", 12, 17, {"afternoon"}),
        ("TH", 16, 18, {"afternoon", "evening"}),
        ("SA", 9, 13, {"morning", "afternoon", "weekend"}),
    ],
)
def test_a_session_lies_in_parts_of_the_week(weekday: str, start: int, end: int, parts: set[str]) -> None:
    assert parts_of_week(WeeklyWindow(weekday=Weekday(weekday), start=time(start), end=time(end))) == parts
