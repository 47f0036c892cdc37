"""A make-up is booked while a week is published: neither waits for what the other holds."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Desk, Json, Make, group, plan_of

pytestmark = pytest.mark.committed
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=6)
    yield await opened.open()
    await opened.close()


async def test_who_waits_for_a_session_to_make_up_in_holds_no_make_up(
    *,
    scheduler: ClientFactory,
    desk: Desk,
    site: Json,
    new_patient: Make,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    ann, client = await new_patient(site, plan_of(COUNSELLOR)), scheduler(Role.FRONT_DESK)
    missed, other = await desk.publish(group(ann), group(start=TUESDAY_NINE + timedelta(days=1)))
    call = {"patient_id": ann["id"], "excused": True, "reason": "illness"}
    called = await client.post(f"/v1/appointments/{missed['id']}:call_out", json=call)
    assert called.status_code == 201, called.text
    [make_up] = (await client.get(f"/v1/sites/{site['id']}/make_ups", params={"week": MONDAY})).json()["items"]

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text("select 1 from appointments where id = :id for update"), {"id": other["id"]})
        path, body = f"/v1/make_ups/{make_up['id']}:book", {"appointment_id": other["id"]}
        booking = asyncio.ensure_future(client.post(path, json=body))
        while not await db.scalar(text("select exists (select 1 from pg_locks where not granted)")):
            assert not booking.done()
        # A publication takes the sessions of its week and then their make-ups.
        await db.execute(text("select 1 from make_ups where id = :id for update nowait"), {"id": make_up["id"]})

    assert (await booking).status_code == 200
