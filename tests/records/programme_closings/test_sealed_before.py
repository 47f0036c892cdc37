"""Accounts of patients whom a closing sealed before sealing ended them."""

import asyncio
from uuid import UUID, uuid4

import asyncpg

from services.chassis.migrations import downgrade, upgrade
from tests.operator.test_shredding import (
    _ACCOUNT,
    _CLOSING,
    _DISPOSITION,
    _OWN_ACCOUNT,
    _PATIENT,
    _PERSON,
    _RECIPIENT,
    SEALED,
    Rows,
)
from tests.support.databases import migrated_databases

TABLES = ("patient_accounts", "related_person_accounts")
PATIENTS = OF_SEALED, OF_CANCELLED, OF_NONE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_an_account_that_a_sealed_closing_has_left_open_ends_at_the_upgrade() -> None:
    """Before, it stayed the account of a record that nobody opens: nobody could end it, or link it elsewhere."""
    by = {uuid4(): uuid4(), uuid4(): uuid4()}
    with migrated_databases() as urls:
        owner = urls["records"].owner
        downgrade("records", owner, "20261130_2030")
        for organization_id, admin in by.items():
            asyncio.run(fill(owner, organization_id, admin))

        upgrade("records", owner)

        found = {one: asyncio.run(read(owner, one)) for one in by}

    assert found == {
        organization_id: [(OF_SEALED, False, admin), (OF_CANCELLED, True, None), (OF_NONE, True, None)] * len(TABLES)
        for organization_id, admin in by.items()
    }


async def fill(owner: str, organization_id: UUID, admin: UUID) -> None:
    connection = await asyncpg.connect(owner, server_settings={"eventide.organization_id": str(organization_id)})
    rows, sealed, cancelled = Rows(connection, organization_id), uuid4(), uuid4()
    await rows.add(_RECIPIENT, SEALED)
    for patient_id in PATIENTS:
        await rows.add(_PATIENT, patient_id, SEALED)
        await rows.add(_OWN_ACCOUNT, patient_id, SEALED)
        await rows.add(_PERSON, patient_id, SEALED)
        await rows.add(_ACCOUNT, patient_id, SEALED)
    await rows.add(_CLOSING, sealed, admin)
    await rows.add(_CLOSING.replace("sealed_", "cancelled_"), cancelled, admin)
    for closing, patient_id in ((sealed, OF_SEALED), (cancelled, OF_SEALED), (cancelled, OF_CANCELLED)):
        await rows.add(_DISPOSITION, closing, patient_id, "keep", None)
    await connection.close()


async def read(owner: str, organization_id: UUID) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(owner, server_settings={"eventide.organization_id": str(organization_id)})
    rows, found = Rows(connection, organization_id), list[tuple[object, ...]]()
    for table in TABLES:
        ended = f"select patient_id, until_at is null, ended_by from {table} order by patient_id"  # noqa: S608 - our own
        found.extend(await rows.read(ended))
    await connection.close()
    return found
