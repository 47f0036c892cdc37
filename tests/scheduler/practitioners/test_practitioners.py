"""Practitioners, through the routes."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, windows

NURSE = {"display_name": "Jo Park", "role": "nurse", "languages": ["en", "es"], "shifts": windows("09:00", "13:00")}


async def test_a_practitioner_is_made_and_listed_with_every_member(scheduler: ClientFactory, clinic: Clinic) -> None:
    path = f"/v1/sites/{clinic.site['id']}/practitioners"

    made = await scheduler(Role.ORGANIZATION_ADMIN).post(path, json=NURSE)

    assert made.status_code == 201
    assert made.headers["location"].startswith(path)
    listed = (await scheduler(Role.FRONT_DESK).get(path)).json()["items"]
    assert made.json() in listed
    assert made.json()["breaks"] == []
    assert made.json()["max_minutes_week"] == 2400


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"role": "wizard"}, "/role"),
        ({"leads": ["individual"]}, ""),
        ({"individual": ["medication"]}, ""),
        ({"languages": []}, "/languages"),
        ({"max_minutes_day": 7}, "/max_minutes_day"),
    ],
)
async def test_a_wrong_practitioner_is_refused_by_the_name_of_its_member(
    scheduler: ClientFactory, clinic: Clinic, change: dict[str, Any], pointer: str
) -> None:
    answer = await scheduler(Role.ORGANIZATION_ADMIN).post(
        f"/v1/sites/{clinic.site['id']}/practitioners", json={**NURSE, **change}
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "wizard" not in answer.text


async def test_an_end_before_today_without_a_start_is_refused_by_its_name(
    scheduler: ClientFactory, clinic: Clinic
) -> None:
    answer = await scheduler(Role.ORGANIZATION_ADMIN).post(
        f"/v1/sites/{clinic.site['id']}/practitioners", json={**NURSE, "ends_on": "2026-01-05"}
    )

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/ends_on"]


async def test_a_counsellor_may_not_hire(scheduler: ClientFactory, clinic: Clinic) -> None:
    answer = await scheduler(Role.COUNSELLOR).post(f"/v1/sites/{clinic.site['id']}/practitioners", json=NURSE)

    assert answer.status_code == 403


async def test_another_organization_s_staff_is_not_there(scheduler: ClientFactory, clinic: Clinic) -> None:
    stranger = scheduler(Role.ORGANIZATION_ADMIN, organization=uuid4())
    path = f"/v1/sites/{clinic.site['id']}/practitioners"

    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(path, json=NURSE)).status_code == 404
