"""From a calendar that collides with a published week to the repair of the week around it."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Desk, Json, People, calendar, group
from tests.scheduler.weekly import Week


async def test_a_collision_offers_to_repair_the_week_and_the_offer_is_taken(
    scheduler: ClientFactory,
    clinic: Clinic,
    week: Week,
    published: Json,
    *,
    import_calendar: Callable[..., Awaitable[Any]],
) -> None:
    assert published
    imported = await import_calendar({"id": week.ids[0]}, calendar("20261005T090000/20261005T100000"))

    [collision] = imported.json()["collisions"]
    [offer] = collision["repairs"]
    assert (offer["operation_id"], offer["body"]["week"], offer["base_version"]) == ("create_disruption", MONDAY, 1)
    listed = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/collisions")
    assert [item["repairs"] for item in listed.json()["items"]] == [[offer]]
    taken = await scheduler(Role.FRONT_DESK).post(offer["path"], json=offer["body"])
    assert taken.status_code == 201, taken.text
    assert (taken.json()["patient_id"], taken.json()["solve_status"]) == (week.ids[0], "queued")
    solve = await scheduler(Role.FRONT_DESK).get(f"/v1/solves/{taken.json()['solve_id']}")
    assert solve.json()["base_version"] == offer["base_version"]


async def test_where_nothing_is_published_no_repair_is_offered(
    import_calendar: Callable[..., Awaitable[Any]], desk: Desk, people: People
) -> None:
    await desk.publish(group(people.ann))

    imported = await import_calendar(people.ann, calendar("20261006T090000/20261006T100000"))

    [collision] = imported.json()["collisions"]
    assert (len(collision["appointments"]), collision["repairs"]) == (1, [])
