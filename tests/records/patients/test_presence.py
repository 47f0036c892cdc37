"""Of whom the scheduler is told that they are treated here: nobody whose record is sealed, or who was shredded."""

from uuid import UUID, uuid4

import asyncpg
import httpx2

from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from tests.records.conftest import PatientFactory
from tests.records.consents.test_consents import without_instance
from tests.records.draw_programmes.conftest import At, at
from tests.records.encounters.conftest import Json
from tests.records.programme_closings.test_programme_closings import admin, decide, opened, seal
from tests.records.test_races import Committing, beside

__all__ = ["admin", "at", "beside"]

OF_ONE = (
    "presence", "presence?information=attendance", "presence?for_change=true", "seating",
    "week_requirement?week=2026-10-05",
)  # fmt: skip


async def asked(scheduler: httpx2.AsyncClient, patient_id: str) -> list[httpx2.Response]:
    return [await scheduler.get(f"/v1/patients/{patient_id}/{path}") for path in OF_ONE]


async def within_reach(scheduler: httpx2.AsyncClient, *patients: Json) -> list[str]:
    body = {"information": "attendance", "patient_ids": [one["id"] for one in patients]}
    answer = await scheduler.post("/v1/patients:within_reach", json=body)
    found: list[str] = answer.json()["patient_ids"]
    return found


async def test_who_was_shredded_is_to_the_scheduler_as_nobody_and_still_accounted_for(
    beside: Committing, records_urls: DatabaseUrls, organization_id: UUID, patient_body: Json
) -> None:
    """Before, the scheduler was told where they are treated, and planned and showed what it had."""
    director = beside.call(Role.PROGRAMME_DIRECTOR)
    scheduler = beside.call(Role.PROGRAMME_DIRECTOR, acting=Microservice.SCHEDULER)
    gone, stays = [(await director.post("/v1/patients", json=patient_body)).json() for _ in range(2)]
    settings = {"eventide.organization_id": str(organization_id)}
    owner = await asyncpg.connect(records_urls.owner, server_settings=settings)
    try:
        await owner.execute("delete from patient_keys where patient_id = $1", UUID(gone["id"]))
    finally:
        await owner.close()

    of_gone, of_other = await asked(scheduler, gone["id"]), await asked(scheduler, stays["id"])
    of_nobody = await asked(scheduler, str(uuid4()))

    assert [answer.status_code for answer in of_other] == [200] * len(OF_ONE)
    assert [answer.status_code for answer in of_gone] == [404] * len(OF_ONE)
    assert [without_instance(one) for one in of_gone] == [without_instance(one) for one in of_nobody]
    assert await within_reach(scheduler, gone, stays) == [stays["id"]]
    accounting = f"/v1/patients/{gone['id']}/disclosures"
    assert (await director.get(accounting)).status_code == 200


async def test_whose_record_is_sealed_is_to_the_scheduler_as_nobody(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, serving: httpx2.AsyncClient,
    new_patient: PatientFactory, at: At,
) -> None:  # fmt: skip
    sealed = await new_patient()
    closing = await opened(admin)
    await decide(director, closing, sealed)
    before = await asked(serving, sealed["id"])
    assert (await seal(at, closing)).status_code == 200

    after, of_nobody = await asked(serving, sealed["id"]), await asked(serving, str(uuid4()))

    assert [answer.status_code for answer in before] == [200] * len(OF_ONE)
    assert [without_instance(one) for one in after] == [without_instance(one) for one in of_nobody]
    assert await within_reach(serving, sealed) == []
