from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make, plan_of
from tests.scheduler.weekly import Week

Change = Callable[..., Awaitable[Any]]
_ANSWERED_ONLY = {"id", "site_id", "version"}


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


def path_of(clinic: Clinic, one: Json) -> str:
    site = f"/v1/sites/{clinic.site['id']}"
    kinds = {"display_name": "practitioners", "capacity": "rooms", "minutes": "group_offerings"}
    collection = next((name for member, name in kinds.items() if member in one), None)
    return site if collection is None else f"{site}/{collection}/{one['id']}"


@pytest.fixture
def change(scheduler: ClientFactory, clinic: Clinic) -> Change:
    """Send what was read with something else in it, on the version that was read."""

    async def put(
        one: Json, *, role: Role = Role.PROGRAMME_DIRECTOR, effective_on: str | None = None, **changes: Any
    ) -> Any:
        body = {member: value for member, value in one.items() if member not in _ANSWERED_ONLY}
        headers = {"if-match": f'"{one["version"]}"'}
        params = {} if effective_on is None else {"effective_on": effective_on}
        return await scheduler(role).put(path_of(clinic, one), json={**body, **changes}, headers=headers, params=params)

    return put
