from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import DBAPIError

from services.chassis.database import Database, violated_constraint
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.assessments.conftest import Assess, Json, act, amendment, answers, body
from tests.records.conftest import JoinTeam, PatientFactory

Sql = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
def sql(records_database: Database, organization_id: UUID) -> Sql:
    async def execute(statement: str, **values: Any) -> list[Any]:
        async with records_database.command(OrganizationId(organization_id)) as db:
            result = await db.execute(text(statement), values)
            return list(result.all()) if isinstance(result, CursorResult) and result.returns_rows else []

    return execute


async def test_an_assessment_is_scored_and_closed(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    written = await assess(await new_patient(), "phq-9", 1, i9=0)

    closed = await act(director, written, "complete")

    assert (written["status"], written["version"], written["safety_tasks"]) == ("in-progress", 1, [])
    assert written["scores"] == [{"score_id": "total", "value": 8, "band": "mild", "unanswered": []}]
    assert (closed.status_code, closed.headers["etag"], closed.json()["status"]) == (200, '"2"', "completed")
    assert (await act(director, closed.json(), "complete")).json()["code"] == "assessment-completed"


@pytest.mark.parametrize(
    ("instrument_id", "value", "found"),
    [
        ("phq-9", 3, (27, "severe")),
        ("gad-7", 2, (14, "moderate")),
        ("ciwa-ar", 7, (67, "severe")),
        ("cows", 0, (0, "none")),
        ("bam-iop", 0, (3, "any")),
        ("asq", 0, (0, "negative")),
    ],
)
async def test_each_instrument_has_its_cut_offs(
    new_patient: PatientFactory, assess: Assess, instrument_id: str, value: int, found: tuple[int, str]
) -> None:
    used = {"i4": 1, "i5": 1, "i6": 1} if instrument_id == "bam-iop" else {}

    written = await assess(await new_patient(), instrument_id, value, **used)

    assert [(score["value"], score["band"]) for score in written["scores"]] == [found]


async def test_what_is_filled_in_elsewhere_is_entered_as_its_score(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/assessments"
    entry = {**body(), "answers": []}

    audit = await director.post(
        path, json={**entry, "instrument_id": "audit", "scores": [{"score_id": "total", "value": 17}]}
    )
    screener = await director.post(
        path, json={**entry, "instrument_id": "c-ssrs-screener", "scores": [{"score_id": "triage", "value": 3}]}
    )
    beyond = await director.post(
        path, json={**entry, "instrument_id": "audit", "scores": [{"score_id": "total", "value": 41}]}
    )
    without = await director.post(path, json={**entry, "instrument_id": "audit"})

    assert audit.json()["scores"][0]["band"] == "zone III"
    assert [task["urgency"] for task in screener.json()["safety_tasks"]] == ["acute"]
    assert [field["pointer"] for field in beyond.json()["errors"]] == ["/scores/0/value"]
    assert [field["pointer"] for field in without.json()["errors"]] == ["/scores"]


async def test_an_amendment_is_a_version_and_overwrites_none(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    closed = await assess(await new_patient(), "gad-7", 1, complete=True)

    amended = await act(director, closed, "amend", amendment("gad-7", 2))

    assert (amended.status_code, amended.json()["status"], amended.json()["version"]) == (200, "amended", 3)
    versions = (await director.get(f"/v1/assessments/{closed['id']}/versions")).json()["items"]
    assert [(one["version"], one["status"], one["scores"][0]["value"]) for one in versions] == [
        (3, "amended", 14),
        (2, "completed", 7),
        (1, "in-progress", 7),
    ]
    assert versions[0]["amendment_reason"] == "entered_in_error"
    stale = await act(director, closed, "amend", amendment("gad-7", 3))
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:eventide:problem:stale-version")


async def test_what_was_entered_in_error_is_closed_for_good(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    patient = await new_patient()
    retracted = await act(director, await assess(patient, "gad-7", 1, complete=True), "retract")

    assert retracted.json()["status"] == "entered-in-error"
    for verb, content in (("complete", None), ("retract", None), ("amend", amendment("gad-7"))):
        refused = await act(director, retracted.json(), verb, content)
        assert (refused.status_code, refused.json()["code"]) == (409, "assessment-entered-in-error")
    trends = await director.get(f"/v1/patients/{patient['id']}/assessment_trends")
    assert trends.json()["series"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"instrument_id": "phq-8"}, "/instrument_id"),
        ({"administered_at": "2027-01-01T00:00:00Z"}, "/administered_at"),
        ({"answers": answers("phq-9")[1:]}, "/answers"),
        ({"answers": [{"item_id": "1", "value": 4}, *answers("phq-9")[1:]]}, "/answers/0/value"),
        ({"answers": [*answers("phq-9"), {"item_id": "11", "value": 0}]}, "/answers/9/item_id"),
        ({"answers": [*answers("phq-9"), {"item_id": "9", "value": 1}]}, ""),
        ({"scores": [{"score_id": "total", "value": 3}]}, "/scores/0/score_id"),
    ],
)
async def test_what_does_not_fit_the_instrument_is_named(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, pointer: str
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/assessments"

    answer = await director.post(path, json={**body(), **changes})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_trends_are_of_completed_assessments_in_the_order_of_time(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    patient = await new_patient()
    await assess(patient, "phq-9", 1, at="2026-09-20T10:00:00Z", i9=0, complete=True)
    await assess(patient, "phq-9", 2, at="2026-09-06T10:00:00Z", i9=0, complete=True)
    await assess(patient, "phq-9", 0, at="2026-09-27T10:00:00Z")
    await assess(patient, "gad-7", 0, complete=True)

    answer = await director.get(f"/v1/patients/{patient['id']}/assessment_trends", params={"instrument_id": "phq-9"})

    (series,) = answer.json()["series"]
    assert [point["value"] for point in series["points"]] == [16, 8]
    assert (series["change"], series["direction"]) == (-8, "better")
    both = (await director.get(f"/v1/patients/{patient['id']}/assessment_trends")).json()["series"]
    assert [(one["instrument_id"], one["direction"]) for one in both] == [("gad-7", None), ("phq-9", "better")]


async def test_a_page_is_of_one_patient_and_one_instrument(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    patient, other = await new_patient(), await new_patient()
    written = [await assess(patient, "gad-7", complete=True) for _ in range(3)]
    await assess(patient, "phq-9")
    await assess(other, "gad-7")
    path, query = f"/v1/patients/{patient['id']}/assessments", {"instrument_id": "gad-7", "page_size": "2"}

    first = (await director.get(path, params=query)).json()
    second = (await director.get(path, params={**query, "page_token": first["next_page_token"]})).json()

    found = first["items"] + second["items"]
    assert [one["id"] for one in found] == [one["id"] for one in written]
    assert {one["version"] for one in found} == {2}
    assert second["next_page_token"] is None


async def test_a_report_counts_patients_and_leaves_small_counts_out(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess, site_id: UUID
) -> None:
    patients = [await new_patient() for _ in range(11)]
    for patient in patients:
        await assess(patient, "gad-7", 2, at="2026-09-06T10:00:00Z", complete=True)
        await assess(patient, "gad-7", 1, at="2026-09-20T10:00:00Z", complete=True)
    await assess(patients[0], "phq-9", 1, i9=0, at="2026-09-20T10:00:00Z", complete=True)
    path, query = f"/v1/sites/{site_id}/measurement_report", {"first_month": "2026-09-01", "last_month": "2026-09-01"}

    report = (await director.get(path, params=query)).json()
    await assess(await new_patient(), "gad-7", 1, at="2026-09-20T10:00:00Z", complete=True)
    after = (await director.get(path, params=query)).json()
    earlier = await director.get(path, params={"first_month": "2026-08-01", "last_month": "2026-08-01"})

    anxiety, depression = report["items"]
    assert [anxiety[name] for name in ("patients", "once", "better", "same", "worse")] == [11, 0, 11, 0, 0]
    assert [depression[name] for name in ("patients", "once", "better", "same", "worse")] == [None] * 5
    assert [after["items"][0][name] for name in ("patients", "once", "better")] == [12, None, None]
    assert earlier.json()["items"] == []


@pytest.mark.parametrize(
    ("first", "last", "pointer"),
    [
        ("2026-09-02", "2026-09-01", "first_month"),
        ("2026-09-01", "2026-08-01", "last_month"),
        ("2025-09-01", "2026-09-01", "last_month"),
    ],
)
async def test_a_report_is_of_whole_months(
    director: httpx2.AsyncClient, site_id: UUID, first: str, last: str, pointer: str
) -> None:
    answer = await director.get(
        f"/v1/sites/{site_id}/measurement_report", params={"first_month": first, "last_month": last}
    )

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_who_does_not_treat_the_patient_finds_nothing(
    records: ClientFactory,
    stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
    join_team: JoinTeam,
    assess: Assess,
) -> None:
    patient, account = await new_patient(), uuid4()
    one = await assess(patient, "phq-9", 1)
    task = one["safety_tasks"][0]
    counsellor = records(Role.COUNSELLOR, account=account)
    paths = [
        f"/v1/patients/{patient['id']}/assessments",
        f"/v1/patients/{patient['id']}/assessment_trends",
        f"/v1/assessments/{one['id']}",
        f"/v1/assessments/{one['id']}/versions",
    ]
    told = {"told_account_id": str(account), "told_at": "2026-10-02T12:00:00Z", "steps": ["safety_plan"]}

    for client in (counsellor, stranger):
        assert {(await client.get(path)).status_code for path in paths} == {404}
        assert (await client.post(paths[0], json=body())).status_code == 404
        assert (await client.post(f"/v1/safety_tasks/{task['id']}:answer", json=told)).status_code == 404
        for verb, content in (("complete", None), ("retract", None), ("amend", amendment("phq-9"))):
            assert (await act(client, one, verb, content)).status_code == 404
    assert (await counsellor.get(f"/v1/sites/{patient['site_id']}/safety_tasks")).json()["items"] == []

    await join_team(patient, account)
    assert {(await counsellor.get(path)).status_code for path in paths} == {200}
    listed = (await counsellor.get(f"/v1/sites/{patient['site_id']}/safety_tasks")).json()["items"]
    assert [one["id"] for one in listed] == [task["id"]]


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.BILLING, Role.AUDITOR, Role.LAB, Role.PATIENT])
async def test_whose_duties_need_no_assessments_are_refused(
    records: ClientFactory, new_patient: PatientFactory, assess: Assess, role: Role
) -> None:
    patient = await new_patient()
    one = await assess(patient, "gad-7")

    assert (await records(role).get(f"/v1/assessments/{one['id']}")).status_code == 403
    assert (await records(role).get("/v1/instruments")).status_code == 403


async def test_a_report_is_for_those_who_lead(records: ClientFactory, site_id: UUID) -> None:
    path, query = f"/v1/sites/{site_id}/measurement_report", {"first_month": "2026-09-01", "last_month": "2026-09-01"}

    assert (await records(Role.COUNSELLOR).get(path, params=query)).status_code == 403
    assert (await records(Role.SUPERVISOR).get(path, params=query)).status_code == 200


async def test_what_does_not_exist_is_not_found(director: httpx2.AsyncClient) -> None:
    nothing = {"id": uuid4(), "version": 1}
    told = {"told_account_id": str(uuid4()), "told_at": "2026-10-02T12:00:00Z", "steps": ["safety_plan"]}

    assert (await director.get(f"/v1/assessments/{nothing['id']}")).status_code == 404
    assert (await act(director, nothing, "complete")).status_code == 404
    assert (await director.post(f"/v1/safety_tasks/{uuid4()}:answer", json=told)).status_code == 404
    assert (await director.post(f"/v1/patients/{uuid4()}/assessments", json=body())).status_code == 404
    assert (await director.post(f"/v1/assessments/{nothing['id']}:complete")).status_code == 428


async def test_the_catalogue_shows_items_as_far_as_their_licences_allow(director: httpx2.AsyncClient) -> None:
    found = {one["id"]: one for one in (await director.get("/v1/instruments")).json()["items"]}

    assert len(found["phq-9"]["items"]) == 10
    assert {one["licence_state"] for one in found.values() if not one["items"]} == {"score_only"}
    assert not found["c-ssrs-screener"]["items"]


async def test_answers_and_notes_lie_sealed(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess, sql: Sql
) -> None:
    task = (await assess(await new_patient(), "phq-9", 3))["safety_tasks"][0]
    told = {
        "told_account_id": str(uuid4()),
        "told_at": task["created_at"],
        "steps": ["safety_plan"],
        "note": "Canarynote of the evening",
    }
    answered = await director.post(f"/v1/safety_tasks/{task['id']}:answer", json=told)
    assert answered.json()["answer"]["note"] == told["note"]

    rows = await sql(
        "select t::text from assessments t union all select t::text from safety_tasks t"
        " union all select t::text from safety_answers t"
    )

    stored = " ".join(row[0] for row in rows)
    assert len(rows) == 3
    for canary in ("Canarynote", "item_id", "severe", '"subject"'):
        assert canary not in stored
        assert canary.encode().hex() not in stored


async def test_the_database_itself_refuses_to_close_what_is_dangerous(
    new_patient: PatientFactory, assess: Assess, sql: Sql
) -> None:
    await assess(await new_patient(), "phq-9", 1)

    with pytest.raises(DBAPIError) as refused:
        await sql(
            "insert into assessments select organization_id, id, version + 1, patient_id, instrument_id, edition,"
            " 'completed', administered_at, content, is_dangerous, null, null, recorded_by, recorded_at"
            " from assessments"
        )

    assert violated_constraint(refused.value) == "assessments_answered_check"


@pytest.mark.parametrize("table", ["assessments", "safety_tasks", "safety_answers"])
async def test_the_application_can_change_nothing_that_was_written(sql: Sql, table: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await sql(f"delete from {table}")  # noqa: S608 - a name of this test
