"""What a proposal says of a timetable."""

from datetime import date
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from services.contracts.scheduler.timetables import ProposalDiff
from services.scheduler.proposals.rules import diff_of, required_minutes_of, sessions_of, unmet_of
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.weeks import WeekGrid

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


def test_sessions_come_in_order_of_time_with_the_offset_of_their_own_day() -> None:
    # Clocks go back on Sunday, 1 November 2026.
    grid = WeekGrid(ZoneInfo("America/New_York"), date(2026, 10, 26))

    sessions = sessions_of(instance(), timetable(group(6), group(5), visits=(visit(),)), grid)

    assert [(session.start.isoformat(), session.end.isoformat()) for session in sessions] == [
        ("2026-10-26T07:00:00-04:00", "2026-10-26T08:00:00-04:00"),
        ("2026-10-31T09:00:00-04:00", "2026-10-31T12:00:00-04:00"),
        ("2026-11-01T09:00:00-05:00", "2026-11-01T12:00:00-05:00"),
    ]


def test_a_group_seats_what_both_its_room_and_its_kind_allow() -> None:
    grid = WeekGrid(ZoneInfo("America/New_York"), date(2026, 10, 5))
    remote = group(4, modality="telehealth", room=None)

    sessions = sessions_of(instance(), timetable(remote, group(), visits=(visit(),)), grid)

    assert [session.capacity for session in sessions] == [1, 9, 7]
    on_site = sessions[2]
    assert (str(on_site.room_id), str(on_site.practitioner_id), str(on_site.co_facilitator_id)) == (ROOM, LEAD, CO)
    assert [str(patient_id) for patient_id in on_site.patient_ids] == sorted([ANN, BEN])
    assert sessions[1].room_id is None


def test_what_is_missing_is_counted_anew_and_joined_with_the_solver_s_reasons() -> None:
    reasons = [{"code": "no-slot", "sentence": "No free hour with the team."}]
    reported = [{"patient": BEN, "service": "individual", "slots": 99, "reasons": reasons}]

    unmet = unmet_of(instance(), timetable(group(), visits=(visit(),)), reported)

    [requirement] = unmet
    assert (str(requirement.patient_id), requirement.service, requirement.minutes) == (BEN, "individual", 60)
    assert [reason.model_dump() for reason in requirement.reasons] == reasons


def test_needs_are_missing_without_a_timetable_whatever_the_solver_reports() -> None:
    unmet = unmet_of(instance(), timetable(), [])

    assert sum(requirement.minutes for requirement in unmet) == required_minutes_of(instance()) == 480


def test_a_difference_counts_sessions_of_patients() -> None:
    told = {"groups": [group(), group(3)], "individuals": [visit()]}

    diff = diff_of(instance(published=told), timetable(group(), group(4)))

    assert diff == ProposalDiff(added=2, removed=3, kept=2)
