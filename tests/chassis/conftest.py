"""A service made of nothing but chassis: what holds for it holds for every service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import Field
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.app import create_app
from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase, Query, driver_connection
from services.chassis.idempotency import IDEMPOTENCY_KEYS, IdempotentRoute
from services.chassis.wiring import Caller, Db, Process, Reading, _unit_of_work
from services.contracts.base import Name, RequestModel
from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

router = APIRouter(route_class=IdempotentRoute)

# The commit of this transaction fails, and nothing before it does: the constraint is checked at the end.
FAILS_AT_COMMIT = """
    create temporary table doomed (number int unique deferrable initially deferred) on commit drop;
    insert into doomed values (1), (1)
"""
DefaultScopeDb = Annotated[AsyncSession, Depends(_unit_of_work)]
COUNT_KEYS = Query(select(IDEMPOTENCY_KEYS.c.key))


class Note(RequestModel):
    name: Name
    score: int = Field(ge=0, le=10)


# The operation ids are those of real routes, because the policy knows no others.
@router.post("/notes", operation_id="create_patient", status_code=201)
async def create_note(note: Note, db: Db) -> dict[str, str]:
    number = (await db.execute(text("select gen_random_uuid()::text"))).scalar_one()
    return {"id": number, "length": str(len(note.name))}


@router.post("/doomed", operation_id="create_no_contact")
async def doomed(db: Db) -> dict[str, str]:
    await _fail_at_commit(db)
    return {"status": "saved"}


@router.post("/doomed_the_default_way", operation_id="create_no_contact")
async def doomed_the_default_way(db: DefaultScopeDb) -> dict[str, str]:
    await _fail_at_commit(db)
    return {"status": "saved"}


async def _fail_at_commit(db: AsyncSession) -> None:
    for statement in FAILS_AT_COMMIT.strip().split(";"):
        await db.execute(text(statement))


@router.get("/keys", operation_id="list_patients")
async def count_keys(read: Reading) -> int:
    return len(await read.all(COUNT_KEYS))


@router.get("/broken", operation_id="read_patient")
async def broken(principal: Caller) -> None:
    raise RuntimeError(f"Jane Roe is a patient of {principal.organization_id}")


@router.get("/slow", operation_id="read_treatment_plan")
async def slow(db: Db) -> None:
    await db.execute(text("select pg_sleep(5)"))


both_hold_one = asyncio.Barrier(2)


@router.post("/meet/{first}/{second}", operation_id="create_site")
async def meet(first: int, second: int, db: Db) -> dict[str, str]:
    await db.execute(text("select pg_advisory_xact_lock(:number)"), {"number": first})
    await both_hold_one.wait()
    await db.execute(text("select pg_advisory_xact_lock(:number)"), {"number": second})
    return {"status": "saved"}


HELD = 7003
"""The lock that a request waits for while somebody ends its connection."""


@router.get("/held", operation_id="read_treatment_plan")
async def read_held(read: Reading) -> int:
    await read.connection.execute("select pg_advisory_xact_lock($1)", HELD)
    return len(await read.all(COUNT_KEYS))


@router.post("/held", operation_id="create_room")
async def write_held(db: Db) -> dict[str, str]:
    number = (await db.execute(text("select gen_random_uuid()::text"))).scalar_one()
    await db.execute(text("select pg_advisory_xact_lock(:number)"), {"number": HELD})
    return {"id": number}


@router.post("/held_on_the_driver", operation_id="create_practitioner")
async def write_held_on_the_driver(db: Db) -> dict[str, str]:
    await (await driver_connection(db)).execute("select pg_advisory_xact_lock($1)", HELD)
    return {"status": "saved"}


@pytest.fixture(scope="session")
async def chassis_app(records_urls: DatabaseUrls, tokens: Tokens, clock: Clock) -> AsyncIterator[FastAPI]:
    app = create_app(Microservice.RECORDS, [router], lifespan=nothing_to_open)
    # The owner may make temporary tables; row-level security binds it like everyone.
    opened = OpenDatabase(records_urls.owner, pool_size=5)
    app.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, Microservice.RECORDS))
    yield app
    await opened.close()


@pytest.fixture
def chassis(chassis_app: FastAPI, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> httpx2.AsyncClient:
    caller = principal(Role.PROGRAMME_DIRECTOR, organization=organization_id)
    token = tokens.internal(caller, Microservice.RECORDS)
    client = call_in_process(chassis_app, headers={"authorization": f"Bearer {token}"})
    clients.push_async_callback(client.aclose)
    return client
