"""What of a plan is due on a day, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.records.due_plans import PlanDutyKind
from services.contracts.records.episodes import Episode
from services.contracts.records.plans_of_care import PlanActKind
from services.records.documentation.reading import note_rule, plan_rule
from services.records.documentation.rules import Standard
from services.records.plans_of_care.facts import ActFacts, PlanFacts
from services.records.plans_of_care.rules import Course, Done, course_of, duties
from services.records.plans_of_care.standing import signed_at

BEGAN = date(2026, 9, 1)
LONG_AGO = date(2014, 1, 1)
ANY_DAY = date.max

signed, agreed, declined = PlanActKind.CLINICIAN_SIGNED, PlanActKind.PATIENT_SIGNED, PlanActKind.PATIENT_DECLINED
reviewed, certified = PlanActKind.REVIEWED, PlanActKind.CERTIFIED


def held_to(code: str, from_on: date = LONG_AGO) -> Standard:
    note, plan = note_rule("within-72-hours"), plan_rule(code)
    assert note is not None
    assert plan is not None
    return Standard(note, plan, ZoneInfo("UTC"), from_on)


def after(days: int) -> date:
    return BEGAN + timedelta(days=days)


def course(*done: tuple[int, PlanActKind, int], newest: int | None = None, sessions: int = 1) -> Course:
    """Somebody who came every other day, and what was done so many days after the first."""
    acts = [Done(version, kind, after(days)) for version, kind, days in done]
    versions = [version for version, _, _ in done] + ([] if newest is None else [newest])
    return Course(BEGAN, [after(2 * number) for number in range(sessions)], max(versions, default=None), acts)


def due(one: Course, standard: Standard | None, day: date = BEGAN, until: date = ANY_DAY) -> dict[str, int | None]:
    """Return what is due, and how many days after the first session."""
    return {
        duty.kind.value: None if duty.due_on is None else (duty.due_on - BEGAN).days
        for duty in duties(one, standard, day, until)
    }


@pytest.mark.parametrize(
    ("one", "code", "expected"),
    [
        (course(), "within-30-days", {"first_plan": 30}),
        (course(newest=1), "within-30-days", {"clinician_signature": 30}),
        (course(sessions=9), "us-mn-245g", {"first_plan": 30}),
        (course(sessions=10), "us-mn-245g", {"first_plan": 18}),
        (course(sessions=20), "us-mn-245g", {"first_plan": 18}),
        (course(), "us-medicare-iop", {"first_plan": 0}),
        (course((1, signed, 3)), "within-30-days", {"patient_signature": 30, "review": 33}),
        (course((1, signed, 3), (1, declined, 4)), "within-30-days", {"review": 33}),
        (course((1, signed, 3), (1, agreed, 4), (1, reviewed, 20)), "us-mn-245g", {"review": 34}),
        (
            course((1, signed, 3), (1, agreed, 3), newest=2),
            "within-30-days",
            {"review": 33, "clinician_signature": None},
        ),
        (course((1, signed, 3), (2, signed, 9)), "within-30-days", {"review": 33, "patient_signature": None}),
        (course((1, signed, 0), (1, agreed, 0)), "us-medicare-iop", {"certification": 0, "review": 30}),
        (
            course((1, signed, 0), (1, agreed, 0), (1, certified, 2), (1, certified, 50), (1, reviewed, 28)),
            "us-medicare-iop",
            {"review": 58, "recertification": 110},
        ),
    ],
)
def test_what_is_due_by_a_rule(one: Course, code: str, expected: dict[str, int | None]) -> None:
    assert due(one, held_to(code)) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (course(), {"first_plan": None}),
        (course((1, signed, 3)), {"patient_signature": None}),
        (course((1, signed, 3), (1, agreed, 3)), {}),
    ],
)
def test_without_a_rule_what_is_missing_has_no_day_and_nothing_recurs(one: Course, expected: dict[str, None]) -> None:
    assert due(one, None) == expected
    assert all((duty.rule, duty.is_overdue) == (None, False) for duty in duties(one, None, ANY_DAY, ANY_DAY))


def test_a_signature_under_supervision_lacks_the_one_beside_it() -> None:
    under = Done(1, signed, after(3), needs_cosignature=True)
    beside = Done(1, PlanActKind.COSIGNED, after(4))
    standard = held_to("within-30-days")

    def kinds(*done: Done, newest: int = 1) -> dict[str, int | None]:
        return due(Course(BEGAN, [BEGAN], newest, done), standard)

    assert kinds(under) == {"cosignature": 30, "patient_signature": 30, "review": 33}
    assert kinds(under, beside) == {"patient_signature": 30, "review": 33}
    # What is signed anew lacks it anew.
    again = under._replace(version=2, on=after(9))
    assert kinds(under, beside, again, newest=2) == {"review": 33, "cosignature": None, "patient_signature": None}


def test_who_has_not_come_yet_is_owed_no_plan() -> None:
    waiting = Course(None, [], None, [])

    assert due(waiting, held_to("us-medicare-iop")) == {}


def test_each_duty_names_its_rule_and_the_due_day_still_counts() -> None:
    standard = held_to("within-30-days")

    on_the_day, a_day_later = [duties(course(), standard, day, day)[0] for day in (after(30), after(31))]

    assert (on_the_day.kind, on_the_day.is_overdue, a_day_later.is_overdue) == (PlanDutyKind.FIRST_PLAN, False, True)
    assert on_the_day.rule == standard.plan_rule
    assert standard.plan_rule.citation


def test_nothing_was_late_before_the_site_was_held_to_the_rule() -> None:
    assert due(course(), held_to("us-medicare-iop", after(40))) == {"first_plan": 40}
    assert due(course(), held_to("within-30-days", after(20))) == {"first_plan": 30}


@given(st.integers(0, 120), st.integers(0, 120), st.sampled_from(["within-30-days", "us-mn-245g", "us-medicare-iop"]))
def test_looking_further_ahead_only_adds_and_the_overdue_are_always_there(day: int, ahead: int, code: str) -> None:
    one = course((1, signed, 5), (1, reviewed, 30), sessions=12)
    standard = held_to(code)

    near = duties(one, standard, after(day), after(day))
    far = duties(one, standard, after(day), after(day + ahead))

    assert [duty for duty in far if duty in near] == near
    assert all(duty.due_on is None or duty.due_on <= after(day + ahead) for duty in far)
    assert {duty.kind for duty in far if duty.is_overdue} == {duty.kind for duty in near if duty.is_overdue}
    assert [duty.due_on or ANY_DAY for duty in far] == sorted(duty.due_on or ANY_DAY for duty in far)


def an_episode(first_session_on: date | None) -> Episode:
    return Episode.model_validate(
        {
            "id": uuid4(),
            "patient_id": uuid4(),
            "site_id": uuid4(),
            "programme": "evening-iop",
            "admitted_on": BEGAN,
            "first_session_on": first_session_on,
            "levels": [],
            "taper_weeks": [],
            "discharged_on": None,
            "discharge_reason": None,
            "version": 1,
            "created_at": datetime(2026, 9, 1, tzinfo=UTC),
        }
    )


def test_a_course_is_read_as_of_the_end_of_a_day_where_the_site_is() -> None:
    # Half past three in the night in UTC is the evening before in Chicago, and what comes later is not known yet.
    evening = datetime(2026, 9, 4, 3, 30, tzinfo=UTC)
    facts = PlanFacts(
        [(1, evening), (2, evening + timedelta(days=1))], [ActFacts(1, signed, evening, needs_cosignature=False)]
    )
    starts = [evening - timedelta(days=10), evening, evening + timedelta(minutes=1), evening + timedelta(days=2)]

    def by(day: date) -> Course:
        return course_of(an_episode(None), facts, starts, day, ZoneInfo("America/Chicago"))

    assert by(date(2026, 9, 2)) == Course(None, [], None, [], has_level=False)
    held = Course(date(2026, 9, 3), [date(2026, 9, 3)], 1, [Done(1, signed, date(2026, 9, 3))], has_level=False)
    assert by(date(2026, 9, 3)) == held
    assert by(date(2026, 9, 5)).session_days == [date(2026, 9, 3), date(2026, 9, 5)]
    assert by(date(2026, 9, 5)).newest == 2


@pytest.mark.parametrize(
    ("recorded", "day", "began"),
    [
        (date(2026, 9, 2), date(2026, 9, 8), date(2026, 9, 2)),
        (date(2026, 9, 6), date(2026, 9, 8), date(2026, 9, 4)),
        (date(2026, 9, 2), date(2026, 9, 1), None),
        (None, date(2026, 9, 8), date(2026, 9, 4)),
    ],
)
def test_treatment_begins_with_the_first_session_that_was_recorded_or_attended(
    recorded: date | None, day: date, began: date | None
) -> None:
    attended = [datetime(2026, 9, 4, 18, tzinfo=UTC)]

    assert course_of(an_episode(recorded), PlanFacts(), attended, day, UTC).began_on == began


def test_a_plan_is_signed_when_the_last_signature_came_that_it_needs() -> None:
    noon = datetime(2026, 9, 4, 12, tzinfo=UTC)

    def act(version: int, kind: PlanActKind, day: int, *, supervised: bool = False) -> ActFacts:
        return ActFacts(version, kind, noon + timedelta(days=day), needs_cosignature=supervised)

    drafted = [act(1, signed, 0, supervised=True), act(2, signed, 3, supervised=True)]
    cosigned = [*drafted, act(2, PlanActKind.COSIGNED, 5), act(3, signed, 9)]

    assert signed_at([]) is None
    assert signed_at(drafted) is None
    assert signed_at(cosigned) == noon + timedelta(days=5)
    assert signed_at([act(1, signed, 2), act(1, certified, 4)]) == noon + timedelta(days=2)
