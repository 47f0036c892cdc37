"""Whose records are sealed the scheduler is told, and nobody else; what it has acted on is on the trail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import orjson
import pytest

from services.chassis.migrations import downgrade, upgrade
from services.chassis.webhooks import signed_headers
from services.contracts.identity import Role
from services.contracts.records.record_seals import MOST_SEALS
from tests.conftest import ClientFactory
from tests.operator.test_shredding import _KEY, _PATIENT, _PATIENT_KEY, SEALED
from tests.records.conftest import PatientFactory
from tests.records.draw_programmes.conftest import At, at
from tests.records.encounters.conftest import SECRET, Json
from tests.records.programme_closings.test_programme_closings import AFTER, admin, decide, opened, seal
from tests.records.test_audit import events
from tests.support.databases import migrated_databases

__all__ = ["admin", "at", "events"]

Exchange = Callable[..., Awaitable[httpx2.Response]]
PATH = "/v1/record_seals:exchange"
LATER = "2026-10-04T13:00:00Z"


@pytest.fixture
def exchange(at: At) -> Exchange:
    async def send(
        *ended: str, now: str = LATER, after: str | None = None, secret: bytes = SECRET, **more: Any
    ) -> httpx2.Response:
        client = at(now)
        del client.headers["authorization"]
        body = orjson.dumps({"ended": ended, "after": after, **more})
        signed = signed_headers(secret, str(uuid4()), datetime.fromisoformat(now), body)
        return await client.post(PATH, content=body, headers={**signed, "content-type": "application/json"})

    return send


@pytest.fixture
def told(exchange: Exchange, organization_id: UUID) -> Callable[[], Awaitable[list[Json]]]:
    """All that is told of the test's organization; others may have some of their own."""

    async def read() -> list[Json]:
        found, page = list[Json](), (await exchange()).json()["items"]
        while page:
            found += page
            page = (await exchange(after=page[-1]["id"])).json()["items"]
        return [one for one in found if one["organization_id"] == str(organization_id)]

    return read


Told = Callable[[], Awaitable[list[Json]]]


async def test_whose_record_is_sealed_is_told_until_it_is_said_that_nothing_is_planned(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At, told: Told,
    exchange: Exchange, events: Any,
) -> None:  # fmt: skip
    sealed, others = [await new_patient() for _ in range(2)], []
    closing = await opened(admin)
    await decide(director, closing, *sealed)
    before = await told()
    assert (await seal(at, closing)).status_code == 200
    others.append(await new_patient())
    first, again = await told(), await told()

    ended = await exchange(*(one["id"] for one in first[:1]))
    left = await told()

    assert (before, first) == ([], again)
    assert {one["patient_id"] for one in first} == {one["id"] for one in sealed}
    assert (ended.status_code, left) == (200, first[1:])
    written = [one for one in await events() if one["operation"] == "exchange_record_seals"]
    assert [(one["subjects"], one["service"], one["outcome"]) for one in written] == [
        ([first[0]["patient_id"]], "scheduler", "permitted")
    ]


async def test_what_was_sealed_within_a_minute_is_told_again(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At, told: Told,
    exchange: Exchange,
) -> None:  # fmt: skip
    closing = await opened(admin)
    await decide(director, closing, await new_patient())
    assert (await seal(at, closing)).status_code == 200
    [one] = await told()

    await exchange(one["id"], now="2026-10-04T12:31:00Z")
    within = await told()
    await exchange(one["id"], now="2026-10-04T12:31:01Z")

    assert AFTER == "2026-10-04T12:30:00Z"
    assert (within, await told()) == ([one], [])


async def test_a_closing_that_is_cancelled_or_goes_on_seals_nobody(
    admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, told: Told
) -> None:
    closing = await opened(admin)
    await decide(director, closing, await new_patient())
    await admin.post(f"/v1/programme_closings/{closing['id']}:cancel")

    assert await told() == []


async def test_nobody_but_the_scheduler_is_told(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    at: At, told: Told, exchange: Exchange,
) -> None:  # fmt: skip
    closing = await opened(admin)
    await decide(director, closing, await new_patient())
    assert (await seal(at, closing)).status_code == 200
    [one] = await told()

    forged = await exchange(one["id"], secret=b"x" * 32)
    by_token = await records(Role.ORGANIZATION_ADMIN).post(PATH, json={"ended": [one["id"]]})
    bad = [await exchange("x"), await exchange(after="x"), await exchange(also=1)]
    many = await exchange(*(str(uuid4()) for _ in range(MOST_SEALS + 1)))

    assert [answer.status_code for answer in (forged, by_token)] == [401, 401]
    assert [answer.status_code for answer in (*bad, many)] == [422] * 4
    assert one["patient_id"] not in forged.text + by_token.text
    assert await told() == [one]


def test_who_was_sealed_or_shredded_before_the_upgrade_is_told_too() -> None:
    sealed, other, shredded = UUID(int=1), UUID(int=2), UUID(int=3)
    organizations = [uuid4(), uuid4()]
    with migrated_databases() as urls:
        owner = urls["records"].owner
        downgrade("records", owner, "20261130_2350")
        asyncio.run(fill(owner, organizations, sealed, other, shredded))

        upgrade("records", owner)

        found = asyncio.run(read(owner))

    assert found == {(one, patient_id) for one in organizations for patient_id in (sealed, shredded)}


async def fill(owner: str, organizations: list[UUID], sealed: UUID, other: UUID, shredded: UUID) -> None:
    for one in organizations:
        connection = await asyncpg.connect(owner, server_settings={"eventide.organization_id": str(one)})
        await connection.execute(_KEY, one, one, SEALED)
        for patient_id in (sealed, other, shredded):
            await connection.execute(_PATIENT, one, patient_id, SEALED)
        for patient_id in (sealed, other):
            await connection.execute(_PATIENT_KEY, one, patient_id, patient_id, one, SEALED)
        await connection.execute("update patients set sealed_at = now() where id = $1", sealed)
        await connection.close()


async def read(owner: str) -> set[tuple[UUID, UUID]]:
    connection = await asyncpg.connect(owner)
    found = await connection.fetch("select organization_id, patient_id from record_seals")
    await connection.close()
    return {(row["organization_id"], row["patient_id"]) for row in found}
