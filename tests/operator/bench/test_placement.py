from argparse import Namespace
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from random import Random

import pytest

from services.operator.bench import placement
from services.operator.bench.fixed_tracks import TRACKS, fitting, group_counts, most_served
from services.operator.bench.programme import LARGEST, SMALLEST, reaches_ceiling, site_document
from services.operator.bench.teaching_week import Commitments, NoPeopleError, busiest_week
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Interval, TherapyGroup

CALENDARS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "calendars"
WHOLE_DAY = (0, 60)


def busy_except(free: dict[int, tuple[int, int]]) -> Commitments:
    """Busy all week but for one window a day; the window has the travel around it."""
    found = []
    for day in range(7):
        start, end = free.get(day, (60, 60))
        found += [Interval(day, *piece) for piece in ((0, start - 2), (end + 2, 60)) if piece[0] < piece[1]]
    return tuple(found)


@pytest.mark.parametrize(
    ("long_days", "short_days", "reached"),
    [(3, 0, True), (2, 2, True), (2, 1, False), (1, 4, True), (1, 3, False), (0, 6, True), (0, 5, False), (6, 0, True)],
)
def test_a_long_meeting_spares_a_day_of_two_short_ones(long_days: int, short_days: int, reached: bool) -> None:  # noqa: FBT001 - a case
    free = dict.fromkeys(range(long_days), (20, 32))
    free |= dict.fromkeys(range(long_days, long_days + short_days), (20, 26))

    assert reaches_ceiling(busy_except(free)) is reached


def test_travel_and_closing_time_count() -> None:
    without_travel = tuple(Interval(day, *piece) for day in range(7) for piece in ((0, 22), (31, 60)))
    after_closing = busy_except(dict.fromkeys(range(7), (52, 60)))
    on_sunday = busy_except({0: (20, 32), 1: (20, 32), 6: (20, 32)})

    assert not reaches_ceiling(without_travel)
    assert not reaches_ceiling(after_closing)
    assert not reaches_ceiling(on_sunday)


def test_a_track_fits_only_who_can_come_to_each_of_its_meetings() -> None:
    monday_lecture = (Interval(0, 10, 12),)
    monday_lecture_before_lunch = (Interval(0, 21, 23),)

    assert fitting(()) == frozenset(range(len(TRACKS)))
    assert fitting(monday_lecture) == frozenset({1, 2, 3, 4, 5})
    assert fitting(monday_lecture_before_lunch) == frozenset({1, 3, 4, 5})


def test_tracks_that_meet_at_once_share_the_rooms() -> None:
    assert (3, 0, 3, 0, 3, 0) in group_counts()
    assert (2, 2, 0, 0, 0, 0) not in group_counts()
    assert (0, 0, 0, 0, 2, 2) not in group_counts()


def served_by_search(crowd: list[frozenset[int]]) -> int:
    """Every assignment, for crowds so small that rooms never bind."""

    def assignments(position: int) -> Iterator[tuple[int | None, ...]]:
        return product(*[[None, *sorted(fits)] for fits in crowd[position:]])

    return max(
        sum(track is not None for track in chosen)
        for chosen in assignments(0)
        if all(chosen.count(track) == 0 or chosen.count(track) >= SMALLEST for track in range(len(TRACKS)))
    )


def test_the_most_served_is_what_every_assignment_shows() -> None:
    random = Random(0)  # noqa: S311 - a test
    seen = set()

    for _ in range(20):
        crowd = [frozenset(random.sample(range(4), random.randint(0, 2))) for _ in range(7)]
        most = most_served(crowd)
        assert most == served_by_search(crowd)
        seen.add(most)

    assert len(seen) >= 3, seen


def test_seats_bound_what_a_track_serves() -> None:
    everybody_on_one_track = [frozenset({0})] * 60
    everybody_on_two_that_share_rooms = [frozenset({0, 1})] * 60

    assert most_served(everybody_on_one_track) == 3 * LARGEST
    assert most_served(everybody_on_two_that_share_rooms) == 3 * LARGEST
    assert most_served([frozenset({0})] * (SMALLEST - 1)) == 0


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def lecture(start: str, end: str, rule: str = "", zone: str = "America/Chicago") -> str:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{start}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART;TZID={zone}:{start}",
        f"DTEND;TZID={zone}:{end}",
        *([f"RRULE:{rule}"] if rule else []),
        "END:VEVENT",
    ]
    return "\r\n".join(lines)


def test_the_busiest_week_is_found_in_the_zone_most_files_name(tmp_path: Path) -> None:
    weekly = lecture("20260907T090000", "20260907T101000", "FREQ=WEEKLY;COUNT=10")
    extra = lecture("20260923T160000", "20260923T230000")
    tmp_path.joinpath("a.ics").write_bytes(calendar(weekly, extra))
    tmp_path.joinpath("b.ics").write_bytes(calendar(lecture("20260908T080000", "20260908T090000")))
    tmp_path.joinpath("c.ics").write_bytes(b"not a calendar")

    week = busiest_week(tmp_path)

    assert week.monday == date(2026, 9, 21)
    assert week.zone == "America/Chicago"
    assert week.people == ((Interval(0, 8, 13), Interval(2, 36, 60)), ())
    assert week.refused == 1


def test_a_folder_without_events_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NoPeopleError, match=r"holds no \.ics file"):
        busiest_week(tmp_path)


def test_people_are_split_by_seed_and_nobody_is_lost() -> None:
    people = [(Interval(0, number % 50, number % 50 + 1),) for number in range(130)]

    first, again, other = (placement.sites(people, seed) for seed in (1, 1, 2))

    assert [len(site) for site in first] == [60, 60, 10]
    assert first == again != other
    assert sorted(commitments for site in first for commitments in site) == sorted(people)


def test_a_site_gets_everybody_it_can_and_keeps_every_rule() -> None:
    morning = busy_except(dict.fromkeys((0, 2, 4), (8, 20)))
    evening = busy_except(dict.fromkeys((0, 1, 3), (42, 54)))
    never = busy_except({0: (8, 20)})
    people = [morning] * 5 + [evening] * 6 + [never] * 2

    placed = placement.place(people, seconds=1.5, seed=0)

    assert (placed.people, placed.ceiling, placed.served) == (13, 11, 11)
    assert placed.fixed_tracks == 11
    assert placed.errors == 0


def test_those_too_few_for_a_group_are_not_counted_as_served() -> None:
    morning = busy_except(dict.fromkeys((0, 2, 4), (8, 20)))
    evening = busy_except(dict.fromkeys((0, 1, 3), (42, 54)))

    placed = placement.place([morning] * 4 + [evening] * (SMALLEST - 1), seconds=1.5, seed=0)

    assert (placed.ceiling, placed.served, placed.fixed_tracks) == (7, 4, 4)


def test_served_means_all_nine_hours() -> None:
    instance = instance_from_json(site_document([()] * 4, "site"))
    week = [
        TherapyGroup(kind, day, 8, "on_site", "all", "en", 0, None, 0, members)
        for kind, day, members in (
            ("long", 0, (0, 1, 2, 3)),
            ("long", 1, (0, 1, 2, 3)),
            ("long", 2, (0, 1)),
            ("short", 2, (2, 3)),
        )
    ]

    assert placement.fully_served(instance, week) == 2


def test_a_site_is_a_valid_instance_of_three_groups_at_a_time() -> None:
    instance = instance_from_json(site_document([()] * 3, "site"))

    assert len(instance.rooms) == len(instance.practitioners) == 3
    assert {kind.slots for kind in instance.kinds.values()} == {12, 6}
    assert {(kind.size.minimum, kind.size.maximum) for kind in instance.kinds.values()} == {(4, 12)}


def test_the_shares_of_real_people_lie_in_order(tmp_path: Path) -> None:
    folder = CALENDARS / "yach-fal17"
    if not folder.is_dir():
        pytest.skip("../shared/data/calendars/yach-fal17 is absent: no real people to place")
    for path in sorted(folder.glob("*.ics"))[:780:39]:
        tmp_path.joinpath(path.name).write_bytes(path.read_bytes())

    figures = placement.measure(Namespace(calendars=tmp_path, seed=0, time_limit=1.5))

    assert (figures["people"], figures["sites"], figures["broken_rules"]) == (20, 1, 0)
    assert 0 < figures["fixed_tracks"] < figures["served"] <= figures["ceiling"] <= 1
    assert figures["seats"] == 12 * figures["groups"] >= figures["seats_taken"] > 0
    assert "20 people at 1 sites" in placement.table(figures)
