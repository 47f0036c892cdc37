"""What a feed tells, from one serving to the next, for any book."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.commitments.ical import read_calendar
from services.scheduler.feeds.rules import KEPT, Item, Planned, told, uid_of, written

FEED = UUID(int=7)
NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def planned(number: int, hours: int, place: str | None = None) -> Planned:
    start = NOW + HOUR * hours
    return Planned(UUID(int=number), start, start + HOUR, place)


books = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.integers(0, 400), st.sampled_from([None, "Main Street, Oak", "Ünter; den, Linden\\ " * 5])),
    max_size=6,
)


def book(sessions: Mapping[int, tuple[int, str | None]]) -> list[Planned]:
    return [planned(number, *what) for number, what in sessions.items()]


@given(st.lists(st.tuples(books, st.integers(0, 20)), min_size=1, max_size=8))
def test_each_change_raises_the_sequence_once_and_nothing_else_does(
    history: list[tuple[dict[int, tuple[int, str | None]], int]],
) -> None:
    items: list[Item] = []
    now = NOW
    for sessions, days in history:
        now += timedelta(days=days)
        before = {item.uid: item for item in items}
        present = [session for session in book(sessions) if session.end > now - KEPT]
        items = told(FEED, items, present, now)
        uids = {uid_of(FEED, session.appointment_id) for session in present}
        assert [item.uid for item in items if not item.cancelled] == [
            uid_of(FEED, session.appointment_id)
            for session in sorted(present, key=lambda one: (one.start, uid_of(FEED, one.appointment_id)))
        ]
        for item in items:
            old = before.get(item.uid)
            same = old is not None and (old.start, old.end, old.location, old.cancelled) == (
                item.start, item.end, item.location, item.cancelled
            )  # fmt: skip
            assert item.sequence == (0 if old is None else old.sequence + (0 if same else 1))
            assert item.changed_at == (old.changed_at if same and old is not None else now)
            assert item.cancelled == (item.uid not in uids)
        for uid in set(before) - {item.uid for item in items}:
            old = before[uid]
            assert old.end <= now - KEPT or (old.cancelled and old.changed_at <= now - KEPT)
        assert told(FEED, items, present, now) == items


@given(books)
def test_what_is_written_is_read_back_by_another_library_and_by_our_own_reader(
    sessions: dict[int, tuple[int, str | None]],
) -> None:
    items = told(FEED, [], book(sessions), NOW)
    document = written(items)

    assert all(len(line) <= 75 for line in document.split(b"\r\n"))
    assert b"\n" not in document.replace(b"\r\n", b"")
    calendar = icalendar.Calendar.from_ical(document)
    assert not calendar.errors
    events: list[Any] = list(calendar.walk("VEVENT"))
    assert [(str(event["uid"]), event["dtstart"].dt, event["dtend"].dt) for event in events] == [
        (str(item.uid), item.start, item.end) for item in items
    ]
    assert [str(event["location"]) if "location" in event else None for event in events] == [
        item.location for item in items
    ]
    reading = read_calendar(document, zone=ZoneInfo("UTC"), start=NOW.date(), end=NOW.date() + timedelta(days=30))
    assert reading.events_read == len(items)
    assert [warning.code for warning in reading.warnings] == ([] if items else ["no-events"])
    covered = {(busy.start, busy.end) for busy in reading.busy}
    assert all(any(start <= item.start and item.end <= end for start, end in covered) for item in items)


def test_a_cancelled_session_is_told_for_thirty_days_and_takes_no_time() -> None:
    items = told(FEED, [], [planned(1, 24 * 40)], NOW)
    gone = told(FEED, items, [], NOW)

    document = written(gone)
    assert b"STATUS:CANCELLED" in document
    assert b"SEQUENCE:1" in document
    reading = read_calendar(document, zone=ZoneInfo("UTC"), start=NOW.date(), end=NOW.date() + timedelta(days=60))
    assert reading.busy == ()
    assert told(FEED, gone, [], NOW + timedelta(days=29, hours=23)) == gone
    assert told(FEED, gone, [], NOW + timedelta(days=30)) == []
    [again] = told(FEED, gone, [planned(1, 24 * 40)], NOW + timedelta(days=1))
    assert (again.sequence, again.cancelled) == (2, False)


def test_what_is_over_leaves_without_being_called_off() -> None:
    items = told(FEED, [], [planned(1, 0)], NOW)

    assert told(FEED, items, [], NOW + timedelta(days=31)) == []


def test_two_feeds_have_no_name_in_common() -> None:
    [one], [other] = (told(UUID(int=feed), [], [planned(1, 0)], NOW) for feed in (1, 2))

    assert one.uid != other.uid
    assert str(UUID(int=1)) not in str(one.uid)
