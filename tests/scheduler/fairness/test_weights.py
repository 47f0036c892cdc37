"""Who is owed the better weeks: by shares above the average, in whole steps, and for nobody without a past."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import PatientId
from services.scheduler.fairness.contact import Burden
from services.scheduler.fairness.rules import weights_of
from services.scheduler.solves.rules import with_fairness

BURDENS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).map(
        lambda parts: Burden(parts[0] + parts[1], parts[1], parts[2])
    ),
    max_size=8,
)


def named(burdens: list[Burden]) -> dict[PatientId, Burden]:
    return {PatientId(UUID(int=number)): burden for number, burden in enumerate(burdens)}


def share(burden: Burden) -> float:
    return (burden.least_preferred + burden.unmet) / burden.due


@given(BURDENS)
def test_more_is_owed_to_who_had_more_and_nothing_to_who_had_no_past(burdens: list[Burden]) -> None:
    people = named(burdens)

    weights = weights_of(people)

    assert weights.keys() == {one for one, burden in people.items() if burden.due}
    assert set(weights.values()) <= {1, 2, 3}
    for one in weights:
        assert all(weights[one] <= weights[other] for other in weights if share(people[one]) < share(people[other]))


@given(BURDENS, st.integers(2, 9))
def test_what_counts_is_the_share_and_not_how_much_there_was(burdens: list[Burden], times: int) -> None:
    longer = [Burden(times * one.minutes, times * one.least_preferred, times * one.unmet) for one in burdens]

    assert weights_of(named(longer)) == weights_of(named(burdens))


@given(st.integers(1, 20), st.integers(0, 20), st.integers(1, 8))
def test_where_all_had_the_same_nobody_is_owed_more(good: int, bad: int, people: int) -> None:
    assert set(weights_of(named([Burden(good + bad, bad, 0)] * people)).values()) == {1}


def test_only_the_costs_of_who_minds_anything_change_and_the_note_counts_them() -> None:
    ann, ben, cleo = (str(UUID(int=number)) for number in range(3))
    instance: dict[str, Any] = {
        "patients": [
            {"id": ann, "preference_cost": {"evening": 3}, "needs": {"process_group": 12}},
            {"id": ben, "preference_cost": {"evening": 0}, "needs": {}},
            {"id": cleo, "preference_cost": {"evening": 2}, "needs": {}},
        ],
        "weights": {"unmet": 100},
    }

    weighted = with_fairness(instance, {PatientId(UUID(int=number)): 3 for number in range(2)})
    left_alone = with_fairness(instance, {})

    assert [patient["preference_cost"]["evening"] for patient in weighted["patients"]] == [9, 0, 2]
    assert weighted["patients"][0]["needs"] == {"process_group": 12}
    assert (weighted["weights"], len(weighted["fairness_notes"])) == ({"unmet": 100}, 1)
    assert weighted["fairness_notes"][0].startswith("fairness: for 1 of the patients")
    assert left_alone == {**instance, "fairness_notes": []}
