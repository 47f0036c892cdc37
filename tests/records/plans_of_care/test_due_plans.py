"""What plans of care lack, through the route."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.encounters import conftest as encounters
from tests.records.plans_of_care.conftest import CONTENTS, REVIEW, Act, Json, match

tell = encounters.tell
HELD_TO = "values (:org, :site, '2026-09-10', 'America/Chicago', 'within-24-hours', :rule, :site, now())"


@pytest.fixture
def here(site_id: UUID) -> str:
    return f"/v1/sites/{site_id}/due_plans_of_care"


@pytest.fixture
def hold_to(records_database: Database, organization_id: UUID, site_id: UUID) -> Any:
    """Hold the site to a plan rule since the tenth of September, which no route writes any more."""

    async def hold(rule: str) -> None:
        async with records_database.command(OrganizationId(organization_id)) as db:
            values = {"org": organization_id, "site": site_id, "rule": rule}
            await db.execute(text(f"insert into documentation_standards {HELD_TO}"), values)

    return hold


@pytest.fixture
async def first_session(tell: encounters.Tell, patient: Json, episode: Json) -> Json:
    """The evening of Monday the fourteenth in Chicago, which is Tuesday in UTC."""
    evening = {"start": "2026-09-15T00:00:00Z", "end": "2026-09-15T03:00:00Z", "week": "2026-09-14"}
    answer = await tell(encounters.event(patient, **evening))
    assert answer.status_code == 200, answer.text
    return episode


def told(answer: httpx2.Response) -> list[tuple[str, str | None, bool]]:
    assert answer.status_code == 200, answer.text
    [one] = answer.json()["items"]
    return [(duty["kind"], duty["due_on"], duty["is_overdue"]) for duty in one["duties"]]


async def test_a_first_plan_is_due_from_the_first_session_on_and_names_its_rule(
    counsellor: httpx2.AsyncClient, here: str, first_session: Json, patient: Json, hold_to: Any
) -> None:
    await hold_to("within-30-days")

    early = await counsellor.get(here, params={"day": "2026-09-29"})
    near = await counsellor.get(here, params={"day": "2026-09-30"})
    late = await counsellor.get(here, params={"day": "2026-10-15", "within_days": 0})

    assert early.json()["items"] == []
    assert told(near) == [("first_plan", "2026-10-14", False)]
    assert told(late) == [("first_plan", "2026-10-14", True)]
    [one] = near.json()["items"]
    assert (one["id"], one["patient_id"]) == (first_session["id"], patient["id"])
    assert (one["began_on"], one["plan_version"], one["plan_status"]) == ("2026-09-14", None, None)
    rule = one["duties"][0]["rule"]
    assert (rule["code"], rule["mark"], rule["first_plan_days"]) == ("within-30-days", "likely", 30)
    assert rule["citation"].startswith("common practice")


@pytest.mark.usefixtures("first_session")
async def test_what_is_due_follows_a_plan_from_its_draft_to_its_certification(
    *, counsellor: httpx2.AsyncClient, prescriber: httpx2.AsyncClient, here: str, path: str, act: Act, hold_to: Any
) -> None:
    await hold_to("us-medicare-iop")
    ahead = {"within_days": 90}

    async def kinds() -> list[str]:
        return [kind for kind, _, _ in told(await counsellor.get(here, params=ahead))]

    nothing = await kinds()
    draft = (await counsellor.put(path, json=CONTENTS)).json()
    drafted = await kinds()
    plan = await act(draft, "sign")
    signed = await kinds()
    at = plan["acts"][0]["recorded_at"]
    plan = await act(plan, "attest", {"manner": "on_paper", "signed_at": at})
    agreed = await kinds()
    await prescriber.post(f"{path}:certify", headers=match(plan))
    await act(plan, "review", REVIEW)
    certified = told(await counsellor.get(here, params=ahead))
    await act(plan, "amend", {"contents": CONTENTS, "reason": "More."})
    amended = told(await counsellor.get(here, params={"within_days": 0}))

    assert (nothing, drafted) == (["first_plan"], ["clinician_signature"])
    assert (signed, agreed) == (["patient_signature", "certification", "review"], ["certification", "review"])
    today = datetime.fromisoformat(at).date()
    assert certified == [
        ("review", str(today + timedelta(days=30)), False),
        ("recertification", str(today + timedelta(days=60)), False),
    ]
    assert amended == [("clinician_signature", None, False)]


@pytest.mark.usefixtures("first_session")
async def test_a_site_that_is_held_to_nothing_is_told_what_is_missing_without_a_day(
    counsellor: httpx2.AsyncClient, here: str
) -> None:
    answer = await counsellor.get(here, params={"day": "2026-12-31"})

    assert told(answer) == [("first_plan", None, False)]
    assert answer.json()["items"][0]["duties"][0]["rule"] is None


@pytest.mark.usefixtures("episode")
async def test_who_has_not_come_yet_is_not_on_the_list(counsellor: httpx2.AsyncClient, here: str, hold_to: Any) -> None:
    await hold_to("us-medicare-iop")

    assert (await counsellor.get(here)).json()["items"] == []


async def test_who_is_discharged_is_on_the_list_of_the_days_before(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, here: str, first_session: Json
) -> None:
    left = {"discharged_on": "2026-10-01", "reason": "completed"}
    gone = await director.post(f"/v1/episodes/{first_session['id']}:discharge", json=left, headers=match(first_session))
    assert gone.status_code == 200

    assert (await counsellor.get(here, params={"day": "2026-10-01"})).json()["items"] == []
    assert told(await counsellor.get(here, params={"day": "2026-09-30"})) == [("first_plan", None, False)]


async def test_only_who_may_see_the_plan_is_told_of_it(
    *,
    records: ClientFactory,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    here: str,
    first_session: Json,
) -> None:
    # Planning everybody's weeks opens nobody's plan, and billing sees diagnoses but no plans.
    nothing = [
        records(Role.COUNSELLOR),
        records(Role.COUNSELLOR, Role.FRONT_DESK),
        records(Role.COUNSELLOR, Role.BILLING),
        stranger,
    ]
    seeing = [counsellor, director, records(Role.SUPERVISOR)]

    assert [(await client.get(here)).json()["items"] for client in nothing] == [[]] * 4
    assert [[one["id"] for one in (await client.get(here)).json()["items"]] for client in seeing] == [
        [first_session["id"]]
    ] * 3
    assert (await records(Role.FRONT_DESK).get(here)).status_code == 403
    assert (await counsellor.get(f"/v1/sites/{uuid4()}/due_plans_of_care")).json()["items"] == []


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"day": "yesterday"}, "day"),
        ({"day": "1600-01-01"}, "day"),
        ({"within_days": -1}, "within_days"),
        ({"within_days": 91}, "within_days"),
        ({"page_token": "x"}, "page_token"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    counsellor: httpx2.AsyncClient, here: str, asked: Json, pointer: str
) -> None:
    refused = await counsellor.get(here, params=asked)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_pages_have_everybody_once_and_the_trail_names_who_was_shown(
    *,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    here: str,
    first_session: Json,
    patient: Json,
    new_patient: PatientFactory,
    join_team: JoinTeam,
    account: UUID,
    records_database: Database,
    organization_id: UUID,
) -> None:
    other = await new_patient()
    await join_team(other, account)
    admission = {
        "programme": "day-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    made = (await director.post(f"/v1/patients/{other['id']}/episodes", json=admission)).json()
    came = await director.post(
        f"/v1/episodes/{made['id']}:record_first_session", json={"attended_on": "2026-09-20"}, headers=match(made)
    )
    assert came.status_code == 200

    first = (await counsellor.get(here, params={"page_size": 1})).json()
    second = (await counsellor.get(here, params={"page_size": 1, "page_token": first["next_page_token"]})).json()

    assert [one["id"] for page in (first, second) for one in page["items"]] == [first_session["id"], made["id"]]
    assert (second["items"][0]["began_on"], second["next_page_token"]) == ("2026-09-20", None)
    async with records_database.read(OrganizationId(organization_id)) as read:
        events = [orjson.loads(row["event"]) for row in await read.connection.fetch("select event from audit_events")]
    shown = [(one["subjects"], one["information"]) for one in events if one["operation"] == "list_due_plans_of_care"]
    assert sorted(shown) == sorted(([who["id"]], "treatment_plan") for who in (patient, other))
