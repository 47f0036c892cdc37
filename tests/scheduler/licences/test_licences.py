"""Where practitioners may treat: kept, listed, ended, and never twice for one day."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Desk, Json, problem

LICENCE = {"jurisdiction": "US-NY", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def keep(scheduler: ClientFactory, clinic: Clinic) -> Any:
    async def post(role: Role = Role.PROGRAMME_DIRECTOR, **changes: Any) -> Any:
        path = f"/v1/practitioners/{clinic.counsellor['id']}/licences"
        return await scheduler(role).post(path, json={**LICENCE, **changes})

    return post


async def test_licences_are_kept_and_listed(keep: Any, scheduler: ClientFactory, clinic: Clinic) -> None:
    first, open_ended = await keep(), await keep(jurisdiction="US-NJ", valid_until=None)

    assert first.status_code == open_ended.status_code == 201
    assert {**first.json(), "id": ""} == {"id": "", "practitioner_id": clinic.counsellor["id"], **LICENCE}
    listed = await scheduler(Role.NURSE).get(f"/v1/practitioners/{clinic.counsellor['id']}/licences")
    assert listed.json()["items"] == [first.json(), open_ended.json()]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"valid_from": "2026-12-31", "valid_until": None}, 409),
        ({"valid_from": "2027-01-01", "valid_until": None}, 201),
        ({"valid_from": "2025-01-01", "valid_until": "2026-01-01"}, 409),
        ({"valid_from": "2025-01-01", "valid_until": "2025-12-31"}, 201),
        ({"jurisdiction": "US-NJ"}, 201),
    ],
)
async def test_nobody_has_two_of_one_jurisdiction_on_one_day(keep: Any, changes: Json, status: int) -> None:
    await keep()

    answer = await keep(**changes)

    assert answer.status_code == status, answer.text
    assert status == 201 or problem(answer) == (409, "conflict", "licence-overlaps")


async def test_a_licence_is_ended_and_renewed(keep: Any, scheduler: ClientFactory) -> None:
    path = f"/v1/licences/{(await keep()).json()['id']}:end"
    client = scheduler(Role.ORGANIZATION_ADMIN)

    ended = await client.post(path, json={"valid_until": "2026-06-30"})
    later = await keep(valid_from="2026-08-01")
    overlapping = await client.post(path, json={"valid_until": None})
    backwards = await client.post(path, json={"valid_until": "2025-12-31"})

    assert (ended.status_code, ended.json()["valid_until"], later.status_code) == (200, "2026-06-30", 201)
    assert problem(overlapping) == (409, "conflict", "licence-overlaps")
    assert backwards.json()["errors"][0]["pointer"] == "/valid_until"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"jurisdiction": "4711-secret"}, "/jurisdiction"),
        ({"valid_from": "4711-secret"}, "/valid_from"),
        ({"valid_until": "2025-12-31"}, ""),
        ({"number": "4711-secret"}, "/number"),
    ],
)
async def test_a_wrong_licence_is_refused_by_name_without_its_value(keep: Any, changes: Json, pointer: str) -> None:
    answer = await keep(**changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_licences_stay_in_their_organization_and_are_set_up_by_few(
    keep: Any, scheduler: ClientFactory, clinic: Clinic
) -> None:
    licence = (await keep()).json()
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())
    mine = f"/v1/practitioners/{clinic.counsellor['id']}/licences"
    answers = [
        await stranger.post(mine, json=LICENCE),
        await stranger.get(mine),
        await stranger.post(f"/v1/licences/{licence['id']}:end", json={"valid_until": None}),
        await scheduler(Role.PROGRAMME_DIRECTOR).post(f"/v1/practitioners/{uuid4()}/licences", json=LICENCE),
        await scheduler(Role.PROGRAMME_DIRECTOR).get(f"/v1/practitioners/{uuid4()}/licences"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await keep(Role.FRONT_DESK)).status_code == 403
    assert (await scheduler(Role.BILLING).get(mine)).status_code == 403
    assert (await scheduler(Role.COUNSELLOR).post(f"/v1/licences/{licence['id']}:end", json={})).status_code == 403


async def test_a_licence_is_never_deleted(keep: Any, desk: Desk) -> None:
    await keep()

    with pytest.raises(Exception, match="permission denied"):
        await desk.run("delete from licences")
