"""One published session is given to somebody else, or another room, by hand: as a new version, within every rule."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, MONDAY, Clinic, Json, Make, plan_of, problem, windows
from tests.scheduler.reassignments.conftest import Book, Reassign
from tests.scheduler.weekly import ByHand, Week


def refused(answer: Any) -> list[tuple[str, str]]:
    """The code, and for each rule the member that it is about."""
    assert answer.status_code == 409, answer.text
    document = answer.json()
    return [(document["code"], error["pointer"]) for error in document["errors"]]


async def test_a_group_is_led_by_somebody_else_as_a_new_version(
    *, scheduler: ClientFactory, clinic: Clinic, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    monday, *others = await book()

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["reason"], answer.headers["etag"]) == (2, "staff_absence", '"2"')
    led, *rest = await book()
    kept = {member: monday[member] for member in ("id", "start", "end", "room_id", "patient_ids")}
    assert {member: led[member] for member in kept} == kept
    assert (led["practitioner_id"], led["sequence"]) == (clinic.therapist["id"], monday["sequence"] + 1)
    assert [one["practitioner_id"] for one in rest] == [one["practitioner_id"] for one in others]
    history = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}/versions")
    assert [(one["version"], one["reason"]) for one in history.json()["items"]] == [(1, None), (2, "staff_absence")]


async def test_a_group_gets_another_room_and_a_co_facilitator_at_once(
    *, clinic: Clinic, new_room: Make, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    elm = await new_room(clinic.site, name="Elm", capacity=5)
    monday = (await book())[0]

    answer = await reassign(monday, room_id=elm["id"], co_facilitator_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    changed = (await book())[0]
    assert (changed["room_id"], changed["co_facilitator_id"]) == (elm["id"], clinic.therapist["id"])
    assert (changed["practitioner_id"], changed["capacity"]) == (clinic.counsellor["id"], 5)


async def test_a_visit_goes_to_somebody_of_the_team(
    *, clinic: Clinic, by_hand: ByHand, new_patient: Make, book: Book, reassign: Reassign
) -> None:
    team = [clinic.counsellor["id"], clinic.therapist["id"]]
    week = Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor, team=team))])
    await by_hand.publish(MONDAY, [], [week.visit(2, 8, 0)])
    [visit] = await book()

    assert (await reassign(visit, practitioner_id=clinic.therapist["id"])).status_code == 200
    assert [one["practitioner_id"] for one in await book()] == [clinic.therapist["id"]]


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"leads": []}, "practitioner-does-not-lead"),
        ({"languages": ["es"]}, "practitioner-does-not-lead"),
        ({"shifts": windows("13:00", "17:00")}, "practitioner-off-shift"),
        ({"breaks": windows("09:30", "10:00")}, "practitioner-away"),
        ({"max_minutes_day": 60}, "practitioner-day-full"),
        ({"max_minutes_week": 60}, "practitioner-week-full"),
    ],
)
async def test_the_rule_is_named_that_forbids_somebody(
    *, clinic: Clinic, new_practitioner: Make, book: Book, reassign: Reassign, published: Json, who: Json, code: str
) -> None:
    assert published
    somebody = await new_practitioner(clinic.site, **who)
    before = await book()

    answer = await reassign(before[0], practitioner_id=somebody["id"])

    assert refused(answer) == [(code, "/practitioner_id")]
    assert await book() == before


async def test_a_visit_does_not_go_to_somebody_who_is_not_on_the_team(
    *, clinic: Clinic, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    visit = (await book())[2]

    answer = await reassign(visit, practitioner_id=clinic.therapist["id"])

    assert refused(answer) == [("practitioner-not-on-team", "/practitioner_id")]


async def test_nobody_and_no_room_is_in_two_sessions_at_once(
    *, clinic: Clinic, by_hand: ByHand, week: Week, new_room: Make, book: Book, reassign: Reassign
) -> None:
    elm = await new_room(clinic.site, name="Elm")
    beside = week.group(0, 8, 3, 4, 5, lead=clinic.therapist) | {"room": elm["id"]}
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), beside])
    mine = next(one for one in await book() if one["practitioner_id"] == clinic.counsellor["id"])

    led = await reassign(mine, practitioner_id=clinic.therapist["id"])
    helped = await reassign(mine, co_facilitator_id=clinic.therapist["id"])
    housed = await reassign(mine, room_id=elm["id"])

    assert refused(led) == [("practitioner-booked", "/practitioner_id")]
    assert refused(helped) == [("practitioner-booked", "/co_facilitator_id")]
    assert refused(housed) == [("room-booked", "/room_id")]


async def test_a_room_has_a_place_for_everybody_and_two_people_are_two(
    *, clinic: Clinic, new_room: Make, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    small = await new_room(clinic.site, name="Elm", capacity=2)
    monday = (await book())[0]

    assert refused(await reassign(monday, room_id=small["id"])) == [("room-too-small", "/room_id")]
    twice = await reassign(monday, co_facilitator_id=clinic.counsellor["id"])
    assert ("one-person-twice", "/co_facilitator_id") in refused(twice)


async def test_what_the_week_is_broken_by_anyway_forbids_nothing(
    *, scheduler: ClientFactory, clinic: Clinic, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    out = {
        "site_id": clinic.site["id"],
        "week": MONDAY,
        "kind": "practitioner_out",
        "practitioner_id": clinic.counsellor["id"],
        "start": f"{MONDAY}T07:00:00-04:00",
        "end": "2026-10-06T22:00:00-04:00",
        "reason": "absence",
    }
    assert (await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=out)).status_code == 201
    monday = (await book())[0]

    assert (await reassign(monday, practitioner_id=clinic.therapist["id"])).status_code == 200
    again = await reassign(monday, practitioner_id=clinic.counsellor["id"], version=2)
    assert refused(again) == [("practitioner-away", "/practitioner_id")]


@pytest.fixture
def disrupt(scheduler: ClientFactory, clinic: Clinic) -> Callable[..., Awaitable[None]]:
    """Take somebody, or a room, out of Monday and Tuesday."""

    async def post(kind: str, **what: str) -> None:
        body = {
            "site_id": clinic.site["id"],
            "week": MONDAY,
            "kind": kind,
            "start": f"{MONDAY}T07:00:00-04:00",
            "end": "2026-10-06T22:00:00-04:00",
            "reason": "absence" if kind == "practitioner_out" else "other",
        }
        desk = scheduler(Role.FRONT_DESK)
        answer = await desk.post("/v1/disruptions", json=body | what)
        assert answer.status_code == 201, answer.text
        # The week is not repaired: another disruption of it could not be written down meanwhile.
        ended = await desk.post(f"/v1/solves/{answer.json()['solve_id']}:cancel")
        assert ended.status_code == 200, ended.text

    return post


async def test_who_is_away_is_not_excused_by_whoever_was_away_before(
    *, clinic: Clinic, disrupt: Callable[..., Awaitable[None]], book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    for who in (clinic.counsellor, clinic.therapist):
        await disrupt("practitioner_out", practitioner_id=who["id"])
    monday = (await book())[0]

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert refused(answer) == [("practitioner-away", "/practitioner_id")]


async def test_a_lost_room_is_not_excused_by_the_one_that_was_lost_before(
    *,
    clinic: Clinic,
    new_room: Make,
    disrupt: Callable[..., Awaitable[None]],
    book: Book,
    reassign: Reassign,
    published: Json,
) -> None:
    assert published
    elm = await new_room(clinic.site, name="Elm")
    for room in (clinic.room, elm):
        await disrupt("room_lost", room_id=room["id"])
    monday = (await book())[0]

    assert refused(await reassign(monday, room_id=elm["id"])) == [("room-lost", "/room_id")]


async def test_that_the_lead_is_away_forbids_no_co_facilitator_who_is_there(
    *,
    clinic: Clinic,
    new_practitioner: Make,
    disrupt: Callable[..., Awaitable[None]],
    book: Book,
    reassign: Reassign,
    published: Json,
) -> None:
    assert published
    here, away = [await new_practitioner(clinic.site) for _ in range(2)]
    for who in (clinic.counsellor, away):
        await disrupt("practitioner_out", practitioner_id=who["id"])
    monday = (await book())[0]

    refusal = await reassign(monday, co_facilitator_id=away["id"])
    assert refused(refusal) == [("practitioner-away", "/co_facilitator_id")]
    assert (await reassign(monday, co_facilitator_id=here["id"])).status_code == 200


@pytest.fixture
def plan_again(records: ClientFactory) -> Callable[..., Awaitable[None]]:
    """Give a patient another plan."""

    async def put(patient_id: str, plan: Json) -> None:
        path = f"/v1/patients/{patient_id}/treatment_plan"
        director = records(Role.PROGRAMME_DIRECTOR)
        version = (await director.get(path)).json()["version"]
        answer = await director.put(path, json=plan, headers={"if-match": f'"{version}"'})
        assert answer.status_code == 200, answer.text

    return put


@pytest.mark.parametrize(
    "changes",
    [{"planned_discharge": "2026-10-01"}, {}],
    ids=["who has left the plans", "a service that is asked for no more"],
)
async def test_a_session_is_reassigned_in_a_week_with_a_visit_that_no_plan_asks_for(
    *,
    clinic: Clinic,
    by_hand: ByHand,
    new_patient: Make,
    new_practitioner: Make,
    plan_again: Callable[..., Awaitable[None]],
    book: Book,
    reassign: Reassign,
    changes: Json,
) -> None:
    await new_practitioner(clinic.site, role="prescriber", leads=[], individual=[])
    plan = plan_of(clinic.counsellor)
    asked = [*plan["required_services"], {"service": "medication", "minutes_per_week": 30}]
    people = [await new_patient(clinic.site, {**plan, "required_services": asked}) for _ in range(3)]
    week = Week(clinic, people)
    dropped = {**week.visit(2, 8, 0), "service": "medication", "practitioner": None}
    await by_hand.publish(MONDAY, [week.group(0, 8, 1, 2)], [dropped])
    await plan_again(week.ids[0], {**plan, **changes})
    monday, visit = await book()

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert answer.status_code == 200, answer.text
    led, kept = await book()
    assert led["practitioner_id"] == clinic.therapist["id"]
    assert kept == visit | {"timetable_version": 2}


async def test_a_session_that_was_switched_to_video_goes_only_to_who_is_licensed(
    *,
    scheduler: ClientFactory,
    clinic: Clinic,
    by_hand: ByHand,
    new_patient: Make,
    new_licence: Make,
    book: Book,
    reassign: Reassign,
) -> None:
    plan = plan_of(clinic.counsellor, **AT_HOME)
    week = Week(clinic, [await new_patient(clinic.site, plan) for _ in range(2)])
    await new_licence(clinic.counsellor)
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1)])
    [monday] = await book()
    switched = await scheduler(Role.FRONT_DESK).post(
        f"/v1/appointments/{monday['id']}:change_modality", json={"modality": "telehealth", "reason": "weather"}
    )
    assert switched.status_code == 200, switched.text

    refusal = await reassign(monday, practitioner_id=clinic.therapist["id"])
    await new_licence(clinic.therapist)
    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert problem(refusal) == (409, "rules-broken", "practitioner-not-licensed")
    assert answer.status_code == 200, answer.text
    assert [(one["modality"], one["practitioner_id"]) for one in await book()] == [
        ("telehealth", clinic.therapist["id"])
    ]


@pytest.mark.parametrize(
    ("number", "changes", "pointer"),
    [
        (0, {"practitioner_id": str(uuid4())}, "/practitioner_id"),
        (0, {"co_facilitator_id": str(uuid4())}, "/co_facilitator_id"),
        (0, {"room_id": str(uuid4())}, "/room_id"),
        (2, {"room_id": str(uuid4())}, "/room_id"),
        (0, {}, ""),
    ],
)
async def test_what_means_nothing_for_the_session_is_refused_by_its_name(
    *, book: Book, reassign: Reassign, published: Json, number: int, changes: Json, pointer: str
) -> None:
    assert published

    answer = await reassign((await book())[number], **changes)

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_session_that_is_held_like_that_already_makes_no_version(
    *, clinic: Clinic, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    monday = (await book())[0]

    same = await reassign(monday, practitioner_id=clinic.counsellor["id"], room_id=clinic.room["id"])

    assert problem(same) == (409, "conflict", "nothing-reassigned")


async def test_who_works_from_an_old_version_is_told_what_moved(
    *, scheduler: ClientFactory, clinic: Clinic, by_hand: ByHand, week: Week, book: Book, reassign: Reassign,
    published: Json,
) -> None:  # fmt: skip
    assert published
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), week.group(3, 8, 0, 1, 2)], reason="better_week")
    monday = (await book())[0]

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"])

    assert problem(answer)[:2] == (412, "stale-version")
    assert (answer.json()["moved"]["base_version"], answer.json()["moved"]["current_version"]) == (1, 2)
    without = await scheduler(Role.FRONT_DESK).post(
        f"/v1/appointments/{monday['id']}:reassign",
        json={"reason": "staff_absence", "practitioner_id": clinic.therapist["id"]},
    )
    assert without.status_code == 428


async def test_a_session_that_the_week_has_no_more_is_reassigned_to_nobody(
    *, clinic: Clinic, by_hand: ByHand, week: Week, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    tuesday = (await book())[1]
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2)], reason="better_week")

    answer = await reassign(tuesday, practitioner_id=clinic.therapist["id"], version=2)

    assert problem(answer) == (409, "conflict", "appointment-cancelled")


async def test_sessions_are_reassigned_by_the_desk_of_the_organization(
    *, scheduler: ClientFactory, clinic: Clinic, book: Book, reassign: Reassign, published: Json
) -> None:
    assert published
    monday, body = (await book())[0], {"practitioner_id": clinic.therapist["id"]}
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await reassign(monday, role=Role.COUNSELLOR, **body)).status_code == 403
    foreign = await stranger.post(
        f"/v1/appointments/{monday['id']}:reassign",
        json={"reason": "staff_absence", **body},
        headers={"if-match": '"1"'},
    )
    assert foreign.status_code == 404
    assert (await reassign({"id": str(uuid4())}, **body)).status_code == 404
