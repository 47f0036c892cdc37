from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from services.contracts.records.treatment_plans import WeekRequirements
from tests.conftest import ClientFactory
from tests.records.conftest import NINE_HOURS, PatientFactory, PlanFactory

PATH = "/v1/week_requirements"
MONDAY = "2026-10-05"


@pytest.fixture
def query(site_id: UUID) -> dict[str, str]:
    return {"site_id": str(site_id), "week": MONDAY}


async def test_a_week_requires_what_the_plans_of_the_site_say(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, query: dict[str, str]
) -> None:
    planned, unplanned, elsewhere = await new_patient(), await new_patient(), await new_patient(site_id=str(uuid4()))
    plan = await put_plan(planned["id"], needs_transport=True)
    await put_plan(elsewhere["id"])

    answer = await serving.get(PATH, params=query)

    requirements = answer.json()
    assert answer.status_code == 200
    assert (requirements["site_id"], requirements["week"]) == (query["site_id"], MONDAY)
    assert [patient["patient_id"] for patient in requirements["patients"]] == [planned["id"]]
    assert plan["required_services"] == [{**one, "every_weeks": 1} for one in NINE_HOURS]
    assert requirements["patients"][0]["required_services"] == NINE_HOURS
    assert requirements["patients"][0]["needs_transport"] is True
    assert unplanned["id"] not in answer.text
    assert WeekRequirements.model_validate_json(answer.content).patients[0].plan_version == 1


async def test_what_is_written_down_already_is_what_the_schema_writes(
    director: httpx2.AsyncClient,
    serving: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    query: dict[str, str],
) -> None:
    first, second = await new_patient(), await new_patient()
    family = [{"weekday": "MO", "start": "17:00", "end": "18:30"}]
    await put_plan(first["id"], family_available=family, planned_admission="2026-10-07", payer="acme")
    await put_plan(second["id"], planned_discharge="2026-10-09", preference_cost={"evening": 3})
    await director.post("/v1/no_contacts", json={"patient_ids": [first["id"], second["id"]]})

    fresh, remembered = [await serving.get(PATH, params=query) for _ in range(2)]

    written = WeekRequirements.model_validate_json(fresh.content)
    assert len(written.patients) == 2
    assert len(written.no_contact) == 1
    assert fresh.content == remembered.content == written.model_dump_json().encode()
    assert fresh.headers["content-type"] == "application/json"


async def test_each_change_shows_in_a_week_that_was_asked_for_before(
    serving: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    query: dict[str, str],
) -> None:
    first, second = await new_patient(), await new_patient()

    async def week() -> tuple[list[tuple[str, int]], int]:
        found = (await serving.get(PATH, params=query)).json()
        return [(plan["patient_id"], plan["plan_version"]) for plan in found["patients"]], len(found["no_contact"])

    await put_plan(first["id"])
    assert await week() == ([(first["id"], 1)], 0)
    await put_plan(second["id"])
    assert await week() == (sorted([(first["id"], 1), (second["id"], 1)]), 0)
    await director.post("/v1/no_contacts", json={"patient_ids": [first["id"], second["id"]]})
    assert await week() == (sorted([(first["id"], 1), (second["id"], 1)]), 1)
    await put_plan(second["id"], read=1, planned_discharge="2026-10-09")
    assert await week() == (sorted([(first["id"], 1), (second["id"], 2)]), 1)
    await put_plan(second["id"], read=2, planned_discharge="2026-10-04", effective_from="2026-09-07")
    assert await week() == ([(first["id"], 1)], 0)


async def test_one_plan_is_written_down_for_each_week_apart(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, query: dict[str, str]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"], planned_discharge="2026-10-14")

    weeks = [
        (await serving.get(PATH, params={**query, "week": week})).json()["patients"]
        for week in (MONDAY, "2026-10-12", "2026-10-19", MONDAY)
    ]

    assert [[plan["attends_until"] for plan in week] for week in weeks] == [[None], ["2026-10-14"], [], [None]]


async def test_neither_names_nor_birth_dates_leave(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, query: dict[str, str]
) -> None:
    patient = await new_patient(given_name="Canaryjane")
    await put_plan(patient["id"])

    answer = await serving.get(PATH, params=query)

    assert patient["id"] in answer.text
    assert "Canaryjane" not in answer.text
    assert patient["birth_date"] not in answer.text


@pytest.mark.parametrize(
    ("second_effective_from", "version"),
    [("2026-10-05", 2), ("2026-10-11", 2), ("2026-10-12", 1), ("2026-09-01", 2)],
    ids=["on Monday", "on Sunday", "the week after", "backdated"],
)
async def test_the_newest_version_that_takes_effect_by_sunday_holds(
    serving: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    query: dict[str, str],
    *,
    second_effective_from: str,
    version: int,
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"], effective_from="2026-09-07")
    await put_plan(patient["id"], read=1, effective_from=second_effective_from)

    requirements = (await serving.get(PATH, params=query)).json()

    assert [plan["plan_version"] for plan in requirements["patients"]] == [version]


async def test_a_plan_that_takes_effect_later_requires_nothing_yet(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, query: dict[str, str]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"], effective_from="2026-10-12")

    assert (await serving.get(PATH, params=query)).json()["patients"] == []


async def test_pairs_among_the_week_s_patients_are_told_without_a_reason(
    director: httpx2.AsyncClient,
    serving: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    query: dict[str, str],
) -> None:
    first, second, unplanned = await new_patient(), await new_patient(), await new_patient()
    for patient in (first, second):
        await put_plan(patient["id"])
    for other in (second, unplanned):
        await director.post("/v1/no_contacts", json={"patient_ids": [other["id"], first["id"]]})

    requirements = (await serving.get(PATH, params=query)).json()

    assert requirements["no_contact"] == [{"patient_ids": sorted([first["id"], second["id"]])}]


async def test_a_site_nobody_is_treated_at_requires_nothing(serving: httpx2.AsyncClient) -> None:
    answer = await serving.get(PATH, params={"site_id": str(uuid4()), "week": MONDAY})

    assert (answer.json()["patients"], answer.json()["no_contact"]) == ([], [])


async def test_another_organization_s_site_requires_nothing(
    records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory, query: dict[str, str]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])
    own = records(Role.FRONT_DESK, acting=Microservice.SCHEDULER)
    assert patient["id"] in (await own.get(PATH, params=query)).text
    stranger = records(Role.FRONT_DESK, organization=uuid4(), acting=Microservice.SCHEDULER)

    answer = await stranger.get(PATH, params=query)

    assert (answer.status_code, answer.json()["patients"]) == (200, [])


async def test_a_week_that_is_no_monday_is_refused(serving: httpx2.AsyncClient, query: dict[str, str]) -> None:
    answer = await serving.get(PATH, params={**query, "week": "2026-10-06"})

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:eventide:problem:week-refused"
    assert answer.json()["errors"][0]["pointer"] == "week"


@pytest.mark.parametrize("week", ["0001-01-01", "9999-12-27"])
@pytest.mark.parametrize("path", [PATH, "/v1/horizon_requirements"])
async def test_a_week_at_the_end_of_the_calendar_was_an_overflow(
    serving: httpx2.AsyncClient, query: dict[str, str], path: str, week: str
) -> None:
    answer = await serving.get(path, params={**query, "week": week})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "week"


@pytest.mark.parametrize("change", [{"week": "canary"}, {"site_id": "canary"}, {"week": ""}])
async def test_a_bad_parameter_is_named(
    serving: httpx2.AsyncClient, query: dict[str, str], change: dict[str, Any]
) -> None:
    answer = await serving.get(PATH, params={**query, **change})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == list(change)
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("role", "acting"),
    [
        (Role.PROGRAMME_DIRECTOR, None),
        (Role.BILLING, Microservice.SCHEDULER),
        (Role.FRONT_DESK, Microservice.RECORDS),
    ],
)
async def test_only_the_scheduler_for_someone_who_may_read_asks_for_a_week(
    records: ClientFactory, query: dict[str, str], role: Role, acting: Microservice | None
) -> None:
    assert (await records(role, acting=acting).get(PATH, params=query)).status_code == 403
