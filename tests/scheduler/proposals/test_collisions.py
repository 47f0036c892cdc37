"""From a calendar that collides with a published week to the week that is made anew around it."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, calendar
from tests.scheduler.proposals.conftest import Week


async def test_a_collision_offers_to_solve_the_week_and_the_offer_is_taken(
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
    assert (offer["operation_id"], offer["week"], offer["base_version"]) == ("create_solve", MONDAY, 1)
    listed = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/collisions")
    assert [item["repairs"] for item in listed.json()["items"]] == [[offer]]
    taken = await scheduler(Role.FRONT_DESK).post(
        offer["path"], json={"site_id": offer["site_id"], "week": offer["week"]}
    )
    assert taken.status_code == 202, taken.text
    assert taken.json()["base_version"] == offer["base_version"]
