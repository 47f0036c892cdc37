"""A published week of two groups and a visit, and how one of its sessions is given to somebody else."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import ByHand, Week

Reassign = Callable[..., Awaitable[Any]]


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(6)])


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """Groups of three by the counsellor on Monday and Tuesday at nine, and a visit on Wednesday."""
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)]
    return await by_hand.publish(MONDAY, groups, [week.visit(2, 8, 0)])


Book = Callable[[], Awaitable[list[Json]]]


@pytest.fixture
def book(scheduler: ClientFactory, clinic: Clinic) -> Book:
    async def read() -> list[Json]:
        answer = await scheduler(Role.FRONT_DESK).get(
            f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY, "status": "booked"}
        )
        return list(answer.json()["items"])

    return read


@pytest.fixture
def reassign(scheduler: ClientFactory) -> Reassign:
    async def post(appointment: Json, *, version: int = 1, role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        return await scheduler(role).post(
            f"/v1/appointments/{appointment['id']}:reassign",
            json={"reason": "staff_absence", **changes},
            headers={"if-match": f'"{version}"'},
        )

    return post
