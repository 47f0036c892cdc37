"""What the scheduler has not signed costs a look at a signature, and no connection to the database."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.chassis.clock import Clock
from services.chassis.webhooks import signed_headers
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import SECRET, event
from tests.support.databases import WatchedDatabase


@pytest.mark.parametrize(
    "path",
    [
        "/v1/organizations/{organization}/attendance_events",
        "/v1/organizations/{organization}/site_events",
        "/v1/record_seals:exchange",
    ],
)
async def test_no_connection_is_taken_for_what_the_scheduler_has_not_signed(
    *,
    records: ClientFactory,
    records_app: Any,
    organization_id: UUID,
    new_patient: PatientFactory,
    clock: Clock,
    path: str,
) -> None:
    patient, client = await new_patient(), records()
    del client.headers["authorization"]
    told = {
        "attendance_events": event(patient),
        "site_events": {"id": patient["site_id"], "zone": "UTC"},
        "record_seals:exchange": {"ended": [], "after": None},
    }[path.rpartition("/")[2]]
    database = WatchedDatabase(records_app.state.process.database)
    records_app.state.process = replace(records_app.state.process, database=database)
    taken, statuses = list[int](), list[int]()

    for secret in (b"x" * 32, SECRET):
        body = orjson.dumps(told)
        signed = signed_headers(secret, str(uuid4()), clock.now(), body)
        answer = await client.post(
            path.format(organization=organization_id),
            content=body,
            headers={**signed, "content-type": "application/json"},
        )
        statuses.append(answer.status_code)
        taken.append(database.taken)

    assert (statuses, taken) == ([401, 200], [0, 1])
