"""What was solved before a closure is not published into it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.contracts.identifiers import OrganizationId, SiteId, SolveId
from services.contracts.identity import Role
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.closures.logic import ClosureGuard
from services.scheduler.errors import SiteClosedError
from services.scheduler.solves.logic import SolvesReader
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, group, problem
from tests.scheduler.proposals.conftest import Propose, Publish
from tests.scheduler.weekly import Week

MONDAY = {
    "start": "2026-10-05T07:00:00-04:00",
    "end": "2026-10-05T22:00:00-04:00",
    "policy": "cancel",
    "reason": "weather",
}


async def test_a_proposal_made_before_is_refused_until_the_site_is_open_again(
    *, week: Week, propose: Propose, publish: Publish, clinic: Clinic, scheduler: ClientFactory
) -> None:
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [])
    desk = scheduler(Role.FRONT_DESK)
    closed = (await desk.post(f"/v1/sites/{clinic.site['id']}/closures", json=MONDAY)).json()

    refused = await publish(proposal)
    await desk.post(f"/v1/closures/{closed['id']}:reopen")
    taken = await publish(proposal)

    assert problem(refused) == (409, "timetable-refused", "")
    assert taken.status_code == 200


async def test_a_published_week_that_loses_sessions_is_repaired_rather_than_solved_anew(
    *,
    proposed: Json,
    publish: Publish,
    clinic: Clinic,
    scheduler: ClientFactory,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    assert (await publish(proposed, reason="clinical")).status_code == 200
    body = {**MONDAY, "policy": "reschedule"}

    closed = await scheduler(Role.FRONT_DESK).post(f"/v1/sites/{clinic.site['id']}/closures", json=body)

    [solve_id] = closed.json()["solve_ids"]
    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        asked = await SolvesReader(Read(await driver_connection(db))).instance(SolveId(UUID(solve_id)))
    assert (asked["task"], asked["published"]["groups"] != []) == ("repair", True)
    assert 0 not in {day for day, _, _ in asked["site_open"]}


async def test_going_back_to_a_version_with_closed_hours_is_refused(
    *, proposed: Json, publish: Publish, clinic: Clinic, scheduler: ClientFactory
) -> None:
    assert (await publish(proposed, reason="clinical")).status_code == 200
    desk = scheduler(Role.FRONT_DESK)
    tuesday = {**MONDAY, "start": "2026-10-06T07:00:00-04:00", "end": "2026-10-06T22:00:00-04:00"}
    assert (await desk.post(f"/v1/sites/{clinic.site['id']}/closures", json=tuesday)).status_code == 201

    body = {"to_version": 1, "reason": "entered_in_error"}
    path = f"/v1/sites/{clinic.site['id']}/timetables/2026-10-05:revert"
    answer = await desk.post(path, json=body, headers={"if-match": '"2"'})

    assert answer.status_code in {409, 422}
    assert answer.json()["code"] in {"revert-refused", "site-closed"}


async def test_a_book_that_holds_sessions_in_closed_hours_is_not_committed(
    *,
    week: Week,
    clinic: Clinic,
    scheduler: ClientFactory,
    scheduler_database: Database,
    organization_id: UUID,
    clock: Clock,
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    closed = (await desk.post(f"/v1/sites/{clinic.site['id']}/closures", json=MONDAY)).json()
    site_id, organization = SiteId(UUID(clinic.site["id"])), OrganizationId(organization_id)
    # As a version does that was checked a moment before the site was closed.
    nine = datetime(2026, 10, 5, 13, tzinfo=UTC)
    async with scheduler_database.command(organization) as db:
        book = AppointmentsLogic(db, organization, clock)
        session = group({"id": week.ids[0]}, start=nine)
        await book.replace_week(site_id, nine.date(), 1, [session], apart={}, replace_bookings=False)

    async def refuse() -> None:
        async with scheduler_database.command(organization) as db:
            await ClosureGuard(db, clock).refuse_closed(site_id)

    with pytest.raises(SiteClosedError):
        await refuse()
    await desk.post(f"/v1/closures/{closed['id']}:reopen")
    await refuse()
