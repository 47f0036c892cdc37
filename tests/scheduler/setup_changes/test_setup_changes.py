"""What was set up is read, changed and ended, and the answer says which published sessions no longer fit."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of, problem, windows
from tests.scheduler.setup_changes.conftest import Change, path_of
from tests.scheduler.weekly import ByHand, Week

TUESDAY, WEDNESDAY, NEXT_MONDAY = "2026-10-06", "2026-10-07", "2026-10-12"
SETUP = ("site", "room", "counsellor", "offering")
WRAPPED = {"site": "site", "room": "room", "counsellor": "practitioner", "offering": "group_offering"}


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """Groups of three on Monday and Tuesday at nine, and a visit on Wednesday, all by the counsellor."""
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)]
    return await by_hand.publish(MONDAY, groups, [week.visit(2, 8, 0)])


async def book_of(scheduler: ClientFactory, clinic: Clinic) -> list[Json]:
    answer = await scheduler(Role.FRONT_DESK).get(
        f"/v1/sites/{clinic.site['id']}/appointments", params={"week": MONDAY, "status": "booked"}
    )
    return list(answer.json()["items"])


def told(answer: Any) -> list[tuple[str, list[str], int]]:
    """The day, the faults and the people of each session that collides."""
    assert answer.status_code == 200, answer.text
    found = answer.json().get("collisions", answer.json())
    return [(one["start"][:10], one["faults"], one["people"]) for one in found["sessions"]]


@pytest.mark.parametrize("what", SETUP)
async def test_what_was_set_up_is_read_and_changed_on_the_version_that_was_read(
    scheduler: ClientFactory, clinic: Clinic, change: Change, what: str
) -> None:
    one: Json = getattr(clinic, what)
    read = await scheduler(Role.COUNSELLOR).get(path_of(clinic, one))
    assert (read.json(), read.headers["etag"]) == (one, '"1"')

    answer = await change(one)

    changed = answer.json()[WRAPPED[what]]
    assert (changed, answer.headers["etag"]) == ({**one, "version": 2}, '"2"')
    assert answer.json()["collisions"] == {"count": 0, "people": 0, "sessions": [], "repairs": []}
    assert (await scheduler(Role.COUNSELLOR).get(path_of(clinic, one))).json() == changed
    assert problem(await change(one)) == (412, "stale-version", "")
    body = {member: value for member, value in one.items() if member not in {"id", "site_id", "version"}}
    without = await scheduler(Role.PROGRAMME_DIRECTOR).put(path_of(clinic, one), json=body)
    assert problem(without)[:2] == (428, "version-required")


@pytest.mark.parametrize("what", SETUP)
@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.PATIENT])
async def test_who_does_not_set_up_changes_nothing(clinic: Clinic, change: Change, what: str, role: Role) -> None:
    assert (await change(getattr(clinic, what), role=role)).status_code == 403


@pytest.mark.parametrize("what", SETUP)
async def test_another_organization_finds_nothing_to_change(
    scheduler: ClientFactory, clinic: Clinic, change: Change, what: str
) -> None:
    one: Json = getattr(clinic, what)
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())
    body = {member: value for member, value in one.items() if member not in {"id", "site_id", "version"}}

    assert (await stranger.get(path_of(clinic, one))).status_code == 404
    assert (await stranger.put(path_of(clinic, one), json=body, headers={"if-match": '"1"'})).status_code == 404
    assert (await stranger.get(f"{path_of(clinic, clinic.site)}/setup_collisions")).status_code == 404
    assert (await change(one)).status_code == 200


@pytest.mark.parametrize(
    ("what", "member"), [("room", "rooms"), ("counsellor", "practitioners"), ("offering", "group_offerings")]
)
async def test_what_is_of_another_site_is_not_there(
    *, scheduler: ClientFactory, clinic: Clinic, new_site: Make, what: str, member: str
) -> None:
    other, one = await new_site(name="Other"), getattr(clinic, what)
    path = f"/v1/sites/{other['id']}/{member}/{one['id']}"
    body = {name: value for name, value in one.items() if name not in {"id", "site_id", "version"}}
    director = scheduler(Role.PROGRAMME_DIRECTOR)

    assert (await director.get(path)).status_code == 404
    assert (await director.put(path, json=body, headers={"if-match": '"1"'})).status_code == 404


@pytest.mark.parametrize(
    ("what", "changes", "pointer"),
    [
        ("site", {"zone": "America/Chicago"}, "/zone"),
        ("room", {"ends_on": "2026-10-01"}, "/ends_on"),
        ("counsellor", {"ends_on": "2026-10-01", "starts_on": "2026-09-01"}, "/ends_on"),
        ("counsellor", {"starts_on": "2026-11-02"}, "/starts_on"),
        ("counsellor", {"starts_on": None, "ends_on": "2026-10-02"}, "/ends_on"),
        ("offering", {"minutes": 60}, "/minutes"),
        ("offering", {"service": "skills_group"}, "/service"),
        ("offering", {"ends_on": "2026-09-28"}, "/ends_on"),
        ("offering", {"ends_on": TUESDAY}, ""),
    ],
)
async def test_a_change_that_cannot_be_is_refused_by_the_name_of_its_member(
    clinic: Clinic, change: Change, what: str, changes: Json, pointer: str
) -> None:
    answer = await change(getattr(clinic, what), **changes)

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_counsellor_who_leaves_collides_with_what_is_published_and_nothing_of_it_changes(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, published: Json
) -> None:
    assert published
    before = await book_of(scheduler, clinic)

    answer = await change(clinic.counsellor, ends_on=TUESDAY)

    gone = ["practitioner_not_at_site"]
    assert told(answer) == [(TUESDAY, gone, 3), (WEDNESDAY, gone, 1)]
    collisions = answer.json()["collisions"]
    assert (collisions["count"], collisions["people"]) == (2, 3)
    assert [(one["body"]["week"], one["base_version"]) for one in collisions["repairs"]] == [(MONDAY, 1)]
    assert await book_of(scheduler, clinic) == before
    listed = await scheduler(Role.FRONT_DESK).get(f"{path_of(clinic, clinic.site)}/setup_collisions")
    assert listed.json() == collisions


async def test_the_repair_that_is_offered_is_queued_as_it_is(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, published: Json
) -> None:
    assert published
    [offer] = (await change(clinic.counsellor, ends_on=TUESDAY)).json()["collisions"]["repairs"]

    answer = await scheduler(Role.FRONT_DESK).post(offer["path"], json=offer["body"])

    assert answer.status_code == 201, answer.text
    assert (answer.json()["kind"], answer.json()["solve_status"]) == ("setup_changed", "queued")


async def test_a_change_that_was_wrong_collides_with_nothing_once_it_is_taken_back(
    *, clinic: Clinic, change: Change, published: Json
) -> None:
    assert published
    changed = (await change(clinic.counsellor, shifts=windows("12:00", "17:00"))).json()
    assert [one["faults"] for one in changed["collisions"]["sessions"]] == [["practitioner_off_shift"]] * 3

    again = await change({**clinic.counsellor, "version": 2})

    assert told(again) == []


async def test_only_what_the_change_has_broken_is_told_as_broken_by_it(
    *, clinic: Clinic, change: Change, published: Json
) -> None:
    assert published
    await change(clinic.counsellor, ends_on=WEDNESDAY)

    answer = await change(clinic.room, ends_on=TUESDAY)

    assert told(answer) == [(TUESDAY, ["room_ended"], 3)]


@pytest.mark.parametrize(
    ("what", "changes", "faults"),
    [
        ("counsellor", {"leads": []}, "practitioner_does_not_serve"),
        ("counsellor", {"languages": ["es"]}, "practitioner_language"),
        ("counsellor", {"max_minutes_day": 60}, "practitioner_hours"),
        ("counsellor", {"max_minutes_week": 120}, "practitioner_hours"),
        ("room", {"capacity": 2}, "room_too_small"),
        ("offering", {"maximum_size": 2}, "group_too_large"),
        ("offering", {"minimum_size": 4}, "group_too_small"),
        ("offering", {"co_facilitator_above": 2}, "group_needs_co_facilitator"),
        ("offering", {"ends_on": MONDAY}, "group_ended"),
        ("site", {"open": windows("10:00", "21:00")}, "site_not_open"),
    ],
)
async def test_each_change_names_its_fault(
    *, clinic: Clinic, change: Change, published: Json, what: str, changes: Json, faults: str
) -> None:
    assert published

    found = told(await change(getattr(clinic, what), **changes))

    assert [(day, names) for day, names, _ in found][:2] == [(MONDAY, [faults]), (TUESDAY, [faults])]


async def test_visits_without_an_office_collide(*, clinic: Clinic, change: Change, published: Json) -> None:
    assert published

    assert told(await change(clinic.site, offices=0)) == [(WEDNESDAY, ["too_few_places"], 1)]


async def test_a_seat_is_not_given_in_a_session_whose_counsellor_is_gone_by_then(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, week: Week, published: Json
) -> None:
    assert published
    monday, tuesday, _ = await book_of(scheduler, clinic)
    await change(clinic.counsellor, ends_on=TUESDAY)
    desk, fourth = scheduler(Role.FRONT_DESK), {"patient_id": week.ids[3]}

    refused = await desk.post(f"/v1/appointments/{tuesday['id']}:book", json=fourth)
    given = await desk.post(f"/v1/appointments/{monday['id']}:book", json=fourth)

    assert problem(refused) == (409, "conflict", "practitioner-out")
    assert given.status_code == 200, given.text


async def test_a_seat_is_not_given_in_a_room_that_is_not_there_yet(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, week: Week, by_hand: ByHand, new_room: Make
) -> None:
    """Bug: a room that ends was looked at, and one that begins later than it was to was not."""
    elm = await new_room(clinic.site, name="Elm", starts_on=TUESDAY)
    await by_hand.publish(MONDAY, [week.group(2, 8, 0, 1, 2) | {"room": elm["id"]}])
    [wednesday] = await book_of(scheduler, clinic)
    assert told(await change(elm, starts_on="2026-10-08")) == [(WEDNESDAY, ["room_ended"], 3)]

    answer = await scheduler(Role.FRONT_DESK).post(
        f"/v1/appointments/{wednesday['id']}:book", json={"patient_id": week.ids[3]}
    )

    assert problem(answer) == (409, "conflict", "room-lost")


async def test_a_smaller_room_gives_no_seat_that_it_has_not_and_takes_none_that_is_taken(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, week: Week, published: Json
) -> None:
    assert published
    groups = (await book_of(scheduler, clinic))[:2]
    assert [group["capacity"] for group in groups] == [8, 8]

    assert told(await change(clinic.room, capacity=3)) == []
    answer = await scheduler(Role.FRONT_DESK).post(
        f"/v1/appointments/{groups[0]['id']}:book", json={"patient_id": week.ids[3]}
    )

    assert problem(answer)[:2] == (409, "no-seat")
    assert [(one["capacity"], one["taken"]) for one in (await book_of(scheduler, clinic))[:2]] == [(3, 3), (3, 3)]


async def test_a_seat_given_back_in_a_room_that_is_too_small_is_not_given_again(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, week: Week, published: Json
) -> None:
    assert published
    monday, desk = (await book_of(scheduler, clinic))[0], scheduler(Role.FRONT_DESK)
    assert (await change(clinic.room, capacity=2)).status_code == 200

    path = f"/v1/appointments/{monday['id']}"
    given = await desk.post(f"{path}:release", json={"patient_id": week.ids[0], "reason": "illness"})
    answer = await desk.post(f"{path}:book", json={"patient_id": week.ids[3]})

    assert given.status_code == 204, given.text
    assert problem(answer)[:2] == (409, "no-seat")
    assert [(one["capacity"], one["taken"]) for one in (await book_of(scheduler, clinic))[:2]] == [(2, 2), (3, 3)]


async def test_a_smaller_room_leaves_a_session_that_has_begun_as_it_was(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, published: Json, at: Callable[[datetime], None]
) -> None:
    assert published
    at(datetime(2026, 10, 5, 14, tzinfo=UTC))

    assert told(await change(clinic.room, capacity=3)) == []

    assert [one["capacity"] for one in (await book_of(scheduler, clinic))[:2]] == [8, 3]


async def test_a_proposal_from_before_a_change_is_checked_against_the_setup_of_today(
    *, by_hand: ByHand, week: Week, clinic: Clinic, change: Change
) -> None:
    kept = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [])
    broken = await by_hand.propose(MONDAY, [week.group(1, 8, 0, 1, 2)], [])
    await change(clinic.counsellor, ends_on=TUESDAY)

    assert problem(await by_hand.accept(broken, None))[:2] == (409, "timetable-refused")
    assert (await by_hand.accept(kept, None)).status_code == 200


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("counsellor", {"leads": []}),
        ("counsellor", {"max_minutes_day": 60}),
        ("room", {"capacity": 2}),
        ("offering", {"maximum_size": 2}),
        ("offering", {"ends_on": MONDAY}),
        ("site", {"open": windows("10:00", "21:00")}),
    ],
)
async def test_no_part_of_an_old_setup_outlives_its_change_in_a_proposal(
    *, by_hand: ByHand, week: Week, clinic: Clinic, change: Change, what: str, changes: Json
) -> None:
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2)], [])
    await change(getattr(clinic, what), **changes)

    assert problem(await by_hand.accept(proposal, None))[:2] == (409, "timetable-refused")


async def test_a_week_is_planned_with_those_only_who_are_there_in_it(
    *, by_hand: ByHand, week: Week, clinic: Clinic, change: Change, new_practitioner: Make, new_room: Make
) -> None:
    assert week.ids
    joins = await new_practitioner(clinic.site, starts_on=WEDNESDAY)
    later = await new_practitioner(clinic.site, starts_on=NEXT_MONDAY)
    await change(clinic.therapist, ends_on=MONDAY)
    closing = await new_room(clinic.site, name="Elm", ends_on=WEDNESDAY)
    gone = await new_room(clinic.site, name="Fir", ends_on=MONDAY)

    instance = await by_hand.instance(MONDAY)
    following = await by_hand.instance(NEXT_MONDAY)

    breaks = {one["id"]: one["breaks"] for one in instance["practitioners"]}
    assert breaks == {clinic.counsellor["id"]: [], joins["id"]: [[0, 0, 60], [1, 0, 60]]}
    closed = {one["id"]: one["closed"] for one in instance["rooms"]}
    assert closed[closing["id"]] == [[day, 0, 60] for day in range(2, 7)]
    assert (closed[clinic.room["id"]], gone["id"] in closed) == ([], False)
    assert {one["id"] for one in following["practitioners"]} == {clinic.counsellor["id"], joins["id"], later["id"]}
    assert [one["id"] for one in following["rooms"]] == [clinic.room["id"]]


async def test_a_site_of_which_everything_ends_is_not_ready_for_the_weeks_after(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, week: Week
) -> None:
    assert week.ids
    await change(clinic.offering, ends_on=NEXT_MONDAY)
    desk = scheduler(Role.FRONT_DESK)

    before = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
    after = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": NEXT_MONDAY})

    assert before.status_code == 202
    assert (after.status_code, "group offerings" in after.json()["detail"]) == (409, True)


async def test_nobody_is_placed_with_somebody_who_has_not_begun(
    *, scheduler: ClientFactory, clinic: Clinic, new_practitioner: Make, new_patient: Make, published: Json
) -> None:
    assert published
    later = await new_practitioner(clinic.site, starts_on=NEXT_MONDAY)
    patient = await new_patient(clinic.site, plan_of(later))

    asked = {"site_id": clinic.site["id"], "week": MONDAY, "patient_id": patient["id"]}
    answer = await scheduler(Role.FRONT_DESK).post("/v1/placements:recommend", json=asked)

    assert answer.status_code == 200, answer.text
    services = [{one["service"] for one in found["sessions"]} for found in answer.json()["alternatives"]]
    assert services
    assert set().union(*services) == {"process_group"}
