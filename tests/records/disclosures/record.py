"""A record with something in every part that can be disclosed, and what must be found of it, and nowhere else."""

from typing import Any

import httpx2

from tests.records.assessments.conftest import act, body
from tests.records.claims.conftest import agree, price
from tests.records.draw_programmes.conftest import TERMS, At
from tests.records.drug_tests.test_routes import (
    ASSESSED,
    COCAINE,
    METHADONE_PRESCRIBED,
    NOTIFIED,
    REPORTED,
    custody,
    hours_after,
    record,
    take_up,
)
from tests.records.encounters.conftest import Tell, event

Json = dict[str, Any]

EARLY, LATE = "2026-09-15", "2026-09-29"
"""The days of the two sessions, and of what goes with them."""

CLAIMED: Json = {
    "records_from": "2026-09-12",
    "records_until": "2026-12-12",
    "payer": "payer-1",
}
DISCHARGED = "2026-09-13"
"""The day on which an earlier episode ended."""
SUMMARY: Json = {
    "presenting": "Came after a night in hospital.",
    "course": "Two days.",
    "progress": "None yet.",
    "condition_at_discharge": "Stable.",
    "recommendations": "Evenings instead.",
    "referrals": [],
}
NOTE: Json = {"interventions": "Role play of refusals.", "plan": None}


async def made(client: httpx2.AsyncClient, path: str, content: Any = None, version: int | None = None) -> Json:
    headers = {} if version is None else {"if-match": f'"{version}"'}
    answer = await client.post(path, json=content, headers=headers)
    assert answer.status_code in {200, 201}, (path, answer.text)
    told: Json = answer.json()
    return told


async def attended(tell: Tell, patient: Json, day: str, **changes: Any) -> str:
    monday = {EARLY: "2026-09-14", LATE: "2026-09-28"}[day]
    times = {"start": f"{day}T17:00:00Z", "end": f"{day}T20:00:00Z", "week": monday}
    answer = await tell(event(patient, **{**times, **changes}))
    assert answer.status_code == 200, answer.text
    encounter: str = answer.json()["encounter_id"]
    return encounter


async def noted(client: httpx2.AsyncClient, encounter: str, response: str, *, signs: bool = True) -> Json:
    note = await made(client, f"/v1/encounters/{encounter}/notes", {**NOTE, "response": response})
    return await made(client, f"/v1/notes/{note['id']}:sign", version=note["version"]) if signs else note


async def filled(director: httpx2.AsyncClient, biller: httpx2.AsyncClient, patient: Json, tell: Tell, at: At) -> Json:
    """Fill a patient's record, on two days each where a part is of days."""
    own = f"/v1/patients/{patient['id']}"
    stay = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    await made(director, f"{own}/episodes", stay)
    earlier = {**stay, "programme": "day-iop", "admitted_on": "2026-09-12"}
    over = await made(director, f"{own}/episodes", earlier)
    end = {"discharged_on": DISCHARGED, "reason": "transferred"}
    await made(director, f"/v1/episodes/{over['id']}:discharge", end, over["version"])
    await made(director, f"/v1/episodes/{over['id']}/discharge_summary", SUMMARY)
    for day in (EARLY, LATE):
        encounter = await attended(tell, patient, day)
        await noted(director, encounter, f"Told of the quarrel of {day}.")
        assessment = await made(director, f"{own}/assessments", body(value=1, at=f"{day}T15:00:00Z", i9=0))
        assert (await act(director, assessment, "complete")).status_code == 200
    unsigned = await attended(tell, patient, LATE, start=f"{LATE}T21:00:00Z", end=f"{LATE}T22:00:00Z")
    await noted(director, unsigned, "Not thought through yet.", signs=False)
    await made(director, f"{own}/assessments", body(value=2, at=f"{LATE}T16:00:00Z", i9=0))
    medicine = {"regimen": "naltrexone_daily", "name": "Naltrexone 50", "prescriber": "Dr. Oak", "started_on": EARLY}
    taken = await made(director, f"{own}/medications", medicine)
    for day in (EARLY, LATE):
        await made(director, f"/v1/medications/{taken['id']}/doses", {"day": day, "outcome": "given"})
    mistaken = await made(director, f"{own}/medications", {**medicine, "name": "Somebody's insulin"})
    end = {"last_day": LATE, "reason": "entered_in_error"}
    await made(director, f"/v1/medications/{mistaken['id']}:end", end)
    await agree(biller, "service_level")
    await price(biller, "H0005", 3_000)
    await made(director, f"{own}/counselling_notes", {"text": "Fears the employer."})
    return {"patient": patient, "test": await tested(director, patient, at)}


async def tested(director: httpx2.AsyncClient, patient: Json, at: At) -> Json:
    """Test a patient on two drawn days: one up to what it is held against, the other told and no more."""
    programme = await made(director, f"/v1/patients/{patient['id']}/draw_programmes", TERMS)
    path = f"/v1/draw_programmes/{programme['id']}/versions/1/evidence"
    draws = (await at("2027-03-01T12:00:00Z").get(path)).json()["draws"]
    first, second = [one["day"] for one in draws if one["is_drawn"]][:2]
    steps = [NOTIFIED, REPORTED, (4, custody(first)), (5, ASSESSED), (5, COCAINE), (6, METHADONE_PRESCRIBED)]
    tests = []
    for day, walked in ((first, steps), (second, [NOTIFIED])):
        drawn = {"patient_id": patient["id"], "programme_id": programme["id"], "day": day}
        test = (await take_up(at(hours_after(day, 0)), drawn)).json()
        for hours, step in walked:
            answer = await record(at(hours_after(day, hours)), test, step)
            assert answer.status_code == 200, answer.text
            test = answer.json()
        tests.append(test)
    return {"told": tests[0], "waiting": tests[1]}
