"""The recurrence engine against libical's own oracle."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from services.scheduler.commitments.ical.expansion import expand
from services.scheduler.commitments.ical.limits import DEFAULT_LIMITS, Budget
from services.scheduler.commitments.ical.recurrence import parse_rule
from services.scheduler.commitments.ical.values import DAY, Form, parse_time

ORACLE = "ics/libical/src/test/icalrecur_test.txt"
LAST = parse_time("20991231T235959").wall
# The rules of the file that libical itself does not expand.
UNIMPLEMENTED = {"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=30;BYWEEKNO=1;UNTIL=20320101"}


class Case(NamedTuple):
    rule: str
    start: str
    window: str
    instances: str


def cases(oracle: Path) -> Iterator[Case]:
    for paragraph in oracle.read_text().split("\n\n"):
        lines = dict(line.split(":", 1) for line in paragraph.splitlines() if ":" in line[:15])
        if "RRULE" in lines:
            window = lines.get("START-AT", lines["DTSTART"])
            yield Case(lines["RRULE"], lines["DTSTART"], window, lines["INSTANCES"].strip())


def walls(case: Case, first: str) -> list[int]:
    rule = parse_rule(case.rule, DEFAULT_LIMITS)
    start = parse_time(case.start)
    if start.form is Form.DATE:
        rule = rule.without_times()
    last = LAST
    if rule.until is not None:
        last = rule.until.wall + (DAY - 1 if rule.until.form is Form.DATE else 0)
    return expand(rule, start.wall, parse_time(first).wall, last, Budget(DEFAULT_LIMITS))


def wanted(case: Case) -> list[int]:
    return [parse_time(instance).wall for instance in case.instances.split(",")]


def test_every_rule_of_the_oracle_comes_out_right(shared_data: Callable[[str], Path]) -> None:
    found = [case for case in cases(shared_data(ORACLE)) if "***" not in case.instances]

    wrong = [case.rule for case in found if walls(case, case.start) != wanted(case)]

    assert wrong == []
    assert len(found) == 145


def test_a_window_inside_a_series_shows_the_same_occurrences(
    shared_data: Callable[[str], Path],
) -> None:
    found = [case for case in cases(shared_data(ORACLE)) if "***" not in case.instances]
    inside = [case._replace(window=case.instances.split(",")[-2:][0]) for case in found]

    wrong = [
        case.rule
        for case in (*found, *inside)
        if walls(case, case.window) != [wall for wall in wanted(case) if wall >= parse_time(case.window).wall]
    ]

    assert wrong == []
    assert sum(case.window != case.start for case in found) == 7


def test_the_rule_libical_does_not_expand_follows_the_words_of_the_standard(
    shared_data: Callable[[str], Path],
) -> None:
    left_out = [case for case in cases(shared_data(ORACLE)) if "***" in case.instances]

    found = [walls(case, case.start) for case in left_out]

    assert {case.rule for case in left_out} == UNIMPLEMENTED
    # 30 December lies in week 1 of the next year when it is a Monday or a Tuesday.
    expected = [20241230, 20251230, 20301230, 20311230]
    assert found == [[parse_time(str(day)).wall for day in expected]]
