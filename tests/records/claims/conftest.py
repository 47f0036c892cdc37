"""A patient whose sessions a payer may pay for."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.draw_programmes.conftest import At
from tests.records.draw_programmes.conftest import at as at  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.encounters.conftest import Tell, event
from tests.records.encounters.conftest import tell as tell  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.notes.conftest import TEXT, etag
from tests.records.plans_of_care.conftest import CONTENTS

Json = dict[str, Any]
Attend = Callable[..., Awaitable[str]]
Certify = Callable[[str], Awaitable[None]]
Lines = Callable[..., Awaitable[Json]]


@pytest.fixture
def biller(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.BILLING)


@pytest.fixture
async def patient(director: httpx2.AsyncClient, new_patient: PatientFactory) -> Json:
    made = await new_patient()
    body = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    answer = await director.post(f"/v1/patients/{made['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    return made


@pytest.fixture
async def plan(director: httpx2.AsyncClient, patient: Json) -> str:
    """Return where a plan of care was drafted, which nobody has signed."""
    (episode,) = (await director.get(f"/v1/patients/{patient['id']}/episodes")).json()["items"]
    path = f"/v1/episodes/{episode['id']}/plan_of_care"
    drafted = await director.put(path, json=CONTENTS)
    assert drafted.status_code == 200, drafted.text
    return path


@pytest.fixture
def certify(at: At, plan: str) -> Certify:
    """Have a prescriber who directs the programme sign what is unsigned, and certify it, at an instant."""
    account = uuid4()

    async def act(instant: str) -> None:
        caller = at(instant, Role.PRESCRIBER, Role.PROGRAMME_DIRECTOR, account=account)
        answers = [await caller.post(f"{plan}:{verb}", headers={"if-match": '"1"'}) for verb in ("sign", "certify")]
        assert answers[0].status_code in {200, 409}, answers[0].text
        assert answers[1].status_code == 200, answers[1].text

    return act


@pytest.fixture
def attend(director: httpx2.AsyncClient, tell: Tell, patient: Json) -> Attend:
    async def record(day: str, start: str = "17:00", end: str = "20:00", *, signs: bool = True, **changes: Any) -> str:
        monday = date.fromisoformat(day) - timedelta(days=date.fromisoformat(day).weekday())
        times = {"start": f"{day}T{start}:00Z", "end": f"{day}T{end}:00Z", "week": monday.isoformat()}
        told = event(patient, **(times | changes))
        answer = await tell(told)
        assert answer.status_code == 200, answer.text
        encounter: str = answer.json()["encounter_id"]
        if signs and told["status"] == "fulfilled":
            drafted = await director.post(f"/v1/encounters/{encounter}/notes", json=TEXT)
            assert drafted.status_code == 201, drafted.text
            signed = await director.post(f"/v1/notes/{drafted.json()['id']}:sign", headers=etag(drafted.json()))
            assert signed.status_code == 200, signed.text
        return encounter

    return record


async def agree(biller: httpx2.AsyncClient, method: str, **changes: Any) -> None:
    body = {
        "payer": "payer-1",
        "method": method,
        "requires_authorization": False,
        "effective_from": "2026-01-01",
        "source": "Invented contract",
        **changes,
    }
    answer = await biller.post("/v1/payer_contracts", json=body)
    assert answer.status_code == 201, answer.text


async def price(biller: httpx2.AsyncClient, code: str, cents: int, **changes: Any) -> None:
    body = {
        "payer": "payer-1",
        "code": code,
        "amount_cents": cents,
        "effective_from": "2026-01-01",
        "source": "Invented schedule",
        **changes,
    }
    answer = await biller.post("/v1/charge_rates", json=body)
    assert answer.status_code == 201, answer.text


@pytest.fixture
def lines(biller: httpx2.AsyncClient, patient: Json) -> Lines:
    async def read(from_on: str = "2026-09-28", until_on: str = "2026-10-04", **changes: Any) -> Json:
        asked = {
            "payer": "payer-1",
            "from_on": from_on,
            "until_on": until_on,
            "zone": "America/New_York",
            **changes,
        }
        answer = await biller.get(f"/v1/patients/{patient['id']}/charge_lines", params=asked)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    return read
