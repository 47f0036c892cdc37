"""Medication through its routes."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.draw_programmes.conftest import At, at
from tests.records.encounters.conftest import Tell, event, tell, tell_site
from tests.records.recovery.test_recovery import discharge

__all__ = ["at", "tell", "tell_site"]

Json = dict[str, Any]
INJECTION: Json = {
    "regimen": "naltrexone_injection",
    "name": "Canary medicine",
    "instructions": "Canary gluteal",
    "prescriber": "Canary Prescriber",
    "started_on": "2026-09-01",
}


@pytest.fixture
async def medication(director: httpx2.AsyncClient, new_patient: PatientFactory) -> Json:
    patient = await new_patient()
    answer = await director.post(f"/v1/patients/{patient['id']}/medications", json=INJECTION)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_an_injection_is_due_from_its_first_day_and_then_every_four_weeks(
    director: httpx2.AsyncClient, medication: Json
) -> None:
    path = f"/v1/medications/{medication['id']}/doses"

    given = await director.post(path, json={"day": "2026-09-04", "outcome": "given"})
    declined = await director.post(path, json={"day": "2026-10-02", "outcome": "declined"})

    assert (medication["next_due_on"], medication["days_covered_percent"]) == ("2026-09-01", None)
    # The clock stands on 2 October: 28 of 29 days.
    assert (given.json()["next_due_on"], given.json()["days_covered_percent"]) == ("2026-10-02", 96.6)
    assert [one["outcome"] for one in declined.json()["doses"]] == ["given", "declined"]
    listed = await director.get(f"/v1/patients/{medication['patient_id']}/medications")
    assert listed.json()["items"] == [declined.json()]


async def test_a_later_record_of_a_day_stands_for_it_and_the_earlier_is_kept(
    director: httpx2.AsyncClient, medication: Json, records_database: Database, organization_id: UUID
) -> None:
    path = f"/v1/medications/{medication['id']}/doses"
    await director.post(path, json={"day": "2026-09-04", "outcome": "missed"})

    corrected = await director.post(path, json={"day": "2026-09-04", "outcome": "given"})

    assert [one["outcome"] for one in corrected.json()["doses"]] == ["given"]
    async with records_database.read(OrganizationId(organization_id)) as read:
        assert await read.connection.fetchval("select count(*) from medication_doses") == 2


async def test_no_one_is_made_to_stop_a_medicine(director: httpx2.AsyncClient, medication: Json) -> None:
    path = f"/v1/medications/{medication['id']}:end"

    demanded = await director.post(path, json={"last_day": "2026-10-01", "reason": "programme_condition"})
    chosen = await director.post(path, json={"last_day": "2026-10-01", "reason": "patient_choice"})
    again = await director.post(path, json={"last_day": "2026-10-01", "reason": "patient_choice"})

    assert (demanded.status_code, demanded.json()["code"]) == (422, "participation-not-conditional")
    assert "26 TAC 564.902" in demanded.json()["errors"][0]["detail"]
    assert (chosen.status_code, chosen.json()["end_reason"], again.status_code) == (200, "patient_choice", 409)


@pytest.mark.parametrize("day", ["2026-08-31", "2026-10-04"])
async def test_a_dose_before_the_first_day_or_ahead_is_refused(
    director: httpx2.AsyncClient, medication: Json, day: str
) -> None:
    answer = await director.post(f"/v1/medications/{medication['id']}/doses", json={"day": day, "outcome": "given"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/day")


async def test_a_medicine_does_not_end_before_it_began_and_is_not_given_after_it_ended(
    director: httpx2.AsyncClient, medication: Json
) -> None:
    path = f"/v1/medications/{medication['id']}"

    early = await director.post(f"{path}:end", json={"last_day": "2026-08-31", "reason": "completed"})
    await director.post(f"{path}:end", json={"last_day": "2026-09-20", "reason": "completed"})
    late = await director.post(f"{path}/doses", json={"day": "2026-09-21", "outcome": "given"})

    assert [answer.json()["errors"][0]["pointer"] for answer in (early, late)] == ["/last_day", "/day"]


async def test_what_is_taken_is_sealed(
    director: httpx2.AsyncClient, medication: Json, records_database: Database, organization_id: UUID
) -> None:
    await director.post(f"/v1/medications/{medication['id']}/doses", json={"day": "2026-09-04", "outcome": "given"})
    await director.post(
        f"/v1/medications/{medication['id']}:end", json={"last_day": "2026-10-01", "reason": "adverse_effect"}
    )

    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetchval(
            "select medications::text || medication_doses::text from medications, medication_doses"
        )

    for secret in ("Canary", "naltrexone", "adverse", "given"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_a_stranger_cannot_tell_a_medicine_from_none(stranger: httpx2.AsyncClient, medication: Json) -> None:
    bodies = []
    for patient_id, medication_id in ((medication["patient_id"], medication["id"]), (uuid4(), uuid4())):
        answers = [
            await stranger.get(f"/v1/patients/{patient_id}/medications"),
            await stranger.post(f"/v1/patients/{patient_id}/medications", json=INJECTION),
            await stranger.post(
                f"/v1/medications/{medication_id}:end", json={"last_day": "2026-10-01", "reason": "completed"}
            ),
            await stranger.post(
                f"/v1/medications/{medication_id}/doses", json={"day": "2026-10-01", "outcome": "given"}
            ),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]


async def test_the_treating_team_sees_medication_and_the_desk_does_not(
    records: ClientFactory, medication: Json, join_team: JoinTeam
) -> None:
    nurse, path = uuid4(), f"/v1/patients/{medication['patient_id']}/medications"
    await join_team({"id": medication["patient_id"]}, nurse)

    seen = [
        (await records(Role.NURSE, account=nurse).get(path)).status_code,
        (await records(Role.NURSE).get(path)).status_code,
        (await records(Role.FRONT_DESK).get(path)).status_code,
        (await records(Role.COUNSELLOR, account=nurse).post(path, json=INJECTION)).status_code,
    ]

    assert seen == [200, 404, 403, 403]


async def test_a_site_s_injections_are_due_until_they_are_given_or_the_medicine_ends(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, site_id: UUID, records: ClientFactory
) -> None:
    path, patient = f"/v1/sites/{site_id}/due_injections", await new_patient()
    made = []
    for changes in (
        {"started_on": "2026-09-30"},
        {"regimen": "buprenorphine_weekly_injection", "started_on": "2026-10-09"},
        {"regimen": "buprenorphine_monthly_injection", "started_on": "2026-10-10"},
        {"regimen": "naltrexone_daily"},
        {"started_on": "2026-09-30"},
    ):
        answer = await director.post(f"/v1/patients/{patient['id']}/medications", json={**INJECTION, **changes})
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
    end = {"last_day": "2026-10-01", "reason": "entered_in_error"}
    await director.post(f"/v1/medications/{made[4]['id']}:end", json=end)

    async def due(**asked: Any) -> list[tuple[str, str, bool]]:
        answer = await director.get(path, params={"zone": "America/New_York", **asked})
        assert answer.status_code == 200, answer.text
        assert "Canary" not in answer.text
        return [(one["medication_id"], one["due_on"], one["is_overdue"]) for one in answer.json()["items"]]

    # The clock stands on 2 October.
    before, ahead = await due(), await due(within_days=8)
    await director.post(f"/v1/medications/{made[0]['id']}/doses", json={"day": "2026-10-01", "outcome": "given"})

    assert before == [(made[0]["id"], "2026-09-30", True), (made[1]["id"], "2026-10-09", False)]
    assert ahead == [*before, (made[2]["id"], "2026-10-10", False)]
    assert await due() == before[1:]
    elsewhere = await director.get(f"/v1/sites/{uuid4()}/due_injections?zone=UTC")
    of_no_team = await records(Role.NURSE).get(f"{path}?zone=UTC")
    assert [one.json()["items"] for one in (elsewhere, of_no_team)] == [[], []]
    assert (await records(Role.FRONT_DESK).get(f"{path}?zone=UTC")).status_code == 403
    assert (await director.get(f"{path}?zone=Nowhere/Else")).status_code == 422


async def test_nobody_is_awaited_for_an_injection_after_the_discharge(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, site_id: UUID
) -> None:
    # Bug: the list went on to name who had left, and hid among them who had not come.
    patient = await new_patient()
    admission = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    await director.post(f"/v1/patients/{patient['id']}/episodes", json=admission)
    body = {**INJECTION, "started_on": "2026-09-30"}
    await director.post(f"/v1/patients/{patient['id']}/medications", json=body)
    path = f"/v1/sites/{site_id}/due_injections?zone=America/New_York"

    before = (await director.get(path)).json()["items"]
    await discharge(director, patient, "2026-10-01")
    after = (await director.get(path)).json()["items"]

    assert ([one["patient_id"] for one in before], after) == ([patient["id"]], [])


async def test_a_visit_is_due_an_interval_after_the_last_that_was_attended(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell, site_id: UUID
) -> None:
    """Before, only injections became due: nobody was told of who takes a tablet and was not seen for months."""
    patient = await new_patient()
    taken = {**INJECTION, "regimen": "buprenorphine_daily", "started_on": "2026-08-20"}
    made = (await director.post(f"/v1/patients/{patient['id']}/medications", json=taken)).json()

    async def due(**asked: Any) -> list[tuple[str, str | None, str, bool, int]]:
        params = {"zone": "America/New_York", **asked}
        answer = await director.get(f"/v1/sites/{site_id}/due_medication_visits", params=params)
        assert answer.status_code == 200, answer.text
        assert "Canary" not in answer.text
        return [
            (one["medication_id"], one["last_visit_on"], one["due_on"], one["is_overdue"], one["cadence"]["every_days"])
            for one in answer.json()["items"]
        ]

    async def seen(day: str, **changes: Any) -> None:
        times = {"start": f"{day}T02:00:00Z", "end": f"{day}T02:30:00Z", "service": "medication"}
        answer = await tell(event(patient, **times, **changes))
        assert answer.status_code == 200, answer.text

    never = await due()
    # By New York's day each is on the evening before; of these the patient did not come to one, one is no such visit,
    # and one was before the first day.
    await seen("2026-08-15")
    await seen("2026-09-25", status="noshow")
    await tell(event(patient, service="individual"))
    still = await due()
    await seen("2026-08-28")
    early = await due()
    await seen("2026-09-18")
    later = await due()

    assert never == still == [(made["id"], None, "2026-08-27", True, 7)]
    assert early == [(made["id"], "2026-08-27", "2026-09-03", True, 7)]
    # From the fifth week on it is every other week.
    assert later == [(made["id"], "2026-09-17", "2026-10-01", True, 14)]
    await seen("2026-10-02")
    assert await due(within_days=12) == []
    assert await due(within_days=13) == [(made["id"], "2026-10-01", "2026-10-15", False, 14)]


async def test_who_is_injected_and_who_takes_it_no_more_has_no_visit_due_and_others_see_none(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, site_id: UUID, records: ClientFactory
) -> None:
    path, patient = f"/v1/sites/{site_id}/due_medication_visits", await new_patient()
    made = [
        (await director.post(f"/v1/patients/{patient['id']}/medications", json={**INJECTION, **changes})).json()["id"]
        for changes in (
            {},
            {"regimen": "methadone_elsewhere"},
            {"regimen": "naltrexone_daily"},
            {"regimen": "disulfiram"},
            {"regimen": "acamprosate"},
        )
    ]
    ends = [
        {"last_day": "2026-10-01", "reason": "entered_in_error"},
        {"last_day": "2026-09-28", "reason": "patient_choice"},
    ]
    for one, end in zip(made[3:], ends, strict=True):
        assert (await director.post(f"/v1/medications/{one}:end", json=end)).status_code == 200

    shown = (await director.get(f"{path}?zone=UTC")).json()
    elsewhere = await director.get(f"/v1/sites/{uuid4()}/due_medication_visits?zone=UTC")
    of_no_team = await records(Role.NURSE).get(f"{path}?zone=UTC")

    assert [(one["medication_id"], one["due_on"]) for one in shown["items"]] == [(made[2], "2026-09-29")]
    assert [one.json()["items"] for one in (elsewhere, of_no_team)] == [[], []]
    assert (await records(Role.FRONT_DESK).get(f"{path}?zone=UTC")).status_code == 403
    assert (await director.get(f"{path}?zone=Nowhere/Else")).status_code == 422
    level = {"criteria_edition": "asam-3", "level": "2.1"}
    stay = {"programme": "evening-iop", "admitted_on": "2026-09-01", "initial": level}
    episode = (await director.post(f"/v1/patients/{patient['id']}/episodes", json=stay)).json()
    assert len((await director.get(f"{path}?zone=UTC")).json()["items"]) == 1
    end = {"discharged_on": "2026-10-01", "reason": "completed"}
    left = await director.post(f"/v1/episodes/{episode['id']}:discharge", json=end, headers={"if-match": '"1"'})
    assert left.status_code == 200, left.text
    assert (await director.get(f"{path}?zone=UTC")).json()["items"] == []


async def test_what_is_taken_today_is_counted_by_the_day_of_the_patient_s_site(
    at: At, new_patient: PatientFactory, tell_site: Tell
) -> None:
    """Before, it was by UTC's: from the evening on it was tomorrow, of which no dose had been given yet."""
    patient, evening = await new_patient(), at("2026-10-02T02:00:00Z")
    assert (await tell_site({"id": patient["site_id"], "zone": "America/Chicago"})).status_code == 200
    path, zone = f"/v1/patients/{patient['id']}", "America/Chicago"
    weekly = {**INJECTION, "regimen": "buprenorphine_weekly_injection"}
    stays, ends = [(await evening.post(f"{path}/medications", json=weekly)).json()["id"] for _ in range(2)]

    given = await evening.post(f"/v1/medications/{stays}/doses", json={"day": "2026-09-25", "outcome": "given"})
    await evening.post(f"/v1/medications/{ends}:end", json={"last_day": "2026-10-01", "reason": "completed"})
    listed = {one["id"]: one for one in (await evening.get(f"{path}/medications")).json()["items"]}
    chart = (await evening.get(f"{path}/chart", params={"zone": zone})).json()

    # In Chicago it is 1 October, the seventh day and the last of both.
    assert [one["days_covered_percent"] for one in (given.json(), listed[stays])] == [100.0, 100.0]
    assert {one["id"] for one in chart["medications"]} == {stays, ends}


@pytest.mark.parametrize(
    ("zone", "last"),
    [("America/New_York", "2026-10-06"), ("Pacific/Kiritimati", "2026-10-07"), (None, "2026-10-07")],
    ids=["behind UTC", "ahead of UTC", "not told"],
)
async def test_a_dose_of_a_day_that_has_not_begun_at_the_patient_s_site_is_refused(
    *, at: At, new_patient: PatientFactory, tell_site: Tell, zone: str | None, last: str
) -> None:
    """Before, in the evening a dose of the day after tomorrow counted as given, and moved when the next is due."""
    # In New York it is 6 October, in Kiritimati 7 October.
    patient, caller = await new_patient(), at("2026-10-07T01:00:00Z")
    if zone is not None:
        assert (await tell_site({"id": patient["site_id"], "zone": zone})).status_code == 200
    made = await caller.post(f"/v1/patients/{patient['id']}/medications", json=INJECTION)
    path = f"/v1/medications/{made.json()['id']}/doses"

    answers = {}
    for day in ("2026-10-06", "2026-10-07", "2026-10-08"):
        answers[day] = await caller.post(path, json={"day": day, "outcome": "given"})

    assert {day: one.status_code for day, one in answers.items()} == {
        day: 201 if day <= last else 422 for day in answers
    }
    assert answers["2026-10-08"].json()["errors"][0]["pointer"] == "/day"
