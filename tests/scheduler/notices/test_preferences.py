"""How a patient has agreed to be written to: recorded once, sealed, and read by those who book."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json, Make, Treating, without_instance

NUMBER = "+12065550199"
AGREED = {"channel": "sms", "address": NUMBER, "language": "es", "opted_in": True}


def path(patient_id: object) -> str:
    return f"/v1/patients/{patient_id}/notice_preference"


@pytest.fixture
async def patient(site: Json, new_patient: Make) -> Json:
    return await new_patient(site)


async def test_a_preference_is_recorded_and_read(scheduler: ClientFactory, patient: Json) -> None:
    desk = scheduler(Role.FRONT_DESK)

    put = await desk.put(path(patient["id"]), json=AGREED)
    read = await desk.get(path(patient["id"]))

    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    assert read.json() == put.json()
    assert read.json() | {"recorded_by": None} == {
        **AGREED,
        "patient_id": patient["id"],
        "opted_in_at": "2026-10-02T12:00:00Z"[:14] + put.json()["opted_in_at"][14:],
        "recorded_by": None,
        "quiet_from": None,
        "quiet_until": None,
        "reminder_hours": 24,
        "version": 1,
        "updated_at": put.json()["updated_at"],
    }


async def test_the_address_is_sealed_for_this_patient_alone(
    scheduler: ClientFactory, patient: Json, scheduler_database: Database, organization_id: UUID
) -> None:
    await scheduler(Role.FRONT_DESK).put(path(patient["id"]), json=AGREED)

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        (row,) = (await db.execute(text("select address, to_jsonb(p)::text as shown from notice_preferences p"))).all()

    assert NUMBER.encode() not in bytes(row.address)
    assert "2065550199" not in row.shown


async def test_a_change_names_the_version_it_changes(treating: Treating, patient: Json) -> None:
    desk = await treating(Role.COUNSELLOR, patient)
    first = (await desk.put(path(patient["id"]), json=AGREED)).json()
    changed = {**AGREED, "reminder_hours": None, "quiet_from": "20:30", "quiet_until": "09:00"}

    unnamed = await desk.put(path(patient["id"]), json=changed)
    named = await desk.put(path(patient["id"]), json=changed, headers={"if-match": '"1"'})
    stale = await desk.put(path(patient["id"]), json=AGREED, headers={"if-match": '"1"'})

    assert (unnamed.status_code, named.status_code, stale.status_code) == (428, 200, 412)
    assert (named.json()["version"], named.json()["reminder_hours"]) == (2, None)
    assert named.json()["opted_in_at"] == first["opted_in_at"]


async def test_another_address_is_agreed_to_anew_and_no_agreement_has_no_date(
    scheduler: ClientFactory, patient: Json
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    first = (await desk.put(path(patient["id"]), json=AGREED)).json()
    other = {**AGREED, "channel": "email", "address": "kim@example.org"}

    moved = (await desk.put(path(patient["id"]), json=other, headers={"if-match": '"1"'})).json()
    left = await desk.put(path(patient["id"]), json={**other, "opted_in": False}, headers={"if-match": '"2"'})

    assert moved["opted_in_at"] > first["opted_in_at"]
    assert (left.json()["opted_in"], left.json()["opted_in_at"]) == (False, None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"address": "2065550199"}, "/address"),
        ({"address": "+1 206 555 0199"}, "/address"),
        ({"channel": "email", "address": NUMBER}, "/address"),
        ({"address": None}, "/opted_in"),
        ({"channel": "fax"}, "/channel"),
        ({"language": "tlh"}, "/language"),
        ({"quiet_from": "20:00"}, ""),
        ({"quiet_from": "20:00", "quiet_until": "20:00"}, ""),
        ({"quiet_from": "20:00:30", "quiet_until": "08:00"}, "/quiet_from"),
        ({"reminder_hours": 0}, "/reminder_hours"),
        ({"reminder_hours": 169}, "/reminder_hours"),
        ({"diagnosis": "x"}, "/diagnosis"),
    ],
)
async def test_a_preference_that_cannot_be_is_refused_without_being_quoted(
    change: dict[str, Any], pointer: str, scheduler: ClientFactory, patient: Json
) -> None:
    answer = await scheduler(Role.FRONT_DESK).put(path(patient["id"]), json={**AGREED, **change})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "2065550199" not in answer.text


async def test_nobody_unknown_gets_a_preference(scheduler: ClientFactory, patient: Json) -> None:
    desk = scheduler(Role.FRONT_DESK)
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await desk.put(path(uuid4()), json=AGREED)).status_code == 404
    assert (await stranger.put(path(patient["id"]), json=AGREED)).status_code == 404
    assert (await desk.get(path(patient["id"]))).status_code == 404


@pytest.mark.parametrize("role", [Role.PATIENT, Role.FAMILY, Role.BILLING, Role.AUDITOR, Role.ORGANIZATION_ADMIN])
async def test_who_does_not_book_does_not_read_addresses(role: Role, scheduler: ClientFactory, patient: Json) -> None:
    await scheduler(Role.FRONT_DESK).put(path(patient["id"]), json=AGREED)

    assert (await scheduler(role).get(path(patient["id"]))).status_code == 403
    assert (await scheduler(role).put(path(patient["id"]), json=AGREED)).status_code == 403


async def test_only_who_treats_somebody_knows_where_to_write_to_them(
    scheduler: ClientFactory, patient: Json, treating: Treating
) -> None:
    await scheduler(Role.FRONT_DESK).put(path(patient["id"]), json=AGREED)
    theirs, another = await treating(Role.COUNSELLOR, patient), scheduler(Role.COUNSELLOR)

    assert (await theirs.get(path(patient["id"]))).json()["address"] == NUMBER
    unseen, unchanged = await another.get(path(patient["id"])), await another.put(path(patient["id"]), json=AGREED)
    nobody = await another.get(path(uuid4()))

    assert {unseen.status_code, unchanged.status_code, nobody.status_code} == {404}
    assert without_instance(unseen) == without_instance(unchanged) == without_instance(nobody)
