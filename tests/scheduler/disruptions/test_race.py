"""What fell out is taken back and repaired at the same moment, on connections of their own: nothing is left over."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from services.chassis.database import Database, OpenDatabase
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json
from tests.scheduler.weekly import ByHand, Week

pytestmark = pytest.mark.committed

_ROUNDS = 4
_MONDAYS = [(date.fromisoformat(MONDAY) + timedelta(weeks=number)).isoformat() for number in range(2)]
_WITHDRAWN = (409, "disruption-withdrawn")


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=6)
    yield await opened.open()
    await opened.close()


async def test_of_those_who_take_weeks_back_or_repair_them_at_once_nobody_leaves_a_repair_behind(
    *, scheduler: ClientFactory, clinic: Clinic, by_hand: ByHand, week: Week
) -> None:
    for monday in _MONDAYS:
        await by_hand.publish(monday, [week.group(2, 8, 0, 1, 2, 3)])
    desk = scheduler(Role.FRONT_DESK)
    absence: Json = {
        "site_id": clinic.site["id"],
        "kind": "practitioner_out",
        "practitioner_id": clinic.counsellor["id"],
        "start": "2026-10-07T00:00:00-04:00",
        "end": "2026-10-16T00:00:00-04:00",
        "reason": "leave",
    }
    for number in range(_ROUNDS):
        made = await desk.post("/v1/disruption_batches", json=absence)
        assert made.status_code == 201, made.text
        batch = made.headers["location"]
        paths = [f"/v1/disruptions/{one['disruption']['id']}" for one in made.json()["weeks"]]
        # With no repair at hand, each one that is asked for now is new to whoever withdraws.
        for one in made.json()["weeks"]:
            await desk.post(f"/v1/solves/{one['disruption']['solve_id']}:cancel")

        answers = await asyncio.gather(
            # One alone: records answers on a single connection here.
            desk.post(f"{paths[number % len(paths)]}:repair"),
            desk.post(f"{batch}:withdraw"),
            desk.post(f"{paths[1]}:withdraw"),
            desk.post(f"{batch}:withdraw"),
        )

        told = [_told(answer) for answer in answers]
        assert set(told) <= {(200, ""), _WITHDRAWN}
        assert (200, "") in told[1:]
        found = (await desk.get(batch)).json()["weeks"]
        assert {one["disruption"]["status"] for one in found} == {"withdrawn"}
        assert {one["disruption"]["solve_status"] for one in found} == {"cancelled"}


def _told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.status_code != 200 else ""
