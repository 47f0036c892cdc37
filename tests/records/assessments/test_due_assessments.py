"""Whose turn it is to be measured this week, through the route and by the rule."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.records.assessments.cadences import cadences_on
from services.records.assessments.rules import due_measure
from tests.conftest import ClientFactory
from tests.records.assessments.conftest import Assess
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.encounters.conftest import Tell, event, tell

__all__ = ["tell"]

Json = dict[str, Any]
CADENCE = cadences_on(date(2026, 10, 2))[0]
SOMEBODY = PatientId(uuid4())
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def here(site_id: UUID) -> str:
    return f"/v1/sites/{site_id}/due_assessments?zone=America/Chicago"


async def admit(client: httpx2.AsyncClient, patient: Json, level: str = "2.1", **changes: Any) -> Json:
    body = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": "asam-3", "level": level},
        **changes,
    }
    answer = await client.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def begin(client: httpx2.AsyncClient, episode: Json, day: str) -> Json:
    path, headers = f"/v1/episodes/{episode['id']}:record_first_session", {"if-match": f'"{episode["version"]}"'}
    answer = await client.post(path, json={"attended_on": day}, headers=headers)
    assert answer.status_code == 200, answer.text
    begun: Json = answer.json()
    return begun


async def due(client: httpx2.AsyncClient, path: str) -> list[tuple[str, str | None, str, bool]]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return [(one["patient_id"], one["last_on"], one["due_on"], one["is_overdue"]) for one in answer.json()["items"]]


async def test_who_is_in_treatment_is_measured_weekly_and_listed_when_it_is_their_turn(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess, here: str
) -> None:
    # The clock stands on Friday, 2 October; the week ends on the fourth.
    never, long_ago, this_week, lately = [await new_patient() for _ in range(4)]
    for patient in (never, long_ago, this_week, lately):
        await begin(director, await admit(director, patient), "2026-09-02")
    for patient, day in ((long_ago, "2026-09-21"), (this_week, "2026-09-27"), (lately, "2026-09-30")):
        await assess(patient, "bam-iop", complete=True, at=f"{day}T15:00:00Z")

    assert await due(director, here) == [
        (never["id"], None, "2026-09-02", True),
        (long_ago["id"], "2026-09-21", "2026-09-28", True),
        (this_week["id"], "2026-09-27", "2026-10-04", False),
    ]
    told = (await director.get(here)).json()
    assert (told["today"], told["until"], told["due"], told["overdue"]) == ("2026-10-02", "2026-10-04", 1, 2)
    (cadence,) = told["cadences"]
    assert (cadence["instrument_id"], cadence["every_days"], cadence["levels"]) == ("bam-iop", 7, ["2.1"])
    assert cadence["citation"]


async def test_only_a_whole_form_of_this_stay_counts(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess, here: str
) -> None:
    patient = await new_patient()
    await begin(director, await admit(director, patient), "2026-09-29")
    await assess(patient, "bam-iop", complete=True, at="2026-08-31T15:00:00Z")
    await assess(patient, "gad-7", complete=True, at="2026-10-01T15:00:00Z")
    await assess(patient, "bam-iop", at="2026-10-01T15:00:00Z")

    assert await due(director, here) == [(patient["id"], None, "2026-09-29", True)]


async def test_nobody_is_asked_before_the_first_session_nor_at_another_level_nor_after_discharge(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell, here: str
) -> None:
    waiting, stepped_down, left, came = [await new_patient() for _ in range(4)]
    await admit(director, waiting)
    await begin(director, await admit(director, stepped_down, "1"), "2026-09-02")
    over = await begin(director, await admit(director, left), "2026-09-02")
    ended = {"discharged_on": "2026-10-01", "reason": "completed"}
    headers = {"if-match": f'"{over["version"]}"'}
    answer = await director.post(f"/v1/episodes/{over['id']}:discharge", json=ended, headers=headers)
    assert answer.status_code == 200, answer.text
    await admit(director, came)
    # Thursday evening in Chicago is Friday in UTC.
    evening = {"start": "2026-10-02T00:00:00Z", "end": "2026-10-02T03:00:00Z", "week": "2026-09-28"}
    assert (await tell(event(came, zone="America/Chicago", **evening))).status_code == 200

    assert await due(director, here) == [(came["id"], None, "2026-10-01", True)]


async def test_whose_turn_it_is_is_told_to_whoever_treats_them(
    *, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory, join_team: JoinTeam, here: str
) -> None:
    patient, counsellor = await new_patient(), uuid4()
    await begin(director, await admit(director, patient), "2026-09-02")
    before = await due(records(Role.COUNSELLOR, account=counsellor), here)
    await join_team(patient, counsellor)

    assert before == []
    assert len(await due(records(Role.COUNSELLOR, account=counsellor), here)) == 1
    assert await due(records(Role.PROGRAMME_DIRECTOR, organization=uuid4()), here) == []
    assert [(await records(role).get(here)).status_code for role in (Role.FRONT_DESK, Role.LAB, Role.BILLING)] == [
        403
    ] * 3
    assert (await director.get(here.replace("America/Chicago", "Nowhere/Else"))).status_code == 422


@given(DAYS, st.integers(0, 30), st.none() | DAYS, DAYS)
def test_a_turn_comes_when_treatment_begins_and_a_week_after_each_answer_but_not_before_it_begins(
    admitted: date, wait: int, answered: date | None, today: date
) -> None:
    began = admitted + timedelta(days=wait)

    found = due_measure(SOMEBODY, CADENCE, (admitted, began, answered), today)

    if answered is None or answered < admitted:
        assert (found.last_on, found.due_on) == (None, began)
    else:
        # Bug: whoever answered at admission and began weeks later was overdue before the first session.
        assert (found.last_on, found.due_on) == (answered, max(began, answered + timedelta(days=7)))
    assert found.is_overdue is (found.due_on < today)


def test_a_cadence_holds_from_its_day_on() -> None:
    assert cadences_on(CADENCE.effective_from) == cadences_on(date(2026, 10, 2))
    assert cadences_on(CADENCE.effective_from - timedelta(days=1)) == []
