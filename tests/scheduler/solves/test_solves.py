"""Asking for a week, through the routes; what the worker then does is tested beside the worker."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Role
from services.scheduler.dispatch import read_payload
from services.scheduler.solver.format import instance_from_json
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, calendar, plan_of, windows

Import = Callable[..., Awaitable[Any]]
Jobs = Callable[[], Awaitable[list[tuple[UUID, UUID]]]]
Stored = Callable[[str], Awaitable[list[Any]]]


async def ask(scheduler: ClientFactory, site: Json, *, role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
    return await scheduler(role).post("/v1/solves", json={"site_id": site["id"], "week": MONDAY, **changes})


@pytest.fixture
def stored(scheduler_database: Any, organization_id: UUID) -> Stored:
    async def fetch(query: str) -> list[Any]:
        async with scheduler_database.read(organization_id) as read:
            return list(await read._connection.fetch(query))

    return fetch


@pytest.fixture
def jobs(stored: Stored, organization_id: UUID) -> Jobs:
    """Lists whose solves are queued, of this test's organization: jobs span organizations."""

    async def fetch() -> list[tuple[UUID, UUID]]:
        rows = await stored("select payload from pgqueuer where entrypoint = 'solve' order by id")
        return [job for row in rows if (job := read_payload(row["payload"]))[0] == organization_id]

    return fetch


async def test_a_week_is_queued_with_a_picture_of_everything_it_needs(
    scheduler: ClientFactory,
    clinic: Clinic,
    new_patient: Make,
    import_calendar: Import,
    stored: Stored,
) -> None:
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor))
    await import_calendar(patient, calendar("20261006T090000/20261006T120000"))

    asked = await ask(scheduler, clinic.site, time_limit_seconds=5, seed=7)

    assert asked.status_code == 202
    solve = asked.json()
    assert asked.headers["location"] == f"/v1/solves/{solve['id']}"
    assert (solve["status"], solve["attempt"], solve["base_version"], solve["warnings"]) == ("queued", 0, 0, [])
    assert (await scheduler(Role.COUNSELLOR).get(asked.headers["location"])).json() == solve
    [row] = await stored("select instance, seed from solves")
    instance = instance_from_json(row["instance"])
    assert row["seed"] == 7
    assert [person.id for person in instance.patients] == [patient["id"]]
    assert instance.patients[0].commitments == ((1, 8, 20),)
    assert instance.patients[0].needs == {"process_group": 36, "individual": 4}


async def test_a_solve_is_queued_in_the_transaction_that_makes_it(
    scheduler: ClientFactory, clinic: Clinic, jobs: Jobs, organization_id: UUID
) -> None:
    asked = await ask(scheduler, clinic.site)

    assert await jobs() == [(organization_id, UUID(asked.json()["id"]))]


@pytest.mark.parametrize(
    ("week", "code"),
    [
        ("2026-10-06", "not-a-monday"),
        ("2026-09-21", "week-in-the-past"),
        ("2027-10-11", "week-too-far"),
    ],
)
async def test_a_week_that_cannot_be_planned_is_refused_by_name(
    scheduler: ClientFactory, clinic: Clinic, week: str, code: str
) -> None:
    refused = await ask(scheduler, clinic.site, week=week)

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:eventide:problem:week-refused"
    assert refused.json()["code"] == code
    assert refused.json()["errors"][0]["pointer"] == "/week"


@pytest.mark.parametrize("week", ["2026-09-28", "2027-10-04"])
async def test_the_current_week_and_one_a_year_ahead_are_taken(
    scheduler: ClientFactory, clinic: Clinic, week: str
) -> None:
    assert (await ask(scheduler, clinic.site, week=week)).status_code == 202


async def test_a_site_that_is_not_ready_says_what_is_missing(scheduler: ClientFactory, new_site: Make) -> None:
    site = await new_site()

    refused = await ask(scheduler, site)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:eventide:problem:site-not-ready"
    assert refused.json()["code"] == "no-rooms"
    assert all(word in refused.json()["detail"] for word in ("rooms", "practitioners", "group offerings"))


async def test_rooms_are_not_needed_where_somebody_may_be_seen_by_telehealth(
    scheduler: ClientFactory, new_site: Make, new_practitioner: Make, new_offering: Make, new_patient: Make
) -> None:
    site = await new_site()
    counsellor = await new_practitioner(site)
    await new_offering(site)
    assert (await ask(scheduler, site)).status_code == 409
    await new_patient(site, plan_of(counsellor, modalities=["telehealth"]))

    assert (await ask(scheduler, site)).status_code == 202


async def test_a_week_is_solved_once_at_a_time(scheduler: ClientFactory, clinic: Clinic, jobs: Jobs) -> None:
    first = await ask(scheduler, clinic.site)

    second = await ask(scheduler, clinic.site)
    other_week = await ask(scheduler, clinic.site, week="2026-10-12")

    assert second.status_code == 409
    assert second.json()["type"] == "urn:eventide:problem:conflict"
    assert first.json()["id"] in second.json()["detail"]
    assert other_week.status_code == 202
    assert len(await jobs()) == 2


async def test_a_queued_solve_is_cancelled_at_once_and_only_once(scheduler: ClientFactory, clinic: Clinic) -> None:
    asked = await ask(scheduler, clinic.site)
    desk = scheduler(Role.FRONT_DESK)

    cancelled = await desk.post(f"{asked.headers['location']}:cancel")
    again = await desk.post(f"{asked.headers['location']}:cancel")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert cancelled.json()["finished_at"] is not None
    assert (again.status_code, again.json()["type"]) == (409, "urn:eventide:problem:solve-finished")
    assert (await ask(scheduler, clinic.site)).status_code == 202


async def test_a_patient_without_a_free_hour_is_named_in_a_warning(
    scheduler: ClientFactory, clinic: Clinic, new_patient: Make, import_calendar: Import
) -> None:
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor))
    await import_calendar(patient, calendar("20261001T000000/20261020T000000"))

    asked = await ask(scheduler, clinic.site)

    assert asked.status_code == 202
    assert [warning.split(":")[0] for warning in asked.json()["warnings"]] == ["no-free-hour"]
    assert patient["id"] in asked.json()["warnings"][0]


async def test_a_service_that_nobody_provides_is_named_in_a_warning(
    scheduler: ClientFactory, clinic: Clinic, new_patient: Make
) -> None:
    services = [
        {"service": "process_group", "minutes_per_week": 540},
        {"service": "nurse_visit", "minutes_per_week": 15},
    ]
    await new_patient(clinic.site, plan_of(clinic.counsellor, required_services=services))

    asked = await ask(scheduler, clinic.site)

    [warning] = asked.json()["warnings"]
    assert warning.startswith("nobody-serves: nurse_visit")


async def test_a_member_of_another_site_s_team_does_not_stop_the_week(
    scheduler: ClientFactory, clinic: Clinic, new_site: Make, new_practitioner: Make, new_patient: Make
) -> None:
    elsewhere = await new_practitioner(await new_site(name="Elsewhere"))
    await new_patient(clinic.site, plan_of(elsewhere, team=[elsewhere["id"], clinic.counsellor["id"]]))

    assert (await ask(scheduler, clinic.site)).status_code == 202


async def test_solving_is_for_the_desk_and_only_in_its_own_organization(
    scheduler: ClientFactory, clinic: Clinic
) -> None:
    asked = await ask(scheduler, clinic.site)
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await ask(scheduler, clinic.site, role=Role.COUNSELLOR)).status_code == 403
    assert (await stranger.get(asked.headers["location"])).status_code == 404
    assert (await stranger.post(f"{asked.headers['location']}:cancel")).status_code == 404
    foreign = await stranger.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"week": "soon"}, "/week"),
        ({"time_limit_seconds": 0}, "/time_limit_seconds"),
        ({"seed": -1}, "/seed"),
        ({"site_id": "x"}, "/site_id"),
    ],
)
async def test_a_wrong_request_is_refused_by_the_name_of_its_member(
    scheduler: ClientFactory, clinic: Clinic, changes: dict[str, Any], pointer: str
) -> None:
    refused = await ask(scheduler, clinic.site, **changes)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_without_records_nothing_is_queued(
    scheduler: ClientFactory, scheduler_app: Any, clinic: Clinic, stored: Stored, jobs: Jobs
) -> None:
    class AbsentRecords:
        async def week_requirements(self, *_: object) -> None:
            raise UpstreamUnavailableError("records")

    scheduler_app.state.records = AbsentRecords()

    asked = await ask(scheduler, clinic.site)

    assert asked.status_code == 503
    assert await stored("select 1 from solves") == []
    assert await jobs() == []


async def test_the_pools_count_who_is_on_shift_and_not_on_a_break(
    scheduler: ClientFactory, clinic: Clinic, new_practitioner: Make, stored: Stored
) -> None:
    nurse = {"role": "nurse", "leads": [], "individual": [], "co_facilitates": False}
    await new_practitioner(clinic.site, **nurse, shifts=windows("09:00", "11:00", "MO"))
    await new_practitioner(
        clinic.site, **nurse, shifts=windows("10:00", "12:00", "MO"), breaks=windows("10:30", "10:45", "MO")
    )

    await ask(scheduler, clinic.site)

    [row] = await stored("select instance from solves")
    pool = row["instance"]["nurse_pool"]
    assert pool[8:20] == [1, 1, 1, 1, 2, 2, 1, 2, 1, 1, 1, 1]
    assert sum(pool) == 15
