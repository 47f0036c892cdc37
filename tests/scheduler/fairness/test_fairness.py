"""Work is compared by contract and start date, and patients by the times that suit them least."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Clinic, Desk, Json, Make, group, plan_of
from tests.support.history import History

HOUR = timedelta(hours=1)


async def fairness(scheduler: ClientFactory, site: Json, **query: Any) -> Any:
    asked = {"last_week": MONDAY, **query}
    return await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/fairness", params=asked)


@pytest.fixture
def history(scheduler_database: Database, organization_id: UUID, site: Json) -> History:
    return History(scheduler_database, organization_id, site["id"])


async def test_a_fair_part_goes_by_contract_and_start_date(
    *, scheduler: ClientFactory, desk: Desk, site: Json, new_practitioner: Make, history: History
) -> None:
    full = await new_practitioner(site, starts_on="2026-01-05", contract_minutes_week=2400)
    half = await new_practitioner(site, starts_on="2026-01-05", contract_minutes_week=1200)
    new = await new_practitioner(site, starts_on="2026-10-07", contract_minutes_week=2400)
    later = await new_practitioner(site, starts_on="2026-10-12")
    for week in ("2026-09-21", "2026-09-28", MONDAY):
        await history.published(week)
    evening, saturday = TUESDAY_NINE + 8 * HOUR, TUESDAY_NINE + 4 * 24 * HOUR
    await desk.publish(
        group(practitioner_id=full["id"], co_facilitator_id=half["id"]),
        group(practitioner_id=full["id"], start=evening),
        group(practitioner_id=full["id"], start=saturday),
        group(practitioner_id=new["id"], start=TUESDAY_NINE + 24 * HOUR),
    )

    found = (await fairness(scheduler, site)).json()

    shares = {one["practitioner_id"]: one for one in found["practitioners"]}
    assert later["id"] not in shares
    assert {one: (shares[one]["weeks"], shares[one]["contract_minutes"]) for one in shares} == {
        full["id"]: (3, 7200),
        half["id"]: (3, 3600),
        new["id"]: (1, 2400),
    }
    # Five parts of 90 minutes were worked, and contracts stand as 6 to 3 to 2.
    assert {one: shares[one]["contact"]["minutes"] for one in shares} == {
        full["id"]: 270,
        half["id"]: 90,
        new["id"]: 90,
    }
    assert shares[new["id"]]["contact"]["fair_minutes"] == pytest.approx(450 * 2400 / 13200)
    assert shares[full["id"]]["evening"] == pytest.approx(
        {"minutes": 90, "fair_minutes": 90 * 7200 / 13200, "balance": 90 - 90 * 7200 / 13200}
    )
    assert shares[half["id"]]["weekend"]["balance"] == pytest.approx(-90 * 3600 / 13200)
    assert sum(one["contact"]["balance"] for one in shares.values()) == pytest.approx(0)
    assert found["contact_spread"] == pytest.approx(270 / 7200 - 90 / 3600)
    assert (found["weeks"], found["published_weeks"]) == (8, 3)


async def test_a_window_counts_its_own_weeks_alone(
    *, scheduler: ClientFactory, desk: Desk, site: Json, new_practitioner: Make, history: History
) -> None:
    one = await new_practitioner(site)
    await history.published(MONDAY)
    await desk.publish(group(practitioner_id=one["id"]))

    before = (await fairness(scheduler, site, last_week="2026-09-28")).json()
    within = (await fairness(scheduler, site, weeks=1)).json()

    assert (before["practitioners"], before["published_weeks"], before["contact_spread"]) == ([], 0, None)
    assert [share["contact"]["minutes"] for share in within["practitioners"]] == [90]


async def test_patients_are_compared_by_the_times_that_suit_them_least(
    *, scheduler: ClientFactory, desk: Desk, site: Json, new_patient: Make
) -> None:
    minds = plan_of({"id": str(uuid4())}, preference_cost={"evening": 3, "weekend": 3, "morning": 1})
    ann, ben = await new_patient(site, minds), await new_patient(site, plan_of({"id": str(uuid4())}))
    evening = TUESDAY_NINE + 8 * HOUR
    await desk.publish(group(ann, ben), group(ann, start=evening), group(ann, start=TUESDAY_NINE + 4 * 24 * HOUR))

    patients = (await fairness(scheduler, site)).json()["patients"]

    assert {one["patient_id"]: (one["minutes"], one["least_preferred_minutes"], one["share"]) for one in patients} == {
        ann["id"]: (270, 180, pytest.approx(2 / 3)),
        ben["id"]: (90, 0, None),
    }


async def test_fairness_is_refused_where_it_should_be(scheduler: ClientFactory, site: Json) -> None:
    path = f"/v1/sites/{site['id']}/fairness"

    tuesday = await fairness(scheduler, site, last_week="2026-10-06")
    too_long = await fairness(scheduler, site, weeks=27)
    patient = await scheduler(Role.PATIENT).get(path, params={"last_week": MONDAY})
    stranger = await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path, params={"last_week": MONDAY})

    assert [answer.json()["errors"][0]["pointer"] for answer in (tuesday, too_long)] == ["last_week", "weeks"]
    assert (patient.status_code, stranger.status_code) == (403, 404)


async def test_who_had_the_worse_weeks_is_to_have_the_better_ones(
    *, scheduler: ClientFactory, desk: Desk, site: Json, new_patient: Make, history: History
) -> None:
    minds = plan_of({"id": str(uuid4())}, preference_cost={"evening": 3})
    ann, ben, cleo = [await new_patient(site, minds) for _ in range(3)]
    evening = TUESDAY_NINE + 8 * HOUR
    await desk.publish(group(ann, ben), group(ann, start=evening), group(ann, start=evening + 24 * HOUR))
    for version, minutes in ((1, 600), (2, 180)):
        await history.published(MONDAY, version, unmet=[unmet(cleo, minutes)])

    patients = (await fairness(scheduler, site)).json()["patients"]

    # Two thirds, nothing and everything was bad: on the average five ninths.
    assert {one["patient_id"]: (one["unmet_minutes"], one["weight"]) for one in patients} == {
        ann["id"]: (0, 2),
        ben["id"]: (0, 1),
        cleo["id"]: (180, 3),
    }


def unmet(patient: Json, minutes: int) -> Json:
    return {"patient_id": patient["id"], "service": "process_group", "minutes": minutes, "reasons": []}


async def test_a_solve_minds_more_the_bad_times_of_who_had_the_worse_weeks_and_says_so(
    *,
    scheduler: ClientFactory,
    clinic: Clinic,
    new_patient: Make,
    scheduler_database: Database,
    organization_id: UUID,
    clock: Clock,
) -> None:
    minds = plan_of(clinic.counsellor, preference_cost={"evening": 3, "weekend": 1})
    ann, ben = [await new_patient(clinic.site, minds) for _ in range(2)]
    history = History(scheduler_database, organization_id, clinic.site["id"])
    desk = Desk(scheduler, scheduler_database, organization_id, clinic.site, clock)
    await desk.publish(group(ben))
    await history.published(MONDAY, unmet=[unmet(ann, 180)])

    asked = await scheduler(Role.FRONT_DESK).post(
        "/v1/solves", json={"site_id": clinic.site["id"], "week": "2026-10-12"}
    )

    assert asked.status_code == 202, asked.text
    assert [warning.split(" of ")[0] for warning in asked.json()["warnings"]] == ["fairness: for 1"]
    assert ann["id"] not in asked.json()["warnings"][0]
    [(instance,)] = await desk.run("select instance from solves")
    assert {one["id"]: one["preference_cost"] for one in instance["patients"]} == {
        ann["id"]: {"morning": 0, "afternoon": 0, "evening": 9, "weekend": 3},
        ben["id"]: {"morning": 0, "afternoon": 0, "evening": 3, "weekend": 1},
    }
