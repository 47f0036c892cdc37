"""Weeks of a batch with a real worker and real commits."""

import asyncio

import pytest

from services.contracts.identity import Role
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json

pytestmark = pytest.mark.committed


async def test_a_worker_solves_the_weeks_of_a_batch_in_their_order(
    *, worker: Worker, scheduler: ClientFactory, clinic: Clinic, four_patients: list[Json]
) -> None:
    del worker
    assert four_patients
    desk = scheduler(Role.FRONT_DESK)
    request = {"site_id": clinic.site["id"], "first_week": MONDAY, "weeks": 2, "time_limit_seconds": 2}
    asked = await desk.post("/v1/solve_batches", json=request)
    assert asked.status_code == 202, asked.text

    # The limit only keeps a broken build from hanging.
    async with asyncio.timeout(120):
        batch = asked.json()
        while batch["status"] in {"queued", "running"}:
            batch = (await desk.get(asked.headers["location"])).json()

    first, second = batch["solves"]
    assert batch["status"] == "succeeded"
    assert first["finished_at"] <= second["finished_at"]
    assert first["proposal_id"] != second["proposal_id"]
    assert None not in {first["proposal_id"], second["proposal_id"]}
