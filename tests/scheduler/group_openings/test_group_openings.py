"""The front desk opens the group that capacity advice names: as a new version of the week, or not at all."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import (
    MONDAY,
    Clinic,
    Json,
    Make,
    NoticesOf,
    plan_of,
    problem,
    windows,
    without_instance,
)
from tests.scheduler.weekly import ByHand, Week

WEDNESDAY_ELEVEN = "2026-10-07T11:00:00-04:00"
Open = Callable[..., Awaitable[Any]]
Book = Callable[[], Awaitable[list[Json]]]


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """Groups of three on Monday and Tuesday at nine, and a visit on Wednesday: all four lack groups."""
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)]
    return await by_hand.publish(MONDAY, groups, [week.visit(2, 8, 0)])


@pytest.fixture
def path(clinic: Clinic, published: Json) -> str:
    assert published
    return f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}"


@pytest.fixture
def book(scheduler: ClientFactory, clinic: Clinic) -> Book:
    async def read() -> list[Json]:
        params = {"week": MONDAY, "status": "booked"}
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/appointments", params=params)
        return list(answer.json()["items"])

    return read


@pytest.fixture
def open_group(scheduler: ClientFactory, clinic: Clinic, path: str) -> Open:
    """Open a group of the clinic's kind on Wednesday at eleven, or another one."""

    async def post(*, version: int | None = 1, role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        body = {
            "reason": "better_week",
            "group_offering_id": clinic.offering["id"],
            "modality": "on_site",
            "start": WEDNESDAY_ELEVEN,
            "track": "adult",
            "language": "en",
        }
        headers = {} if version is None else {"if-match": f'"{version}"'}
        return await scheduler(role).post(f"{path}:open_group", json={**body, **changes}, headers=headers)

    return post


async def test_what_is_advised_is_opened_as_it_was_named_and_serves_as_many(
    *, scheduler: ClientFactory, path: str, open_group: Open, book: Book, week: Week, notices_of: NoticesOf
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    report = (await desk.get(f"{path}/capacity_advice", params={"count": 1})).json()
    [advice] = report["advice"]
    named = {part: advice[part] for part in ("group_offering_id", "modality", "start", "track", "language")}

    answer = await open_group(**named, notify=True)

    assert answer.status_code == 200, answer.text
    opened = answer.json()
    assert (opened["timetable"]["version"], opened["timetable"]["reason"]) == (2, "better_week")
    assert answer.headers["etag"] == '"2"'
    assert len(opened["group"]["patient_ids"]) == advice["people"]
    [booked] = [one for one in await book() if one["start"] == advice["start"]]
    for part in ("practitioner_id", "room_id", "modality", "track", "language", "end"):
        assert booked[part] == opened["group"][part]
    assert booked["patient_ids"] == sorted(opened["group"]["patient_ids"])
    after = (await desk.get(f"{path}/capacity_advice", params={"count": 1})).json()
    assert report["unmet_minutes"] - after["unmet_minutes"] == advice["minutes"]
    assert [[one["kind"] for one in await notices_of(patient)] for patient in week.ids] == [["session_added"]] * 4


async def test_a_group_that_is_opened_is_no_replan_whose_changes_count(
    scheduler: ClientFactory, clinic: Clinic, open_group: Open
) -> None:
    """Bug: the version made by hand names the proposal of the one before, and its changes were counted once more."""
    assert (await open_group()).status_code == 200

    weeks = {"first_week": MONDAY, "last_week": MONDAY}
    kpis = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/kpis", params=weeks)

    found = {one["code"]: (one["numerator"], one["denominator"]) for one in kpis.json()["figures"]}
    assert [found[code] for code in ("changes_per_replan", "notice_hours")] == [(0, 0), (0, 0)]


async def test_what_is_published_stays_as_it_is(open_group: Open, book: Book) -> None:
    before = {one["id"]: one for one in await book()}

    assert (await open_group()).status_code == 200

    after = {one["id"]: one for one in await book()}
    assert len(after) == len(before) + 1
    for appointment_id, one in before.items():
        kept = {part: value for part, value in one.items() if part not in {"timetable_version", "changed_at"}}
        assert {part: after[appointment_id][part] for part in kept} == kept


async def test_whoever_and_whatever_is_named_is_taken(
    *, clinic: Clinic, week: Week, new_room: Make, open_group: Open
) -> None:
    elm = await new_room(clinic.site, name="Elm", capacity=30)
    named = {"practitioner_id": clinic.therapist["id"], "co_facilitator_id": clinic.counsellor["id"]}

    answer = await open_group(**named, room_id=elm["id"], patient_ids=week.ids[1:3])

    group = answer.json()["group"]
    assert {part: group[part] for part in named} == named
    assert (group["room_id"], group["patient_ids"]) == (elm["id"], sorted(week.ids[1:3]))


async def test_the_smallest_room_that_is_free_is_taken(clinic: Clinic, new_room: Make, open_group: Open) -> None:
    await new_room(clinic.site, name="Closet", capacity=3)
    ash = await new_room(clinic.site, name="Ash", capacity=4)

    assert (await open_group()).json()["group"]["room_id"] == ash["id"]


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"start": "2026-10-07T18:00:00-04:00"}, "nobody-leads", "/practitioner_id"),
        ({"track": "youth"}, "too-few-people", "/patient_ids"),
        ({"patient_ids": []}, "too-few-people", "/patient_ids"),
    ],
)
async def test_what_is_missing_is_named_and_nothing_is_done(
    *, open_group: Open, book: Book, changes: Json, code: str, pointer: str
) -> None:
    before = await book()

    answer = await open_group(**changes)

    assert problem(answer) == (409, "rules-broken", code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await book() == before


async def test_without_a_free_room_nothing_is_opened(
    *, clinic: Clinic, by_hand: ByHand, week: Week, new_practitioner: Make, open_group: Open, path: str
) -> None:
    assert path
    somebody = await new_practitioner(clinic.site)
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2), week.group(2, 16, 2, 3, lead=somebody)]
    await by_hand.publish(MONDAY, groups, [week.visit(2, 8, 0)], reason="better_week")

    answer = await open_group(version=2)

    assert problem(answer) == (409, "rules-broken", "no-room")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"start": "2026-10-06T14:00:00-04:00"}, "it does not suit the day of somebody"),
        ({"practitioner": {"leads": []}}, "who is named does not lead this service in its language"),
        ({"practitioner": {"shifts": windows("13:00", "17:00")}}, "a practitioner is not on shift then"),
        (
            {"room": {"capacity": 3}},
            "not everybody can have a seat in it: name fewer or other people, or a larger room",
        ),
    ],
)
async def test_the_rule_is_named_that_the_week_would_break(
    *,
    clinic: Clinic,
    week: Week,
    new_practitioner: Make,
    new_room: Make,
    open_group: Open,
    book: Book,
    changes: Json,
    sentence: str,
) -> None:
    """Tuesday has a group already: the same service twice on one day suits nobody."""
    named: Json = {"patient_ids": week.ids, "start": changes.get("start", WEDNESDAY_ELEVEN)}
    if "practitioner" in changes:
        named["practitioner_id"] = (await new_practitioner(clinic.site, **changes["practitioner"]))["id"]
    if "room" in changes:
        named["room_id"] = (await new_room(clinic.site, name="Elm", **changes["room"]))["id"]
    before = await book()

    answer = await open_group(**named)

    assert problem(answer) == (409, "rules-broken", "rule-broken")
    assert sentence in [error["detail"] for error in answer.json()["errors"]]
    assert not any(patient in answer.text for patient in week.ids)
    assert await book() == before


async def test_a_seat_that_was_taken_by_hand_meanwhile_leaves_nothing_half_done(
    *, scheduler: ClientFactory, clinic: Clinic, week: Week, open_group: Open, book: Book, path: str
) -> None:
    """The fourth has a visit by hand at that time, which the published version knows nothing of."""
    visit = {"service": "individual", "modality": "on_site", "start": WEDNESDAY_ELEVEN}
    placed = await scheduler(Role.FRONT_DESK).post(
        "/v1/placements",
        json={
            "patient_id": week.ids[3],
            "site_id": clinic.site["id"],
            "week": MONDAY,
            "visits": [{**visit, "practitioner_id": clinic.counsellor["id"]}],
        },
        headers={"if-match": '"1"'},
    )
    assert placed.status_code == 201, placed.text
    before = await book()

    answer = await open_group(practitioner_id=clinic.therapist["id"], patient_ids=week.ids)

    assert answer.status_code == 409, answer.text
    assert await book() == before
    versions = (await scheduler(Role.FRONT_DESK).get(f"{path}/versions")).json()["items"]
    assert [one["version"] for one in versions] == [1]


async def test_who_works_from_an_old_version_is_told_what_moved(
    *, by_hand: ByHand, week: Week, open_group: Open, book: Book, path: str
) -> None:
    assert path
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)], [week.visit(2, 8, 0)], reason="better_week")
    before = await book()

    answer = await open_group()

    assert problem(answer) == (412, "stale-version", "timetable-moved")
    assert answer.json()["moved"]["count"] == 3
    assert (await open_group(version=None)).status_code == 428
    assert await book() == before


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"group_offering_id": str(uuid4())}, "/group_offering_id"),
        ({"start": "2026-10-14T11:00:00-04:00"}, "/start"),
        ({"start": "2026-10-07T11:05:00-04:00"}, "/start"),
    ],
)
async def test_what_means_nothing_in_the_week_is_refused_by_its_name(
    open_group: Open, changes: Json, pointer: str
) -> None:
    answer = await open_group(**changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE, Role.PATIENT])
async def test_who_does_not_plan_opens_nothing(open_group: Open, role: Role) -> None:
    assert (await open_group(role=role)).status_code == 403


async def test_elsewhere_there_is_nothing_to_open(scheduler: ClientFactory, clinic: Clinic, path: str) -> None:
    body = {"reason": "better_week", "group_offering_id": clinic.offering["id"], "modality": "on_site"}
    body |= {"start": WEDNESDAY_ELEVEN, "track": "adult", "language": "en"}
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    answer = await stranger.post(f"{path}:open_group", json=body, headers={"if-match": '"1"'})

    assert answer.status_code == 404


async def test_a_track_that_a_kind_of_group_does_not_have_or_lacks_is_refused_by_its_name(
    *, clinic: Clinic, new_offering: Make, open_group: Open, book: Book
) -> None:
    """A week with such a group in it could never be solved again."""
    skills = await new_offering(clinic.site, service="skills_group", minutes=60)
    before = await book()

    for changes in ({"group_offering_id": skills["id"]}, {"track": None}):
        answer = await open_group(**changes)

        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/track"]
    assert await book() == before


async def test_people_who_are_kept_apart_are_told_as_a_room_too_small_for_them_is(
    *, clinic: Clinic, week: Week, new_room: Make, open_group: Open, records: ClientFactory
) -> None:
    """Who asks for seats learns so nothing of who may not meet whom."""
    closet = await new_room(clinic.site, name="Closet", capacity=1)
    too_small = await open_group(patient_ids=week.ids[2:], room_id=closet["id"])
    pair = {"patient_ids": week.ids[2:]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201

    kept_apart = await open_group(patient_ids=week.ids[2:])

    assert problem(too_small) == problem(kept_apart) == (409, "rules-broken", "rule-broken")
    assert without_instance(too_small) == without_instance(kept_apart)
