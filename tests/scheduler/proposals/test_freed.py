"""A version that frees seats has them offered to who waits, in the same step, where the site wants that."""

from typing import Any

import pytest

from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make
from tests.scheduler.proposals.conftest import Propose, Publish
from tests.scheduler.weekly import Week


@pytest.fixture
async def waiting(scheduler: ClientFactory, clinic: Clinic, new_patient: Make) -> list[str]:
    """Two people who would come at any time."""
    desk, found = scheduler(Role.FRONT_DESK), []
    for day in (1, 2):
        patient = await new_patient(clinic.site)
        entry = {"patient_id": patient["id"], "service": "process_group", "since": f"2026-09-0{day}"}
        answer = await desk.post(f"/v1/sites/{clinic.site['id']}/waitlist_entries", json=entry)
        assert answer.status_code == 201, answer.text
        found.append(patient["id"])
    return found


@pytest.fixture
async def full(week: Week, propose: Propose, publish: Publish) -> Json:
    """Version 1: four people in two groups."""
    proposal = await propose([week.group(0, 8, 0, 1, 2, 3), week.group(1, 8, 0, 1, 2, 3)], [])
    assert (await publish(proposal)).status_code == 200
    return proposal


@pytest.fixture
async def with_less(week: Week, full: Json, propose: Propose) -> Json:
    """On version 1: one has left Monday's group, and two have left Tuesday's."""
    assert full
    return await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1)], [])


async def put_rule(scheduler: ClientFactory, clinic: Clinic, **rule: Any) -> None:
    path = f"/v1/sites/{clinic.site['id']}/offer_rule"
    answer = await scheduler(Role.FRONT_DESK).put(path, json={"people": 5, "notice_minutes": 60, **rule})
    assert answer.status_code == 200, answer.text


async def batches(scheduler: ClientFactory, clinic: Clinic) -> list[Json]:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/offer_batches")
    return list(answer.json()["items"])


async def test_seats_that_a_version_frees_are_offered_by_themselves(
    *, scheduler: ClientFactory, clinic: Clinic, with_less: Json, publish: Publish, waiting: list[str]
) -> None:
    await put_rule(scheduler, clinic, enabled=True)

    published = await publish(with_less, reason="discharge")

    assert published.status_code == 200, published.text
    made = await batches(scheduler, clinic)
    assert sorted((batch["seats"], batch["automatic"], len(batch["offers"])) for batch in made) == [
        (1, True, 2),
        (2, True, 2),
    ]
    assert all([offer["patient_id"] for offer in batch["offers"]] == waiting for batch in made)


async def test_a_site_that_has_not_turned_it_on_is_left_alone(
    *, scheduler: ClientFactory, clinic: Clinic, with_less: Json, publish: Publish, waiting: list[str]
) -> None:
    await put_rule(scheduler, clinic, enabled=False)

    assert (await publish(with_less, reason="discharge")).status_code == 200
    assert (await batches(scheduler, clinic), len(waiting)) == ([], 2)


async def test_a_version_that_is_refused_offers_nothing(
    *, scheduler: ClientFactory, clinic: Clinic, with_less: Json, publish: Publish, waiting: list[str]
) -> None:
    await put_rule(scheduler, clinic, enabled=True)

    assert (await publish(with_less)).status_code == 422
    assert (await batches(scheduler, clinic), len(waiting)) == ([], 2)


async def test_a_group_in_which_one_takes_the_other_s_place_has_freed_nothing(
    *,
    scheduler: ClientFactory,
    clinic: Clinic,
    week: Week,
    published: Json,
    propose: Propose,
    publish: Publish,
    waiting: list[str],
) -> None:
    await put_rule(scheduler, clinic, enabled=True)
    assert published
    exchanged = await propose([week.group(0, 8, 0, 1, 3), week.group(1, 8, 0, 1, 2)], [week.visit(2, 8, 0)])

    assert (await publish(exchanged, reason="clinical")).status_code == 200
    assert (await batches(scheduler, clinic), len(waiting)) == ([], 2)


async def test_a_week_is_published_even_while_records_is_away(
    *,
    scheduler: ClientFactory,
    scheduler_app: Any,
    monkeypatch: pytest.MonkeyPatch,
    clinic: Clinic,
    with_less: Json,
    publish: Publish,
    waiting: list[str],
) -> None:
    await put_rule(scheduler, clinic, enabled=True)
    asked = []

    async def away(_token: str, patient_id: object) -> None:
        asked.append(patient_id)
        raise UpstreamUnavailableError("records")

    monkeypatch.setattr(scheduler_app.state.records, "patient_seating", away)

    assert (await publish(with_less, reason="discharge")).status_code == 200
    assert (await batches(scheduler, clinic), len(waiting)) == ([], 2)
    assert len(asked) == 1
