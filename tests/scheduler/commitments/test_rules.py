"""Entries by hand as busy time, for any week and around every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.commitments import (
    CollidingAppointment,
    CollisionCode,
    CommitmentEntry,
    CommitmentException,
    DayWindow,
    WeeklyCommitment,
)
from services.contracts.vocabulary import Modality, ServiceKind, Weekday
from services.scheduler.commitments.rules import collisions, read_entry

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ZONES = ("America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Phoenix", "Pacific/Apia")
times = st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))


@st.composite
def entries(draw: st.DrawFn) -> CommitmentEntry:
    def window() -> dict[str, time]:
        start, end = draw(st.lists(times, min_size=2, max_size=2, unique=True))
        return {"start": start, "end": end}

    weekly = [
        WeeklyCommitment(weekday=draw(st.sampled_from(Weekday)), **window()) for _ in range(draw(st.integers(1, 4)))
    ]
    days = draw(st.sets(st.integers(0, 20), max_size=3))
    first = date(2026, 10, 20)
    return CommitmentEntry(
        weekly=weekly,
        exceptions=[
            CommitmentException(
                first_day=first + timedelta(days=day),
                windows=[DayWindow(**window()) for _ in range(draw(st.integers(0, 2)))],
            )
            for day in days
        ],
    )


def walls_within(entry: CommitmentEntry, wall: datetime) -> bool:
    """Say whether an entry names this minute, from the definition: today's windows and yesterday's that go on."""
    for days_ago in (0, 1):
        day = wall.date() - timedelta(days=days_ago)
        minute = wall.hour * 60 + wall.minute + days_ago * 1440
        special = [found for found in entry.exceptions if found.first_day == day]
        windows = special[0].windows if special else [w for w in entry.weekly if w.weekday.number == day.weekday()]
        for window in windows:
            start = window.start.hour * 60 + window.start.minute
            end = window.end.hour * 60 + window.end.minute
            if start <= minute < (end if start < end else end + 1440):
                return True
    return False


@given(entry=entries(), zone=st.sampled_from(ZONES), offset=st.integers(0, 12 * 24 * 60 - 1))
@example(
    entry=CommitmentEntry(weekly=[WeeklyCommitment(weekday=Weekday.SUNDAY, start=time(1, 30), end=time(1, 45))]),
    zone="America/New_York",
    offset=9 * 24 * 60 + 95,
)
def test_every_minute_that_an_entry_names_is_busy_and_away_from_a_change_no_other(
    entry: CommitmentEntry, zone: str, offset: int
) -> None:
    first = date(2026, 10, 23)
    reading = read_entry(entry, ZoneInfo(zone), first, first + timedelta(days=12))
    instant = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC) + MINUTE * offset
    wall = instant.astimezone(ZoneInfo(zone))
    if wall.date() >= first + timedelta(days=12):
        return

    is_busy = any(busy.start <= instant < busy.end for busy in reading.busy)

    if walls_within(entry, wall.replace(tzinfo=None)):
        assert is_busy
    elif _is_far_from_a_change(instant, ZoneInfo(zone)):
        assert not is_busy
    assert all(earlier.end < later.start for earlier, later in zip(reading.busy, reading.busy[1:], strict=False))


def _is_far_from_a_change(instant: datetime, zone: ZoneInfo) -> bool:
    around = [(instant + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-3, 3)]
    return around[0] == around[1]


SESSION = CollidingAppointment(
    code=CollisionCode.OVERLAP,
    appointment_id=AppointmentId(UUID(int=1)),
    site_id=SiteId(UUID(int=2)),
    week=date(2026, 10, 5),
    timetable_version=1,
    published_version=1,
    service=ServiceKind.PROCESS_GROUP,
    modality=Modality.ON_SITE,
    start=datetime(2026, 10, 5, 10, tzinfo=UTC),
    end=datetime(2026, 10, 5, 12, tzinfo=UTC),
)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=8), st.integers(0, 4), st.sampled_from(Modality)
)
def test_what_collides_shares_an_hour_with_the_session_or_with_the_way_to_it(
    spans: list[tuple[int, int]], way: int, modality: Modality
) -> None:
    origin = datetime(2026, 10, 5, tzinfo=UTC)
    busy = [(origin + timedelta(hours=start), origin + timedelta(hours=start + size)) for start, size in spans]
    session = SESSION.model_copy(update={"modality": modality})
    held = {10, 11}
    near = set(range(10 - way, 12 + way)) if modality is Modality.ON_SITE else held

    found = [(interval, [one.code for one in met]) for interval, met in collisions(busy, [session], way * HOUR)]

    assert found == [
        (interval, [CollisionCode.OVERLAP if hours & held else CollisionCode.TRAVEL])
        for interval, (start, size) in zip(busy, spans, strict=True)
        if (hours := set(range(start, start + size))) & near
    ]
