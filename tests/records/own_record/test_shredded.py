"""A claim to the record of who was shredded: answered as a claim of nothing is, and told to the trail as often."""

from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from tests.records.consents.test_consents import without_instance
from tests.records.encounters.conftest import Json
from tests.records.own_record.test_own_record import link
from tests.records.test_races import SISTER, Committing, beside, close_to

__all__ = ["beside"]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.FAMILY])
async def test_it_leaves_one_denial_as_a_claim_of_nothing_does(
    *, beside: Committing, records_urls: DatabaseUrls, organization_id: UUID, patient_body: Json, role: Role
) -> None:
    """Before, it left two, and the trail told one from the other."""
    director, accounts = beside.call(Role.PROGRAMME_DIRECTOR), (uuid4(), uuid4())
    patient = (await director.post("/v1/patients", json=patient_body)).json()
    if role is Role.PATIENT:
        code = (await link(director, patient, accounts[0])).json()["code"]
    else:
        recipient = (await director.post("/v1/recipients", json=SISTER)).json()["id"]
        code = (await close_to(director, patient, recipient, accounts[0]))["code"]
    settings = {"eventide.organization_id": str(organization_id)}
    owner = await asyncpg.connect(records_urls.owner, server_settings=settings)
    try:
        await owner.execute("delete from patient_keys where patient_id = $1", UUID(patient["id"]))
    finally:
        await owner.close()
    path = "/v1/me/record:claim" if role is Role.PATIENT else "/v1/me/related_persons:claim"
    body = {"code": code, "birth_date": patient["birth_date"]}

    of_gone, of_nothing = [await beside.call(role, one).post(path, json=body) for one in accounts]

    assert (of_gone.status_code, without_instance(of_gone)) == (404, without_instance(of_nothing))
    async with beside.database.read(OrganizationId(organization_id)) as reading:
        rows = await reading.connection.fetch("select event from audit_events")
    told = [event["account"] for row in rows if (event := orjson.loads(row["event"]))["outcome"] == "denied"]
    assert sorted(told) == sorted(map(str, accounts))
