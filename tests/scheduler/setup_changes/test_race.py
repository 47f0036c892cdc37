"""The setup changes while a week is being published: one of the two sees what the other does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import AppointmentId, OrganizationId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.setup_changes.storage import limit_seats
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, NO_SEAT, Clinic, problem
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


async def test_who_books_a_seat_while_its_room_shrinks_waits_for_the_change_and_not_the_change_for_them(
    *,
    scheduler: ClientFactory,
    by_hand: ByHand,
    week: Week,
    clinic: Clinic,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    """Bug: a booking held its session and then waited for the site, and the change the other way round."""
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk, query = scheduler(Role.FRONT_DESK), {"week": MONDAY, "status": "booked"}
    [monday] = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params=query)).json()["items"]
    seat = {"patient_id": week.ids[3]}

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), {"id": clinic.site["id"]})
        booking = asyncio.ensure_future(desk.post(f"/v1/appointments/{monday['id']}:book", json=seat))
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not booking.done()
        await limit_seats(db, [AppointmentId(UUID(monday["id"]))], 3)

    assert problem(await booking) == NO_SEAT


async def test_who_calls_out_while_the_room_shrinks_waits_for_the_change_and_not_the_change_for_them(
    *,
    scheduler: ClientFactory,
    by_hand: ByHand,
    week: Week,
    clinic: Clinic,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    """Bug: who called out held the session and then waited for the site, and the change the other way round."""
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk, query = scheduler(Role.FRONT_DESK), {"week": MONDAY, "status": "booked"}
    [monday] = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params=query)).json()["items"]
    body = {"patient_id": week.ids[0], "excused": True, "reason": "illness"}

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), {"id": clinic.site["id"]})
        calling = asyncio.ensure_future(desk.post(f"/v1/appointments/{monday['id']}:call_out", json=body))
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not calling.done()
        await limit_seats(db, [AppointmentId(UUID(monday["id"]))], 3)

    assert (await calling).status_code == 201


async def test_a_version_that_is_gone_back_to_while_the_setup_changes_is_refused(
    *,
    scheduler: ClientFactory,
    by_hand: ByHand,
    week: Week,
    clinic: Clinic,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    await by_hand.publish(MONDAY, [week.group(1, 8, 0, 1, 2)], reason="better_week")
    site, room = {"id": clinic.site["id"]}, {"id": clinic.room["id"]}

    async def revert() -> Any:
        return await scheduler(Role.FRONT_DESK).post(
            f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}:revert",
            json={"to_version": 1, "reason": "entered_in_error"},
            headers={"if-match": '"2"'},
        )

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), site)
        reverting = asyncio.ensure_future(revert())
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not reverting.done()
        await db.execute(text("update rooms set capacity = 3, version = 2 where id = :id"), room)

    assert problem(await reverting) == (409, "conflict", "site-changed")
    assert (await revert()).status_code == 200


async def test_a_visit_that_is_placed_while_the_setup_changes_is_refused(
    *,
    scheduler: ClientFactory,
    by_hand: ByHand,
    week: Week,
    clinic: Clinic,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    site, leaving = {"id": clinic.site["id"]}, {"id": clinic.counsellor["id"], "day": date.fromisoformat(MONDAY)}
    visit = {"service": "individual", "modality": "on_site", "start": "2026-10-07T11:00:00-04:00"}

    async def place() -> Any:
        return await scheduler(Role.FRONT_DESK).post(
            "/v1/placements",
            json={
                "patient_id": week.ids[0],
                "site_id": clinic.site["id"],
                "week": MONDAY,
                "visits": [{**visit, "practitioner_id": clinic.counsellor["id"]}],
            },
            headers={"if-match": '"1"'},
        )

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from sites where id = :id for update"), site)
        placing = asyncio.ensure_future(place())
        # The visit is judged by now, and waits to be booked.
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not placing.done()
        await db.execute(text("update practitioners set ends_on = :day, version = 2 where id = :id"), leaving)

    assert problem(await placing) == (409, "conflict", "site-changed")
    assert problem(await place())[0] == 409
