"""People who begin together are known to, and meet as far as that can be."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Desk, Json, Make, People, Treating, group, problem

Gather = Callable[..., Awaitable[Any]]


@pytest.fixture
def gather(scheduler: ClientFactory, site: Json) -> Gather:
    async def make(*members: Json, role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        body = {"name": "Autumn", "starts_on": MONDAY, "patient_ids": [member["id"] for member in members], **changes}
        return await scheduler(role).post(f"/v1/sites/{site['id']}/cohorts", json=body)

    return make


async def test_a_cohort_is_made_and_people_come_and_go(
    scheduler: ClientFactory, site: Json, people: People, gather: Gather
) -> None:
    made = await gather(people.ann, people.ben)
    assert made.status_code == 201, made.text
    desk, path = scheduler(Role.FRONT_DESK), f"/v1/cohorts/{made.json()['id']}"

    admitted = await desk.post(f"{path}:admit", json={"patient_id": people.cleo["id"]})
    dismissed = await desk.post(f"{path}:dismiss", json={"patient_id": people.ann["id"]})

    assert [answer.json()["members"] for answer in (made, admitted, dismissed)] == [2, 3, 2]
    members = (await desk.get(f"{path}/members")).json()["patient_ids"]
    assert set(members) == {people.ben["id"], people.cleo["id"]}
    listed = (await desk.get(f"/v1/sites/{site['id']}/cohorts")).json()["items"]
    assert listed == [dismissed.json()]
    assert (listed[0]["name"], listed[0]["starts_on"]) == ("Autumn", MONDAY)


async def test_nobody_is_in_two_cohorts(scheduler: ClientFactory, people: People, gather: Gather) -> None:
    first, second = await gather(people.ann), await gather(people.ben)

    third = await gather(people.cleo, people.ann)
    path = f"/v1/cohorts/{second.json()['id']}"
    admitted = await scheduler(Role.FRONT_DESK).post(f"{path}:admit", json={"patient_id": people.ann["id"]})

    assert first.status_code == 201
    assert problem(third) == problem(admitted) == (409, "conflict", "in-a-cohort")
    assert (await gather(people.cleo)).status_code == 201


async def test_members_are_told_to_who_treats_them(
    scheduler: ClientFactory, people: People, gather: Gather, treating: Treating
) -> None:
    cohort = (await gather(people.ann, people.ben)).json()
    counsellor = await treating(Role.COUNSELLOR, people.ann)

    seen = (await counsellor.get(f"/v1/cohorts/{cohort['id']}/members")).json()["patient_ids"]
    stranger = (await scheduler(Role.COUNSELLOR).get(f"/v1/cohorts/{cohort['id']}/members")).json()["patient_ids"]

    assert (seen, stranger) == ([people.ann["id"]], [])


async def test_what_is_not_there_is_not_found(scheduler: ClientFactory, people: People, gather: Gather) -> None:
    cohort = (await gather(people.ann)).json()
    path, desk = f"/v1/cohorts/{cohort['id']}", scheduler(Role.FRONT_DESK)
    elsewhere = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await gather({"id": str(uuid4())})).status_code == 404
    assert (await desk.post(f"{path}:admit", json={"patient_id": str(uuid4())})).status_code == 404
    assert (await desk.post(f"{path}:dismiss", json={"patient_id": people.ben["id"]})).status_code == 404
    assert (await desk.get(f"/v1/cohorts/{UUID(int=1)}/members")).status_code == 404
    assert (await elsewhere.get(f"{path}/members")).status_code == 404
    assert (await elsewhere.post(f"{path}:admit", json={"patient_id": people.ben["id"]})).status_code == 404


@pytest.mark.parametrize("wrong", [{"name": ""}, {"starts_on": "soon"}, {"patient_ids": [str(UUID(int=1))] * 61}])
async def test_a_wrong_cohort_is_refused(gather: Gather, wrong: Json) -> None:
    assert (await gather(**wrong)).status_code == 422


async def test_of_a_cohort_s_pairs_those_count_as_together_who_share_a_group(
    *, scheduler: ClientFactory, site: Json, people: People, gather: Gather, desk: Desk, new_patient: Make
) -> None:
    stranger = await new_patient(site)
    await gather(people.ann, people.ben, people.cleo)
    later = TUESDAY_NINE.replace(hour=18)
    await desk.publish(
        group(people.ann, people.ben, stranger, capacity=3),
        group(people.cleo, start=later),
        group(stranger, start=later),
    )

    weeks = {"first_week": MONDAY, "last_week": MONDAY}
    figures = (await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/kpis", params=weeks)).json()["figures"]

    [together] = [one for one in figures if one["code"] == "cohorts_together"]
    assert (together["numerator"], together["denominator"]) == (1, 3)
