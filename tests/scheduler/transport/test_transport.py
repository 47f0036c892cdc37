"""Seats on the way to a session and home: never one too many, and free again with the seat in the session."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.database import Database, OpenDatabase
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, People, Treating, group, problem, without_instance
from tests.scheduler.transport.conftest import DAY, END, MINUTE, Van

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def session(desk: Desk, people: People) -> Json:
    [session] = await desk.publish(group(*people, capacity=4))
    return session


async def test_a_run_has_so_many_seats_and_no_more(van: Van, run: Json, session: Json, people: People) -> None:
    answers = [await van.give(run, session, patient) for patient in people]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert problem(answers[2]) == (409, "no-seat", "run-full")
    assert await van.taken() == [2]


async def test_nobody_has_two_seats_on_one_run(van: Van, run: Json, session: Json, people: People) -> None:
    await van.give(run, session, people.ann)

    assert problem(await van.give(run, session, people.ann)) == (409, "double-booking", "ride-booked")


async def test_a_seat_on_the_way_is_free_with_the_seat_in_the_session(
    *, van: Van, run: Json, session: Json, people: People, desk: Desk
) -> None:
    await van.give(run, session, people.ann)
    await van.give(run, session, people.ben)

    await desk.ask("release", session, people.ann, reason="transport")

    assert await van.taken() == [1]
    assert (await van.give(run, session, people.cleo)).status_code == 201


async def test_a_session_that_is_cancelled_or_moved_leaves_its_seats_on_the_way(
    *, van: Van, run: Json, session: Json, people: People, desk: Desk
) -> None:
    await van.give(run, session, people.ann)
    await desk.publish(group(*people, capacity=4, start=TUESDAY_NINE + 120 * MINUTE))
    after_moving = await van.taken()
    [session] = await desk.publish(group(*people, capacity=4))
    await van.give(run, session, people.ann)
    before = await van.taken()
    await desk.publish()

    assert (after_moving, before, await van.taken()) == ([0], [1], [0])


async def test_a_version_that_changes_nothing_for_a_patient_keeps_the_seat_on_the_way(
    *, van: Van, run: Json, session: Json, people: People, desk: Desk
) -> None:
    await van.give(run, session, people.ann)

    await desk.publish(group(people.ann, capacity=4))

    assert await van.taken() == [1]


async def test_a_ride_is_given_back_by_itself_and_the_session_stays(
    *, van: Van, run: Json, session: Json, people: People, desk: Desk, scheduler: ClientFactory
) -> None:
    ride = (await van.give(run, session, people.ann)).json()
    path = f"/v1/rides/{ride['id']}"

    answers = [await scheduler(Role.FRONT_DESK).delete(path) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert (await van.taken(), [taken for taken, _ in await desk.seats()]) == ([0], [3])


@pytest.mark.parametrize(
    ("direction", "start", "code"),
    [
        ("to_site", TUESDAY_NINE - 45 * MINUTE, None),
        ("to_site", TUESDAY_NINE - 44 * MINUTE, "run-too-late"),
        ("to_site", TUESDAY_NINE - 105 * MINUTE, None),
        ("to_site", TUESDAY_NINE - 106 * MINUTE, "run-too-far"),
        ("from_site", END, None),
        ("from_site", END - MINUTE, "run-too-late"),
        ("from_site", END + 60 * MINUTE, None),
        ("from_site", END + 61 * MINUTE, "run-too-far"),
    ],
)
async def test_a_run_comes_before_the_session_or_leaves_after_it(
    *, van: Van, session: Json, people: People, direction: str, start: Any, code: str | None
) -> None:
    run = (await van.plan(direction, start)).json()

    answer = await van.give(run, session, people.ann)

    assert (answer.status_code, answer.json().get("code")) == ((201, None) if code is None else (409, code))


async def test_a_run_serves_its_site_its_stops_its_people_who_go_there_and_what_is_ahead(
    *, van: Van, run: Json, people: People, desk: Desk, at: Any
) -> None:
    by_video, seen = await desk.publish(
        group(people.ann, modality=Modality.TELEHEALTH), group(people.ben, capacity=3, start=TUESDAY_NINE)
    )
    if by_video["modality"] == "on_site":
        by_video, seen = seen, by_video
    late: Json = {"stop_at": str(TUESDAY_NINE)}

    assert problem(await van.give(run, by_video, people.ann)) == (409, "conflict", "no-way-to-go")
    assert problem(await van.give(run, seen, people.ben, **late)) == (409, "conflict", "stop-outside-run")
    await desk.ask("hold", seen, people.cleo)
    assert (await van.give(run, seen, people.cleo)).status_code == 404
    at(TUESDAY_NINE - 60 * MINUTE)
    assert problem(await van.give(run, seen, people.ben)) == (409, "conflict", "run-begun")


@pytest.mark.usefixtures("run")
async def test_a_vehicle_makes_one_run_at_a_time_and_none_in_the_past(van: Van, at: Any) -> None:
    assert problem(await van.plan("from_site", TUESDAY_NINE - 30 * MINUTE)) == (409, "double-booking", "vehicle-booked")
    assert (await van.plan("from_site", TUESDAY_NINE - 15 * MINUTE)).status_code == 201
    at(TUESDAY_NINE)
    past = await van.plan("from_site", TUESDAY_NINE)
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/start")


async def test_the_driver_reads_times_and_areas_and_nothing_of_anybody(
    *, van: Van, run: Json, session: Json, people: People, scheduler: ClientFactory
) -> None:
    later = str(TUESDAY_NINE - 40 * MINUTE)
    await van.give(run, session, people.ann, area="Oak and 3rd", stop_at=later)
    await van.give(run, session, people.ben, area="Elm and 1st")

    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/runs/{run['id']}/sheet")

    assert set(answer.json()) == {"run_id", "direction", "start", "end", "stops"}
    assert answer.json()["stops"] == [
        {"at": "2026-10-06T08:00:00-04:00", "area": "Elm and 1st", "people": 1},
        {"at": "2026-10-06T08:20:00-04:00", "area": "Oak and 3rd", "people": 1},
    ]
    for hidden in (people.ann["id"], session["id"], "group", "patient"):
        assert hidden not in answer.text


async def test_transport_is_not_for_everybody_and_stays_in_its_organization(
    *, van: Van, run: Json, session: Json, people: People, scheduler: ClientFactory, site: Json
) -> None:
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())
    ride = {"appointment_id": session["id"], "patient_id": people.ann["id"], "stop_at": run["start"], "area": "x"}
    planned = {"direction": "to_site", "start": run["start"], "end": run["end"]}
    answers = [
        await stranger.post(f"/v1/sites/{site['id']}/vehicles", json={"name": "x", "seats": 1}),
        await stranger.get(f"/v1/sites/{site['id']}/vehicles"),
        await stranger.post(f"/v1/vehicles/{van.vehicle['id']}/runs", json=planned),
        await stranger.get(f"/v1/sites/{site['id']}/runs", params={"day": DAY}),
        await stranger.get(f"/v1/runs/{run['id']}/sheet"),
        await stranger.post(f"/v1/runs/{run['id']}/rides", json=ride),
        await stranger.delete(f"/v1/rides/{uuid4()}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await van.give(run, session, people.ann, role=Role.NURSE)).status_code == 403
    assert (await scheduler(Role.BILLING).get(f"/v1/runs/{run['id']}/sheet")).status_code == 403
    assert (await scheduler(Role.NURSE).get(f"/v1/sites/{site['id']}/vehicles")).json()["items"] == [van.vehicle]


async def test_where_somebody_is_picked_up_is_said_by_who_treats_them(
    *, van: Van, run: Json, session: Json, people: People, treating: Treating, scheduler: ClientFactory
) -> None:
    ride = (await van.give(run, session, people.ann)).json()
    theirs, stranger = await treating(Role.COUNSELLOR, people.ann), scheduler(Role.COUNSELLOR)
    stop = {"stop_at": run["start"], "area": "7th Ave"}
    another = {"appointment_id": session["id"], "patient_id": people.ben["id"], **stop}
    rides = f"/v1/runs/{run['id']}/rides"

    async def asked(client: Any, ride_id: object, patient_id: object) -> list[Any]:
        return [
            await client.post(f"/v1/rides/{ride_id}:set_stop", json=stop),
            await client.post(rides, json={**another, "patient_id": patient_id}),
            await client.delete(f"/v1/rides/{ride_id}"),
        ]

    unseen = await asked(stranger, ride["id"], people.ben["id"])
    nobody = await asked(stranger, uuid4(), str(uuid4()))
    standing = await van.rides(run)
    of_another = await theirs.post(rides, json=another)
    seen = await asked(theirs, ride["id"], people.ann["id"])

    assert {one.status_code for one in [*unseen, *nobody, of_another]} == {404}
    assert [without_instance(one) for one in unseen] == [without_instance(one) for one in nobody]
    assert [(one["area"], one["patient_id"]) for one in standing] == [("5th Ave", people.ann["id"])]
    assert [one.status_code for one in seen] == [200, 409, 204]
    assert problem(seen[1]) == (409, "double-booking", "ride-booked")
    assert await van.rides(run) == []


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"area": ""}, "/area"),
        ({"stop_at": "2026-10-06T08:00:00"}, "/stop_at"),
        ({"patient_id": "4711-secret"}, "/patient_id"),
        ({"why": "4711-secret"}, "/why"),
    ],
)
async def test_a_wrong_ride_is_refused_by_name_without_its_value(
    *, van: Van, run: Json, session: Json, people: People, more: Json, pointer: str
) -> None:
    answer = await van.give(run, session, people.ann, **more)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_the_database_itself_gives_no_seat_twice_and_none_too_many(
    *, van: Van, run: Json, session: Json, people: People, desk: Desk
) -> None:
    await van.give(run, session, people.ann)
    copy = (
        "insert into rides select organization_id, gen_random_uuid(), run_id, seats, {seat}, appointment_id, "
        "'{patient}', booked, stop_at, area, created_at from rides returning seat"
    )

    for seat, constraint in ((1, "rides_seat_key"), (3, "rides_seat_check")):
        with pytest.raises(Exception, match=constraint):
            await desk.run(copy.format(seat=seat, patient=people.ben["id"]))
    await desk.run(copy.format(seat=2, patient=people.ben["id"]))
    assert await van.taken() == [2]


class TestRaces:
    """With real commits."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def scheduler_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["scheduler"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    @pytest.fixture
    async def records_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["records"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    async def test_of_many_who_ask_for_the_last_seats_at_once_nobody_sits_on_another(
        self, van: Van, run: Json, desk: Desk, new_patient: Make, site: Json
    ) -> None:
        # Two sessions at one time: who holds the one does not keep the others from the run.
        people = [await new_patient(site) for _ in range(6)]
        sessions = await desk.publish(group(*people[:3], capacity=3), group(*people[3:], capacity=3))
        seated = {patient_id: one for one in sessions for patient_id in one["patient_ids"]}

        answers = await asyncio.gather(*(van.give(run, seated[patient["id"]], patient) for patient in people))

        assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
        assert {problem(answer) for answer in answers if answer.status_code == 409} == {(409, "no-seat", "run-full")}
        assert await van.taken() == [2]
