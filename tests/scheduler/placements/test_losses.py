"""A repair says of each person what is lost, which facts keep it from any other place, and what could be asked for."""

from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import ByHand, Week


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """A group of three on Monday, and a visit of each of two of them on Wednesday."""
    visits = [week.visit(2, 8, 0), week.visit(2, 16, 1)]
    return await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)], visits)


@pytest.fixture
async def repair(*, scheduler: ClientFactory, clinic: Clinic, by_hand: ByHand, week: Week, published: Json) -> Json:
    """The counsellor is out all week: somebody else leads the group, and nobody holds the visits."""
    assert published
    out = {
        "site_id": clinic.site["id"],
        "week": MONDAY,
        "kind": "practitioner_out",
        "practitioner_id": clinic.counsellor["id"],
        "start": f"{MONDAY}T07:00:00-04:00",
        "end": "2026-10-11T22:00:00-04:00",
        "reason": "absence",
    }
    answer = await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=out)
    await scheduler(Role.FRONT_DESK).post(f"/v1/solves/{answer.json()['solve_id']}:cancel")
    return await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2, lead=clinic.therapist)], [])


async def test_a_loss_names_whose_it_is_the_facts_and_what_would_help(
    scheduler: ClientFactory, clinic: Clinic, week: Week, repair: Json
) -> None:
    answer = await scheduler(Role.COUNSELLOR).get(f"/v1/proposals/{repair['id']}/losses")

    assert answer.status_code == 200, answer.text
    losses = answer.json()["items"]
    assert [loss["patient_id"] for loss in losses] == sorted(week.ids[:2])
    for loss in losses:
        assert loss["lost"] == [{"service": "individual", "minutes": 60}]
        [reason] = loss["reasons"]
        assert (reason["service"], reason["minutes"]) == ("individual", 60)
        assert {fact["code"] for fact in reason["facts"]} == {"practitioner_off"}
        assert {fact["practitioner_id"] for fact in reason["facts"]} == {clinic.counsellor["id"]}
        assert [ask["code"] for ask in reason["relaxations"][0]["asks"]] == ["practitioner"]


async def test_losses_come_by_pages(scheduler: ClientFactory, week: Week, repair: Json) -> None:
    client, path = scheduler(Role.FRONT_DESK), f"/v1/proposals/{repair['id']}/losses"

    first = (await client.get(path, params={"page_size": 1})).json()
    second = (await client.get(path, params={"page_size": 1, "page_token": first["next_page_token"]})).json()

    assert [one["patient_id"] for one in first["items"] + second["items"]] == sorted(week.ids[:2])
    assert second["next_page_token"] is None
    assert (await client.get(path, params={"page_size": 21})).status_code == 422


async def test_a_loss_that_something_free_could_replace_has_no_reason(
    *, scheduler: ClientFactory, by_hand: ByHand, week: Week, published: Json
) -> None:
    assert published
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [week.visit(2, 16, 1)])

    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{proposal['id']}/losses")

    lost = [{"service": "individual", "minutes": 60}]
    assert answer.json()["items"] == [{"patient_id": week.ids[0], "lost": lost, "reasons": []}]


async def test_a_first_plan_of_a_week_takes_nothing_from_anybody(
    scheduler: ClientFactory, by_hand: ByHand, week: Week
) -> None:
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [])

    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{proposal['id']}/losses")

    assert answer.json() == {"items": [], "next_page_token": None}


async def test_losses_are_for_who_books_in_the_organization(scheduler: ClientFactory, repair: Json) -> None:
    path = f"/v1/proposals/{repair['id']}/losses"

    assert (await scheduler(Role.NURSE).get(path)).status_code == 403
    assert (await scheduler(Role.PATIENT).get(path)).status_code == 403
    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(f"/v1/proposals/{uuid4()}/losses")).status_code == 404
