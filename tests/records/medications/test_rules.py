"""What is due and what is covered follows from the doses given, whichever order they were recorded in."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import AccountId
from services.contracts.records.medications import (
    Dose,
    DoseOutcome,
    MedicationEndReason,
    MedicationRequest,
    Regimen,
)
from services.records.medications.intervals import INJECTIONS, INTERVALS
from services.records.medications.rules import covered_percent, is_refused, next_due, next_visit, standing
from services.records.medications.visits import visits_on

START = date(2026, 10, 5)
DAY = timedelta(days=1)
INJECTION = Regimen.NALTREXONE_INJECTION


def dose(day: int, outcome: DoseOutcome = DoseOutcome.GIVEN) -> Dose:
    return Dose(
        day=START + day * DAY,
        outcome=outcome,
        recorded_by=AccountId(UUID(int=1)),
        recorded_at=datetime(2026, 10, 5, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("regimen", "doses", "due"),
    [
        (INJECTION, [], 0),
        (INJECTION, [dose(2)], 30),
        (INJECTION, [dose(2), dose(30, DoseOutcome.MISSED)], 30),
        (INJECTION, [dose(33), dose(2)], 61),
        (INJECTION, [dose(2), dose(2, DoseOutcome.DECLINED)], 0),
        (Regimen.BUPRENORPHINE_WEEKLY_INJECTION, [dose(0)], 7),
        (Regimen.BUPRENORPHINE_DAILY, [dose(3)], 4),
        (Regimen.OTHER, [dose(0)], None),
    ],
)
def test_the_next_dose_is_due_when_the_one_before_has_worn_off(
    regimen: Regimen, doses: list[Dose], due: int | None
) -> None:
    assert next_due(regimen, START, None, doses) == (None if due is None else START + due * DAY)


def test_nothing_is_due_after_the_last_day() -> None:
    assert next_due(INJECTION, START, START + 20 * DAY, [dose(0)]) is None
    assert next_due(INJECTION, START, START + 28 * DAY, [dose(0)]) == START + 28 * DAY


@pytest.mark.parametrize(
    ("regimen", "doses", "today", "percent"),
    [
        (INJECTION, [], 10, None),
        (INJECTION, [dose(0)], 27, 100.0),
        (INJECTION, [dose(0)], 55, 50.0),
        (INJECTION, [dose(0), dose(28)], 55, 100.0),
        (Regimen.BUPRENORPHINE_DAILY, [dose(0), dose(1, DoseOutcome.MISSED), dose(2)], 3, 50.0),
        (Regimen.OTHER, [dose(0)], 10, None),
        (INJECTION, [dose(5)], 1, None),
    ],
)
def test_a_day_is_covered_while_a_dose_lasts(
    regimen: Regimen, doses: list[Dose], today: int, percent: float | None
) -> None:
    assert covered_percent(regimen, None, doses, START + today * DAY) == percent


@given(
    st.sampled_from(sorted(INTERVALS)),
    st.lists(st.builds(dose, st.integers(0, 90), st.sampled_from(DoseOutcome)), max_size=12),
    st.integers(0, 120),
)
def test_a_share_is_a_share_and_another_dose_never_lowers_it_after_the_first(
    regimen: Regimen, doses: list[Dose], today: int
) -> None:
    share = covered_percent(regimen, None, doses, START + today * DAY)

    assert share is None or 0 < share <= 100
    days = [one.day for one in standing(doses)]
    assert days == sorted(set(days))
    if share is not None:
        more = covered_percent(regimen, None, [*doses, dose(91)], START + today * DAY)
        assert more is not None
        assert more >= share


def test_only_the_programme_s_own_demand_is_no_reason() -> None:
    assert [reason for reason in MedicationEndReason if is_refused(reason)] == [MedicationEndReason.PROGRAMME_CONDITION]


@given(regimen=st.sampled_from(Regimen), visit=st.none() | st.integers(-100, 200), last=st.none() | st.integers(0, 200))
def test_a_visit_is_due_by_the_cadence_of_the_day_of_the_last_and_never_after_the_last_day(
    regimen: Regimen, visit: int | None, last: int | None
) -> None:
    said = MedicationRequest(regimen=regimen, name="A medicine", prescriber="Somebody", started_on=START)
    seen = None if visit is None else START + visit * DAY
    last_day = None if last is None else START + last * DAY

    due = next_visit(said, last_day, seen, visits_on(START))

    has_visits = any(one.regimen is regimen for one in visits_on(START))
    assert has_visits is (regimen not in INJECTIONS | {Regimen.METHADONE_ELSEWHERE, Regimen.OTHER})
    if due is None:
        assert not has_visits or last_day is not None
        return
    day, cadence = due
    begun = max(visit or 0, 0)
    assert cadence.from_day <= begun
    assert day == START + (begun + cadence.every_days) * DAY
    assert last_day is None or day <= last_day
    if regimen is Regimen.BUPRENORPHINE_DAILY:
        assert cadence.every_days == (7 if begun < 28 else 14 if begun < 84 else 28)
