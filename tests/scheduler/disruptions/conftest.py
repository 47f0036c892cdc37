from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import Week

Report = Callable[..., Awaitable[Any]]


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
def report(scheduler: ClientFactory, clinic: Clinic) -> Report:
    """Say that the counsellor is out on Monday, or something else."""

    async def post(*, role: Role = Role.FRONT_DESK, without: tuple[str, ...] = (), **changes: Any) -> Any:
        request: Json = {
            "site_id": clinic.site["id"],
            "week": MONDAY,
            "kind": "practitioner_out",
            "practitioner_id": clinic.counsellor["id"],
            "start": f"{MONDAY}T08:00:00-04:00",
            "end": f"{MONDAY}T17:00:00-04:00",
            "reason": "absence",
            **changes,
        }
        body = {member: value for member, value in request.items() if member not in without}
        return await scheduler(role).post("/v1/disruptions", json=body)

    return post
