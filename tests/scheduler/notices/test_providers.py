"""Who carries an organization's messages: one provider, its secret never shown."""

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory

PATH = "/v1/notice_provider"
SECRET = bytes(range(32))
PROVIDER = {"url": "https://hooks.example.org/eventide", "secret": "whsec_" + base64.b64encode(SECRET).decode()}


async def test_a_provider_is_set_and_read_without_its_secret(scheduler: ClientFactory) -> None:
    admin = scheduler(Role.ORGANIZATION_ADMIN)

    put = await admin.put(PATH, json=PROVIDER)
    read = await admin.get(PATH)

    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    assert read.json() == put.json()
    assert {k: v for k, v in read.json().items() if k != "updated_at"} == {
        "url": PROVIDER["url"],
        "quiet_from": "21:00:00",
        "quiet_until": "08:00:00",
        "version": 1,
    }
    assert PROVIDER["secret"][6:] not in put.text


async def test_the_secret_is_sealed(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID
) -> None:
    await scheduler(Role.ORGANIZATION_ADMIN).put(PATH, json=PROVIDER)

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        kept = bytes((await db.execute(text("select secret from notice_providers"))).scalar_one())

    assert SECRET not in kept


async def test_a_change_names_the_version_it_changes(scheduler: ClientFactory) -> None:
    admin = scheduler(Role.PROGRAMME_DIRECTOR)
    await admin.put(PATH, json=PROVIDER)
    changed = {**PROVIDER, "quiet_from": "20:00"}

    unnamed = await admin.put(PATH, json=changed)
    named = await admin.put(PATH, json=changed, headers={"if-match": '"1"'})
    stale = await admin.put(PATH, json=changed, headers={"if-match": '"1"'})
    ahead = await admin.put(PATH, json=changed, headers={"if-match": '"9"'})

    assert [a.status_code for a in (unnamed, named, stale, ahead)] == [428, 200, 412, 412]
    assert named.json()["version"] == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://hooks.example.org/"}, "/url"),
        ({"url": "https://127.0.0.1/"}, "/url"),
        ({"url": "https://169.254.169.254/latest"}, "/url"),
        ({"url": "https://me:hunter2@hooks.example.org/"}, "/url"),
        ({"secret": "whsec_short"}, "/secret"),
        ({"secret": "A" * 44}, "/secret"),
        ({"quiet_from": "21:00+02:00"}, "/quiet_from"),
    ],
)
async def test_a_provider_that_cannot_be_is_refused(
    change: dict[str, Any], pointer: str, scheduler: ClientFactory
) -> None:
    answer = await scheduler(Role.ORGANIZATION_ADMIN).put(PATH, json={**PROVIDER, **change})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "hunter2" not in answer.text


async def test_each_organization_has_its_own(scheduler: ClientFactory) -> None:
    await scheduler(Role.ORGANIZATION_ADMIN).put(PATH, json=PROVIDER)

    assert (await scheduler(Role.ORGANIZATION_ADMIN, organization=uuid4()).get(PATH)).status_code == 404


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.PATIENT])
async def test_who_does_not_set_up_does_not_see_it(role: Role, scheduler: ClientFactory) -> None:
    assert (await scheduler(role).get(PATH)).status_code == 403
    assert (await scheduler(role).put(PATH, json=PROVIDER)).status_code == 403
