"""Weeks made by hand: as data for the pure rules, and as proposals that no solver had to find."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance, Timetable
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import ByHand, Week

LEAD, CO, ROOM, KIND, ANN, BEN = (str(uuid4()) for _ in range(6))


def instance(**changes: Any) -> Instance:
    patient = {
        "track": "adult",
        "languages": ["en"],
        "modalities": ["on_site", "telehealth"],
        "travel_slots": 0,
        "commitments": [],
        "needs": {"process_group": 12, "individual": 4},
        "team": [LEAD],
    }
    staff = {
        "leads": ["process_group"],
        "co_facilitates": True,
        "individual": ["individual"],
        "languages": ["en"],
        "shifts": [[day, 0, 60] for day in range(7)],
        "breaks": [],
        "max_slots_day": 32,
        "max_slots_week": 160,
    }
    document = {
        "format": "eventide-instance/1",
        "tracks": ["adult"],
        "languages": ["en"],
        "group_kinds": {KIND: {"service": "process_group", "slots": 12, "min": 2, "max": 9}},
        "group_size": {},
        "site_open": [[day, 0, 60] for day in range(7)],
        "rooms": [{"id": ROOM, "capacity": 7}],
        "offices": 1,
        "family_rooms": 1,
        "medication_pool": [0] * 420,
        "nurse_pool": [0] * 420,
        "practitioners": [{"id": LEAD, **staff}, {"id": CO, **staff}],
        "patients": [{"id": ANN, **patient}, {"id": BEN, **patient}],
    }
    return instance_from_json({**document, **changes})


def group(day: int = 5, *, slot: int = 8, modality: str = "on_site", room: str | None = ROOM) -> dict[str, Any]:
    return {
        "kind": KIND,
        "day": day,
        "slot": slot,
        "modality": modality,
        "track": "adult",
        "language": "en",
        "lead": LEAD,
        "co": CO,
        "room": room,
        "members": [BEN, ANN],
    }


def visit(day: int = 0, slot: int = 0) -> dict[str, Any]:
    return {
        "patient": ANN,
        "service": "individual",
        "day": day,
        "slot": slot,
        "modality": "on_site",
        "practitioner": LEAD,
    }


def timetable(*groups: dict[str, Any], visits: tuple[dict[str, Any], ...] = ()) -> Timetable:
    return timetable_from_json({"groups": list(groups), "individuals": list(visits)})


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


Propose = Callable[..., Awaitable[Json]]
Publish = Callable[..., Awaitable[Any]]


@pytest.fixture
def propose(by_hand: ByHand) -> Propose:
    """Asks for the week, and answers in the solver's place."""

    async def make(groups: list[Json], visits: list[Json]) -> Json:
        return await by_hand.propose(MONDAY, groups, visits)

    return make


@pytest.fixture
def publish(scheduler: ClientFactory) -> Publish:
    async def post(proposal: Json, **body: Any) -> Any:
        path = f"/v1/proposals/{proposal['id']}:publish"
        headers = {"if-match": f'"{proposal["base_version"]}"'}
        return await scheduler(Role.FRONT_DESK).post(path, headers=headers, json=body or None)

    return post


@pytest.fixture
async def published(week: Week, propose: Propose, publish: Publish) -> Json:
    """Version 1: two groups of three on Monday and Tuesday, and one visit on Wednesday."""
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [week.visit(2, 8, 0)])
    answer = await publish(proposal)
    assert answer.status_code == 200, answer.text
    return proposal


@pytest.fixture
async def proposed(week: Week, published: Json, propose: Propose) -> Json:
    """On version 1: Tuesday's group on Wednesday, the visit on Thursday, and a fourth patient on Monday."""
    assert published
    return await propose([week.group(0, 8, 0, 1, 2, 3), week.group(2, 14, 0, 1, 2)], [week.visit(3, 8, 0)])


Booked = Callable[..., Awaitable[dict[str, list[str]]]]


@pytest.fixture
def booked(scheduler: ClientFactory, clinic: Clinic) -> Booked:
    """What each patient has in the book: the services with day and hour."""

    async def read() -> dict[str, list[str]]:
        path = f"/v1/sites/{clinic.site['id']}/appointments"
        answer = await scheduler(Role.COUNSELLOR).get(path, params={"week": MONDAY, "page_size": 200})
        found: dict[str, list[str]] = {}
        for appointment in answer.json()["items"]:
            for patient in appointment["patient_ids"]:
                found.setdefault(patient, []).append(f"{appointment['service']} {appointment['start'][8:13]}")
        return {patient: sorted(sessions) for patient, sessions in found.items()}

    return read
