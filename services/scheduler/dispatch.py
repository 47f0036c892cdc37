"""The queue of solves: pgqueuer carries the wake-up call, in the transaction that makes the solve.

A job says only which solve to look at. It may arrive twice or late; the row of the solve decides what is done.
"""

from typing import Final
from uuid import UUID

import orjson
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from pgqueuer.types import QueueEntrypoint
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import driver_connection
from services.contracts.identifiers import OrganizationId, SolveId

SOLVE: Final = QueueEntrypoint("solve")


async def enqueue_solve(db: AsyncSession, organization_id: OrganizationId, solve_id: SolveId) -> None:
    """Call a worker for a solve, once the transaction is committed."""
    queries = Queries(AsyncpgDriver(await driver_connection(db)))
    await queries.enqueue(SOLVE, write_payload(organization_id, solve_id))


def write_payload(organization_id: OrganizationId, solve_id: SolveId) -> bytes:
    """Write down whose solve a job is about."""
    return orjson.dumps([str(organization_id), str(solve_id)])


def read_payload(payload: bytes) -> tuple[OrganizationId, SolveId]:
    """Read whose solve a job is about."""
    organization_id, solve_id = orjson.loads(payload)
    return OrganizationId(UUID(organization_id)), SolveId(UUID(solve_id))
