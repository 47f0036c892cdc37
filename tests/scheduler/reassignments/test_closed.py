"""In a week of which some hours are closed the other sessions are reassigned, and so are those that go on by video."""

from typing import Any

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.reassignments.conftest import Book, Reassign
from tests.scheduler.weekly import ByHand, Week

ON_MONDAY = {"start": "2026-10-05T07:00:00-04:00", "end": "2026-10-05T22:00:00-04:00", "reason": "weather"}


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make, new_licence: Make) -> Week:
    """Three who may be seen at home, and a fourth who has not consented to it."""
    for practitioner in (clinic.counsellor, clinic.therapist):
        await new_licence(practitioner)
    plans = [plan_of(clinic.counsellor, **AT_HOME)] * 3 + [plan_of(clinic.counsellor)]
    return Week(clinic, [await new_patient(clinic.site, plan) for plan in plans])


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """Groups of all four on Monday and Tuesday at nine, and visits on both days."""
    groups = [week.group(0, 8, 0, 1, 2, 3), week.group(1, 8, 0, 1, 2, 3)]
    return await by_hand.publish(MONDAY, groups, [week.visit(0, 20, 0), week.visit(1, 20, 1)])


@pytest.fixture
async def close(scheduler: ClientFactory, clinic: Clinic, published: Json) -> Any:
    assert published

    async def post(policy: str, **changes: str) -> None:
        body = {**ON_MONDAY, "policy": policy, **changes}
        answer = await scheduler(Role.FRONT_DESK).post(f"/v1/sites/{clinic.site['id']}/closures", json=body)
        assert answer.status_code == 201, answer.text

    return post


def held(one: Json) -> tuple[str, str, str | None, list[str]]:
    return one["start"][:10], one["modality"], one["room_id"], one["patient_ids"]


async def test_a_session_that_a_closure_switched_to_telehealth_is_given_to_somebody_else(
    *, clinic: Clinic, close: Any, book: Book, reassign: Reassign
) -> None:
    """Bug: the version was made from what had been told, on site, and answered that the site is closed."""
    await close("telehealth")
    before = await book()
    monday = before[0]

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    after = await book()
    assert [held(one) for one in after] == [held(one) for one in before]
    assert (after[0]["id"], after[0]["practitioner_id"]) == (monday["id"], clinic.therapist["id"])
    assert (after[0]["modality"], len(after[0]["patient_ids"])) == ("telehealth", 3)


@pytest.mark.parametrize("policy", ["telehealth", "cancel"])
async def test_another_session_of_the_week_is_given_to_somebody_else_and_nothing_comes_back_into_closed_hours(
    *, clinic: Clinic, close: Any, book: Book, reassign: Reassign, policy: str
) -> None:
    await close(policy)
    before = await book()
    tuesday = next(one for one in before if one["start"].startswith("2026-10-06"))

    answer = await reassign(tuesday, practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    after = await book()
    assert [held(one) for one in after] == [held(one) for one in before]
    assert {one["id"] for one in after} == {one["id"] for one in before}


async def test_a_visit_that_goes_on_into_closed_hours_does_not_come_back(
    *, clinic: Clinic, close: Any, book: Book, reassign: Reassign
) -> None:
    """Bug: of a visit only the first slot was held against the closed hours, and the week answered site-closed."""
    await close("cancel", start="2026-10-06T12:30:00-04:00", end="2026-10-06T22:00:00-04:00")
    before = await book()

    answer = await reassign(before[0], practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    assert [held(one) for one in await book()] == [held(one) for one in before]
    assert [one["start"] for one in before if one["start"] > "2026-10-06T11"] == []


@pytest.mark.parametrize("policy", ["cancel", "reschedule"])
async def test_a_session_by_video_that_a_closure_for_all_took_does_not_come_back(
    *, clinic: Clinic, week: Week, by_hand: ByHand, close: Any, book: Book, reassign: Reassign, policy: str
) -> None:
    """Bug: who works from home was taken to work while the site is closed for all, and the week was refused."""
    by_video = week.group(0, 28, 0, 1) | {"modality": "telehealth", "room": None}
    await by_hand.publish(MONDAY, [by_video, week.group(1, 8, 0, 1, 2, 3)], reason="better_week")
    await close(policy)
    before = await book()
    [tuesday] = before

    answer = await reassign(tuesday, version=2, practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    assert [held(one) for one in await book()] == [held(tuesday)]
