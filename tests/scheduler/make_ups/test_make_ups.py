"""What was missed is made up for in the same week: found, ranked, booked, and counted in the week's ledger."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import (
    MONDAY,
    TUESDAY_NINE,
    Desk,
    Json,
    Make,
    Treating,
    calendar,
    group,
    plan_of,
    problem,
    without_instance,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
Missing = Callable[..., Awaitable[Json]]


@pytest.fixture
async def ann(new_patient: Make, site: Json) -> Json:
    return await new_patient(site, plan_of(COUNSELLOR, travel_minutes=30))


@pytest.fixture
def call_out(scheduler: ClientFactory, site: Json) -> Missing:
    """Call a patient out of a session; returns the make-up."""

    async def post(appointment: Json, patient: Json) -> Json:
        body = {"patient_id": patient["id"], "excused": True, "reason": "illness"}
        desk = scheduler(Role.FRONT_DESK)
        answer = await desk.post(f"/v1/appointments/{appointment['id']}:call_out", json=body)
        assert answer.status_code == 201, answer.text
        listed = (await desk.get(f"/v1/sites/{site['id']}/make_ups", params={"week": MONDAY})).json()["items"]
        return next(one for one in listed if one["missed_appointment_id"] == appointment["id"])

    return post


@pytest.fixture
def recommend(scheduler: ClientFactory) -> Callable[..., Awaitable[list[Json]]]:
    async def get(make_up: Json, **parameters: Any) -> list[Json]:
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/make_ups/{make_up['id']}:recommend", params=parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["seats"])

    return get


@pytest.fixture
def book(scheduler: ClientFactory) -> Callable[..., Awaitable[Any]]:
    async def post(make_up: Json, appointment: Json, *, role: Role = Role.FRONT_DESK) -> Any:
        body = {"appointment_id": appointment["id"]}
        return await scheduler(role).post(f"/v1/make_ups/{make_up['id']}:book", json=body)

    return post


def later(days: int, *seated: Json, **changes: Any) -> Any:
    return group(*seated, start=TUESDAY_NINE + days * DAY, **changes)


async def test_only_seats_that_fit_are_recommended(
    *, desk: Desk, ann: Json, new_patient: Make, site: Json, call_out: Missing, recommend: Any, import_calendar: Any,
    records: ClientFactory,
) -> None:  # fmt: skip
    apart, other = await new_patient(site), await new_patient(site)
    await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json={"patient_ids": [ann["id"], apart["id"]]})
    await import_calendar(ann, calendar("20261008T104500/20261008T120000"))  # on the way home of Thursday's
    appointments = await desk.publish(
        group(ann, capacity=6),
        later(1),
        later(2),
        later(3, apart),
        group(other, start=TUESDAY_NINE + 3 * DAY + 2 * HOUR, capacity=1),
        later(4, track="youth"),
        group(start=TUESDAY_NINE + 4 * DAY + 2 * HOUR, language="es"),
        group(start=TUESDAY_NINE + 4 * DAY + 4 * HOUR, modality=Modality.TELEHEALTH),
        group(start=TUESDAY_NINE + 4 * DAY + 6 * HOUR, service=ServiceKind.INDIVIDUAL),
        group(ann, start=TUESDAY_NINE - DAY, capacity=6),
        group(start=TUESDAY_NINE - DAY + 4 * HOUR),
    )
    missed = next(one for one in appointments if one["start"].startswith("2026-10-06"))
    fits = next(one for one in appointments if one["start"].startswith("2026-10-07"))

    make_up = await call_out(missed, ann)

    assert [seat["appointment_id"] for seat in await recommend(make_up)] == [fits["id"]]


async def test_a_seat_that_is_kept_for_others_is_not_recommended_to_who_may_not_have_it(
    *,
    desk: Desk,
    ann: Json,
    new_patient: Make,
    site: Json,
    call_out: Missing,
    recommend: Any,
    book: Any,
    import_calendar: Any,
    scheduler: ClientFactory,
) -> None:
    works = await new_patient(site, plan_of(COUNSELLOR))
    hours = [f"202610{day:02}T070000/202610{day:02}T170000" for day in range(5, 10)]
    await import_calendar(works, calendar(*hours))
    evening = TUESDAY_NINE + 2 * DAY + 9 * HOUR
    appointments = await desk.publish(
        group(ann, start=TUESDAY_NINE - DAY, capacity=2),
        group(works, start=TUESDAY_NINE - DAY + 9 * HOUR, capacity=2),
        group(start=evening, capacity=1),
        group(start=evening + DAY, capacity=3),
        later(1, capacity=2),
    )
    of_ann, of_works, morning, scarce, roomy = appointments
    rule = {"enabled": True, "parts": ["evening"], "seats": 1, "release_minutes": 60}
    path = f"/v1/sites/{site['id']}/held_seats_rule"
    assert (await scheduler(Role.PROGRAMME_DIRECTOR).put(path, json=rule)).status_code == 200
    for_ann, for_works = await call_out(of_ann, ann), await call_out(of_works, works)

    to_ann = {seat["appointment_id"]: seat["free_seats"] for seat in await recommend(for_ann)}
    to_works = {seat["appointment_id"]: seat["free_seats"] for seat in await recommend(for_works)}

    # One seat of each evening is kept for who cannot come in the morning.
    assert to_ann == {of_works["id"]: 1, morning["id"]: 2, roomy["id"]: 2}
    assert to_works == {scarce["id"]: 1, roomy["id"]: 3}
    assert problem(await book(for_ann, scarce)) == (409, "no-seat", "seats-held-back")
    assert (await book(for_works, scarce)).status_code == 200


async def test_seats_are_ranked_with_their_reasons(
    *, desk: Desk, ann: Json, new_practitioner: Make, site: Json, call_out: Missing, recommend: Any
) -> None:
    lead = PractitionerId(UUID((await new_practitioner(site))["id"]))
    await desk.publish(
        group(ann, practitioner_id=lead),
        later(1, end=TUESDAY_NINE + DAY + HOUR),
        later(2, capacity=1),
        later(3, practitioner_id=lead),
        later(4, capacity=9),
        group(ann, service=ServiceKind.INDIVIDUAL, start=TUESDAY_NINE + 2 * DAY + 3 * HOUR),
    )
    missed, short, last_seat, _visit, same_lead, roomy = await desk.read()
    make_up = await call_out(missed, ann)

    seats = await recommend(make_up)

    ranked = [same_lead["id"], last_seat["id"], roomy["id"], short["id"]]
    assert [seat["appointment_id"] for seat in seats] == ranked
    reasons = [[reason["code"] for reason in seat["reasons"]] for seat in seats]
    assert reasons == [
        ["covers-all", "same-practitioner"],
        ["covers-all", "no-further-trip", "last-seat"],
        ["covers-all"],
        ["covers-part"],
    ]
    assert [seat["free_seats"] for seat in seats] == [2, 1, 9, 2]
    assert "patient_ids" not in seats[0]
    assert [seat["appointment_id"] for seat in await recommend(make_up, limit=1)] == ranked[:1]


async def test_a_booked_make_up_is_closed_and_open_again_when_its_seat_is_given_back(
    *, desk: Desk, ann: Json, call_out: Missing, book: Any, recommend: Any, scheduler: ClientFactory, site: Json
) -> None:
    missed, other = await desk.publish(group(ann), later(1))
    make_up = await call_out(missed, ann)

    booked = await book(make_up, other)
    again = await book(make_up, other)

    assert (booked.status_code, booked.json()["status"], booked.json()["appointment_id"]) == (
        200,
        "booked",
        other["id"],
    )
    assert problem(again) == (409, "conflict", "make-up-booked")
    assert await desk.seats() == [(0, set()), (1, {ann["id"]})]
    path = f"/v1/sites/{site['id']}/make_ups"
    assert (await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"] == []
    await desk.ask("release", other, ann, reason="transport")
    [reopened] = (await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"]
    assert (reopened["id"], reopened["status"], reopened["appointment_id"]) == (make_up["id"], "open", None)
    assert [seat["appointment_id"] for seat in await recommend(make_up)] == [other["id"]]


async def test_what_has_begun_makes_up_for_nothing(
    *, desk: Desk, ann: Json, call_out: Missing, recommend: Any, at: Any
) -> None:
    missed, _, ahead = await desk.publish(group(ann), later(1), later(2))
    make_up = await call_out(missed, ann)
    at(TUESDAY_NINE + DAY)

    assert [seat["appointment_id"] for seat in await recommend(make_up)] == [ahead["id"]]


async def test_a_make_up_is_of_the_same_service_and_week(
    *, desk: Desk, ann: Json, call_out: Missing, book: Any
) -> None:
    missed, individual = await desk.publish(group(ann), later(1, service=ServiceKind.INDIVIDUAL))
    make_up = await call_out(missed, ann)

    for wrong in (missed, individual):
        refused = await book(make_up, wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/appointment_id"
    assert (await book(make_up, {"id": str(uuid4())})).status_code == 404


async def test_a_full_or_forbidden_seat_leaves_the_make_up_open(
    *, desk: Desk, ann: Json, new_patient: Make, site: Json, call_out: Missing, book: Any, scheduler: ClientFactory
) -> None:
    other = await new_patient(site)
    missed, full, youth = await desk.publish(group(ann), later(1, other, capacity=1), later(2, track="youth"))
    make_up = await call_out(missed, ann)

    assert problem(await book(make_up, full)) == (409, "no-seat", "")
    assert problem(await book(make_up, youth)) == (409, "rules-broken", "other-track")
    listed = await scheduler(Role.SUPERVISOR).get(f"/v1/sites/{site['id']}/make_ups", params={"week": MONDAY})
    assert [one["status"] for one in listed.json()["items"]] == ["open"]


async def test_make_ups_are_not_for_everybody_and_stay_in_their_organization(
    *, desk: Desk, ann: Json, call_out: Missing, book: Any, scheduler: ClientFactory, site: Json
) -> None:
    missed, other = await desk.publish(group(ann), later(1))
    make_up = await call_out(missed, ann)
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    path = f"/v1/make_ups/{make_up['id']}"

    assert (await book(make_up, other, role=Role.NURSE)).status_code == 403
    assert (await scheduler(Role.BILLING).get(f"{path}:recommend")).status_code == 403
    answers = [
        await stranger.get(f"{path}:recommend"),
        await stranger.post(f"{path}:book", json={"appointment_id": other["id"]}),
        await stranger.get(f"/v1/sites/{site['id']}/make_ups", params={"week": MONDAY}),
        await scheduler(Role.FRONT_DESK).get(f"/v1/make_ups/{uuid4()}:recommend"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_the_ledger_tells_what_became_of_a_week(
    *, desk: Desk, ann: Json, call_out: Missing, book: Any, treating: Treating, at: Any
) -> None:
    await desk.publish(group(ann), later(1, ann), later(2), later(3, ann))
    attended, missed, makes_up, ahead = await desk.read()
    path = f"/v1/patients/{ann['id']}/week_ledger"
    client = await treating(Role.COUNSELLOR, ann)

    async def ledger() -> Json:
        found: Json = (await client.get(path, params={"week": MONDAY})).json()
        return found

    async def came(appointment: Json, **more: Any) -> None:
        body = {"patient_id": ann["id"], "status": "fulfilled", **more}
        answer = await client.post(f"/v1/appointments/{appointment['id']}/attendances", json=body)
        assert answer.status_code == 201, answer.text

    make_up = await call_out(missed, ann)
    before = await ledger()
    assert (await book(make_up, makes_up)).status_code == 200
    at(TUESDAY_NINE + 90 * HOUR / 60)
    await came(attended, minutes_late=10, minutes_left_early=5)
    at(TUESDAY_NINE + 2 * DAY + 2 * HOUR)
    await came(makes_up)
    after = await ledger()

    [line] = before["services"]
    assert (line["planned_minutes"], line["missed_minutes"], line["open_minutes"]) == (270, 90, 90)
    [line] = after["services"]
    assert line == {
        "service": "process_group",
        "planned_minutes": 270,
        "attended_minutes": 75,
        "late_minutes": 10,
        "missed_minutes": 90,
        "made_up_minutes": 90,
        "open_minutes": 0,
    }
    entries = [(one["appointment_id"], one["status"], one["makes_up_for"]) for one in after["entries"]]
    assert entries == [
        (attended["id"], "fulfilled", None),
        (missed["id"], "cancelled", None),
        (makes_up["id"], "fulfilled", missed["id"]),
        (ahead["id"], None, None),
    ]


async def test_a_session_that_will_not_take_place_is_neither_recommended_nor_booked(
    *,
    desk: Desk,
    ann: Json,
    site: Json,
    new_room: Make,
    call_out: Missing,
    recommend: Any,
    book: Any,
    scheduler: ClientFactory,
) -> None:
    lost, good = await new_room(site), await new_room(site, name="Room 2")
    missed, without_room, with_room = await desk.publish(
        group(ann), later(1, room_id=RoomId(UUID(lost["id"]))), later(2, room_id=RoomId(UUID(good["id"])))
    )
    outage = {
        "site_id": site["id"],
        "week": MONDAY,
        "kind": "room_lost",
        "room_id": lost["id"],
        "start": "2026-10-07T08:00:00-04:00",
        "end": "2026-10-08T20:00:00-04:00",
        "reason": "maintenance",
    }
    make_up = await call_out(missed, ann)
    before = await recommend(make_up)
    assert (await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=outage)).status_code == 201

    assert {seat["appointment_id"] for seat in before} == {without_room["id"], with_room["id"]}
    assert [seat["appointment_id"] for seat in await recommend(make_up)] == [with_room["id"]]
    assert problem(await book(make_up, without_room)) == (409, "conflict", "room-lost")
    assert (await book(make_up, with_room)).status_code == 200


async def test_what_is_owed_is_found_room_for_and_booked_by_who_treats_the_patient(
    *, desk: Desk, ann: Json, call_out: Missing, treating: Treating, scheduler: ClientFactory
) -> None:
    missed, other = await desk.publish(group(ann), later(1))
    make_up = await call_out(missed, ann)
    theirs, stranger = await treating(Role.COUNSELLOR, ann), scheduler(Role.COUNSELLOR)
    body = {"appointment_id": other["id"]}

    def paths(make_up_id: object) -> tuple[str, str]:
        return f"/v1/make_ups/{make_up_id}:recommend", f"/v1/make_ups/{make_up_id}:book"

    (find, take), (find_nobody, take_nobody) = paths(make_up["id"]), paths(uuid4())
    unseen, nobody = await stranger.get(find), await stranger.get(find_nobody)
    untaken, taken_of_nobody = await stranger.post(take, json=body), await stranger.post(take_nobody, json=body)
    before = await desk.seats()
    seen, taken = await theirs.get(find), await theirs.post(take, json=body)

    assert {one.status_code for one in (unseen, nobody, untaken, taken_of_nobody)} == {404}
    assert without_instance(unseen) == without_instance(nobody)
    assert without_instance(untaken) == without_instance(taken_of_nobody)
    assert before == [(0, set()), (0, set())]
    assert [seat["appointment_id"] for seat in seen.json()["seats"]] == [other["id"]]
    assert taken.status_code == 200, taken.text
    assert await desk.seats() == [(0, set()), (1, {ann["id"]})]
