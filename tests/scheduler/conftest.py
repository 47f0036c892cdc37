"""A small clinic, made through the two services' own routes."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory

MONDAY = "2026-10-05"
ZONE = "America/New_York"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA")

Json = dict[str, Any]
Make = Callable[..., Awaitable[Json]]


def windows(start: str, end: str, *days: str) -> list[Json]:
    return [{"weekday": day, "start": start, "end": end} for day in days or WEEKDAYS]


class Clinic(NamedTuple):
    """One site with one room, a counsellor and a therapist, and a process group of 90 minutes for two to twelve."""

    site: Json
    room: Json
    counsellor: Json
    therapist: Json
    offering: Json


@pytest.fixture
def new_site(scheduler: ClientFactory) -> Make:
    async def make(**changes: Any) -> Json:
        request = {"name": "Main Street", "zone": ZONE, "open": windows("08:00", "21:00"), "offices": 2}
        answer = await scheduler(Role.ORGANIZATION_ADMIN).post(
            "/v1/sites", json={**request, "family_rooms": 1, **changes}
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


def at_site(scheduler: ClientFactory, collection: str, request: Json) -> Make:
    async def make(site: Json, **changes: Any) -> Json:
        client = scheduler(Role.PROGRAMME_DIRECTOR)
        answer = await client.post(f"/v1/sites/{site['id']}/{collection}", json={**request, **changes})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def new_room(scheduler: ClientFactory) -> Make:
    return at_site(scheduler, "rooms", {"name": "Oak", "capacity": 12})


@pytest.fixture
def new_practitioner(scheduler: ClientFactory) -> Make:
    request = {
        "display_name": "Alex Reed",
        "role": "counsellor",
        "leads": ["process_group"],
        "co_facilitates": True,
        "individual": ["individual"],
        "languages": ["en"],
        "shifts": windows("09:00", "17:00"),
    }
    return at_site(scheduler, "practitioners", request)


@pytest.fixture
def new_offering(scheduler: ClientFactory) -> Make:
    request = {"service": "process_group", "minutes": 90, "minimum_size": 2, "maximum_size": 12}
    return at_site(scheduler, "group_offerings", request)


@pytest.fixture
async def clinic(new_site: Make, new_room: Make, new_practitioner: Make, new_offering: Make) -> Clinic:
    site = await new_site()
    return Clinic(
        site,
        await new_room(site),
        await new_practitioner(site),
        await new_practitioner(site, display_name="Sam Hill", role="therapist", individual=["individual", "family"]),
        await new_offering(site),
    )


@pytest.fixture
def new_patient(records: ClientFactory) -> Make:
    async def make(site: Json, plan: Json | None = None) -> Json:
        client = records(Role.PROGRAMME_DIRECTOR)
        person = {"given_name": "Kim", "family_name": "Doe", "birth_date": "1990-04-01", "site_id": site["id"]}
        patient = await client.post("/v1/patients", json=person)
        assert patient.status_code == 201, patient.text
        if plan is not None:
            path = f"/v1/patients/{patient.json()['id']}/treatment_plan"
            answer = await client.put(path, json=plan)
            assert answer.status_code == 201, answer.text
        return dict(patient.json())

    return make


def plan_of(counsellor: Json, **changes: Any) -> Json:
    """Nine hours a week: five process groups of 90 minutes and one and a half hours that come as they can."""
    return {
        "effective_from": "2026-09-01",
        "required_services": [
            {"service": "process_group", "minutes_per_week": 540},
            {"service": "individual", "minutes_per_week": 60},
        ],
        "track": "adult",
        "languages": ["en"],
        "modalities": ["on_site"],
        "team": [counsellor["id"]],
        "primary_practitioner_id": counsellor["id"],
        **changes,
    }


def calendar(*events: str) -> bytes:
    """An iCalendar document; each event is `DTSTART/DTEND` in floating time."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        start, end = event.split("/")
        lines += ["BEGIN:VEVENT", f"UID:{number}@test", f"DTSTART:{start}", f"DTEND:{end}"]
        lines += ["SUMMARY:Court date with a secret title", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@pytest.fixture
def import_calendar(scheduler: ClientFactory) -> Callable[..., Awaitable[Any]]:
    async def send(
        patient: Json, document: bytes, *, media_type: str = "text/calendar", role: Role = Role.FRONT_DESK
    ) -> Any:
        path = f"/v1/patients/{patient['id']}/commitment_sources"
        return await scheduler(role).post(path, content=document, headers={"content-type": media_type})

    return send
