"""Groups that come again each week, from publication to publication, through the routes."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json
from tests.scheduler.weekly import ByHand, PublishWeek, Week

NEXT = "2026-10-12"
BEFORE_THE_CHANGE, AFTER_THE_CHANGE = "2026-10-26", "2026-11-02"


async def series_of(scheduler: ClientFactory, site: Json, *, role: Role = Role.COUNSELLOR, **page: Any) -> Any:
    return await scheduler(role).get(f"/v1/sites/{site['id']}/group_series", params=page)


async def test_a_group_that_meets_again_is_the_same_series(
    scheduler: ClientFactory, clinic: Clinic, week: Week, publish_week: PublishWeek
) -> None:
    await publish_week(MONDAY, [week.group(0, 8, 0, 1, 2)])
    first = (await series_of(scheduler, clinic.site)).json()["items"]
    await publish_week(NEXT, [week.group(0, 8, 0, 1, 2, 3), week.group(1, 8, 0, 1)])

    both = (await series_of(scheduler, clinic.site)).json()["items"]

    assert [series["id"] for series in first] == [both[0]["id"]]
    assert first[0] == {
        "id": first[0]["id"],
        "site_id": clinic.site["id"],
        "group_offering_id": clinic.offering["id"],
        "service": "process_group",
        "minutes": 90,
        "track": "adult",
        "language": "en",
        "weekday": "MO",
        "start": "09:00:00",
        "practitioner_id": clinic.counsellor["id"],
        "first_week": MONDAY,
        "last_week": MONDAY,
        "members": 3,
        "minimum_size": 2,
        "maximum_size": 12,
    }
    assert [(s["weekday"], s["first_week"], s["last_week"], s["members"]) for s in both] == [
        ("MO", MONDAY, NEXT, 4),
        ("TU", NEXT, NEXT, 2),
    ]


async def test_at_another_time_or_under_another_lead_it_is_another_series(
    scheduler: ClientFactory, clinic: Clinic, week: Week, publish_week: PublishWeek
) -> None:
    await publish_week(MONDAY, [week.group(0, 8, 0, 1)])
    await publish_week(NEXT, [week.group(0, 16, 0, 1), week.group(1, 8, 0, 1, lead=clinic.therapist)])

    found = (await series_of(scheduler, clinic.site)).json()["items"]

    assert len({series["id"] for series in found}) == 3
    assert [series["last_week"] for series in found] == [MONDAY, NEXT, NEXT]


async def test_a_later_version_without_the_group_takes_its_week_away(
    scheduler: ClientFactory, clinic: Clinic, week: Week, publish_week: PublishWeek
) -> None:
    await publish_week(MONDAY, [week.group(0, 8, 0, 1), week.group(1, 8, 0, 1)])
    await publish_week(MONDAY, [week.group(0, 8, 0, 1)], reason="better_week")

    found = (await series_of(scheduler, clinic.site)).json()["items"]

    assert [series["weekday"] for series in found] == ["MO"]


async def test_series_come_in_pages_and_without_who_is_in_them(
    scheduler: ClientFactory, clinic: Clinic, week: Week, publish_week: PublishWeek
) -> None:
    await publish_week(MONDAY, [week.group(day, 8, 0, 1) for day in range(3)])

    first = (await series_of(scheduler, clinic.site, page_size=2)).json()
    rest = (await series_of(scheduler, clinic.site, page_size=2, page_token=first["next_page_token"])).json()

    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert rest["next_page_token"] is None
    assert not any(patient in str(first) + str(rest) for patient in week.ids)


async def test_series_are_for_the_house(
    scheduler: ClientFactory, clinic: Clinic, week: Week, publish_week: PublishWeek
) -> None:
    await publish_week(MONDAY, [week.group(0, 8, 0, 1)])

    assert (await series_of(scheduler, clinic.site, role=Role.PATIENT)).status_code == 403
    other = scheduler(Role.COUNSELLOR, organization=uuid4())
    foreign = await other.get(f"/v1/sites/{clinic.site['id']}/group_series")
    nowhere = await other.get(f"/v1/sites/{uuid4()}/group_series")
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.json()["detail"] == nowhere.json()["detail"]
    assert (await series_of(scheduler, clinic.site, page_size=0)).status_code == 422


async def test_a_week_that_is_not_published_is_asked_for_against_the_newest_before_it(
    week: Week, by_hand: ByHand
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1)])
    await by_hand.publish(NEXT, [week.group(1, 8, 0, 1)], [week.visit(2, 8, 0)])

    instance = await by_hand.instance("2026-10-26")

    assert instance["published"] is None
    assert [(group["day"], group["slot"]) for group in instance["usual"]["groups"]] == [(1, 8)]
    assert [(visit["day"], visit["slot"]) for visit in instance["usual"]["individuals"]] == [(2, 8)]
    published = await by_hand.instance(NEXT)
    assert published.get("usual") is None
    assert [(group["day"], group["slot"]) for group in published["published"]["groups"]] == [(1, 8)]


@pytest.mark.parametrize("day", [0, 5])
async def test_over_the_change_of_the_clocks_a_series_stays_at_its_wall_time(
    scheduler: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand, day: int
) -> None:
    """New York leaves summer time on Sunday, 1 November 2026."""
    before = await by_hand.publish(BEFORE_THE_CHANGE, [week.group(day, 8, 0, 1)])
    instance = await by_hand.instance(AFTER_THE_CHANGE)

    after = await by_hand.publish(AFTER_THE_CHANGE, instance["usual"]["groups"])

    start, later = (datetime.fromisoformat(proposal["sessions"][0]["start"]) for proposal in (before, after))
    assert (start.time(), start.weekday()) == (later.time(), later.weekday())
    assert (later - start).total_seconds() == 7 * 86400 + 3600
    found = (await series_of(scheduler, clinic.site)).json()["items"]
    assert [(series["first_week"], series["last_week"]) for series in found] == [(BEFORE_THE_CHANGE, AFTER_THE_CHANGE)]
