"""What is sealed for a patient opens with that patient's key, in its own place, and nowhere else."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database
from services.chassis.sealing import SealBrokenError, SealingKey
from services.contracts.identifiers import OrganizationId, PatientId
from services.records.patient_seals import PatientSeal, seal_within, seals_to_read
from tests.records.conftest import PatientFactory

ROOT = SealingKey.root(bytes(32))


def id_of(patient: dict[str, Any]) -> PatientId:
    return PatientId(UUID(patient["id"]))


@pytest.fixture
async def seals(
    new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> tuple[PatientSeal, PatientSeal, PatientSeal]:
    jane, john = id_of(await new_patient()), id_of(await new_patient())
    async with records_database.command(OrganizationId(organization_id)) as db:
        written = await seal_within(db, ROOT, jane)
    async with records_database.read(OrganizationId(organization_id)) as read:
        found = await seals_to_read(read, ROOT, [jane, john, PatientId(uuid4())])
    assert set(found) == {jane, john}
    return written, found[jane], found[john]


async def test_a_reader_opens_what_a_command_sealed(seals: tuple[PatientSeal, PatientSeal, PatientSeal]) -> None:
    written, read, _ = seals
    row = uuid4()

    sealed = written.close("notes", "text", row, b"Canary")

    assert b"Canary" not in sealed
    assert read.open("notes", "text", row, sealed) == b"Canary"


async def test_another_patient_s_key_another_row_and_another_column_open_nothing(
    seals: tuple[PatientSeal, PatientSeal, PatientSeal],
) -> None:
    written, read, other = seals
    row = uuid4()
    sealed = written.close("notes", "text", row, b"Canary")

    for key, column, place in ((other, "text", row), (read, "text", uuid4()), (read, "title", row)):
        with pytest.raises(SealBrokenError):
            key.open("notes", column, place, sealed)
