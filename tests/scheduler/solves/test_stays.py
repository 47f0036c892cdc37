"""Who comes within a week, who goes within it, and who has gone: what the scheduler makes of planned stays."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.contracts.identity import Role
from services.scheduler.errors import TimetableRefusedError
from services.scheduler.solves.rules import with_commitments
from services.scheduler.weeks import SLOTS_A_DAY, WeekGrid
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, ZONE, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import ByHand, Week

NEXT = "2026-10-12"


def whole_days(patient: Json) -> list[int]:
    return [day for day, start, end in patient["commitments"] if (start, end) == (0, SLOTS_A_DAY)]


async def test_before_the_first_and_after_the_last_day_nobody_is_asked_to_come(
    scheduler: ClientFactory, clinic: Clinic, by_hand: ByHand, new_patient: Make
) -> None:
    stay = {"planned_admission": "2026-10-07", "planned_discharge": "2026-10-09"}
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor, **stay))

    instance = await by_hand.instance(MONDAY)

    [asked] = instance["patients"]
    assert asked["id"] == patient["id"]
    assert whole_days(asked) == [0, 1, 5, 6]
    solves = scheduler(Role.FRONT_DESK)
    answer = await solves.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
    assert [warning for warning in answer.json()["warnings"] if warning.startswith("partial-week")]


async def test_a_day_outside_the_stay_is_refused(
    clinic: Clinic, week: Week, by_hand: ByHand, new_patient: Make
) -> None:
    coming = await new_patient(clinic.site, plan_of(clinic.counsellor, planned_admission="2026-10-07"))
    week.ids.append(coming["id"])

    with pytest.raises(TimetableRefusedError):
        await by_hand.propose(MONDAY, [week.group(1, 8, 0, 4)], [])

    proposal = await by_hand.propose(MONDAY, [week.group(2, 8, 0, 4)], [])
    assert (await by_hand.accept(proposal, None)).status_code == 200


async def test_commitments_that_come_later_leave_the_days_outside_the_stay_closed(
    clinic: Clinic, by_hand: ByHand, new_patient: Make
) -> None:
    await new_patient(clinic.site, plan_of(clinic.counsellor, planned_admission="2026-10-07"))
    instance = await by_hand.instance(MONDAY)

    by_now = with_commitments(instance, {}, WeekGrid(ZoneInfo(ZONE), date.fromisoformat(MONDAY)))

    assert whole_days(by_now["patients"][0]) == [0, 1]


async def test_who_is_discharged_is_gone_from_the_usual_week(
    clinic: Clinic, week: Week, by_hand: ByHand, new_patient: Make
) -> None:
    leaving = await new_patient(clinic.site, plan_of(clinic.counsellor, planned_discharge="2026-10-09"))
    week.ids.append(leaving["id"])
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 4)], [week.visit(2, 8, 4)])

    instance = await by_hand.instance(NEXT)

    assert leaving["id"] not in {patient["id"] for patient in instance["patients"]}
    assert [group["members"] for group in instance["usual"]["groups"]] == [week.ids[:2]]
    assert instance["usual"]["individuals"] == []


async def test_a_taper_week_asks_for_less(clinic: Clinic, by_hand: ByHand, new_patient: Make) -> None:
    taper = [{"week": NEXT, "required_services": [{"service": "process_group", "minutes_per_week": 180}]}]
    await new_patient(clinic.site, plan_of(clinic.counsellor, taper_weeks=taper))

    needs = [(await by_hand.instance(monday))["patients"][0]["needs"] for monday in (MONDAY, NEXT)]

    assert needs == [{"process_group": 36, "individual": 4}, {"process_group": 12}]
