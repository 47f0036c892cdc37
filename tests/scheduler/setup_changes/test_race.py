"""The setup changes while a week is being published: one of the two sees what the other does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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


class WhileTheSetupChanges:
    """Holds the site as a change of its setup does, until what goes on beside it waits; then the setup changes."""

    def __init__(self, database: Database, organization_id: UUID, clinic: Clinic) -> None:
        self._database = database
        self._organization_id = OrganizationId(organization_id)
        self._clinic = clinic

    async def answer(self, beside: Awaitable[Any], change: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        """Return what is answered to what went on beside the change."""
        async with self._database.command(self._organization_id) as db:
            site = {"id": self._clinic.site["id"]}
            await db.execute(text("select 1 from sites where id = :id for update"), site)
            waiting = asyncio.ensure_future(beside)
            # Whatever it looks at it has looked at by now: the site's row is the last thing it takes.
            while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
                assert not waiting.done()
            await change(db)
        return await waiting

    async def room_shrinks(self, db: AsyncSession) -> None:
        room = {"id": self._clinic.room["id"]}
        await db.execute(text("update rooms set capacity = 3, version = 2 where id = :id"), room)

    async def counsellor_leaves(self, db: AsyncSession) -> None:
        leaving = {"id": self._clinic.counsellor["id"], "day": date.fromisoformat(MONDAY)}
        await db.execute(text("update practitioners set ends_on = :day, version = 2 where id = :id"), leaving)


@pytest.fixture
def meanwhile(scheduler_database: Database, organization_id: UUID, clinic: Clinic) -> WhileTheSetupChanges:
    return WhileTheSetupChanges(scheduler_database, organization_id, clinic)


async def test_a_week_that_is_published_while_its_counsellor_leaves_is_refused(
    by_hand: ByHand, week: Week, meanwhile: WhileTheSetupChanges
) -> None:
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [])

    answer = await meanwhile.answer(by_hand.accept(proposal, None), meanwhile.counsellor_leaves)

    assert problem(answer) == (409, "conflict", "site-changed")
    assert problem(await by_hand.accept(proposal, None)) == (409, "timetable-refused", "")


async def test_a_session_that_is_reassigned_while_its_room_shrinks_keeps_no_seat_that_is_gone(
    scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic, meanwhile: WhileTheSetupChanges
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk = scheduler(Role.FRONT_DESK)
    monday = await only_session(desk, clinic)

    async def reassign() -> Any:
        return await desk.post(
            f"/v1/appointments/{monday['id']}:reassign",
            json={"reason": "staff_absence", "practitioner_id": clinic.therapist["id"]},
            headers={"if-match": '"1"'},
        )

    answer = await meanwhile.answer(reassign(), meanwhile.room_shrinks)

    assert problem(answer) == (409, "conflict", "site-changed")
    assert (await reassign()).status_code == 200
    assert (await only_session(desk, clinic))["capacity"] == 3


async def test_who_books_a_seat_while_its_room_shrinks_waits_for_the_change_and_not_the_change_for_them(
    scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic, meanwhile: WhileTheSetupChanges
) -> None:
    """Bug: a booking held its session and then waited for the site, and the change the other way round."""
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk = scheduler(Role.FRONT_DESK)
    monday = await only_session(desk, clinic)
    booking = desk.post(f"/v1/appointments/{monday['id']}:book", json={"patient_id": week.ids[3]})

    answer = await meanwhile.answer(booking, lambda db: limit_seats(db, [AppointmentId(UUID(monday["id"]))], 3))

    assert problem(answer) == NO_SEAT


async def test_who_calls_out_while_the_room_shrinks_waits_for_the_change_and_not_the_change_for_them(
    scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic, meanwhile: WhileTheSetupChanges
) -> None:
    """Bug: who called out held the session and then waited for the site, and the change the other way round."""
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    desk = scheduler(Role.FRONT_DESK)
    monday = await only_session(desk, clinic)
    body = {"patient_id": week.ids[0], "excused": True, "reason": "illness"}
    calling = desk.post(f"/v1/appointments/{monday['id']}:call_out", json=body)

    answer = await meanwhile.answer(calling, lambda db: limit_seats(db, [AppointmentId(UUID(monday["id"]))], 3))

    assert answer.status_code == 201


async def test_a_version_that_is_gone_back_to_while_the_setup_changes_is_refused(
    scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic, meanwhile: WhileTheSetupChanges
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
    await by_hand.publish(MONDAY, [week.group(1, 8, 0, 1, 2)], reason="better_week")

    async def revert() -> Any:
        return await scheduler(Role.FRONT_DESK).post(
            f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}:revert",
            json={"to_version": 1, "reason": "entered_in_error"},
            headers={"if-match": '"2"'},
        )

    answer = await meanwhile.answer(revert(), meanwhile.room_shrinks)

    assert problem(answer) == (409, "conflict", "site-changed")
    assert (await revert()).status_code == 200


async def test_a_visit_that_is_placed_while_the_setup_changes_is_refused(
    scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic, meanwhile: WhileTheSetupChanges
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)])
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

    answer = await meanwhile.answer(place(), meanwhile.counsellor_leaves)

    assert problem(answer) == (409, "conflict", "site-changed")
    assert problem(await place())[0] == 409


async def only_session(desk: httpx2.AsyncClient, clinic: Clinic) -> Any:
    query = {"week": MONDAY, "status": "booked"}
    [session] = (await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params=query)).json()["items"]
    return session
