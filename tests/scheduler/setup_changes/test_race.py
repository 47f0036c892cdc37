"""The setup changes while a week is being published: one of the two sees what the other does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, problem
from tests.scheduler.weekly import ByHand, Week

pytestmark = pytest.mark.committed


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=6)
    yield await opened.open()
    await opened.close()


async def test_a_week_that_is_published_while_its_counsellor_leaves_is_refused(
    *, by_hand: ByHand, week: Week, clinic: Clinic, scheduler_database: Database, organization_id: UUID
) -> None:
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [])
    site, leaving = {"id": clinic.site["id"]}, {"id": clinic.counsellor["id"], "day": date.fromisoformat(MONDAY)}

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), site)
        publishing = asyncio.ensure_future(by_hand.accept(proposal, None))
        # The publication has checked the week by now: it waits for the site's row, which is the last thing it takes.
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not publishing.done()
        await db.execute(text("update practitioners set ends_on = :day, version = 2 where id = :id"), leaving)

    assert problem(await publishing) == (409, "conflict", "site-changed")
    assert problem(await by_hand.accept(proposal, None)) == (409, "timetable-refused", "")


async def test_a_session_that_is_reassigned_while_its_room_shrinks_keeps_no_seat_that_is_gone(
    *,
    scheduler: ClientFactory,
    by_hand: ByHand,
    week: Week,
    clinic: Clinic,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk, query = scheduler(Role.FRONT_DESK), {"week": MONDAY, "status": "booked"}
    [monday] = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params=query)).json()["items"]
    site, room = {"id": clinic.site["id"]}, {"id": clinic.room["id"]}

    async def reassign() -> Any:
        return await desk.post(
            f"/v1/appointments/{monday['id']}:reassign",
            json={"reason": "staff_absence", "practitioner_id": clinic.therapist["id"]},
            headers={"if-match": '"1"'},
        )

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), site)
        reassigning = asyncio.ensure_future(reassign())
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not reassigning.done()
        await db.execute(text("update rooms set capacity = 3, version = 2 where id = :id"), room)

    assert problem(await reassigning) == (409, "conflict", "site-changed")
    assert (await reassign()).status_code == 200
    [again] = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params=query)).json()["items"]
    assert again["capacity"] == 3
