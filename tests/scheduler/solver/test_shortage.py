"""Hours that are too few whatever the week: proven, priced, and never more than is really missing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduler.solver.bound import BoundSearch, Relaxation, unavoidable_unmet
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.prices import Market
from services.scheduler.solver.shortage import Missing, least_unmet, shadow_prices
from services.scheduler.solver.solve import solve
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.submodel import Submodel
from tests.scheduler.solver.conftest import tiny_document, tiny_patient, whole_problem

Document = dict[str, Any]
FAMILY: Document = {"needs": {"family": 4}, "family_available": [[day, 0, 60] for day in range(7)]}


def evening(hours: int, families: int, **changes: Any) -> Instance:
    """Families who all come on Monday in these last slots of the one therapist's shift, one after another."""
    therapist = tiny_document()["practitioners"][0] | {"shifts": [[0, 8, 8 + hours]], "breaks": []}
    patients = [tiny_patient(number, team=["staff-0"], **FAMILY) for number in range(families)]
    return instance_from_json(tiny_document(0, practitioners=[therapist], patients=patients, **changes))


def least(instance: Instance) -> float:
    grid = Grid(instance)
    offers = enumerate_offers(instance, grid)
    return least_unmet(instance, offers, grid, shadow_prices(instance, offers, Statics(instance, grid)))


def alone(instance: Instance) -> float:
    grid = Grid(instance)
    return float(unavoidable_unmet(instance, enumerate_offers(instance, grid), grid).sum())


@pytest.mark.parametrize(("hours", "families"), [(8, 3), (8, 5), (12, 4), (16, 9)])
def test_families_more_than_a_therapist_has_hours_for_are_proven_to_go_without(hours: int, families: int) -> None:
    instance = evening(hours, families)

    assert alone(instance) == 0
    assert least(instance) == pytest.approx(4 * families - hours, abs=0.5)


def test_too_few_rooms_are_a_shortage_like_too_few_hours() -> None:
    two = [tiny_document()["practitioners"][number] | {"shifts": [[0, 8, 16]], "breaks": []} for number in range(2)]
    patients = [tiny_patient(number, **FAMILY) for number in range(4)]

    one_room, two_rooms = (
        instance_from_json(tiny_document(0, practitioners=two, patients=patients, family_rooms=rooms))
        for rooms in (1, 2)
    )

    assert least(one_room) == pytest.approx(8, abs=0.5)
    assert least(two_rooms) == 0


def test_where_nothing_is_short_nothing_has_a_price(make: Callable[..., Instance]) -> None:
    instance = make(5)
    offers = enumerate_offers(instance, Grid(instance))

    assert not shadow_prices(instance, offers, Statics(instance, Grid(instance))).is_anything


def test_the_bound_knows_of_a_shortage_from_its_first_step() -> None:
    instance = evening(8, 5)
    grid = Grid(instance)
    offers, statics = enumerate_offers(instance, grid), Statics(instance, grid)
    relaxation = Relaxation.plain(instance, offers, statics)

    without = BoundSearch(instance, offers, relaxation).step()
    known = BoundSearch(instance, offers, relaxation, shadow_prices(instance, offers, statics)).step()

    missed = instance.weights.unmet * 12
    assert without < missed <= known


def test_a_solve_proves_what_cannot_be_had_by_all() -> None:
    outcome = solve(evening(8, 5), time_limit=10.0, workers=1, work_limit=0.5)

    assert outcome.goals is not None
    assert outcome.goals.unmet == outcome.unmet_bound == 12


def test_what_visits_lose_by_a_meeting_is_known_before_it_is_led() -> None:
    instance = evening(12, 2)
    offers = enumerate_offers(instance, Grid(instance))
    missing = Missing(instance, Statics(instance, Grid(instance)), Market(instance, offers))

    # Two visits and what is between them take most of twelve slots; half an hour less leaves place for one.
    said = [missing.slots(), missing.slots(0, slice(8, 10)), missing.slots(0, slice(12, 18)), missing.slots()]

    assert said == pytest.approx([0, 0, 4, 0])
    assert missing.concerns(0, slice(8, 10))
    assert not missing.concerns(0, slice(30, 40))


def test_of_a_week_that_has_begun_nothing_is_said() -> None:
    """What has taken place may be more than today's rules allow, and such a bound would then be too high."""
    instance = replace(evening(8, 5), begins=5)
    offers = enumerate_offers(instance, Grid(instance))

    assert not shadow_prices(instance, offers, Statics(instance, Grid(instance))).is_anything


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(2, 6),
    opens=st.integers(8, 12),
    closes=st.integers(14, 24),
    hours=st.integers(4, 16),
    needs=st.lists(st.sampled_from([0, 4, 8]), min_size=6, max_size=6),
)
def test_never_is_more_proven_missing_than_the_best_week_lacks(
    count: int, opens: int, closes: int, hours: int, needs: list[int]
) -> None:
    therapist = tiny_document()["practitioners"][0] | {
        "shifts": [[0, opens, closes], [2, opens, closes]],
        "breaks": [],
        "max_slots_day": hours,
    }
    patients = [
        tiny_patient(
            number,
            needs={"skills_group": 6, "family": needs[number], "individual": 4},
            team=["staff-0"],
            family_available=FAMILY["family_available"],
        )
        for number in range(count)
    ]
    instance = instance_from_json(tiny_document(0, practitioners=[therapist], patients=patients))
    answer = Submodel(whole_problem(instance)).solve(seconds=20.0, effort=None, seed=0, cancelled=lambda: False)
    assert answer.proven
    assert answer.timetable is not None

    given_out = sum(instance.kinds[group.kind].slots * len(group.members) for group in answer.timetable.groups) + sum(
        instance.visit_slots(instance.patients[int(str(visit.patient).removeprefix("patient-"))], visit.service)
        for visit in answer.timetable.visits
    )
    missing = sum(sum(patient.needs.values()) for patient in instance.patients) - given_out
    assert least(instance) <= missing + 1e-6
