"""Group offerings, through the routes."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic

SKILLS = {"service": "skills_group", "minutes": 60, "minimum_size": 4, "maximum_size": 10}


async def test_an_offering_is_made_and_listed(scheduler: ClientFactory, clinic: Clinic) -> None:
    path = f"/v1/sites/{clinic.site['id']}/group_offerings"

    made = await scheduler(Role.PROGRAMME_DIRECTOR).post(path, json=SKILLS)

    assert made.status_code == 201
    assert made.json()["co_facilitator_above"] == 8
    assert (await scheduler(Role.FRONT_DESK).get(path)).json()["items"] == [clinic.offering, made.json()]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"service": "individual"}, ""),
        ({"minimum_size": 11}, ""),
        ({"minutes": 50}, "/minutes"),
        ({"minutes": 15}, "/minutes"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_a_wrong_offering_is_refused(
    scheduler: ClientFactory, clinic: Clinic, change: dict[str, Any], pointer: str
) -> None:
    answer = await scheduler(Role.PROGRAMME_DIRECTOR).post(
        f"/v1/sites/{clinic.site['id']}/group_offerings", json={**SKILLS, **change}
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_an_offering_is_for_those_who_set_up_and_for_their_own_sites(
    scheduler: ClientFactory, clinic: Clinic
) -> None:
    path = f"/v1/sites/{clinic.site['id']}/group_offerings"

    assert (await scheduler(Role.FRONT_DESK).post(path, json=SKILLS)).status_code == 403
    assert (await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).post(path, json=SKILLS)).status_code == 404
