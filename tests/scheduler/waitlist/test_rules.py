"""Ranking is a total order that the rules alone decide, and a window is what a session lies in whole."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import PatientId, SiteId, WaitlistEntryId
from services.contracts.scheduler.waitlist import PriorityFact, WaitlistEntry, WaitlistStatus
from services.contracts.vocabulary import ServiceKind, Weekday, WeeklyWindow
from services.scheduler.waitlist.priorities import PRIORITIES
from services.scheduler.waitlist.rules import could_come, priorities_of, ranked, suits

TODAY = date(2026, 10, 2)
MONDAY = datetime(2026, 10, 5, tzinfo=UTC)


def at(quarter: int) -> time:
    return time(quarter // 4, quarter % 4 * 15)


WINDOWS = st.builds(
    lambda day, start, length: WeeklyWindow(weekday=day, start=at(start), end=at(min(95, start + length))),
    st.sampled_from(Weekday),
    st.integers(0, 90),
    st.integers(1, 20),
)


def entry(number: int = 0, **changes: object) -> WaitlistEntry:
    values: dict[str, object] = {
        "id": WaitlistEntryId(UUID(int=number)),
        "site_id": SiteId(UUID(int=1)),
        "patient_id": PatientId(UUID(int=number)),
        "service": None,
        "windows": [],
        "priority_facts": [],
        "since": TODAY,
        "status": WaitlistStatus.WAITING,
        "reason": None,
        "version": 1,
        "created_at": MONDAY,
        "closed_at": None,
    }
    return WaitlistEntry.model_validate({**values, **changes})


@st.composite
def waitlists(draw: st.DrawFn) -> list[WaitlistEntry]:
    return [
        entry(
            number,
            since=TODAY - timedelta(days=draw(st.integers(0, 3660))),
            priority_facts=sorted(draw(st.frozensets(st.sampled_from(PriorityFact)))),
            windows=draw(st.lists(WINDOWS, max_size=3)),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


@given(waitlists(), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_reading(entries: list[WaitlistEntry], random: Random) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)

    assert ranked(shuffled, TODAY) == ranked(entries, TODAY)


@given(waitlists())
def test_scores_fall_along_the_ranks_and_are_the_sum_of_their_reasons(entries: list[WaitlistEntry]) -> None:
    found = ranked(entries, TODAY)

    assert [one.rank for one in found] == list(range(1, len(entries) + 1))
    assert all(first.score >= second.score for first, second in pairwise(found))
    assert all(one.score == sum(reason.points for reason in one.reasons) for one in found)


def test_no_waiting_makes_up_for_a_preference_that_a_rule_orders() -> None:
    decades = entry(1, since=TODAY - timedelta(days=3660), priority_facts=["steps_down"], windows=[])
    orders = [["injects_drugs"], ["pregnant"], ["injects_drugs", "pregnant"]]

    found = ranked([decades, *(entry(number + 2, priority_facts=facts) for number, facts in enumerate(orders))], TODAY)

    assert [sorted(one.entry.priority_facts) for one in found] == [*reversed(orders), ["steps_down"]]


def test_each_priority_has_its_citation_and_the_strict_ones_lie_further_apart_than_any_wait() -> None:
    points = [priority.points for priority in PRIORITIES]

    assert all(priority.citation for priority in PRIORITIES)
    assert points == sorted(points, reverse=True)
    assert all(above - below > 3660 + 44 for above, below in pairwise(points))


def test_a_stronger_priority_stands_in_for_those_it_is_made_of() -> None:
    assert [priority.code for priority in priorities_of(frozenset(PriorityFact))] == [
        "pregnant-injects-drugs",
        "steps-down",
    ]


@given(st.lists(WINDOWS, min_size=1, max_size=4), st.integers(0, 6), st.integers(0, 80), st.integers(1, 12))
def test_a_session_suits_where_each_of_its_quarters_lies_in_a_window(
    windows: list[WeeklyWindow], day: int, start: int, length: int
) -> None:
    begins = MONDAY + timedelta(days=day, minutes=15 * start)
    ends = begins + timedelta(minutes=15 * length)
    quarters = [(begins + timedelta(minutes=15 * number)).time() for number in range(length)]

    expected = all(
        any(window.weekday.number == day and window.start <= quarter < window.end for window in windows)
        for quarter in quarters
    )

    assert could_come(entry(windows=windows), begins, ends) is expected


def test_who_waits_for_the_whole_programme_is_suited_by_every_service() -> None:
    ends = MONDAY + timedelta(hours=1)

    assert suits(entry(), ServiceKind.FAMILY, MONDAY, ends)
    assert suits(entry(service=ServiceKind.FAMILY), ServiceKind.FAMILY, MONDAY, ends)
    assert not suits(entry(service=ServiceKind.FAMILY), ServiceKind.INDIVIDUAL, MONDAY, ends)
