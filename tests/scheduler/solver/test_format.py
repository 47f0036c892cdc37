import json
from collections.abc import Callable
from typing import Any

import pytest

from services.scheduler.solver.format import (
    instance_from_json,
    timetable_from_json,
    timetable_to_json,
)
from services.scheduler.solver.instance import (
    InvalidInstanceError,
    TherapyGroup,
    Timetable,
    Visit,
)

SECRET = "Jane Roe"
Document = dict[str, Any]


def test_a_timetable_survives_the_round_trip() -> None:
    timetable = Timetable(
        (TherapyGroup("skills", 0, 8, "on_site", None, "en", "s", None, "r", (1, "b")),),
        (Visit(1, "individual", 2, 9, "telehealth", "s"),),
    )

    read = timetable_from_json(json.loads(json.dumps(timetable_to_json(timetable))))

    assert read == timetable


def test_unknown_keys_are_ignored(document: Callable[..., Document]) -> None:
    instance = instance_from_json(document(2, weather="rain"))

    assert len(instance.patients) == 2


def test_what_the_service_knows_beyond_version_1_is_read(
    document: Callable[..., Document], patient: Callable[..., Document]
) -> None:
    kinds = {"skills": {"service": "skills_group", "slots": 6, "max": 5}}
    extended = document(
        patients=[patient(0, max_slots_day=10)],
        group_kinds=kinds,
        limits={"idle_slots": 4, "citations": {"idle_slots": "7 AAC 1"}},
        weights={"lexicographic": True, "unmet": 1000},
    )

    instance = instance_from_json(extended)

    assert instance.kinds["skills"].size.maximum == 5
    assert instance.limits.idle_slots == 4
    assert instance.limits.citations["idle_slots"] == "7 AAC 1"
    assert instance.weights.lexicographic
    assert instance.max_slots_day(instance.patients[0]) == 10


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"format": SECRET}, "format"),
        ({"patients": SECRET}, "patients"),
        ({"patients": [{"id": SECRET}]}, "patients[0].needs"),
        ({"site_open": [[0, 8]]}, "site_open[0]"),
        ({"site_open": [[0, 9, 8]]}, "site_open[0]"),
        ({"rooms": [{"id": 1, "capacity": SECRET}]}, "rooms[0].capacity"),
        ({"rooms": [{"id": 1, "capacity": 2}] * 2}, "rooms"),
        ({"nurse_pool": [0] * 3}, "nurse_pool"),
        ({"no_contact": [[SECRET, SECRET]]}, "no_contact[0]"),
        ({"no_contact": [[SECRET]]}, "no_contact[0]"),
        ({"offices": True}, "offices"),
        ({"group_kinds": {"x": {"service": "y", "slots": 99}}}, "group_kinds[0].slots"),
        ({"group_size": {"min": 9, "max": 4}}, "group_kinds[0]"),
        ({"published": {"groups": [{"kind": SECRET}]}}, "published.groups[0].day"),
    ],
)
def test_a_fault_is_named_by_its_place_and_never_echoed(
    changes: Document, place: str, document: Callable[..., Document]
) -> None:
    with pytest.raises(InvalidInstanceError) as refusal:
        instance_from_json(document(2, **changes))

    assert place in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"format": "eventide-instance/1"}])
def test_what_is_not_an_instance_is_refused(document: object) -> None:
    with pytest.raises(InvalidInstanceError):
        instance_from_json(document)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"team": ["nobody"]}, "patients[0].team"),
        ({"primary": "nobody"}, "patients[0].primary"),
        ({"modalities": ["carrier pigeon"]}, "patients[0].modalities"),
        ({"travel_slots": -1}, "patients[0].travel_slots"),
        ({"needs": {"skills_group": -6}}, "patients[0].needs"),
        ({"commitments": [[7, 0, 1]]}, "patients[0].commitments[0]"),
    ],
)
def test_a_patient_that_contradicts_the_rest_is_refused(
    changes: Document,
    place: str,
    document: Callable[..., Document],
    patient: Callable[..., Document],
) -> None:
    with pytest.raises(InvalidInstanceError) as refusal:
        instance_from_json(document(patients=[patient(0, **changes)]))

    assert refusal.value.place == place
