"""The commitments of a week's patients are found by an index, under the policy that hides other organizations."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.commitments.storage import OF_PATIENTS
from tests.support.databases import rolled_back

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
SOURCE = """
insert into commitment_sources
    (organization_id, id, patient_id, kind, status, revision, version, events_read, busy_intervals, warnings,
    imported_at)
values (:organization, :source, :source, 'url', 'active', 1, 'one', 50, 50, '[]', now())
"""
COMMITMENTS = """
insert into commitments (organization_id, id, source_id, patient_id, during)
select :organization, gen_random_uuid(), :source, (array[{patients}]::uuid[])[1 + number % {count}],
    tstzrange(timestamptz '2026-09-01' + number * interval '7 minutes',
        timestamptz '2026-09-01' + number * interval '7 minutes' + interval '1 hour')
from generate_series(1, 20000) as number
"""


@pytest.fixture
async def owned(scheduler_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as its owner has it, who is under the policy as well, and may bring statistics up to date."""
    async with rolled_back(scheduler_urls.owner) as database:
        yield database


def scans(node: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "Index Name" in node or "Relation Name" in node:
        name = node.get("Index Name", node.get("Relation Name"))
        yield node["Node Type"], str(name), str(node.get("Index Cond", ""))
    for child in node.get("Plans", ()):
        yield from scans(child)


async def test_the_commitments_of_some_patients_are_found_by_an_index(owned: Database) -> None:
    patients: list[UUID] = [uuid4() for _ in range(400)]
    organization = OrganizationId(uuid4())
    values = {"organization": organization, "source": uuid4()}
    named = ", ".join(f"'{patient}'" for patient in patients)

    async with owned.command(organization) as db:
        await db.execute(text(SOURCE), values)
        await db.execute(text(COMMITMENTS.format(patients=named, count=len(patients))), values)
        await db.execute(text("analyze commitments"))
    asked = {"patients": patients[:20], "start": MONDAY, "end": MONDAY + timedelta(days=7)}
    async with owned.read(organization) as read:
        rows = await read.all(OF_PATIENTS, **asked)
        explained = f"explain (format json) {OF_PATIENTS.sql}"
        plan = await read.connection.fetchval(explained, *OF_PATIENTS.arguments(asked))

    found = list(scans(plan[0]["Plan"]))
    [condition] = [condition for _, name, condition in found if name == "commitments_bounds_idx"]
    assert all(part in condition for part in ("organization_id", "patient_id = ANY", "starts_at <", "ends_at >"))
    assert ("Seq Scan", "commitments") not in {(kind, name) for kind, name, _ in found}
    assert {row["patient_id"] for row in rows} == set(patients[:20])
    assert all(row["start"] < asked["end"] and asked["start"] < row["end"] for row in rows)
