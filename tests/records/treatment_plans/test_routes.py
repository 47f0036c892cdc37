from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory, PlanFactory


def path_of(patient: dict[str, Any]) -> str:
    return f"/v1/patients/{patient['id']}/treatment_plan"


def group(minutes: int) -> list[dict[str, Any]]:
    return [{"service": "process_group", "minutes_per_week": minutes}]


async def test_the_first_plan_is_version_1(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()

    answer = await director.put(path_of(patient), json=plan_body)

    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == path_of(patient)
    assert answer.json()["version"] == 1


async def test_what_is_put_can_be_read(director: httpx2.AsyncClient, new_patient: PatientFactory) -> None:
    patient, practitioner = await new_patient(), str(uuid4())
    body = {
        "effective_from": "2026-10-07",
        "phase": "intensive",
        "required_services": [
            {"service": "process_group", "minutes_per_week": 540, "every_weeks": 1},
            {"service": "family", "minutes_per_week": 60, "every_weeks": 4},
        ],
        "track": "evening",
        "languages": ["es-US"],
        "modalities": ["on_site"],
        "travel_minutes": 45,
        "team": [practitioner, str(uuid4())],
        "primary_practitioner_id": practitioner,
        "family_available": [{"weekday": "TU", "start": "18:00:00", "end": "20:30:00"}],
        "preference_cost": {"morning": 10, "afternoon": 0, "evening": 2, "weekend": 7},
        "needs_transport": True,
    }

    put = await director.put(path_of(patient), json=body)
    read = await director.get(path_of(patient))

    assert read.status_code == 200
    assert read.headers["etag"] == '"1"'
    assert read.json() == put.json()
    assert {name: read.json()[name] for name in body} == body
    assert read.json()["patient_id"] == patient["id"]


async def test_every_version_was_lost_behind_the_newest_and_none_said_who_wrote_it(
    *,
    records: ClientFactory,
    stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
    plan_body: dict[str, Any],
    join_team: JoinTeam,
) -> None:
    patient, (first, second) = await new_patient(), (uuid4(), uuid4())
    director, counsellor = records(Role.PROGRAMME_DIRECTOR, account=first), records(Role.COUNSELLOR, account=second)
    path = f"{path_of(patient)}/versions"
    nothing = await director.get(path)
    before = await counsellor.get(path)
    await join_team(patient, second)

    one = await director.put(path_of(patient), json=plan_body)
    more = {**plan_body, "effective_from": "2026-10-12", "required_services": group(600)}
    two = await counsellor.put(path_of(patient), json=more, headers={"if-match": '"1"'})
    listed = await records(Role.FRONT_DESK).get(path)

    assert [answer.status_code for answer in (one, two, nothing, listed)] == [201, 200, 200, 200]
    assert nothing.json() == {"items": [], "next_page_token": None}
    assert listed.json()["items"] == [
        {"written_by": str(second), "plan": two.json()},
        {"written_by": str(first), "plan": one.json()},
    ]
    hidden = [await stranger.get(path), await stranger.get(f"/v1/patients/{uuid4()}/treatment_plan/versions"), before]
    assert [answer.status_code for answer in hidden] == [404] * 3
    assert (await records(Role.BILLING).get(path)).status_code == 403


async def test_a_change_is_a_new_version_and_needs_the_etag_of_the_one_before(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])

    answer = await director.put(path_of(patient), json=plan_body, headers={"if-match": '"1"'})

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert (await director.get(path_of(patient))).json()["version"] == 2


async def test_a_change_without_if_match_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])

    answer = await director.put(path_of(patient), json=plan_body)

    assert answer.status_code == 428
    assert answer.json()["type"] == "urn:eventide:problem:version-required"


@pytest.mark.parametrize("etag", ['"0"', '"1"', '"3"', '"x"', "*", '"99999999999"'])
async def test_a_change_to_another_version_than_the_newest_is_refused(
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    plan_body: dict[str, Any],
    etag: str,
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])
    await put_plan(patient["id"], read=1)

    answer = await director.put(path_of(patient), json=plan_body, headers={"if-match": etag})

    assert answer.status_code == 412
    assert (await director.get(path_of(patient))).json()["version"] == 2


async def test_a_first_plan_that_expects_another_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()

    answer = await director.put(path_of(patient), json=plan_body, headers={"if-match": '"1"'})

    assert answer.status_code == 412
    assert (await director.get(path_of(patient))).status_code == 404


@pytest.mark.parametrize("hours", [0, 8, 20, 40])
async def test_hours_outside_the_level_of_care_are_refused_with_the_range_and_its_source(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any], hours: int
) -> None:
    patient = await new_patient()
    services = group(hours * 60) if hours else []

    answer = await director.put(path_of(patient), json={**plan_body, "required_services": services})

    problem = answer.json()
    assert answer.status_code == 422
    assert problem["type"] == "urn:eventide:problem:hours-out-of-range"
    assert [field["pointer"] for field in problem["errors"]] == ["/required_services"]
    assert "9 to 19 hours" in problem["detail"]
    assert "ASAM" in problem["detail"]
    assert (await director.get(path_of(patient))).status_code == 404


async def test_taper_weeks_may_lie_below_the_minimum(new_patient: PatientFactory, put_plan: PlanFactory) -> None:
    patient = await new_patient()

    plan = await put_plan(patient["id"], phase="taper", required_services=group(180))

    assert plan["phase"] == "taper"


async def test_a_taper_without_any_hours_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()

    answer = await director.put(path_of(patient), json={**plan_body, "phase": "taper", "required_services": []})

    assert answer.status_code == 422
    assert "more than 0 and at most 19 hours" in answer.json()["detail"]


async def test_the_hours_are_those_of_the_age_when_the_plan_takes_effect(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient(birth_date="2008-10-10")
    six_hours = {**plan_body, "required_services": group(360)}

    at_18 = await director.put(path_of(patient), json={**six_hours, "effective_from": "2026-10-10"})
    at_17 = await director.put(path_of(patient), json={**six_hours, "effective_from": "2026-10-09"})

    assert (at_18.status_code, at_17.status_code) == (422, 201)


async def test_a_release_that_knows_no_every_weeks_reads_what_is_every_week_s(
    put_plan: PlanFactory, new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    """Before, every plan was written with a member that the release before refuses to read."""
    await put_plan((await new_patient())["id"], required_services=group(540))
    visit = {"service": "medication", "minutes_per_week": 30, "every_weeks": 2}
    await put_plan((await new_patient())["id"], required_services=[*group(540), visit])

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch("select required_services::text as said from treatment_plans order by id")

    assert [orjson.loads(row["said"]) for row in rows] == [group(540), [*group(540), visit]]


@pytest.mark.parametrize(
    ("required", "status"),
    [
        ([(480, 1), (60, 1)], 201),
        # Every second week would come to eight hours.
        ([(480, 1), (60, 2)], 422),
        # Every second week would come to twenty.
        ([(540, 1), (660, 2)], 422),
        ([(540, 1), (600, 2)], 201),
    ],
)
async def test_the_hours_of_every_week_are_those_of_the_level(
    *,
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    plan_body: dict[str, Any],
    required: list[tuple[int, int]],
    status: int,
) -> None:
    services = [
        {"service": service, "minutes_per_week": minutes, "every_weeks": every}
        for service, (minutes, every) in zip(("process_group", "skills_group"), required, strict=True)
    ]

    answer = await director.put(path_of(await new_patient()), json={**plan_body, "required_services": services})

    assert answer.status_code == status, answer.text


async def test_what_cannot_be_scheduled_is_named_all_at_once_with_the_remedy(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()
    services = [
        *group(540),
        {"service": "individual", "minutes_per_week": 45},
        {"service": "family", "minutes_per_week": 60},
        {"service": "nurse_visit", "minutes_per_week": 75},
    ]

    answer = await director.put(path_of(patient), json={**plan_body, "required_services": services})

    assert answer.status_code == 422
    assert answer.json()["code"] == "unschedulable-services"
    assert {field["pointer"]: field["detail"] for field in answer.json()["errors"]} == {
        "/required_services/1/minutes_per_week": "must be a multiple of 60, 420 at most, for individual",
        "/required_services/3/minutes_per_week": "must be a multiple of 15, 45 at most, for nurse_visit",
        "/family_available": "must say when the family can come, as family is a required service",
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"effective_from": "1950-01-01"}, "/effective_from"),
        ({"effective_from": "soon canary"}, "/effective_from"),
        ({"required_services": [{"service": "canary", "minutes_per_week": 60}]}, "/required_services/0/service"),
        ({"required_services": group(541)}, "/required_services/0/minutes_per_week"),
        ({"required_services": [{**group(540)[0], "every_weeks": 3}]}, "/required_services/0/every_weeks"),
        ({"required_services": group(270) + group(270)}, ""),
        ({"track": "canary track!"}, "/track"),
        ({"languages": []}, "/languages"),
        ({"modalities": []}, "/modalities"),
        ({"travel_minutes": 7}, "/travel_minutes"),
        ({"primary_practitioner_id": str(uuid4())}, ""),
        ({"surname": "canary"}, "/surname"),
    ],
)
async def test_a_bad_member_is_named_and_never_echoed(
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    plan_body: dict[str, Any],
    change: dict[str, Any],
    pointer: str,
) -> None:
    patient = await new_patient()

    answer = await director.put(path_of(patient), json={**plan_body, **change})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]
    assert "canary" not in answer.text


async def test_a_patient_without_a_plan_has_none_to_read(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()

    assert (await director.get(path_of(patient))).status_code == 404


async def test_a_stranger_cannot_tell_a_patient_from_nobody_by_writing_a_plan(
    stranger: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()

    theirs = await stranger.put(path_of(patient), json=plan_body)
    nobody = await stranger.put(path_of({"id": uuid4()}), json=plan_body)

    assert theirs.status_code == nobody.status_code == 404
    assert {**theirs.json(), "instance": ""} == {**nobody.json(), "instance": ""}


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.BILLING, Role.PATIENT])
async def test_only_those_who_plan_write_plans(
    records: ClientFactory, new_patient: PatientFactory, plan_body: dict[str, Any], role: Role
) -> None:
    patient = await new_patient()

    assert (await records(role).put(path_of(patient), json=plan_body)).status_code == 403


@pytest.mark.parametrize(("role", "status"), [(Role.SUPERVISOR, 200), (Role.BILLING, 403)])
async def test_those_who_read_the_book_read_plans(
    records: ClientFactory, new_patient: PatientFactory, put_plan: PlanFactory, role: Role, status: int
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])

    assert (await records(role).get(path_of(patient))).status_code == status


async def test_the_same_change_sent_twice_with_its_key_is_one_version(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, plan_body: dict[str, Any]
) -> None:
    patient = await new_patient()
    await put_plan(patient["id"])
    headers = {"if-match": '"1"', "idempotency-key": str(uuid4())}

    first = await director.put(path_of(patient), json=plan_body, headers=headers)
    second = await director.put(path_of(patient), json=plan_body, headers=headers)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert second.headers["etag"] == '"2"'
