"""A broken glass opens a patient's record to be read: nothing of the patient is changed by it here either."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import NINETY_MINUTES, TUESDAY_NINE, Desk, Json, People, group

GLASS = {"nature": "overdose", "reason": "Found unconscious in the waiting room."}
AGREED = {"channel": "sms", "address": "+12065550199", "language": "en", "opted_in": True}


@pytest.fixture
async def session(desk: Desk, people: People) -> Json:
    [found] = await desk.publish(group(people.ann))
    return found


@pytest.fixture
async def counsellor(scheduler: ClientFactory, records: ClientFactory, people: People) -> httpx2.AsyncClient:
    """Treats nobody, and has broken the glass before Ann's record."""
    account = uuid4()
    caller = records(Role.COUNSELLOR, account=account)
    broken = await caller.post(f"/v1/patients/{people.ann['id']}/emergency_accesses", json=GLASS)
    assert broken.status_code == 201, broken.text
    return scheduler(Role.COUNSELLOR, account=account)


async def _made(answer: httpx2.Response) -> Json:
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


async def test_who_broke_a_glass_reads_and_changes_nothing_of_the_patient(
    *,
    session: Json,
    people: People,
    counsellor: httpx2.AsyncClient,
    scheduler: ClientFactory,
    site: Json,
    at: Callable[[Any], None],
) -> None:
    ann, desk = {"patient_id": people.ann["id"]}, scheduler(Role.FRONT_DESK)
    preference = f"/v1/patients/{people.ann['id']}/notice_preference"
    waitlist, runs = f"/v1/sites/{site['id']}/waitlist_entries", "/v1/vehicles/{}/runs"
    await _made(await desk.put(preference, json=AGREED))
    entry = await _made(await desk.post(waitlist, json={**ann, "service": "individual"}))
    van = await _made(
        await scheduler(Role.PROGRAMME_DIRECTOR).post(
            f"/v1/sites/{site['id']}/vehicles", json={"name": "V", "seats": 2}
        )
    )
    times = {"start": str(TUESDAY_NINE - timedelta(minutes=60)), "end": str(TUESDAY_NINE - timedelta(minutes=15))}
    run = await _made(await desk.post(runs.format(van["id"]), json={"direction": "to_site", **times}))
    seat = {**ann, "appointment_id": session["id"], "stop_at": run["start"], "area": "5th Ave"}
    ride = await _made(await desk.post(f"/v1/runs/{run['id']}/rides", json=seat))
    one, came = f"/v1/waitlist_entries/{entry['id']}", f"/v1/appointments/{session['id']}"

    read = [(await counsellor.get(path)).status_code for path in (preference, one)]
    answers = [
        await counsellor.put(preference, json={**AGREED, "address": "+12065550100"}, headers={"if-match": '"1"'}),
        await counsellor.post(waitlist, json=ann),
        await counsellor.put(one, json={"windows": [], "priority_facts": []}, headers={"if-match": '"1"'}),
        await counsellor.post(f"{one}:place"),
        await counsellor.post(f"{one}:remove", json={"reason": "declined"}),
        await counsellor.post(f"/v1/runs/{run['id']}/rides", json=seat),
        await counsellor.post(f"/v1/rides/{ride['id']}:set_stop", json={"stop_at": run["start"], "area": "6th Ave"}),
        await counsellor.delete(f"/v1/rides/{ride['id']}"),
        await counsellor.post(f"{came}:call_out", json={**ann, "reason": "illness", "excused": True}),
    ]
    at(TUESDAY_NINE + NINETY_MINUTES)
    kept = await _made(await desk.post(f"{came}/attendances", json={**ann, "status": "noshow"}))
    answers += [
        await counsellor.post(f"{came}/attendances", json={**ann, "status": "arrived"}),
        await counsellor.post(
            f"/v1/attendances/{kept['id']}:amend", json={"status": "arrived", "reason": "entered_in_error"}
        ),
    ]

    assert read == [200, 200]
    for answer in answers:
        assert (answer.status_code, answer.json().get("code")) == (403, "opened-to-be-read"), (
            answer.request.url.path,
            answer.text,
        )
        assert "care team" in answer.json()["detail"]
    assert (await _made(await desk.get(preference)))["address"] == AGREED["address"]
