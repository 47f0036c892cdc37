"""One visit more is found, the same person first, is taken as a placement, and makes up for what was missed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, calendar, plan_of, problem
from tests.scheduler.weekly import ByHand, Week

Recommend = Callable[..., Awaitable[list[Json]]]
At = Callable[[datetime], None]


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    """Two of the counsellor's, whose team has the therapist too."""
    plan = plan_of(clinic.counsellor, team=[clinic.counsellor["id"], clinic.therapist["id"]])
    return Week(clinic, [await new_patient(clinic.site, plan) for _ in range(2)])


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """A group of both on Thursday at nine, and the first one's visit on Monday."""
    return await by_hand.publish(MONDAY, [week.group(3, 8, 0, 1)], [week.visit(0, 8, 0)])


@pytest.fixture
def body(clinic: Clinic, week: Week, published: Json) -> Json:
    assert published
    return {"patient_id": week.ids[1], "site_id": clinic.site["id"], "week": MONDAY, "service": "individual"}


@pytest.fixture
def recommend(scheduler: ClientFactory, body: Json) -> Recommend:
    async def post(**changes: Any) -> list[Json]:
        answer = await scheduler(Role.FRONT_DESK).post("/v1/visits:recommend", json={**body, **changes})
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == '"1"'
        return list(answer.json()["visits"])

    return post


@pytest.fixture
def take(scheduler: ClientFactory, body: Json) -> Callable[..., Awaitable[Any]]:
    async def post(visit: Json, **changes: Any) -> Any:
        keys = ("service", "modality", "start", "practitioner_id")
        whom = {part: value for part, value in body.items() if part != "service"}
        request = {**whom, "visits": [{key: visit[key] for key in keys}], **changes}
        return await scheduler(Role.FRONT_DESK).post("/v1/placements", json=request, headers={"if-match": '"1"'})

    return post


async def test_the_primary_practitioner_comes_first_and_a_day_on_which_the_patient_comes_anyway(
    clinic: Clinic, recommend: Recommend
) -> None:
    first, second, *_ = await recommend()

    assert (first["practitioner_id"], first["start"][:10]) == (clinic.counsellor["id"], "2026-10-08")
    assert {reason["code"] for reason in first["reasons"]} >= {"same-practitioner", "no-further-trip"}
    assert second["practitioner_id"] == clinic.counsellor["id"]
    assert "no-further-trip" not in {reason["code"] for reason in second["reasons"]}


async def test_who_is_asked_for_comes_first_and_others_follow(clinic: Clinic, recommend: Recommend) -> None:
    found = await recommend(practitioner_id=clinic.therapist["id"], limit=20)

    people = [one["practitioner_id"] for one in found]
    days = len(set(people)) and people.index(clinic.counsellor["id"])
    assert set(people[:days]) == {clinic.therapist["id"]}
    assert set(people[days:]) == {clinic.counsellor["id"]}
    assert len({(one["start"][:10], one["practitioner_id"]) for one in found}) == len(found)


async def test_nothing_is_recommended_that_could_not_be_taken(
    *, recommend: Recommend, take: Callable[..., Awaitable[Any]], week: Week, import_calendar: Any
) -> None:
    await import_calendar({"id": week.ids[1]}, calendar("20261008T070000/20261008T220000"))
    found = await recommend(limit=20)

    assert "2026-10-08" not in {one["start"][:10] for one in found}
    assert (await take(found[-1])).status_code == 201
    # The plan asks for one: a second is not to be had, and is recommended no more.
    assert problem(await take(found[0]))[0] == 409
    assert await recommend(limit=20) == []


async def test_somebody_who_is_booked_or_away_is_not_recommended_then(
    scheduler: ClientFactory, clinic: Clinic, recommend: Recommend
) -> None:
    [first, *_] = await recommend()
    out = {"site_id": clinic.site["id"], "week": MONDAY, "kind": "practitioner_out", "reason": "absence"}
    out |= {"practitioner_id": clinic.counsellor["id"]}
    out |= {"start": "2026-10-08T07:00:00-04:00", "end": "2026-10-08T22:00:00-04:00"}
    assert (await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=out)).status_code == 201

    after = await recommend(limit=20)

    assert (first["start"][:10], first["practitioner_id"]) == ("2026-10-08", clinic.counsellor["id"])
    assert (first["start"][:10], first["practitioner_id"]) not in {
        (one["start"][:10], one["practitioner_id"]) for one in after
    }


async def test_a_visit_that_was_missed_is_made_up_for_by_one_that_is_recommended(
    *,
    scheduler: ClientFactory,
    clinic: Clinic,
    week: Week,
    recommend: Recommend,
    take: Callable[..., Awaitable[Any]],
    at: At,
) -> None:
    """The first one's visit on Monday took place without the patient: the plan asks for one, and that was one."""
    desk, whom = scheduler(Role.FRONT_DESK), {"patient_id": week.ids[0]}
    listed = await desk.get(f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY, "status": "booked"})
    [visit] = [one for one in listed.json()["items"] if one["service"] == "individual"]
    at(datetime(2026, 10, 5, 20, tzinfo=UTC))
    noted = await desk.post(f"/v1/appointments/{visit['id']}/attendances", json={**whom, "status": "noshow"})
    assert noted.status_code == 201, noted.text
    make_ups = f"/v1/sites/{clinic.site['id']}/make_ups"
    [owed] = (await desk.get(make_ups, params={"week": MONDAY, "status": "open"})).json()["items"]

    query = {**whom, "site_id": clinic.site["id"], "week": MONDAY}
    [way, *_] = (await desk.post("/v1/placements:recommend", json=query)).json()["alternatives"]
    [best, *_] = await recommend(**whom)
    taken = await take(best, **whom)

    # What was missed is to be had once more, and not twice.
    assert [one["service"] for one in way["sessions"] if one["is_new"]] == ["individual"]
    assert best["practitioner_id"] == clinic.counsellor["id"]
    assert best["start"] > "2026-10-05T16"
    assert taken.status_code == 201, taken.text
    [booked] = (await desk.get(make_ups, params={"week": MONDAY, "status": "booked"})).json()["items"]
    assert (booked["id"], booked["appointment_id"]) == (owed["id"], taken.json()["sessions"][0]["appointment_id"])


async def test_seats_of_groups_are_recommended_elsewhere(scheduler: ClientFactory, body: Json) -> None:
    answer = await scheduler(Role.FRONT_DESK).post("/v1/visits:recommend", json={**body, "service": "process_group"})

    assert problem(answer)[:2] == (422, "invalid-request")


async def test_elsewhere_and_for_strangers_there_is_nothing(scheduler: ClientFactory, body: Json) -> None:
    desk = scheduler(Role.FRONT_DESK)
    for changes in ({"patient_id": str(uuid4())}, {"site_id": str(uuid4())}, {"week": "2026-10-12"}):
        assert (await desk.post("/v1/visits:recommend", json={**body, **changes})).status_code == 404
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    assert (await stranger.post("/v1/visits:recommend", json=body)).status_code == 404
    assert (await scheduler(Role.PATIENT).post("/v1/visits:recommend", json=body)).status_code == 403
