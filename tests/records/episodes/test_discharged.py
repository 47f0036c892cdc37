"""Who was discharged is planned for no more: each read of the plans of weeks says so, and so does who is drawn."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import TreatmentPlan
from services.records.episodes.stays import Stays
from services.records.treatment_plans.rules import week_of, within_stay
from tests.records.conftest import NINE_HOURS, PlanFactory
from tests.records.episodes.conftest import Act, Admit, Json

BEFORE, OF_DISCHARGE, AFTER = "2026-09-21", "2026-09-28", "2026-10-05"
LAST_DAY = "2026-09-30"
DISCHARGE = {"discharged_on": LAST_DAY, "reason": "left_against_advice"}
PatientWeeks = Callable[[], Awaitable[list[Json | None]]]


@pytest.fixture
async def episode(admit: Admit, put_plan: PlanFactory) -> Json:
    """Of a patient whose plan says nothing of when they go."""
    admitted = await admit()
    await put_plan(admitted["patient_id"], effective_from="2026-09-01")
    return admitted


@pytest.fixture
def weeks(serving: httpx2.AsyncClient, episode: Json, site_id: UUID) -> PatientWeeks:
    """Read what the scheduler is told of the patient: in the week before that of the discharge, in it, and after."""

    async def read() -> list[Json | None]:
        found: list[Json | None] = []
        for week in (BEFORE, OF_DISCHARGE, AFTER):
            answer = await serving.get("/v1/week_requirements", params={"site_id": str(site_id), "week": week})
            here = [one for one in answer.json()["patients"] if one["patient_id"] == episode["patient_id"]]
            found.append(here[0] if here else None)
        return found

    return read


async def horizon(serving: httpx2.AsyncClient, site_id: UUID) -> list[list[bool]]:
    query = {"site_id": str(site_id), "week": BEFORE, "weeks": "4"}
    answer = await serving.get("/v1/horizon_requirements", params=query)
    return [[patient["is_discharge"] for patient in week["patients"]] for week in answer.json()["weeks"]]


async def missing(director: httpx2.AsyncClient, episode: Json, week: str) -> int:
    path = f"/v1/patients/{episode['patient_id']}/hours_ledger"
    answer = await director.get(path, params={"week": week})
    assert answer.status_code == 200, answer.text
    minutes: int = answer.json()["missing_minutes"]
    return minutes


async def test_a_week_after_the_discharge_was_planned_on_for_whom_no_plan_says_when_they_go(
    *,
    director: httpx2.AsyncClient,
    serving: httpx2.AsyncClient,
    episode: Json,
    weeks: PatientWeeks,
    act: Act,
    site_id: UUID,
) -> None:
    before = await weeks()
    assert [week and week["attends_until"] for week in before] == [None, None, None]
    assert None not in before
    assert await missing(director, episode, AFTER) == 540

    assert (await act(episode, "discharge", DISCHARGE)).status_code == 200

    first, last, after = await weeks()
    assert first == before[0]
    assert last == {**(before[1] or {}), "attends_until": LAST_DAY}
    assert after is None
    assert await horizon(serving, site_id) == [[False], [True], [], []]
    assert [await missing(director, episode, week) for week in (OF_DISCHARGE, AFTER)] == [540, 0]
    path = f"/v1/patients/{episode['patient_id']}/week_requirement"
    assert (await serving.get(path, params={"week": AFTER})).json()["plan_version"] is None


async def test_who_stays_in_another_programme_is_planned_for_as_before(
    admit: Admit, act: Act, episode: Json, weeks: PatientWeeks
) -> None:
    other = await admit({"id": episode["patient_id"]}, programme="day-iop")
    before = await weeks()

    await act(episode, "discharge", DISCHARGE)
    assert await weeks() == before
    await act(other, "discharge", {**DISCHARGE, "discharged_on": "2026-09-22"})

    # The later one of two last days stands.
    assert [week and week["attends_until"] for week in await weeks()] == [None, LAST_DAY, None]
    assert (await weeks())[2] is None


async def test_who_comes_back_is_planned_for_once_the_plan_or_an_admission_says_so(
    admit: Admit, act: Act, put_plan: PlanFactory, episode: Json, weeks: PatientWeeks
) -> None:
    patient_id = episode["patient_id"]
    await act(episode, "discharge", DISCHARGE)
    assert (await weeks())[2] is None

    await put_plan(patient_id, read=1, effective_from="2026-10-05", planned_admission="2026-10-07")
    planned = (await weeks())[2]
    assert planned is not None
    assert (planned["plan_version"], planned["attends_from"], planned["attends_until"]) == (2, "2026-10-07", None)

    await put_plan(patient_id, read=2, effective_from=LAST_DAY)
    assert (await weeks())[2] is None
    await admit({"id": patient_id}, admitted_on="2026-10-01")
    assert (await weeks())[2] is not None


@pytest.mark.parametrize("said", [{}, {"planned_admission": LAST_DAY}])
async def test_a_plan_for_who_comes_back_was_taken_without_the_day_of_it_and_planned_nobody(
    *,
    director: httpx2.AsyncClient,
    admit: Admit,
    act: Act,
    put_plan: PlanFactory,
    episode: Json,
    plan_body: Mapping[str, Any],
    said: Json,
) -> None:
    path = f"/v1/patients/{episode['patient_id']}/treatment_plan"
    await act(episode, "discharge", DISCHARGE)
    back = {**plan_body, "effective_from": "2026-10-01", **said}

    refused = await director.put(path, json=back, headers={"if-match": '"1"'})

    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/planned_admission"]
    assert (await director.get(path)).json()["version"] == 1
    await admit({"id": episode["patient_id"]}, admitted_on="2026-10-01")
    assert (await put_plan(episode["patient_id"], read=1, effective_from="2026-10-01", **said))["version"] == 2


async def test_a_seat_depends_on_the_discharge_until_the_patient_comes_back(
    *, serving: httpx2.AsyncClient, admit: Admit, act: Act, put_plan: PlanFactory, episode: Json
) -> None:
    unplanned = await admit()

    async def left(one: Json) -> str | None:
        answer = await serving.get(f"/v1/patients/{one['patient_id']}/seating")
        day: str | None = answer.json()["left_on"]
        return day

    assert [await left(one) for one in (episode, unplanned)] == [None, None]
    for one in (episode, unplanned):
        assert (await act(one, "discharge", DISCHARGE)).status_code == 200
    assert [await left(one) for one in (episode, unplanned)] == [LAST_DAY, LAST_DAY]

    await put_plan(episode["patient_id"], read=1, effective_from="2026-10-05", planned_admission="2026-10-07")
    await admit({"id": unplanned["patient_id"]}, admitted_on="2026-10-01")
    assert [await left(one) for one in (episode, unplanned)] == [None, None]


PATIENT = PatientId(UUID(int=1))
MONDAY = date(2026, 10, 5)
DAYS = st.none() | st.integers(-7, 20).map(lambda number: MONDAY + timedelta(days=number))


def plan(**changes: Any) -> TreatmentPlan:
    values = {
        "id": uuid4(),
        "patient_id": PATIENT,
        "version": 1,
        "effective_from": "2026-09-01",
        "phase": "intensive",
        "required_services": NINE_HOURS,
        "track": "evening",
        "languages": ["en"],
        "modalities": ["on_site"],
        "created_at": "2026-09-01T12:00:00Z",
        **dict.fromkeys(("primary_practitioner_id", "payer", "telehealth_consented_on", "telehealth_jurisdiction")),
        **dict.fromkeys(("team", "family_available", "taper_weeks"), ()),
        "travel_minutes": 0,
        "preference_cost": {},
        "needs_transport": False,
        **changes,
    }
    return TreatmentPlan.model_validate(values)


@given(first=DAYS, last=DAYS, left=DAYS)
def test_a_week_has_the_days_of_the_plan_until_the_discharge(
    first: date | None, last: date | None, left: date | None
) -> None:
    assume((first or date.min) <= (last or date.max))
    required = week_of(plan(planned_admission=first, planned_discharge=last), MONDAY)
    stays = Stays() if left is None else Stays(left_on={PATIENT: left})

    held = None if required is None else within_stay(required, MONDAY, stays)

    # Who is to come after the last day comes back: the discharge was of the stay before.
    ends = left if left is not None and (first is None or first <= left) else date.max
    days = [MONDAY + timedelta(days=number) for number in range(7)]
    present = [day for day in days if (first or date.min) <= day <= min(last or date.max, ends)]
    assert (held is not None) is bool(present)
    if held is not None:
        assert (held.attends_from or days[0], held.attends_until or days[-1]) == (present[0], present[-1])
