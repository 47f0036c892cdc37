"""Who began together is proposed together, where two groups at one time are alike."""

from collections.abc import Awaitable, Callable

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Json, Make, plan_of, windows

pytestmark = pytest.mark.committed


@pytest.mark.usefixtures("worker")
async def test_a_cohort_that_the_solver_has_dealt_to_two_rooms_is_proposed_in_one(
    *,
    scheduler: ClientFactory,
    new_site: Make,
    new_room: Make,
    new_practitioner: Make,
    new_offering: Make,
    new_patient: Make,
    ask: Make,
    until: Callable[..., Awaitable[Json]],
) -> None:
    hours = windows("09:00", "10:30", "MO")
    site = await new_site(open=hours)
    for number in range(2):
        await new_room(site, name=f"Room {number}", capacity=4)
    leads = [await new_practitioner(site, shifts=hours) for _ in range(2)]
    await new_offering(site, minimum_size=2, maximum_size=4)
    plan = plan_of(leads[0], required_services=[{"service": "process_group", "minutes_per_week": 540}])
    for _ in range(8):
        await new_patient(site, plan)
    desk = scheduler(Role.FRONT_DESK)

    async def proposed() -> list[list[str]]:
        solve = await until(await ask(site), lambda one: one["status"] not in {"queued", "running"})
        proposal = (await desk.get(f"/v1/proposals/{solve['proposal_id']}")).json()
        assert proposal["checker"]["ok"] is True
        return [session["patient_ids"] for session in proposal["sessions"]]

    first, second = await proposed()
    members = [*first[:2], *second[:2]]
    body = {"name": "Autumn", "starts_on": MONDAY, "patient_ids": members}
    assert (await desk.post(f"/v1/sites/{site['id']}/cohorts", json=body)).status_code == 201

    one, other = await proposed()

    assert set(members) in (set(one), set(other))
    assert sorted([*one, *other]) == sorted([*first, *second])
