"""Staff see their own weeks, and say how to hear of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, PractitionerId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, NINETY_MINUTES, TUESDAY_NINE, Desk, Json, Make, People, group

ME = "/v1/me/notice_preference"
AGREED = {"channel": "sms", "address": "+12065550177", "language": "en", "opted_in": True}


@pytest.fixture
async def alex(new_practitioner: Make, site: Json) -> Json:
    return await new_practitioner(site)


@pytest.fixture
async def sam(new_practitioner: Make, site: Json) -> Json:
    return await new_practitioner(site, display_name="Sam Hill")


async def signs_in(scheduler: ClientFactory, practitioner: Json, account: UUID | None) -> Any:
    body = {"account_id": None if account is None else str(account)}
    path = f"/v1/practitioners/{practitioner['id']}/account"
    return await scheduler(Role.ORGANIZATION_ADMIN).put(path, json=body)


def led_by(lead: Json, helper: Json | None = None) -> dict[str, Any]:
    return {
        "practitioner_id": PractitionerId(UUID(lead["id"])),
        "co_facilitator_id": None if helper is None else PractitionerId(UUID(helper["id"])),
    }


async def week_of(scheduler: ClientFactory, account: UUID) -> Json:
    answer = await scheduler(Role.COUNSELLOR, account=account).get("/v1/me/week", params={"week": MONDAY})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_practitioner_sees_their_own_sessions_and_names_nobody_in_them(
    *, scheduler: ClientFactory, desk: Desk, people: People, alex: Json, sam: Json
) -> None:
    account = uuid4()
    assert (await signs_in(scheduler, alex, account)).status_code == 200
    hours = NINETY_MINUTES
    await desk.publish(
        group(people.ann, people.ben, **led_by(alex)),
        group(people.cleo, start=TUESDAY_NINE + hours, **led_by(sam)),
        group(people.cleo, start=TUESDAY_NINE + 2 * hours, **led_by(sam, alex)),
    )

    week = await week_of(scheduler, account)

    assert week["practitioner_ids"] == [alex["id"]]
    assert [(one["start"], one["part"], one["taken"]) for one in week["sessions"]] == [
        ("2026-10-06T09:00:00-04:00", "lead", 2),
        ("2026-10-06T12:00:00-04:00", "co_facilitator", 1),
    ]
    assert not any(person["id"] in str(week) for person in people)


async def test_a_visit_that_nobody_is_booked_into_any_more_is_nobody_s_work(
    *, scheduler: ClientFactory, desk: Desk, people: People, alex: Json
) -> None:
    account = uuid4()
    await signs_in(scheduler, alex, account)
    alone = group(people.ann, service="individual", capacity=1, **led_by(alex))
    (visit,) = await desk.publish(alone)
    before = await week_of(scheduler, account)

    released = await desk.ask("release", visit, people.ann, reason="patient_request")

    assert released.status_code == 204, released.text
    assert len(before["sessions"]) == 1
    assert (await week_of(scheduler, account))["sessions"] == []


async def test_a_visit_whose_hold_has_lapsed_is_nobody_s_work(
    *, scheduler: ClientFactory, desk: Desk, people: People, alex: Json, at: Callable[[datetime], None]
) -> None:
    """Bug: until somebody touched the seat again the practitioner had to be there."""
    account = uuid4()
    await signs_in(scheduler, alex, account)
    (visit,) = await desk.publish(group(service="individual", capacity=1, **led_by(alex)))
    held = await desk.ask("hold", visit, people.ann)
    assert held.status_code == 200, held.text
    meanwhile = (await week_of(scheduler, account))["sessions"]

    at(desk.clock.now() + timedelta(minutes=5))

    assert [one["taken"] for one in meanwhile] == [1]
    assert (await week_of(scheduler, account))["sessions"] == []


async def test_whom_nobody_has_named_as_a_practitioner_sees_nothing_and_no_more_once_named_otherwise(
    *, scheduler: ClientFactory, desk: Desk, people: People, alex: Json
) -> None:
    account, other = uuid4(), uuid4()
    await desk.publish(group(people.ann, **led_by(alex)))
    nobody = await week_of(scheduler, account)
    await signs_in(scheduler, alex, account)
    seen = await week_of(scheduler, account)

    await signs_in(scheduler, alex, other)
    moved = await week_of(scheduler, account), await week_of(scheduler, other)
    await signs_in(scheduler, alex, None)

    assert (nobody["practitioner_ids"], nobody["sessions"]) == ([], [])
    assert [len(one["sessions"]) for one in (seen, *moved)] == [1, 0, 1]
    assert (await week_of(scheduler, other))["practitioner_ids"] == []


async def test_nobody_is_named_as_a_practitioner_of_another_organization(scheduler: ClientFactory, alex: Json) -> None:
    path = f"/v1/practitioners/{alex['id']}/account"
    admin = scheduler(Role.ORGANIZATION_ADMIN, organization=uuid4())

    assert (await admin.put(path, json={"account_id": str(uuid4())})).status_code == 404
    assert (await scheduler(Role.COUNSELLOR).put(path, json={"account_id": str(uuid4())})).status_code == 403


async def test_a_week_begins_on_a_monday(scheduler: ClientFactory) -> None:
    answer = await scheduler(Role.COUNSELLOR).get("/v1/me/week", params={"week": "2026-10-06"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "week")


async def test_how_to_hear_of_it_is_said_by_oneself_and_read_back(scheduler: ClientFactory) -> None:
    account = uuid4()
    me = scheduler(Role.NURSE, account=account)
    missing = await me.get(ME)

    put = await me.put(ME, json=AGREED)
    read = await me.get(ME)

    assert (missing.status_code, put.status_code, put.headers["etag"]) == (404, 200, '"1"')
    assert read.json() == put.json()
    assert {name: read.json()[name] for name in AGREED} == AGREED
    assert read.json()["account_id"] == str(account)
    assert (await scheduler(Role.NURSE, account=uuid4()).get(ME)).status_code == 404


async def test_another_answer_names_the_one_it_replaces(scheduler: ClientFactory) -> None:
    me = scheduler(Role.COUNSELLOR, account=uuid4())
    await me.put(ME, json=AGREED)
    silent = {**AGREED, "opted_in": False}

    without = await me.put(ME, json=silent)
    stale = await me.put(ME, json=silent, headers={"if-match": '"7"'})
    replaced = await me.put(ME, json=silent, headers={"if-match": '"1"'})

    assert (without.status_code, stale.status_code, replaced.status_code) == (428, 412, 200)
    assert (replaced.json()["version"], replaced.json()["opted_in"]) == (2, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": None},
        {"address": "12065550177"},
        {"quiet_from": "22:00"},
        {"channel": "letter"},
        {"reminder_hours": 2},
    ],
)
async def test_what_cannot_be_written_to_is_refused(scheduler: ClientFactory, wrong: Json) -> None:
    answer = await scheduler(Role.COUNSELLOR).put(ME, json=AGREED | wrong)

    assert answer.status_code == 422
    assert "2065550177" not in answer.text


async def test_the_address_is_sealed(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID
) -> None:
    await scheduler(Role.COUNSELLOR).put(ME, json=AGREED)

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        row = (await db.execute(text("select address, to_jsonb(p)::text as shown from own_notice_preferences p"))).one()

    assert b"2065550177" not in bytes(row.address)
    assert "2065550177" not in row.shown
