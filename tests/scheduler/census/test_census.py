"""The front desk sees who is booked this week and who is expected in the weeks to come."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from services.contracts.vocabulary import ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Clinic, Desk, Json, Make, group, plan_of, problem
from tests.support.tokens import Tokens

SetUp = Callable[[Json], Awaitable[None]]


@pytest.fixture
def in_new_jersey(scheduler: ClientFactory) -> SetUp:
    async def set_up(site: Json) -> None:
        path = f"/v1/sites/{site['id']}/rule_settings"
        answer = await scheduler(Role.PROGRAMME_DIRECTOR).put(
            path, json={"jurisdiction": "US-NJ"}, headers={"if-match": '"0"'}
        )
        assert answer.status_code == 200, answer.text

    return set_up


@pytest.fixture
def site(clinic: Clinic) -> Json:
    return clinic.site


async def census(scheduler: ClientFactory, site: Json, **query: Any) -> Any:
    return await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/census", params=query)


async def test_a_group_is_booked_where_its_week_is_published_and_expected_by_plans_after_that(
    *, clinic: Clinic, desk: Desk, new_patient: Make, scheduler: ClientFactory, records: ClientFactory
) -> None:
    plan = plan_of(clinic.counsellor)
    ann, ben, cleo = [await new_patient(clinic.site, plan) for _ in range(3)]
    ends = {**plan_of(clinic.counsellor), "effective_from": "2026-10-19", "phase": "taper"}
    ends["required_services"] = [{"service": "individual", "minutes_per_week": 60}]
    path = f"/v1/patients/{ben['id']}/treatment_plan"
    changed = await records(Role.PROGRAMME_DIRECTOR).put(path, json=ends, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text
    [appointment] = await desk.publish(group(ann, ben, capacity=3))
    await desk.ask("hold", appointment, cleo)

    answer = await census(scheduler, clinic.site, weeks=4)

    [found] = answer.json()["groups"]
    assert answer.status_code == 200
    assert (found["service"], found["weekday"], found["start"], found["minutes"]) == (
        "process_group",
        "TU",
        "09:00:00",
        90,
    )
    assert (found["minimum"], found["maximum"]) == (2, 3)
    assert [
        (week["week"], week["is_published"], week["booked"], week["expected"], week["is_below_minimum"])
        for week in found["weeks"]
    ] == [
        ("2026-10-05", True, 2, 2, False),
        ("2026-10-12", False, None, 2, False),
        ("2026-10-19", False, None, 1, True),
    ]
    assert ann["id"] not in answer.text


@pytest.mark.parametrize("service", ["skills_group", "education_group"])
async def test_a_group_that_no_track_is_kept_apart_in_is_expected_to_meet_on(
    *, clinic: Clinic, desk: Desk, new_patient: Make, new_offering: Make, scheduler: ClientFactory, service: str
) -> None:
    await new_offering(clinic.site, service=service)
    asked = [{"service": service, "minutes_per_week": 540}]
    people = [
        await new_patient(clinic.site, plan_of(clinic.counsellor, track=track, required_services=asked))
        for track in ("adult", "young_adult")
    ]
    await desk.publish(group(*people, service=ServiceKind(service), track=None, capacity=3))

    [found] = (await census(scheduler, clinic.site, weeks=3)).json()["groups"]

    weeks = [(week["is_published"], week["expected"], week["is_below_minimum"]) for week in found["weeks"]]
    assert weeks == [(True, 2, False), (False, 2, False)]


async def test_demand_and_the_ratio_follow_the_plans_in_force(
    *, clinic: Clinic, desk: Desk, new_patient: Make, scheduler: ClientFactory, in_new_jersey: SetUp
) -> None:
    await in_new_jersey(clinic.site)
    ann = await new_patient(clinic.site, plan_of(clinic.counsellor))
    await new_patient(clinic.site, plan_of(clinic.counsellor, effective_from="2026-10-12"))
    await desk.publish(group(ann))

    weeks = (await census(scheduler, clinic.site)).json()["weeks"]

    assert [week["week"] for week in weeks][:3] == ["2026-09-28", "2026-10-05", "2026-10-12"]
    assert len(weeks) == 8
    assert [week["expected_patients"] for week in weeks[:3]] == [1, 1, 2]
    assert [week["is_published"] for week in weeks[:3]] == [False, True, False]
    [demand] = [one for one in weeks[1]["demand"] if one["service"] == "process_group"]
    assert demand == {
        "service": "process_group",
        "expected_patients": 1,
        "expected_minutes": 540,
        "booked_patients": 1,
        "booked_minutes": 90,
    }
    ratio = weeks[2]["counsellor_ratio"]
    assert (ratio["patients"], ratio["counsellors"]) == (2, 2)
    assert [(limit["patients_per_counsellor"], limit["is_kept"]) for limit in ratio["limits"]] == [(24, True)]
    assert all("us-nj" in limit["citation"] for limit in ratio["limits"])


async def test_a_site_whose_state_is_not_set_is_held_to_no_state_s_ratio(
    clinic: Clinic, scheduler: ClientFactory
) -> None:
    weeks = (await census(scheduler, clinic.site, weeks=1)).json()["weeks"]

    assert weeks[0]["counsellor_ratio"]["limits"] == []


async def test_who_has_left_and_who_has_not_begun_is_no_counsellor_of_a_week(
    *,
    clinic: Clinic,
    new_patient: Make,
    new_practitioner: Make,
    scheduler: ClientFactory,
    in_new_jersey: SetUp,
) -> None:
    await in_new_jersey(clinic.site)
    await new_patient(clinic.site, plan_of(clinic.counsellor))
    await new_practitioner(clinic.site, starts_on="2026-08-03", ends_on="2026-10-07")
    await new_practitioner(clinic.site, starts_on="2026-10-12")

    weeks = (await census(scheduler, clinic.site, weeks=4)).json()["weeks"]

    assert [(week["week"], week["counsellor_ratio"]["counsellors"]) for week in weeks] == [
        ("2026-09-28", 3),
        ("2026-10-05", 3),
        ("2026-10-12", 3),
        ("2026-10-19", 3),
    ]


async def test_a_site_without_counsellors_keeps_no_ratio(
    new_site: Make, new_patient: Make, scheduler: ClientFactory, in_new_jersey: SetUp
) -> None:
    site = await new_site()
    await in_new_jersey(site)
    await new_patient(site, plan_of({"id": str(uuid4())}))

    ratio = (await census(scheduler, site, weeks=1)).json()["weeks"][0]["counsellor_ratio"]

    assert [limit["is_kept"] for limit in ratio["limits"]] == [False]


async def test_the_census_is_refused_where_it_should_be(
    *, clinic: Clinic, desk: Desk, scheduler: ClientFactory, scheduler_app: Any, tokens: Tokens
) -> None:
    await desk.publish(group(start=TUESDAY_NINE))
    path = f"/v1/sites/{clinic.site['id']}/census"

    patient = await scheduler(Role.PATIENT).get(path)
    stranger = await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)
    unknown = await census(scheduler, {"id": str(uuid4())})
    too_far = await census(scheduler, clinic.site, weeks=13)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)
    away = await census(scheduler, clinic.site)
    await http.close()

    assert patient.status_code == 403
    assert (stranger.status_code, unknown.status_code) == (404, 404)
    assert stranger.json()["detail"] == unknown.json()["detail"]
    assert [error["pointer"] for error in too_far.json()["errors"]] == ["weeks"]
    assert problem(away) == (503, "upstream-unavailable", "")
