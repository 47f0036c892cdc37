"""When a patient is to come and to go, the weeks on the way out, and what each week ahead requires of it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Microservice, Role
from services.contracts.records.treatment_plans import PlanPhase, TreatmentPlan, TreatmentPlanRequest
from services.records.treatment_plans.rule_packs import RULE_PACKS
from services.records.treatment_plans.rules import horizon_week, taper_faults, week_of
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory

MONDAY = date(2026, 10, 5)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
PACK = RULE_PACKS[-1]
SOMEBODY = UUID(int=1)


def services(minutes: int) -> list[dict[str, Any]]:
    return [{"service": "process_group", "minutes_per_week": minutes}]


def taper(week: date, minutes: int) -> dict[str, Any]:
    return {"week": week.isoformat(), "required_services": services(minutes)}


def request(**changes: Any) -> TreatmentPlanRequest:
    return TreatmentPlanRequest.model_validate(
        {
            "effective_from": MONDAY.isoformat(),
            "required_services": services(540),
            "track": "evening",
            "languages": ["en"],
            "modalities": ["on_site"],
            **changes,
        }
    )


def plan(*, version: int = 1, **changes: Any) -> TreatmentPlan:
    values = request(**changes).model_dump()
    identity = {"id": uuid4(), "patient_id": SOMEBODY, "version": version, "created_at": "2026-10-01T12:00:00Z"}
    return TreatmentPlan.model_validate({**values, **identity, "modalities": ["on_site"]})


STAY: dict[str, Any] = {
    "planned_admission": (MONDAY + 2 * DAY).isoformat(),
    "planned_discharge": (MONDAY + 3 * WEEK + 3 * DAY).isoformat(),
    "taper_weeks": [taper(MONDAY + 2 * WEEK, 360), taper(MONDAY + 3 * WEEK, 180)],
}


def test_each_week_requires_what_the_plan_says_of_it() -> None:
    stay = plan(**STAY)

    weeks = [week_of(stay, MONDAY + number * WEEK) for number in range(-1, 5)]

    assert [week and sum(need.minutes_per_week for need in week.required_services) for week in weeks] == [
        None,
        540,
        540,
        360,
        180,
        None,
    ]
    assert [week.phase for week in weeks if week] == ["intensive", "intensive", "taper", "taper"]
    first, *_, last = [week for week in weeks if week]
    assert (first.attends_from, first.attends_until) == (MONDAY + 2 * DAY, None)
    assert (last.attends_from, last.attends_until) == (None, MONDAY + 3 * WEEK + 3 * DAY)


@given(
    admission=st.none() | st.integers(0, 40),
    length=st.none() | st.integers(0, 40),
    week=st.integers(-2, 12),
)
def test_a_patient_is_in_exactly_the_weeks_of_the_stay(admission: int | None, length: int | None, week: int) -> None:
    first = None if admission is None else MONDAY + admission * DAY
    last = None if length is None else (first or MONDAY) + length * DAY
    monday = MONDAY + week * WEEK

    required = week_of(plan(planned_admission=first, planned_discharge=last), monday)

    days = [monday + number * DAY for number in range(7)]
    present = [day for day in days if (first is None or first <= day) and (last is None or day <= last)]
    assert (required is not None) is bool(present)
    if required is not None:
        assert (required.attends_from or days[0], required.attends_until or days[-1]) == (present[0], present[-1])


@given(starts=st.integers(0, 6), every=st.sampled_from([1, 2, 4]), week=st.integers(0, 60))
def test_what_is_not_every_week_s_is_counted_from_the_plan_s_first_week(starts: int, every: int, week: int) -> None:
    visits = {"service": "medication", "minutes_per_week": 30, "every_weeks": every}
    first = (MONDAY + starts * DAY).isoformat()

    required = week_of(plan(effective_from=first, required_services=[*services(540), visits]), MONDAY + week * WEEK)

    assert required is not None
    assert [one.service for one in required.required_services] == ["process_group", "medication"][
        : 1 + (not week % every)
    ]
    assert "every_weeks" not in required.model_dump_json()


def test_the_newest_version_effective_by_then_speaks_for_a_week_ahead() -> None:
    later = plan(version=2, effective_from=(MONDAY + WEEK).isoformat(), required_services=services(720))

    weeks = [horizon_week([later, plan(version=1)], MONDAY + number * WEEK) for number in range(2)]

    assert [week.patients[0].required_services[0].minutes_per_week for week in weeks] == [540, 720]


@pytest.mark.parametrize(
    ("weeks", "pointers"),
    [
        ([taper(MONDAY, 360), taper(MONDAY + WEEK, 180)], []),
        ([taper(MONDAY, 540)], ["/taper_weeks/0/required_services"]),
        ([taper(MONDAY, 600)], ["/taper_weeks/0/required_services"]),
        ([{"week": MONDAY.isoformat(), "required_services": []}], ["/taper_weeks/0/required_services"]),
        (
            [{"week": MONDAY.isoformat(), "required_services": [{"service": "family", "minutes_per_week": 60}]}],
            ["/taper_weeks/0/required_services"],
        ),
        ([taper(MONDAY, 375)], ["/taper_weeks/0/required_services/0/minutes_per_week"]),
        (
            [taper(MONDAY + number * WEEK, 360) for number in range(3)],
            ["/taper_weeks/2/required_services"],
        ),
    ],
)
def test_a_taper_goes_down_and_not_for_longer_than_the_level_allows(
    weeks: list[dict[str, Any]], pointers: list[str]
) -> None:
    faults = taper_faults(PACK, 30, request(taper_weeks=weeks))

    assert [fault.pointer for fault in faults] == pointers


def test_above_the_level_s_hours_a_taper_may_be_long_and_a_refusal_names_its_source() -> None:
    usual = {"required_services": services(900)}
    slowly = [taper(MONDAY + number * WEEK, 900 - 60 * (number + 1)) for number in range(6)]
    assert taper_faults(PACK, 30, request(taper_weeks=slowly, **usual)) == ()

    too_long = [taper(MONDAY + number * WEEK, 360) for number in range(3)]
    [fault] = taper_faults(PACK, 30, request(taper_weeks=too_long, **usual))
    assert PACK.citation in fault.detail


async def test_a_stay_is_kept_and_its_history_too(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory
) -> None:
    patient = await new_patient()
    put = await put_plan(patient["id"], required_services=services(540), **STAY)
    longer = {**STAY, "planned_discharge": (MONDAY + 5 * WEEK).isoformat()}

    again = await put_plan(patient["id"], read=1, required_services=services(540), **longer)

    assert {name: put[name] for name in STAY} == STAY
    read = (await director.get(f"/v1/patients/{patient['id']}/treatment_plan")).json()
    assert read == again
    assert (read["version"], read["planned_discharge"]) == (2, longer["planned_discharge"])


@pytest.mark.parametrize(
    "changes",
    [
        {"planned_discharge": MONDAY.isoformat(), "planned_admission": (MONDAY + DAY).isoformat()},
        {"taper_weeks": [taper(MONDAY + DAY, 360)]},
        {"taper_weeks": [taper(MONDAY + WEEK, 360), taper(MONDAY, 180)]},
        {"taper_weeks": [taper(MONDAY, 360), taper(MONDAY, 180)]},
        {"taper_weeks": [taper(MONDAY - WEEK, 360)]},
        {"taper_weeks": [taper(MONDAY + WEEK, 360)], "planned_discharge": MONDAY.isoformat()},
        {"taper_weeks": [taper(MONDAY, 540)]},
        {"taper_weeks": [{"week": MONDAY.isoformat(), "required_services": services(180) * 2}]},
        {"planned_discharge": "soon"},
    ],
)
async def test_a_stay_without_an_order_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, plan_body: dict[str, Any], changes: dict[str, Any]
) -> None:
    patient = await new_patient()
    body = {**plan_body, "required_services": services(540), **changes}

    answer = await director.put(f"/v1/patients/{patient['id']}/treatment_plan", json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert (await director.get(f"/v1/patients/{patient['id']}/treatment_plan")).status_code == 404


async def test_the_weeks_ahead_follow_from_the_plans(
    serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, site_id: UUID
) -> None:
    staying, open_ended = await new_patient(), await new_patient()
    await put_plan(staying["id"], required_services=services(540), **STAY)
    await put_plan(open_ended["id"])

    answer = await serving.get(
        "/v1/horizon_requirements", params={"site_id": str(site_id), "week": MONDAY.isoformat(), "weeks": 5}
    )
    week = await serving.get(
        "/v1/week_requirements", params={"site_id": str(site_id), "week": (MONDAY + 3 * WEEK).isoformat()}
    )

    assert answer.status_code == 200
    weeks = answer.json()["weeks"]
    assert [len(one["patients"]) for one in weeks] == [2, 2, 2, 2, 1]
    mine = [next((p for p in one["patients"] if p["patient_id"] == staying["id"]), None) for one in weeks]
    assert [p and (p["phase"], p["is_admission"], p["is_discharge"]) for p in mine] == [
        ("intensive", True, False),
        ("intensive", False, False),
        ("taper", False, False),
        ("taper", False, True),
        None,
    ]
    [due] = [p for p in week.json()["patients"] if p["patient_id"] == staying["id"]]
    assert due["required_services"] == services(180)
    assert mine[3] is not None
    assert mine[3]["required_services"] == services(180)
    assert (due["phase"], due["attends_until"]) == (PlanPhase.TAPER, STAY["planned_discharge"])


@pytest.mark.parametrize(
    "query", [{"week": "2026-10-06"}, {"weeks": "0"}, {"weeks": "27"}, {"week": "x"}, {"site_id": "x"}]
)
async def test_a_wrong_question_about_the_weeks_ahead_is_refused(
    serving: httpx2.AsyncClient, site_id: UUID, query: dict[str, str]
) -> None:
    asked = {"site_id": str(site_id), "week": MONDAY.isoformat(), **query}

    assert (await serving.get("/v1/horizon_requirements", params=asked)).status_code == 422


async def test_the_weeks_ahead_are_for_the_scheduler_and_within_the_organization(
    records: ClientFactory,
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    put_plan: PlanFactory,
    site_id: UUID,
) -> None:
    await put_plan((await new_patient())["id"])
    asked = {"site_id": str(site_id), "week": MONDAY.isoformat()}

    assert (await director.get("/v1/horizon_requirements", params=asked)).status_code == 403
    stranger = records(Role.FRONT_DESK, organization=uuid4(), acting=Microservice.SCHEDULER)
    answer = await stranger.get("/v1/horizon_requirements", params=asked)
    assert [week["patients"] for week in answer.json()["weeks"]] == [[]] * 12
