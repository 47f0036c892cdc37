"""The drill of draws: ours hold, and each statistic finds the generator that has its fault."""

from random import Random

import pytest

from services.operator.drill import draws as drilled
from services.operator.drill.drawing import (
    BAD_GENERATORS,
    Day,
    foresight,
    lag_chi_square,
    longest_gap,
    weekday_chi_square,
)
from services.operator.drill.draws import Judged, drill


def test_our_draws_hold_and_every_control_is_caught() -> None:
    report = drill(40, seed=3)

    assert report["holds"] is True
    assert report["days"] == 40 * 364
    assert (report["verified"], report["altered_found"]) == (40, 40)
    judged = {name: of for name, of in report.items() if isinstance(of, dict) and "control" in of}
    assert {name: of["control"] for name, of in judged.items()} == {
        "weekdays_chi_square": "favours_weekdays",
        "lags_chi_square": "rests_after_a_test",
        "next_day_auc_deviations": "twice_in_each_week",
        "next_day_auc_deviations_with_sessions": "on_session_days",
        "longest_gap_days": "without_a_cap",
    }
    assert all(of["figure"] <= of["limit"] < of["control_figure"] for of in judged.values())
    auc = report["next_day_auc"]
    assert auc.keys() == {"ours", "twice_in_each_week", "on_session_days"}
    assert auc["ours"] == pytest.approx(0.5, abs=0.02)
    assert min(auc["twice_in_each_week"], auc["on_session_days"]) > 0.55
    assert abs(report["forced_percent"] - report["forced_percent_printed"]) < 1


@pytest.mark.parametrize("name", ["favours_weekdays", "rests_after_a_test", "twice_in_each_week", "on_session_days"])
def test_a_bad_generator_in_the_place_of_ours_is_found(name: str) -> None:
    random = Random(5)  # noqa: S311 - it only makes a control
    calendars = [drilled._calendar(random) for _ in range(40)]
    bad = {other: drilled._histories(other, random, calendars) for other in BAD_GENERATORS}

    judged = drilled._judge(bad[name], bad)

    assert not all(one.holds for one in judged.values())


def test_a_control_that_is_not_caught_fails_the_drill() -> None:
    assert Judged(1, 2, "bad", 3).holds
    assert not Judged(1, 2, "bad", 1.5).holds
    assert not Judged(2.5, 2, "bad", 3).holds


def test_the_statistics_of_what_can_be_counted_by_hand() -> None:
    # Fourteen days, half of them drawn, every second: each weekday once yes and once no.
    history = [Day(place % 7, has_session=False, is_drawn=place % 2 == 0, is_forced=False) for place in range(14)]

    assert weekday_chi_square([history], 0.5) == 0
    # Eight days are at lag one, of which only the first is drawn; six are at lag two, and all of them are drawn.
    assert lag_chi_square([history], 0.5) == pytest.approx((1 - 4) ** 2 / 2 + (6 - 3) ** 2 / 1.5)
    assert longest_gap([history]) == 2
    assert longest_gap([[*history, *history[1:2] * 5]]) == 6
    # Whether it was drawn yesterday tells it all, but for the first day, which looks like one that never is.
    assert 0.95 < foresight([history, history]).auc < 1
