"""An exchange may shorten no week below its plan and lengthen none beyond what is most; one that is no worse may be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.hours import MostMinutes, WeekHours, hours_broken

GROUP, ALONE = ServiceKind.PROCESS_GROUP, ServiceKind.INDIVIDUAL
MONDAY = datetime(2026, 10, 5, 13, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def session(day: int, minutes: int, service: ServiceKind = GROUP) -> SessionFacts:
    start = MONDAY + day * DAY
    zone = ZoneInfo("America/New_York")
    return SessionFacts(service, Modality.ON_SITE, start, start + minutes * MINUTE, "adult", "en", zone)


sessions = st.builds(
    session,
    st.integers(0, 6),
    st.integers(1, 16).map(lambda quarters: quarters * 15),
    st.sampled_from((GROUP, ALONE)),
)
most = st.none() | st.integers(1, 80).map(lambda quarters: MostMinutes(quarters * 15, "somebody"))
weeks = st.builds(
    WeekHours,
    required=st.dictionaries(st.sampled_from((GROUP, ALONE)), st.integers(0, 900)),
    week_most=most,
    day_most=most,
)


def of(week: list[SessionFacts], service: ServiceKind | None = None, day: date | None = None) -> int:
    return sum(
        (one.end - one.start) // MINUTE for one in week if service in (None, one.service) and day in (None, one.day)
    )


@given(weeks, st.lists(sessions, max_size=6), st.none() | sessions, st.none() | sessions)
def test_a_refusal_says_what_gets_worse_and_lies_beyond_what_is_asked(
    hours: WeekHours, others: list[SessionFacts], leaving: SessionFacts | None, entering: SessionFacts | None
) -> None:
    codes = {rule.code for rule in hours_broken(hours, others, leaving=leaving, entering=entering)}

    before = others + ([leaving] if leaving else [])
    after = others + ([entering] if entering else [])
    expected = set()
    if leaving:
        had, has = of(before, leaving.service), of(after, leaving.service)
        if has < had and has < hours.required.get(leaving.service, 0):
            expected.add("hours-short")
    if entering:
        week, day = (of(before), of(after)), (of(before, day=entering.day), of(after, day=entering.day))
        if hours.week_most and week[1] > week[0] and week[1] > hours.week_most.minutes:
            expected.add("week-too-long")
        if hours.day_most and day[1] > day[0] and day[1] > hours.day_most.minutes:
            expected.add("day-too-long")
    assert codes == expected


@given(weeks, st.lists(sessions, max_size=6), sessions)
def test_an_exchange_that_changes_no_hours_is_never_refused_for_them(
    hours: WeekHours, others: list[SessionFacts], same: SessionFacts
) -> None:
    assert hours_broken(hours, others, leaving=same, entering=same) == []


def test_a_refusal_says_whose_figure_it_is_in_minutes() -> None:
    hours = WeekHours({GROUP: 180}, MostMinutes(240, "rule pack us-nc, 27G"), None)

    short = hours_broken(hours, [session(0, 60)], leaving=session(1, 120), entering=session(1, 60))
    long = hours_broken(hours, [session(0, 120)], leaving=session(1, 60), entering=session(1, 180))

    assert [rule.sentence for rule in short] == [
        "the patient would have 120 minutes of this service in the week, and the plan requires 180"
    ]
    assert [rule.sentence for rule in long] == [
        "the patient's week would have 300 minutes of sessions, 240 at most (rule pack us-nc, 27G)"
    ]
