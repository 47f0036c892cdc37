"""Generated benchmark weeks, for where no others are at hand: the shape of a real programme, nobody real."""

from random import Random
from typing import Any, Final

_WEEKDAYS: Final = range(5)
_SATURDAY: Final = 5
_SITE_OPEN: Final = [*([day, 4, 56] for day in _WEEKDAYS), [_SATURDAY, 6, 36]]
_SLOTS_A_WEEK: Final = 420
_PATIENTS_A_COUNSELLOR: Final = 7
_PATIENTS_AN_OFFICE: Final = 10
_PATIENTS_A_ROOM: Final = 20

# What keeps people busy: a share, the days, and the hours in slots after 07:00.
_LIVES: Final = (
    (0.35, _WEEKDAYS, (6, 40)),
    (0.10, _WEEKDAYS, (28, 60)),
    (0.20, (1, 2, 4, 5), (16, 40)),
    (0.15, (0, 2, 4), (8, 24)),
    (0.10, _WEEKDAYS, (30, 36)),
    (0.10, (), (0, 0)),
)
_SHIFTS: Final = ((22, 56), (4, 38), (22, 56), (12, 54))
_KINDS: Final = {
    "process_group_180": {"service": "process_group", "slots": 12},
    "process_group_90": {"service": "process_group", "slots": 6},
    "skills_group_90": {"service": "skills_group", "slots": 6},
    "education_group_60": {"service": "education_group", "slots": 4},
}
_LIKINGS: Final = ((0, 1, 3, 4), (2, 1, 0, 3), (0, 0, 0, 2))


def generated(patients: int, seed: int) -> dict[str, Any]:
    """Draw an `eventide-instance/1`; the same arguments give the same week."""
    random = Random(seed)  # noqa: S311 - a reproducible benchmark, not a secret
    staff = max(2, -(-patients // _PATIENTS_A_COUNSELLOR))
    return {
        "format": "eventide-instance/1",
        "name": f"{patients} generated patients, seed {seed}",
        "tracks": ["A", "B"] if patients >= _PATIENTS_A_ROOM else ["A"],
        "languages": ["en"],
        "group_kinds": _KINDS,
        "group_size": {"min": 4, "max": 12, "co_facilitator_above": 8},
        "site_open": _SITE_OPEN,
        "rooms": [{"id": room, "capacity": 12 if room else 8} for room in range(1 + patients // _PATIENTS_A_ROOM)],
        "offices": max(1, patients // _PATIENTS_AN_OFFICE),
        "family_rooms": 1,
        "medication_pool": _pool(range(1, 4), 20, 40),
        "nurse_pool": _pool(_WEEKDAYS, 6, 50),
        "practitioners": [_practitioner(number) for number in range(staff)],
        "patients": [_patient(random, number, patients, staff) for number in range(patients)],
        "no_contact": [random.sample(range(patients), 2)],
    }


def _pool(days: range, start: int, end: int) -> list[int]:
    pool = [0] * _SLOTS_A_WEEK
    for day in days:
        pool[day * 60 + start : day * 60 + end] = [1] * (end - start)
    return pool


def _practitioner(number: int) -> dict[str, Any]:
    start, end = _SHIFTS[number % len(_SHIFTS)]
    pause = (start + end) // 2
    return {
        "id": number,
        "role": "counsellor",
        "leads": ["process_group", "skills_group", "education_group"],
        "co_facilitates": True,
        "individual": ["individual", "family"] if number % 2 else ["individual"],
        "languages": ["en"],
        "shifts": [[day, start, end] for day in _WEEKDAYS],
        "breaks": [[day, pause, pause + 2] for day in _WEEKDAYS],
        "max_slots_day": 26,
        "max_slots_week": 112,
    }


def _patient(random: Random, number: int, patients: int, staff: int) -> dict[str, Any]:
    _, days, (start, end) = random.choices(_LIVES, [life[0] for life in _LIVES])[0]
    shift = random.choice((-2, 0, 2))
    team = random.sample(range(staff), min(2, staff))
    family = random.random() < 1 / 4
    needs = {"process_group": random.choice((24, 36)), "skills_group": 6, "education_group": 4, "individual": 4}
    needs |= {"family": 4} if family else {}
    needs |= {"medication": random.choice((1, 2))} if random.random() < 1 / 3 else {}
    needs["nurse_visit"] = random.choice((1, 1, 2))
    liking = random.choice(_LIKINGS)
    return {
        "id": number,
        "track": "B" if patients >= _PATIENTS_A_ROOM and number % 3 == 0 else "A",
        "languages": ["en"],
        "modalities": random.choice((["on_site"], ["on_site"], ["on_site", "telehealth"])),
        "travel_slots": random.choice((1, 1, 2)),
        "commitments": [[day, max(0, start + shift), min(60, end + shift)] for day in days],
        "family_available": [[day, 40, 60] for day in _WEEKDAYS] if family else None,
        "needs": needs,
        "team": team,
        "primary": team[0],
        "preference_cost": dict(zip(("morning", "afternoon", "evening", "weekend"), liking, strict=True)),
    }
