"""The chart through its route: the same as its parts by themselves, in one statement and one access."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.chassis.gathering import Bundle
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal, Role
from services.contracts.records.charts import ChartPart, PatientChart
from services.records.charts.rules import NEEDED, parts_for
from tests.conftest import ClientFactory
from tests.records.charts.conftest import Json, ReadChart
from tests.records.conftest import JoinTeam
from tests.records.recovery.test_recovery import ZONE
from tests.support.tokens import principal

Events = Callable[[], Awaitable[list[Json]]]
PARTS = [part.value for part in ChartPart]


async def test_a_counsellor_sees_every_part_as_it_is_by_itself(
    counsellor: httpx2.AsyncClient, read_chart: ReadChart, whole: Json
) -> None:
    path = f"/v1/patients/{whole['patient']['id']}"

    async def listed(of: str) -> list[Json]:
        items: list[Json] = (await counsellor.get(f"{path}/{of}")).json()["items"]
        return items

    answer = await read_chart(counsellor)

    assert answer.status_code == 200, answer.text
    chart = answer.json()
    assert chart["withheld"] == []
    assert [set(one["parts"]) for one in chart["labels"]] == [{"patient", *PARTS}]
    assert chart["patient"] == (await counsellor.get(path)).json()
    assert [one["programme"] for one in chart["episodes"]] == ["evening-iop"]
    assert chart["episodes"][0] in await listed("episodes")
    assert chart["consents"] == [one for one in await listed("consents") if one["id"] == whole["consent"]["id"]]
    assert chart["treatment_plan"] == (await counsellor.get(f"{path}/treatment_plan")).json()
    care = await counsellor.get(f"/v1/episodes/{whole['episode']['id']}/plan_of_care")
    assert chart["plans_of_care"] == [care.json()]
    assert chart["medications"] == [one for one in await listed("medications") if one["last_day"] is None]
    assert chart["medications"][0]["doses"]
    series = (await counsellor.get(f"{path}/assessment_trends")).json()["series"]
    assert [(one["score_id"], one["latest"], one["times"], one["change"]) for one in chart["scores"]] == [
        (one["score_id"], one["points"][-1], 2, one["change"]) for one in series
    ]
    assert chart["safety_tasks"] == whole["dangerous"]["safety_tasks"]
    site = {"site_id": whole["patient"]["site_id"]}
    undocumented = await counsellor.get(f"/v1/sites/{site['site_id']}/undocumented_sessions")
    assert chart["open_notes"] == undocumented.json()["items"]
    assert [one["id"] for one in chart["open_notes"]] == [whole["encounter"]]
    assert chart["tests_to_review"] == [one for one in await listed("drug_tests") if one["status"] == "assessed"]
    assert [one["id"] for one in chart["tests_to_review"]] == [whole["test"]["id"]]
    contacts = await counsellor.get(f"/v1/sites/{site['site_id']}/aftercare_contacts", params=ZONE)
    assert chart["contacts_due"] == contacts.json()["items"]
    assert whole["contact"]["id"] in [one["id"] for one in chart["contacts_due"]]


async def test_of_somebody_who_has_been_admitted_and_nothing_more_every_part_is_empty(
    counsellor: httpx2.AsyncClient, read_chart: ReadChart, patient: Json
) -> None:
    chart = (await read_chart(counsellor)).json()

    assert chart["patient"] == patient
    assert (chart["treatment_plan"], chart["withheld"]) == (None, [])
    assert all(chart[part] == [] for part in PARTS if part != "treatment_plan")


async def test_where_no_episode_is_open_the_last_one_is_shown(
    counsellor: httpx2.AsyncClient, read_chart: ReadChart, discharged: Json
) -> None:
    chart = (await read_chart(counsellor)).json()

    assert [one["id"] for one in chart["episodes"]] == [discharged["episode_id"]]


async def test_the_site_s_zone_says_which_contacts_are_due(
    counsellor: httpx2.AsyncClient, read_chart: ReadChart, discharged: Json
) -> None:
    assert discharged["contacts"]
    today = (await read_chart(counsellor)).json()["contacts_due"]
    ahead = (await read_chart(counsellor, zone="Pacific/Kiritimati")).json()["contacts_due"]

    assert [(one["days_after"], one["status"]) for one in today] == [(7, "overdue"), (30, "due")]
    assert [(one["days_after"], one["status"]) for one in ahead] == [(7, "overdue"), (30, "overdue")]


async def test_the_front_desk_is_told_what_is_withheld_by_which_rule_and_sees_nothing_of_it(
    records: ClientFactory, read_chart: ReadChart, whole: Json
) -> None:
    assert "Canary" in whole["medication"]["name"]
    answer = await read_chart(records(Role.FRONT_DESK))

    chart = answer.json()
    withheld = {one["part"]: one for one in chart["withheld"]}
    assert set(PARTS) - withheld.keys() == {"episodes", "consents", "treatment_plan"}
    assert all(chart[part] is None for part in withheld)
    assert chart["episodes"]
    assert chart["consents"]
    assert chart["treatment_plan"]
    assert {one["rule"] for one in withheld.values()} == {"role-without-need"}
    assert withheld["medications"]["clause"] == "42 CFR 2.12(c)(3)"
    (labels,) = chart["labels"]
    assert labels["parts"] == ["patient", "episodes", "consents", "treatment_plan"]
    assert {one["code"] for one in labels["security"]} == {"R", "SUD", "ETH", "42CFRPart2"}
    assert "Canary" not in answer.text


async def test_a_part_is_shown_to_exactly_those_who_could_read_it_by_itself(
    records: ClientFactory, read_chart: ReadChart, whole: Json, join_team: JoinTeam
) -> None:
    path = f"/v1/patients/{whole['patient']['id']}"
    site = f"/v1/sites/{whole['patient']['site_id']}"
    alone = {
        "episodes": f"{path}/episodes",
        "consents": f"{path}/consents",
        "treatment_plan": f"{path}/treatment_plan",
        "plans_of_care": f"/v1/episodes/{whole['episode']['id']}/plan_of_care",
        "medications": f"{path}/medications",
        "scores": f"{path}/assessment_trends",
        "safety_tasks": f"{site}/safety_tasks",
        "open_notes": f"{site}/undocumented_sessions",
        "tests_to_review": f"{path}/drug_tests",
        "contacts_due": f"{path}/aftercare_plans?zone={ZONE['zone']}",
    }
    assert set(alone) == set(PARTS)
    account, refused = uuid4(), set()
    await join_team(whole["patient"], account)

    for role in set(Role) - {Role.PLATFORM_OPERATOR}:
        caller = records(role, account=account)
        answer = await read_chart(caller)
        if not (await caller.get(path)).is_success:
            assert answer.status_code == 403
            refused.add(role)
            continue
        readable = {part for part, at in alone.items() if (await caller.get(at)).is_success}
        chart = answer.json()
        assert {part for part in PARTS if chart[part] is not None} == readable
        assert {one["part"] for one in chart["withheld"]} == set(PARTS) - readable

    assert Role.BILLING in refused
    assert Role.FRONT_DESK not in refused


async def statements(database: Database, organization_id: UUID, client: httpx2.AsyncClient, path: str) -> list[str]:
    sent: list[str] = []
    async with database.read(OrganizationId(organization_id)) as read:
        connection = read.connection

    def listen(logged: Any) -> None:
        sent.append(" ".join(logged.query.split()))

    with connection.query_logger(listen):
        answer = await client.get(path, params=ZONE)
    assert answer.status_code == 200, answer.text
    return sent


async def test_it_is_read_in_one_statement_and_told_in_one_event(
    counsellor: httpx2.AsyncClient, whole: Json, records_database: Database, organization_id: UUID
) -> None:
    path = f"/v1/patients/{whole['patient']['id']}/chart"
    # Of each type that it meets for the first time on a connection the driver asks what it is, once.
    await statements(records_database, organization_id, counsellor, path)

    sent = await statements(records_database, organization_id, counsellor, path)

    own = [one for one in sent if not one.upper().startswith(("SAVEPOINT", "RELEASE"))]
    assert len(own) == 2, own
    read, audit = own
    assert "set_config" in read
    assert "SELECT array" in read
    assert "insert into audit_events" in audit


async def test_what_was_not_gathered_is_not_asked_for_either(
    counsellor: httpx2.AsyncClient, read_chart: ReadChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.records.dependencies.charts._CHART", Bundle([]))

    assert (await read_chart(counsellor)).status_code == 500


@pytest.fixture
def events(records_database: Database, organization_id: UUID) -> Events:
    async def read() -> list[Json]:
        async with records_database.read(OrganizationId(organization_id)) as opened:
            rows = await opened.connection.fetch("select event from audit_events")
        found = [orjson.loads(row["event"]) for row in rows]
        return sorted((one for one in found if one["operation"] == "read_patient_chart"), key=lambda one: one["at"])

    return read


async def test_the_event_says_what_was_shown_and_what_was_withheld(
    records: ClientFactory, counsellor: httpx2.AsyncClient, read_chart: ReadChart, patient: Json, events: Events
) -> None:
    await read_chart(counsellor)
    await read_chart(records(Role.FRONT_DESK))
    by_counsellor, by_desk = await events()

    assert (by_counsellor["outcome"], by_counsellor["subjects"]) == ("permitted", [patient["id"]])
    assert (by_counsellor["basis"], by_counsellor["purpose"]) == ("use", "treatment")
    assert set(by_counsellor["information"]) == {"demographics"}.union(*(one.information for one in NEEDED.values()))
    assert (by_counsellor["withheld"], by_counsellor["otherwise"]) == ({}, {})
    assert by_desk["information"] == ["consents", "demographics", "treatment_plan"]
    assert by_desk["withheld"]["medications"] == "role-without-need"
    assert by_desk["purpose"] == "operations"


async def test_who_has_two_duties_is_told_of_with_each(
    records: ClientFactory, read_chart: ReadChart, events: Events
) -> None:
    # A counsellor who does not treat the patient, and helps at the front desk.
    answer = await read_chart(records(Role.COUNSELLOR, Role.FRONT_DESK))
    (event,) = await events()

    chart = answer.json()
    assert (chart["episodes"], chart["medications"], chart["contacts_due"]) == ([], None, [])
    rules = {one["part"]: one["rule"] for one in chart["withheld"]}
    assert rules["medications"] == "no-relation"
    assert (event["basis"], event["purpose"]) == ("use", "operations")


async def test_an_emergency_opens_it_and_the_event_says_so(
    records: ClientFactory, read_chart: ReadChart, patient: Json, events: Events
) -> None:
    nurse = records(Role.NURSE, account=uuid4())
    before = await read_chart(nurse)
    path = f"/v1/patients/{patient['id']}/emergency_accesses"
    opened = await nurse.post(path, json={"nature": "overdose", "reason": "Found unconscious."})
    assert opened.status_code == 201, opened.text

    after = await read_chart(nurse)

    assert (before.status_code, after.status_code) == (404, 200)
    assert (after.json()["medications"], after.json()["withheld"]) == ([], [])
    denied, shown = await events()
    assert (denied["outcome"], denied["rule"]) == ("denied", "no-relation")
    assert (shown["outcome"], shown["basis"]) == ("permitted", "break_glass")


async def test_a_stranger_cannot_tell_a_chart_from_none(
    stranger: httpx2.AsyncClient, records: ClientFactory, read_chart: ReadChart, patient: Json
) -> None:
    for caller in (stranger, records(Role.COUNSELLOR)):
        answers = [await read_chart(caller, one) for one in (patient["id"], uuid4())]
        assert [one.status_code for one in answers] == [404, 404]
        bodies = [{**one.json(), "instance": "", "request_id": ""} for one in answers]
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("patient_id", "query"),
    [
        ("not-a-patient", {"zone": "America/New_York"}),
        (str(UUID(int=1)), {}),
        (str(UUID(int=1)), {"zone": "Nowhere/At_All"}),
        (str(UUID(int=1)), {"zone": "America/New_York\x00"}),
    ],
)
async def test_a_bad_request_is_refused(director: httpx2.AsyncClient, patient_id: str, query: dict[str, str]) -> None:
    answer = await director.get(f"/v1/patients/{patient_id}/chart", params=query)

    assert answer.status_code == 422


def test_every_part_of_a_chart_can_be_withheld() -> None:
    fields = set(PatientChart.model_fields)

    assert fields == {"patient", "withheld", "labels", *PARTS}
    assert set(NEEDED) == set(ChartPart)


def test_who_may_call_nothing_is_shown_nothing() -> None:
    nobody: Principal = principal(Role.ORGANIZATION_ADMIN, organization=uuid4())

    assert set(parts_for(nobody).values()) == {None}
