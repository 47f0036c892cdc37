"""Episodes of care through their routes: admission, levels, taper weeks, discharge."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory, PlanFactory
from tests.records.episodes.conftest import ADMISSION, LEVEL, Act, Admit, Json, level

DISCHARGE = {"discharged_on": "2026-10-02", "reason": "completed"}
STEP_UP = {"decision": level("2.5"), "from_on": "2026-09-10"}


def pointers(answer: httpx2.Response) -> list[str]:
    return [field["pointer"] for field in answer.json()["errors"]]


async def test_a_stay_is_written_from_admission_to_discharge(
    director: httpx2.AsyncClient, admit: Admit, act: Act, site_id: UUID
) -> None:
    episode = await admit()
    assert (episode["site_id"], episode["version"], episode["discharged_on"]) == (str(site_id), 1, None)
    for verb, body in (
        ("record_first_session", {"attended_on": "2026-09-02"}),
        ("change_level", STEP_UP),
        ("change_level", {"decision": level("1"), "from_on": "2026-09-20"}),
        ("change_level", {"decision": level("2.1", "asam-4"), "from_on": "2026-09-25"}),
        ("taper_weeks", {"weeks": ["2026-09-21", "2026-09-28"]}),
        ("discharge", DISCHARGE),
    ):
        answer = await act(episode, verb, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{episode["version"] + 1}"'
        episode = answer.json()

    read = await director.get(f"/v1/episodes/{episode['id']}")
    listed = await director.get(f"/v1/patients/{episode['patient_id']}/episodes")

    assert read.json() == episode
    assert listed.json()["items"] == [episode]
    assert [(one["level"], one["change"]) for one in episode["levels"]] == [
        ("2.1", "admission"),
        ("2.5", "step_up"),
        ("1", "step_down"),
        ("2.1", "other_edition"),
    ]
    assert (episode["first_session_on"], episode["discharge_reason"]) == ("2026-09-02", "completed")


async def test_a_clerk_once_stored_a_level_of_care_in_their_own_name(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, act: Act, site_id: UUID
) -> None:
    """Whoever is no clinician admits without a level; it is one once a clinician has decided, and until then due."""
    patient, account = await new_patient(), uuid4()
    path = f"/v1/patients/{patient['id']}/episodes"
    without = {name: value for name, value in ADMISSION.items() if name != "initial"}
    counsellor = records(Role.COUNSELLOR, Role.PROGRAMME_DIRECTOR, account=account)

    refused = await records(Role.FRONT_DESK).post(path, json=ADMISSION)
    made = await records(Role.FRONT_DESK).post(path, json=without)
    assert (refused.status_code, pointers(refused)) == (422, ["/initial"])
    assert "change_episode_level" in refused.json()["errors"][0]["detail"]
    assert (made.status_code, made.json()["levels"]) == (201, [])

    async def due() -> list[str]:
        answer = await director.get(f"/v1/sites/{site_id}/due_plans_of_care")
        return [duty["kind"] for one in answer.json()["items"] for duty in one["duties"]]

    assert await due() == ["level_of_care"]
    tapering = await act(made.json(), "taper_weeks", {"weeks": ["2026-09-21"]})
    too_early = await act(made.json(), "change_level", {"decision": LEVEL, "from_on": "2026-08-31"})
    decided = await counsellor.post(
        f"/v1/episodes/{made.json()['id']}:change_level",
        json={"decision": LEVEL, "from_on": "2026-09-01"},
        headers={"if-match": '"1"'},
    )

    assert [pointers(one) for one in (tapering, too_early)] == [["/weeks"], ["/from_on"]]
    assert decided.status_code == 200, decided.text
    [level_of_care] = decided.json()["levels"]
    assert (level_of_care["change"], level_of_care["decided_by"]) == ("admission", str(account))
    assert await due() == []


async def test_who_was_admitted_without_a_level_can_leave(
    director: httpx2.AsyncClient, new_patient: PatientFactory, act: Act
) -> None:
    admission = {"programme": "day-iop", "admitted_on": "2026-09-10"}
    made = await director.post(f"/v1/patients/{(await new_patient())['id']}/episodes", json=admission)

    before = await act(made.json(), "discharge", {"discharged_on": "2026-09-09", "reason": "other"})
    after = await act(made.json(), "discharge", {"discharged_on": "2026-09-10", "reason": "other"})

    assert (before.status_code, pointers(before), after.status_code) == (422, ["/discharged_on"], 200)


async def test_a_patient_has_one_open_episode_in_a_programme(
    director: httpx2.AsyncClient, admit: Admit, act: Act, new_patient: PatientFactory
) -> None:
    patient = await new_patient()
    path = f"/v1/patients/{patient['id']}/episodes"
    first = await admit(patient)

    again = await director.post(path, json={**ADMISSION, "admitted_on": "2026-09-20"})
    elsewhere = await director.post(path, json={**ADMISSION, "programme": "day-iop"})
    await act(first, "discharge", DISCHARGE)
    overlapping = await director.post(path, json={**ADMISSION, "admitted_on": "2026-10-01"})
    same_day = await director.post(path, json={**ADMISSION, "admitted_on": "2026-10-02"})

    assert [one.status_code for one in (again, elsewhere, overlapping, same_day)] == [409, 201, 409, 201]
    assert again.json()["type"].endswith("already-exists")


async def test_the_database_itself_keeps_two_open_episodes_out(
    admit: Admit, records_database: Database, organization_id: UUID
) -> None:
    episode = await admit()

    with pytest.raises(asyncpg.ExclusionViolationError, match="episodes_one_open_excl"):
        async with records_database.read(OrganizationId(organization_id)) as read:
            await read.connection.execute(
                "insert into episodes select organization_id, $1, patient_id, site_id, programme, admitted_on + 3,"
                " null, taper_weeks, null, null, 1, created_at from episodes where id = $2",
                uuid4(),
                UUID(episode["id"]),
            )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"admitted_on": "2026-10-04"}, "/admitted_on"),
        ({"initial": level("2.7")}, "/initial/level"),
        ({"initial": level("2.1", "asam-9")}, "/initial/criteria_edition"),
        ({"initial": level("5")}, "/initial/level"),
        ({"programme": "evening iop"}, "/programme"),
    ],
)
async def test_an_admission_that_cannot_be_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, pointer: str
) -> None:
    patient = await new_patient()

    answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json={**ADMISSION, **changes})

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("change_level", {"decision": LEVEL, "from_on": "2026-09-10"}, "/decision/level"),
        ("change_level", {"decision": level("2.5"), "from_on": "2026-09-01"}, "/from_on"),
        ("change_level", {"decision": level("2.5"), "from_on": "2026-10-04"}, "/from_on"),
        ("record_first_session", {"attended_on": "2026-08-31"}, "/attended_on"),
        ("record_first_session", {"attended_on": "2026-10-04"}, "/attended_on"),
        ("discharge", {"discharged_on": "2026-08-31", "reason": "other"}, "/discharged_on"),
        ("discharge", {"discharged_on": "2026-10-04", "reason": "other"}, "/discharged_on"),
        ("discharge", {"discharged_on": "2026-10-02", "reason": "graduated"}, "/reason"),
        ("taper_weeks", {"weeks": ["2026-08-24"]}, "/weeks/0"),
        ("taper_weeks", {"weeks": ["2026-09-14", "2026-09-21", "2026-09-28"]}, "/weeks"),
        ("taper_weeks", {"weeks": ["2026-09-15"]}, ""),
        ("taper_weeks", {"weeks": ["2026-09-21", "2026-09-14"]}, ""),
    ],
)
async def test_a_change_that_cannot_be_is_refused(admit: Admit, act: Act, verb: str, body: Json, pointer: str) -> None:
    answer = await act(await admit(), verb, body)

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


async def test_nobody_is_discharged_before_what_has_happened(admit: Admit, act: Act) -> None:
    stepped = (await act(await admit(), "change_level", STEP_UP)).json()

    answer = await act(stepped, "discharge", {"discharged_on": "2026-09-09", "reason": "other"})

    assert pointers(answer) == ["/discharged_on"]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("change_level", STEP_UP),
        ("taper_weeks", {"weeks": []}),
        ("record_first_session", {"attended_on": "2026-09-02"}),
        ("discharge", DISCHARGE),
    ],
)
async def test_what_has_ended_is_not_changed_and_what_has_moved_is_read_again(
    director: httpx2.AsyncClient, admit: Admit, act: Act, verb: str, body: Json
) -> None:
    episode = await admit()

    stale = await act(episode, verb, body, read=7)
    path = f"/v1/episodes/{episode['id']}"
    unread = await (
        director.put(f"{path}/taper_weeks", json=body)
        if verb == "taper_weeks"
        else director.post(f"{path}:{verb}", json=body)
    )
    ended = (await act(episode, "discharge", DISCHARGE)).json()
    after = await act(ended, verb, body)

    assert [one.status_code for one in (stale, unread, after)] == [412, 428, 409]
    assert after.json()["code"] == "episode-over"


async def test_a_stranger_cannot_tell_an_episode_from_none(
    records: ClientFactory, stranger: httpx2.AsyncClient, admit: Admit, join_team: JoinTeam
) -> None:
    episode, account = await admit(), uuid4()
    counsellor = records(Role.COUNSELLOR, account=account)

    answers = [
        await caller.get(f"/v1/episodes/{sought}")
        for caller in (stranger, counsellor)
        for sought in (episode["id"], uuid4())
    ]
    await join_team({"id": episode["patient_id"]}, account)

    assert {one.status_code for one in answers} == {404}
    assert len({str(one.json() | {"instance": ""}) for one in answers}) == 1
    assert (await counsellor.get(f"/v1/episodes/{episode['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        (Role.BILLING, "GET", ""),
        (Role.FRONT_DESK, "POST", ":discharge"),
        (Role.NURSE, "POST", ":change_level"),
        (Role.FRONT_DESK, "PUT", "/taper_weeks"),
        (Role.AUDITOR, "POST", ":record_first_session"),
    ],
)
async def test_a_role_without_the_duty_is_refused(
    records: ClientFactory, admit: Admit, role: Role, method: str, path: str
) -> None:
    episode = await admit()

    answer = await records(role).request(
        method, f"/v1/episodes/{episode['id']}{path}", json={}, headers={"if-match": '"1"'}
    )

    assert answer.status_code == 403


async def planned(serving: httpx2.AsyncClient, site_id: UUID, week: str) -> Any:
    answer = await serving.get("/v1/week_requirements", params={"site_id": str(site_id), "week": week})
    return [patient["phase"] for patient in answer.json()["patients"]]


async def test_a_taper_week_of_the_episode_raises_no_alarm_in_the_plan(
    *,
    records: ClientFactory,
    director: httpx2.AsyncClient,
    admit: Admit,
    act: Act,
    put_plan: PlanFactory,
    plan_body: Json,
    site_id: UUID,
) -> None:
    episode = await admit()
    path = f"/v1/patients/{episode['patient_id']}/treatment_plan"
    await put_plan(episode["patient_id"])
    fewer = {
        **plan_body,
        "effective_from": "2026-10-12",
        "planned_discharge": "2026-10-16",
        "required_services": [{"service": "process_group", "minutes_per_week": 180}],
    }
    serving = records(Role.FRONT_DESK, acting=Microservice.SCHEDULER)

    before = await director.put(path, json=fewer, headers={"if-match": '"1"'})
    assert await planned(serving, site_id, "2026-10-12") == ["intensive"]
    await act(episode, "taper_weeks", {"weeks": ["2026-10-12"]})
    open_ended = await director.put(path, json=fewer | {"planned_discharge": None}, headers={"if-match": '"1"'})
    beyond = await director.put(path, json=fewer | {"planned_discharge": "2026-10-19"}, headers={"if-match": '"1"'})
    phases = [await planned(serving, site_id, week) for week in ("2026-10-05", "2026-10-12", "2026-10-19")]
    horizon = await serving.get("/v1/horizon_requirements", params={"site_id": str(site_id), "week": "2026-10-05"})
    within = await director.put(path, json=fewer, headers={"if-match": '"1"'})

    assert [one.status_code for one in (before, open_ended, beyond, within)] == [422, 422, 422, 200]
    assert phases == [["intensive"], ["taper"], ["intensive"]]
    assert [week["patients"][0]["phase"] for week in horizon.json()["weeks"][:3]] == ["intensive", "taper", "intensive"]


async def test_editions_are_listed_by_names_and_numbers(records: ClientFactory) -> None:
    answer = await records(Role.COUNSELLOR).get("/v1/criteria_editions")

    third, fourth = answer.json()["items"]
    assert (third["id"], third["mark"], len(third["dimensions"])) == ("asam-3", "certain", 6)
    assert (fourth["id"], fourth["mark"], fourth["dimensions"][5]["name"]) == (
        "asam-4",
        "likely",
        "Person-Centered Considerations",
    )
    assert set(third["dimensions"][0]) == {"number", "name"}


async def test_a_level_is_decided_by_the_edition_in_force_at_the_site_of_the_episode(
    director: httpx2.AsyncClient, admit: Admit, act: Act
) -> None:
    episode = await admit()
    in_force = {"site_id": episode["site_id"], "edition": "asam-4", "effective_from": "2026-09-15"}
    assert (await director.post("/v1/site_criteria_editions", json=in_force)).status_code == 201

    by_the_third = await act(episode, "change_level", {"from_on": "2026-09-20", "decision": level("1")})
    by_the_fourth = await act(episode, "change_level", {"from_on": "2026-09-20", "decision": level("2.1", "asam-4")})

    assert by_the_third.status_code == 422
    assert [error["pointer"] for error in by_the_third.json()["errors"]] == ["/decision/criteria_edition"]
    assert by_the_fourth.status_code == 200, by_the_fourth.text
