"""A session goes on by telehealth where law and consent allow it, and comes back where the house has room."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.modality_changes.rules import peak
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Clinic, Desk, Json, Make, calendar, group, plan_of, problem

HOUR = timedelta(hours=1)
NOT_FOUND = (404, "not-found", "")
AT_HOME = {
    "modalities": ["on_site", "telehealth"],
    "telehealth_consented_on": "2026-09-01",
    "telehealth_jurisdiction": "US-NY",
    "travel_minutes": 30,
}
Change = Callable[..., Awaitable[Any]]


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
async def ann(new_patient: Make, site: Json, clinic: Clinic) -> Json:
    return await new_patient(site, plan_of(clinic.counsellor, **AT_HOME))


@pytest.fixture
def licensed(scheduler: ClientFactory, clinic: Clinic) -> Callable[..., Awaitable[None]]:
    async def keep(practitioner: Json | None = None, **changes: Any) -> None:
        path = f"/v1/practitioners/{(practitioner or clinic.counsellor)['id']}/licences"
        body = {"jurisdiction": "US-NY", "valid_from": "2026-01-01", **changes}
        assert (await scheduler(Role.PROGRAMME_DIRECTOR).post(path, json=body)).status_code == 201

    return keep


@pytest.fixture
def change(scheduler: ClientFactory) -> Change:
    async def post(session: Json, modality: str, *, verb: str = "change_modality", **more: Any) -> Any:
        body = {"modality": modality, "reason": "weather", **more}
        return await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{session['id']}:{verb}", json=body)

    return post


def in_oak(clinic: Clinic, *seated: Json, **changes: Any) -> Any:
    values = {
        "room_id": RoomId(UUID(clinic.room["id"])),
        "practitioner_id": PractitionerId(UUID(clinic.counsellor["id"])),
    }
    return group(*seated, **{**values, **changes})


def by_video(clinic: Clinic, *seated: Json, **changes: Any) -> Any:
    return in_oak(clinic, *seated, **{"room_id": None, "modality": Modality.TELEHEALTH, **changes})


def individual(clinic: Clinic, *seated: Json, **changes: Any) -> Any:
    return by_video(clinic, *seated, **{"service": ServiceKind.INDIVIDUAL, "capacity": 1, **changes})


async def test_a_session_goes_on_by_telehealth_and_its_room_is_free(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change, scheduler: ClientFactory
) -> None:
    await licensed()
    [session] = await desk.publish(in_oak(clinic, ann))

    answer = await change(session, "telehealth")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["modality"], answer.json()["room_id"]) == ("telehealth", None)
    [after] = await desk.read()
    assert (after["modality"], after["room_id"], after["patient_ids"]) == ("telehealth", None, [ann["id"]])
    assert (after["id"], after["sequence"]) == (session["id"], session["sequence"] + 1)
    told = (await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{ann['id']}/notices")).json()["items"]
    assert [(one["kind"], one["body"].endswith("will be by video.")) for one in told] == [("session_changed", True)]


async def test_nobody_keeps_a_seat_on_the_way_to_a_session_by_video(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change, scheduler: ClientFactory
) -> None:
    await licensed()
    [session] = await desk.publish(in_oak(clinic, ann))
    setup, runs = scheduler(Role.PROGRAMME_DIRECTOR), f"/v1/sites/{clinic.site['id']}/runs"
    van = (await setup.post(f"/v1/sites/{clinic.site['id']}/vehicles", json={"name": "Van", "seats": 1})).json()
    start, end = str(TUESDAY_NINE - HOUR), str(TUESDAY_NINE - HOUR / 4)
    planned = {"direction": "to_site", "start": start, "end": end}
    run = (await setup.post(f"/v1/vehicles/{van['id']}/runs", json=planned)).json()
    ride = {"appointment_id": session["id"], "patient_id": ann["id"], "stop_at": start, "area": "5th"}
    assert (await setup.post(f"/v1/runs/{run['id']}/rides", json=ride)).status_code == 201

    await change(session, "telehealth")

    assert [one["taken"] for one in (await setup.get(runs, params={"day": "2026-10-06"})).json()["items"]] == [0]


async def test_the_room_that_is_free_can_be_used_and_is_then_taken(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change
) -> None:
    await licensed()
    other = by_video(clinic, practitioner_id=PractitionerId(UUID(clinic.therapist["id"])))
    first, second = sorted(await desk.publish(in_oak(clinic, ann), other), key=lambda one: one["modality"])
    taken = await change(second, "on_site", room_id=clinic.room["id"])
    await change(first, "telehealth")

    moved_in = await change(second, "on_site", room_id=clinic.room["id"])
    back = await change(first, "on_site", room_id=clinic.room["id"])

    assert problem(taken) == (409, "double-booking", "room-booked")
    assert moved_in.status_code == 200, moved_in.text
    assert problem(back) == (409, "double-booking", "room-booked")


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"modalities": ["on_site"]}, "modality-not-planned"),
        ({"telehealth_consented_on": None}, "telehealth-not-consented"),
        ({"telehealth_consented_on": "2026-10-07"}, "telehealth-not-consented"),
        ({"telehealth_jurisdiction": None}, "jurisdiction-unknown"),
        ({"telehealth_jurisdiction": "US-NJ"}, "practitioner-not-licensed"),
    ],
)
async def test_what_is_missing_is_named_and_of_whom_only_in_the_preview(
    *, desk: Desk, clinic: Clinic, ann: Json, new_patient: Make, licensed: Any, change: Change, plan: Json, code: str
) -> None:
    await licensed()
    ben = await new_patient(clinic.site, plan_of(clinic.counsellor, **{**AT_HOME, **plan}))
    [session] = await desk.publish(in_oak(clinic, ann, ben))

    refused = await change(session, "telehealth")
    preview = await change(session, "telehealth", verb="preview_modality")

    assert problem(refused) == (409, "rules-broken", code)
    assert len(refused.json()["errors"]) == 1
    assert ben["id"] not in refused.text
    assert [(one["code"], one["patient_id"]) for one in preview.json()["obstacles"]] == [(code, ben["id"])]
    assert [(one["modality"], one["room_id"]) for one in await desk.read()] == [("on_site", clinic.room["id"])]


@pytest.mark.parametrize(
    ("licence", "status"),
    [
        ({"valid_until": "2026-10-05"}, 409),
        ({"valid_until": "2026-10-06"}, 200),
        ({"valid_from": "2026-10-06"}, 200),
        ({"valid_from": "2026-10-07"}, 409),
        ({"jurisdiction": "US-NJ"}, 409),
    ],
)
async def test_a_licence_counts_on_its_days_and_where_it_is_of(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change, licence: Json, status: int
) -> None:
    await licensed(**licence)
    [session] = await desk.publish(in_oak(clinic, ann))

    answer = await change(session, "telehealth")

    assert answer.status_code == status, answer.text
    assert status == 200 or problem(answer) == (409, "rules-broken", "practitioner-not-licensed")


async def test_whoever_helps_is_licensed_too(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change
) -> None:
    await licensed()
    helper = PractitionerId(UUID(clinic.therapist["id"]))
    [session] = await desk.publish(in_oak(clinic, ann, co_facilitator_id=helper))

    assert problem(await change(session, "telehealth")) == (409, "rules-broken", "practitioner-not-licensed")
    await licensed(clinic.therapist)
    assert (await change(session, "telehealth")).status_code == 200


@pytest.mark.parametrize(
    ("session", "code"),
    [
        ({"service": ServiceKind.NURSE_VISIT, "room_id": None}, "service-needs-presence"),
        ({"practitioner_id": None}, "practitioner-missing"),
    ],
)
async def test_some_sessions_stay_in_the_house(
    *, desk: Desk, clinic: Clinic, licensed: Any, change: Change, session: Any, code: str
) -> None:
    await licensed()
    [one] = await desk.publish(in_oak(clinic, **session))

    assert problem(await change(one, "telehealth")) == (409, "rules-broken", code)


async def test_a_group_comes_back_into_a_room_that_is_its_site_s_and_large_enough(
    *, desk: Desk, clinic: Clinic, ann: Json, new_patient: Make, new_room: Make, new_site: Make, change: Change
) -> None:
    ben = await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME))
    small, elsewhere = await new_room(clinic.site, capacity=1), await new_room(await new_site())
    [session] = await desk.publish(by_video(clinic, ann, ben))

    assert problem(await change(session, "on_site")) == (409, "rules-broken", "room-missing")
    assert problem(await change(session, "on_site", room_id=small["id"])) == (409, "rules-broken", "room-too-small")
    for room_id in (elsewhere["id"], str(uuid4())):
        wrong = await change(session, "on_site", room_id=room_id)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/room_id")
    assert (await change(session, "on_site", room_id=clinic.room["id"])).status_code == 200
    assert [(one["modality"], one["room_id"]) for one in await desk.read()] == [("on_site", clinic.room["id"])]


async def test_who_lives_far_away_must_get_there(
    *, desk: Desk, clinic: Clinic, ann: Json, change: Change, import_calendar: Any
) -> None:
    await import_calendar(ann, calendar("20261006T081500/20261006T084500"))
    [session] = await desk.publish(by_video(clinic, ann))

    answer = await change(session, "on_site", room_id=clinic.room["id"])

    assert problem(answer) == (409, "rules-broken", "commitment-collides")


async def test_an_individual_session_comes_back_while_an_office_is_free(
    *, desk: Desk, clinic: Clinic, ann: Json, new_patient: Make, new_practitioner: Make, change: Change
) -> None:
    people = [await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME)) for _ in range(2)]
    others = [await new_practitioner(clinic.site) for _ in range(2)]
    sessions = [
        individual(clinic, patient, practitioner_id=PractitionerId(UUID(who["id"])))
        for patient, who in zip([ann, *people], [clinic.counsellor, *others], strict=True)
    ]
    first, second, third = await desk.publish(*sessions)

    for session in (first, second):  # the site has two offices
        assert (await change(session, "on_site")).status_code == 200
    assert problem(await change(third, "on_site")) == (409, "rules-broken", "no-office")
    misplaced = await change(third, "on_site", room_id=clinic.room["id"])
    assert problem(misplaced) == (409, "rules-broken", "room-not-needed")


async def test_the_next_version_leaves_a_session_as_it_was_switched(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change
) -> None:
    await licensed()
    week = in_oak(clinic, ann)
    [session] = await desk.publish(week)
    await change(session, "telehealth")

    [again] = await desk.publish(week)
    [moved] = await desk.publish(in_oak(clinic, ann, start=TUESDAY_NINE + HOUR))

    assert (again["id"], again["modality"], again["room_id"]) == (session["id"], "telehealth", None)
    assert (moved["modality"], moved["room_id"]) == ("on_site", clinic.room["id"])


async def test_a_room_that_the_next_version_needs_is_not_kept_by_hand(
    *, desk: Desk, clinic: Clinic, ann: Json, change: Change
) -> None:
    [session] = await desk.publish(by_video(clinic, ann))
    assert (await change(session, "on_site", room_id=clinic.room["id"])).status_code == 200
    other = in_oak(clinic, practitioner_id=PractitionerId(UUID(clinic.therapist["id"])))

    after = await desk.publish(by_video(clinic, ann), other)

    assert {(one["modality"], one["room_id"]) for one in after} == {
        ("telehealth", None),
        ("on_site", clinic.room["id"]),
    }


async def test_nobody_comes_back_into_a_closed_house(
    *, desk: Desk, clinic: Clinic, ann: Json, change: Change, scheduler: ClientFactory
) -> None:
    [session] = await desk.publish(by_video(clinic, ann))
    hours = {"start": "2026-10-06T08:00:00-04:00", "end": "2026-10-06T12:00:00-04:00"}
    body = {"site_id": clinic.site["id"], "week": MONDAY, "kind": "room_lost", "reason": "emergency", **hours}
    lost = await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json={**body, "room_id": clinic.room["id"]})
    assert lost.status_code == 201, lost.text

    answer = await change(session, "on_site", room_id=clinic.room["id"])

    assert problem(answer) == (409, "conflict", "room-lost")
    assert [one["modality"] for one in await desk.read()] == ["telehealth"]


async def test_only_what_is_ahead_and_otherwise_is_changed(
    *, desk: Desk, clinic: Clinic, ann: Json, change: Change, at: Any
) -> None:
    [session] = await desk.publish(in_oak(clinic, ann))

    assert problem(await change(session, "on_site", room_id=clinic.room["id"])) == (
        409,
        "conflict",
        "modality-unchanged",
    )
    at(TUESDAY_NINE)
    assert problem(await change(session, "telehealth")) == (409, "conflict", "appointment-over")


async def test_a_cancelled_session_is_not_changed(*, desk: Desk, clinic: Clinic, ann: Json, change: Change) -> None:
    [session] = await desk.publish(in_oak(clinic, ann))
    await desk.publish()

    assert problem(await change(session, "telehealth")) == (409, "conflict", "appointment-cancelled")


async def test_a_preview_shows_the_words_and_stores_nothing(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change, scheduler: ClientFactory
) -> None:
    await licensed()
    [session] = await desk.publish(in_oak(clinic, ann))

    preview = (await change(session, "telehealth", verb="preview_modality")).json()

    assert preview["obstacles"] == []
    assert [one["patient_id"] for one in preview["notices"]["items"]] == [ann["id"]]
    assert (await desk.read()) == [session]
    path = f"/v1/patients/{ann['id']}/notices"
    assert (await scheduler(Role.FRONT_DESK).get(path)).json()["items"] == []
    await change(session, "telehealth", notify=False)
    assert (await scheduler(Role.FRONT_DESK).get(path)).json()["items"] == []


async def test_changes_are_not_for_everybody_and_stay_in_their_organization(
    *, desk: Desk, clinic: Clinic, ann: Json, change: Change, scheduler: ClientFactory
) -> None:
    [session] = await desk.publish(in_oak(clinic, ann))
    path, body = f"/v1/appointments/{session['id']}:change_modality", {"modality": "telehealth", "reason": "weather"}

    for role in (Role.NURSE, Role.BILLING, Role.PATIENT):
        assert (await scheduler(role).post(path, json=body)).status_code == 403
    answers = [
        await scheduler(Role.FRONT_DESK, organization=uuid4()).post(path, json=body),
        await change({"id": str(uuid4())}, "telehealth"),
    ]
    assert [problem(answer) for answer in answers] == [NOT_FOUND] * 2
    assert len({answer.json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"modality": "4711-secret"}, "/modality"),
        ({"reason": "4711-secret"}, "/reason"),
        ({"room_id": "4711-secret"}, "/room_id"),
        ({"room_id": "00000000-0000-4000-8000-000000000001"}, ""),
        ({"note": "4711-secret"}, "/note"),
    ],
)
async def test_a_wrong_change_is_refused_by_name_without_its_value(
    scheduler: ClientFactory, more: Json, pointer: str
) -> None:
    body = {"modality": "telehealth", "reason": "weather", **more}

    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{uuid4()}:change_modality", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_changes_are_kept_and_never_changed(
    *, desk: Desk, clinic: Clinic, ann: Json, licensed: Any, change: Change
) -> None:
    await licensed()
    [session] = await desk.publish(in_oak(clinic, ann))
    await change(session, "telehealth")

    assert await desk.run("select modality, reason from modality_changes") == [("telehealth", "weather")]
    with pytest.raises(Exception, match="permission denied"):
        await desk.run("update modality_changes set reason = 'illness'")


@given(spans=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)), max_size=8))
def test_a_peak_is_what_counting_each_minute_finds(spans: list[tuple[int, int]]) -> None:
    start = datetime(2026, 10, 6, 9, tzinfo=UTC)

    def at(minute: int) -> datetime:
        return start + timedelta(minutes=minute)

    session = SessionFacts(
        service=ServiceKind.INDIVIDUAL,
        modality=Modality.ON_SITE,
        start=at(5),
        end=at(15),
        track=None,
        language=None,
        zone=UTC,
    )
    others = [(at(begin), at(begin + length)) for begin, length in spans]

    counted = max(sum(begin <= minute < begin + length for begin, length in spans) for minute in range(5, 15))

    assert peak(session, others) == counted
