"""What lies in the tables, read and changed beneath the service."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import ProgrammingError

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from tests.records.conftest import PatientFactory

Sql = Callable[..., Awaitable[list[Any]]]

CANARIES = {"given_name": "Canaryjane", "family_name": "Canaryroe", "birth_date": "1961-07-13"}
EVERYTHING = """
    select string_agg(row_text, ' ') from (
        select t::text as row_text from patients t union all
        select t::text from patient_keys t union all
        select t::text from organization_keys t union all
        select t::text from idempotency_keys t
    ) everything
"""


@pytest.fixture
def sql(records_database: Database, organization_id: UUID) -> Sql:
    async def execute(statement: str, **values: Any) -> list[Any]:
        async with records_database.command(OrganizationId(organization_id)) as db:
            result = await db.execute(text(statement), values)
            return list(result.all()) if isinstance(result, CursorResult) and result.returns_rows else []

    return execute


async def test_names_and_birth_dates_lie_nowhere_in_the_database(
    director: httpx2.AsyncClient, patient_body: dict[str, Any], sql: Sql
) -> None:
    body = {**patient_body, **CANARIES}
    await director.post("/v1/patients", json=body, headers={"idempotency-key": str(uuid4())})

    stored = bytes.fromhex((await sql("select encode(convert_to((" + EVERYTHING + "), 'UTF8'), 'hex')"))[0][0])

    assert len(stored) > 500
    for canary in CANARIES.values():
        assert canary.encode() not in stored
        assert canary.encode().hex().encode() not in stored


async def test_each_patient_has_a_key_of_their_own_and_the_organization_has_one(
    new_patient: PatientFactory, sql: Sql
) -> None:
    for _ in range(3):
        await new_patient()

    keys = await sql("select distinct id, wrapped, organization_key_id from patient_keys")
    above = await sql("select id from organization_keys")

    assert len(keys) == 3
    assert {key.organization_key_id for key in keys} == {above[0].id}
    assert len(above) == 1


@pytest.mark.parametrize("column", ["given_name", "family_name", "birth_date"])
async def test_a_flipped_bit_is_an_error_and_not_another_name(
    director: httpx2.AsyncClient, new_patient: PatientFactory, sql: Sql, column: str
) -> None:
    patient = await new_patient()
    await sql(f"update patients set {column} = set_bit({column}, 120, 1 - get_bit({column}, 120))")  # noqa: S608 - a list of ours

    answer = await director.get(f"/v1/patients/{patient['id']}")

    assert answer.status_code == 500
    assert "Jane" not in answer.text


async def test_two_patients_names_cannot_be_swapped(
    director: httpx2.AsyncClient, new_patient: PatientFactory, sql: Sql
) -> None:
    first, second = await new_patient(), await new_patient(given_name="Mary")
    await sql("update patients p set given_name = other.given_name from patients other where other.id <> p.id")

    answers = [await director.get(f"/v1/patients/{patient['id']}") for patient in (first, second)]

    assert [answer.status_code for answer in answers] == [500, 500]


async def test_a_patient_s_two_names_cannot_be_swapped(
    director: httpx2.AsyncClient, new_patient: PatientFactory, sql: Sql
) -> None:
    patient = await new_patient()
    await sql("update patients set given_name = family_name, family_name = given_name")

    assert (await director.get(f"/v1/patients/{patient['id']}")).status_code == 500


@pytest.mark.parametrize(
    "statement",
    [
        "update treatment_plans set version = 9",
        "delete from treatment_plans",
        "update patient_keys set wrapped = ''",
        "delete from organization_keys",
        "delete from patients",
    ],
)
async def test_the_application_may_not_rewrite_what_must_stay(sql: Sql, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await sql(statement)
