"""What would help the most, over HTTP."""

from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json


@pytest.fixture
def path(clinic: Clinic, published: Json) -> str:
    assert published
    return f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}/capacity_advice"


async def test_a_group_that_only_has_to_be_opened_serves_everybody_who_lacks_it(
    scheduler: ClientFactory, path: str
) -> None:
    """Four people lack groups of ninety minutes on the days without one, and rooms and leaders are free."""
    answer = await scheduler(Role.FRONT_DESK).get(path, params={"count": 2})

    assert answer.status_code == 200, answer.text
    report = answer.json()
    # Three have two groups of six, one has none, and three of the four have no visit.
    assert report["unmet_minutes"] == 3 * 360 + 540 + 3 * 60
    first, _ = report["advice"]
    assert (first["kind"], first["service"], first["people"], first["minutes"]) == ("group", "process_group", 4, 360)
    assert "at least 360 minutes for 4 people" in first["sentence"]
    assert first["start"] >= "2026-10-05"


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE])
async def test_who_does_not_plan_is_refused(scheduler: ClientFactory, path: str, role: Role) -> None:
    assert (await scheduler(role).get(path)).status_code == 403


async def test_elsewhere_there_is_nothing(scheduler: ClientFactory, path: str, clinic: Clinic) -> None:
    unpublished = path.replace(MONDAY, "2026-10-12")

    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(unpublished)).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(path.replace(clinic.site["id"], str(uuid4())))).status_code == 404


@pytest.mark.parametrize("query", [{"count": 0}, {"count": 21}])
async def test_how_many_has_limits(scheduler: ClientFactory, path: str, query: Json) -> None:
    assert (await scheduler(Role.FRONT_DESK).get(path, params=query)).status_code == 422
