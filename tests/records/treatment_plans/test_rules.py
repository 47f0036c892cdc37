from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from services.contracts.records.treatment_plans import PlanPhase, RequiredService, TreatmentPlanRequest
from services.contracts.vocabulary import ServiceKind
from services.records.treatment_plans.rule_packs import RULE_PACKS, SESSION_LENGTHS
from services.records.treatment_plans.rules import (
    allowed_minutes,
    counted_minutes,
    is_monday,
    rule_pack_on,
    unschedulable,
)

PACK = RULE_PACKS[-1]
HOUR = 60
WINDOW = {"weekday": "TU", "start": "18:00", "end": "19:00"}


def plan(*services: tuple[str, int], **changes: Any) -> TreatmentPlanRequest:
    return TreatmentPlanRequest.model_validate(
        {
            "effective_from": "2026-10-05",
            "required_services": [{"service": service, "minutes_per_week": minutes} for service, minutes in services],
            "track": "evening",
            "languages": ["en"],
            "modalities": ["on_site"],
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("age", "phase", "minutes", "is_allowed"),
    [
        (18, PlanPhase.INTENSIVE, 9 * HOUR, True),
        (18, PlanPhase.INTENSIVE, 9 * HOUR - 15, False),
        (18, PlanPhase.INTENSIVE, 19 * HOUR, True),
        (18, PlanPhase.INTENSIVE, 19 * HOUR + 15, False),
        (17, PlanPhase.INTENSIVE, 6 * HOUR, True),
        (17, PlanPhase.INTENSIVE, 6 * HOUR - 15, False),
        (17, PlanPhase.INTENSIVE, 19 * HOUR + 15, False),
        (40, PlanPhase.TAPER, 15, True),
        (40, PlanPhase.TAPER, 0, False),
        (17, PlanPhase.TAPER, 0, False),
        (40, PlanPhase.TAPER, 19 * HOUR + 15, False),
        (40, PlanPhase.INTENSIVE, 40 * HOUR, False),
        (40, PlanPhase.INTENSIVE, 0, False),
    ],
)
def test_a_week_has_the_hours_of_level_2_1(age: int, phase: PlanPhase, minutes: int, *, is_allowed: bool) -> None:
    assert (minutes in allowed_minutes(PACK, age, phase)) is is_allowed


@given(st.integers(0, 120), st.sampled_from(PlanPhase), st.integers(0, 3000))
def test_what_adults_may_be_asked_adolescents_may_too(age: int, phase: PlanPhase, minutes: int) -> None:
    as_adult = minutes in allowed_minutes(PACK, 18, phase)
    event(f"allowed for adults: {as_adult}")

    assert not as_adult or minutes in allowed_minutes(PACK, age, phase)


def test_every_contact_service_counts() -> None:
    required = [RequiredService(service=service, minutes_per_week=30) for service in ServiceKind]

    assert counted_minutes(PACK, required) == 7 * 30


def test_rule_packs_are_dated_in_order_and_cited() -> None:
    assert all(pack.citation for pack in RULE_PACKS)
    assert all(earlier.applies_from < later.applies_from for earlier, later in pairwise(RULE_PACKS))


@pytest.mark.parametrize(
    ("day", "is_covered"), [(date(2013, 12, 31), False), (date(2014, 1, 1), True), (date(2026, 10, 5), True)]
)
def test_a_day_before_the_first_rule_pack_is_covered_by_none(day: date, *, is_covered: bool) -> None:
    assert (rule_pack_on(day) is not None) is is_covered


@pytest.mark.parametrize(
    ("service", "minutes"),
    [
        ("process_group", 30),
        ("skills_group", 570),
        ("individual", 60),
        ("individual", 120),
        ("medication", 15),
        ("medication", 30),
        ("nurse_visit", 15),
        ("nurse_visit", 45),
    ],
)
def test_what_sessions_add_up_to_can_be_scheduled(service: str, minutes: int) -> None:
    assert unschedulable(plan((service, minutes))) == ()


@pytest.mark.parametrize(
    ("service", "minutes"),
    [
        ("process_group", 15),
        ("skills_group", 45),
        ("education_group", 1920),
        ("individual", 45),
        ("individual", 480),
        ("medication", 45),
        ("nurse_visit", 60),
    ],
)
def test_what_no_sessions_add_up_to_is_named_with_what_would_be_right(service: str, minutes: int) -> None:
    fields = unschedulable(
        plan(("process_group", 90) if service != "process_group" else ("skills_group", 90), (service, minutes))
    )

    assert [field.pointer for field in fields] == ["/required_services/1/minutes_per_week"]
    assert str(SESSION_LENGTHS[ServiceKind(service)].step) in fields[0].detail


def test_family_needs_to_know_when_the_family_can_come() -> None:
    missing = unschedulable(plan(("family", 60)))
    given_times = unschedulable(plan(("family", 60), family_available=[WINDOW]))

    assert [field.pointer for field in missing] == ["/family_available"]
    assert given_times == ()


@given(st.sampled_from(ServiceKind), st.integers(1, 130).map(lambda quarters: quarters * 15))
def test_following_the_remedy_makes_a_plan_schedulable(service: ServiceKind, minutes: int) -> None:
    lengths = SESSION_LENGTHS[service]
    remedied = max(lengths.step, min(minutes - minutes % lengths.step, lengths.most))
    event(f"needed a remedy: {remedied != minutes}")

    assert unschedulable(plan((service.value, remedied), family_available=[WINDOW])) == ()


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_a_week_begins_on_the_first_day_of_its_iso_week(day: date) -> None:
    assert is_monday(day) is (day.isocalendar().weekday == 1)
