"""Hours of several weeks together and days between sessions: found in a week, told of a solve, seen ahead."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Role
from services.contracts.rule_packs import EffectiveRule, RuleKey
from services.scheduler.attendance.facts import Attended
from services.scheduler.rule_packs.periods import Period, gaps, period_of
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.rule_packs.test_rule_packs import override
from tests.scheduler.rule_packs.test_rule_packs import set_up as set_up  # noqa: PLC0414 - a fixture's name here
from tests.scheduler.weekly import ByHand, Week

WEEK = timedelta(weeks=1)
FIRST = date.fromisoformat(MONDAY)
SetUp = Callable[..., Awaitable[Any]]


def monday(number: int) -> str:
    return (FIRST + number * WEEK).isoformat()


def asking(minutes: int, weeks: int) -> EffectiveRule:
    values: dict[str, Any] = {"key": RuleKey.PERIOD_MINUTES_FEWEST, "service": None, "considered": []}
    return EffectiveRule(**values, value=minutes, weeks=weeks, source="a law")


@given(st.integers(1, 400), st.integers(2, 26), st.lists(st.integers(0, 80), max_size=25))
def test_whoever_has_the_fewest_of_each_week_has_all_of_them_at_the_end(
    quarters: int, weeks: int, before: list[int]
) -> None:
    """What is asked of a week is never more than is left, and, kept from then on, is enough: to the last quarter."""
    had, number, asked = 15 * sum(before[: weeks - 1]), len(before[: weeks - 1]) + 1, 15 * quarters

    while number <= weeks:
        period = Period(asked, weeks, number, had)
        assert period.fewest <= max(0, asked - had) + 14
        had, number = had + period.fewest, number + 1

    assert had >= asked


@given(st.integers(0, 40), st.integers(2, 26))
def test_a_period_is_so_many_weeks_from_the_first_and_no_more(ahead: int, weeks: int) -> None:
    week = FIRST + ahead * WEEK
    attended = Attended({FIRST: 90} if ahead else {}, None)

    by_sessions = period_of(asking(600, weeks), week, None, attended)
    by_plan = period_of(asking(600, weeks), week, FIRST + timedelta(days=4), Attended({FIRST - WEEK: 90}, None))

    assert (by_sessions is None) is (by_plan is None) is (ahead >= weeks)
    if by_sessions is not None and by_plan is not None:
        assert by_sessions.number == by_plan.number == ahead + 1
        # What lies before the period counts for nothing.
        assert (by_sessions.had, by_plan.had) == (90 if ahead else 0, 0)


@given(st.sets(st.integers(0, 6)), st.none() | st.integers(-20, -1), st.integers(0, 4))
def test_a_gap_is_told_at_the_day_that_ends_it(days: set[int], before: int | None, most: int) -> None:
    start = FIRST
    last = None if before is None else start + timedelta(days=before)

    found = dict(gaps([start + timedelta(days=day) for day in days], last, most))

    offered = sorted(days | (set() if before is None else {before}))
    without = {
        start + timedelta(days=day): sum(one not in offered for one in range(previous, day))
        for previous, day in pairwise(offered)
    }
    assert found == {day: passed for day, passed in without.items() if passed > most}


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(3)])


@pytest.fixture
def findings(scheduler: ClientFactory, clinic: Clinic) -> Callable[..., Awaitable[list[Json]]]:
    async def read(number: int, key: str, patient_id: str) -> list[Json]:
        path = f"/v1/sites/{clinic.site['id']}/timetables/{monday(number)}/rule_findings"
        answer = await scheduler(Role.COUNSELLOR).get(path)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.json()["items"] if (one["key"], one["patient_id"]) == (key, patient_id)]

    return read


async def test_hours_of_several_weeks_are_held_against_what_is_left_for_a_week(
    *, clinic: Clinic, week: Week, by_hand: ByHand, set_up: SetUp, findings: Any, scheduler: ClientFactory, at: Any
) -> None:
    """360 minutes in 3 weeks: 90 in the first, so that 135 are left for each of the other two."""
    period = override("period_minutes_fewest", 360, weeks=3)
    assert (await set_up(clinic.site, {"overrides": [period]})).status_code == 200
    await by_hand.publish(monday(0), [week.group(0, 8, 0, 1)])
    await by_hand.publish(monday(1), [week.group(0, 8, 0, 1), week.group(2, 8, 0, 2)])

    [first], [second] = [await findings(number, "period_minutes_fewest", week.ids[1]) for number in (0, 1)]
    enough = await findings(1, "period_minutes_fewest", week.ids[0])

    assert (first["figure"], first["found"], second["figure"], second["found"]) == (120, 90, 135, 90)
    assert second["sentence"] == (
        "90 minutes in week 2 of 3, where 135 in each week from it on are what is left of 360 in all: before it there "
        "are 90"
    )
    assert second["source"] == "rule pack organization, override 1: Programme policy 4.2"
    assert enough == []
    [session] = [one for one in await booked(scheduler, clinic, monday(0)) if week.ids[1] in one["patient_ids"]]
    at(datetime.fromisoformat(session["end"]).astimezone(UTC))
    missed = {"patient_id": week.ids[1], "status": "noshow"}
    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{session['id']}/attendances", json=missed)
    assert answer.status_code == 201, answer.text
    [after] = await findings(1, "period_minutes_fewest", week.ids[1])
    # Who did not come has the minutes still to get.
    assert (after["figure"], after["found"]) == (180, 90)


async def booked(scheduler: ClientFactory, clinic: Clinic, of: str) -> list[Json]:
    path = f"/v1/sites/{clinic.site['id']}/appointments"
    answer = await scheduler(Role.COUNSELLOR).get(path, params={"week": of, "page_size": 200})
    return list(answer.json()["items"])


async def test_days_between_services_are_counted_across_the_weekend(
    *, clinic: Clinic, week: Week, by_hand: ByHand, set_up: SetUp, findings: Any
) -> None:
    """North Carolina: a Friday and the Monday after it have two days between them, a Friday and a Tuesday three."""
    nc = {"jurisdiction": "US-NC", "programmes": ["comprehensive_outpatient"]}
    assert (await set_up(clinic.site, nc)).status_code == 200
    await by_hand.publish(monday(0), [week.group(4, 8, 0, 1)])
    await by_hand.publish(monday(1), [week.group(0, 8, 0, 2), week.group(1, 8, 1, 2), week.group(4, 8, 0, 1)])

    to_monday = await findings(1, "gap_days_most", week.ids[0])
    to_tuesday = await findings(1, "gap_days_most", week.ids[1])
    without_before = await findings(1, "gap_days_most", week.ids[2])

    assert [(one["day"], one["found"], one["figure"]) for one in to_monday] == [("2026-10-16", 3, 2)]
    assert [(one["day"], one["found"]) for one in to_tuesday] == [("2026-10-13", 3)]
    assert "10A NCAC 27G .4503" in to_tuesday[0]["source"]
    assert without_before == []


async def test_a_solve_tells_of_how_many_the_plans_ask_for_less_than_is_left(
    *, clinic: Clinic, week: Week, set_up: SetUp, scheduler: ClientFactory
) -> None:
    """Nine hours of groups and one alone a week: 600 minutes are enough for 1,200 in two weeks, and not for 1,500."""
    assert len(week.ids) == 3
    warnings = []
    for version, minutes in enumerate((1200, 1500)):
        period = override("period_minutes_fewest", minutes, weeks=2)
        assert (await set_up(clinic.site, {"overrides": [period]}, version=version)).status_code == 200
        asked = await scheduler(Role.FRONT_DESK).post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
        assert asked.status_code == 202, asked.text
        await scheduler(Role.FRONT_DESK).post(f"/v1/solves/{asked.json()['id']}:cancel")
        warnings.append([one for one in asked.json()["warnings"] if one.startswith("rule-period")])

    told = (
        "rule-period: the plans of 3 of the patients ask for less in this week than 1500 minutes in 2 weeks still need "
        "(rule pack organization, override 1: Programme policy 4.2)"
    )
    assert warnings == [[], [told]]


async def test_the_weeks_ahead_show_where_a_period_ends_and_leaves_somebody_short(
    *, clinic: Clinic, week: Week, new_patient: Make, by_hand: ByHand, set_up: SetUp, scheduler: ClientFactory
) -> None:
    """600 minutes a week come to 1,800 of 1,830 in three, 660 are enough; who comes a week later ends a week later."""
    late = plan_of(clinic.counsellor, planned_admission=monday(1), planned_discharge=monday(9))
    await new_patient(clinic.site, late)
    few = [{"service": "process_group", "minutes_per_week": 540}, {"service": "individual", "minutes_per_week": 120}]
    await new_patient(clinic.site, plan_of(clinic.counsellor, required_services=few))
    await by_hand.publish(monday(0), [week.group(0, 8, 0, 1)])
    period = override("period_minutes_fewest", 1830, weeks=3)
    assert (await set_up(clinic.site, {"overrides": [period]})).status_code == 200

    answer = await scheduler(Role.FRONT_DESK).get(
        f"/v1/sites/{clinic.site['id']}/horizon", params={"first_week": MONDAY, "weeks": 5}
    )

    assert answer.status_code == 200, answer.text
    periods = [one["period"] for one in answer.json()["weeks"]]
    assert [one and (one["people"], one["short_people"], one["minutes_short"]) for one in periods] == [
        None,
        None,
        (4, 3, 90),
        (1, 1, 30),
        None,
    ]
    assert {(one["minutes"], one["weeks"]) for one in periods if one} == {(1830, 3)}
    assert "override 1" in periods[2]["source"]


@pytest.mark.parametrize(
    ("figure", "pointer"),
    [
        (override("period_minutes_fewest", 360), "weeks"),
        (override("week_minutes_fewest", 360, weeks=3), "weeks"),
        (override("period_minutes_fewest", 370, weeks=3), "multiple of 15"),
    ],
)
async def test_a_period_without_its_weeks_is_refused(
    *, clinic: Clinic, set_up: SetUp, figure: Json, pointer: str
) -> None:
    answer = await set_up(clinic.site, {"overrides": [figure]})

    assert answer.status_code == 422
    assert pointer in answer.json()["errors"][0]["detail"]
