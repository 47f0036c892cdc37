"""A van that is out takes nobody: its riders go with another one where there are seats, and hear of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database, OpenDatabase
from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, RideId, RunId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.transport import Ride
from services.contracts.vocabulary import ServiceKind
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.transport.riding_storage import hold_runs
from services.scheduler.transport.storage import insert_ride
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, NoticesOf, People, group, plan_of, problem
from tests.scheduler.transport.conftest import END, MINUTE, Van
from tests.support.tokens import Tokens

HOUR = timedelta(hours=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
_GIVE_BACK = "delete from appointment_patients where appointment_id = :session and patient_id = :patient"


@pytest.fixture
async def other(scheduler: ClientFactory, site: Json) -> Van:
    """Another van of the site, with one seat."""
    body = {"name": "Small", "seats": 1}
    answer = await scheduler(Role.PROGRAMME_DIRECTOR).post(f"/v1/sites/{site['id']}/vehicles", json=body)
    return Van(scheduler, site, answer.json())


@pytest.fixture
async def session(desk: Desk, people: People) -> Json:
    [made] = await desk.publish(group(people.ann, people.ben))
    return made


@pytest.fixture
def out(scheduler: ClientFactory, van: Van) -> Any:
    async def ask(start: Any = TUESDAY_NINE - 3 * HOUR, end: Any = END, **more: Any) -> Any:
        body = {"start": str(start), "end": str(end), **more}
        return await scheduler(Role.FRONT_DESK).post(f"/v1/vehicles/{van.vehicle['id']}:take_out", json=body)

    return ask


async def planned(van: Van, *run: Any) -> Json:
    answer = await van.plan(*run)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def aboard(van: Van, run: Json, session: Json, *patients: Json) -> None:
    for patient in patients:
        assert (await van.give(run, session, patient)).status_code == 201


async def bodies(notices_of: NoticesOf, patient: Json) -> list[str]:
    return [notice["body"] for notice in await notices_of(patient["id"]) if notice["kind"].startswith("ride")]


async def test_riders_go_with_another_run_as_far_as_it_has_seats_and_each_is_told(
    *, van: Van, other: Van, run: Json, session: Json, people: People, out: Any, notices_of: NoticesOf
) -> None:
    later = await planned(other, "to_site", TUESDAY_NINE - 50 * MINUTE)
    await aboard(van, run, session, people.ann, people.ben)

    answer = await out()

    assert answer.status_code == 200, answer.text
    told = answer.json()
    [ride], [missing] = told["rides"], told["missing_rides"]
    assert (told["run_ids"], ride["run_id"]) == ([run["id"]], later["id"])
    assert {ride["patient_id"], missing["patient_id"]} == {people.ann["id"], people.ben["id"]}
    assert (missing["direction"], missing["appointment_id"]) == ("to_site", session["id"])
    assert await van.taken() == [1]
    seated = next(one for one in people if one["id"] == ride["patient_id"])
    left = next(one for one in people if one["id"] == missing["patient_id"])
    assert await bodies(notices_of, seated) == [
        "Your ride on Tuesday, October 6 at 8:00 AM is cancelled. Another one is on Tuesday, October 6 at 8:10 AM."
    ]
    assert await bodies(notices_of, left) == [
        "Your ride on Tuesday, October 6 at 8:00 AM is cancelled. Please call us."
    ]
    assert await bodies(notices_of, people.cleo) == []


async def test_the_way_home_is_found_again_too_and_the_session_stays(
    *, van: Van, other: Van, session: Json, people: People, out: Any, notices_of: NoticesOf, desk: Desk
) -> None:
    home, another = (
        await planned(van, "from_site", END + 15 * MINUTE),
        await planned(other, "from_site", END + 30 * MINUTE),
    )
    await aboard(van, home, session, people.ann)

    answer = await out(END, END + HOUR)

    assert [ride["run_id"] for ride in answer.json()["rides"]] == [another["id"]]
    assert await bodies(notices_of, people.ann) == [
        "Your ride on Tuesday, October 6 at 10:45 AM is cancelled. Another one is on Tuesday, October 6 at 11:00 AM."
    ]
    assert await desk.seats() == [(2, {people.ann["id"], people.ben["id"]})]


async def test_runs_that_do_not_meet_the_interval_and_those_of_other_vehicles_set_out(
    *, van: Van, other: Van, run: Json, session: Json, people: People, out: Any
) -> None:
    await planned(van, "from_site", END)
    await planned(other)
    await aboard(van, run, session, people.ann)

    answer = await out(END + 45 * MINUTE, END + 2 * HOUR)

    assert (answer.json()["run_ids"], answer.json()["rides"], answer.json()["missing_rides"]) == ([], [], [])
    assert await van.taken() == [1, 0, 0]


async def test_a_run_that_is_under_way_goes_on_when_the_van_is_out_from_the_next_minute(
    *, van: Van, run: Json, session: Json, people: People, out: Any, at: Any, notices_of: NoticesOf
) -> None:
    await aboard(van, run, session, people.ann)
    now = TUESDAY_NINE - 30 * MINUTE
    at(now)

    answer = await out(now + MINUTE)

    assert answer.status_code == 200, answer.text
    assert answer.json()["run_ids"] == []
    assert [ride["patient_id"] for ride in await van.rides(run)] == [people.ann["id"]]
    assert await bodies(notices_of, people.ann) == []


async def test_the_next_van_stops_where_the_one_that_is_out_would_have(
    *, van: Van, other: Van, run: Json, session: Json, people: People, out: Any
) -> None:
    await planned(other, "to_site", TUESDAY_NINE - 50 * MINUTE)
    assert (await van.give(run, session, people.ann, area="Oak and 3rd")).status_code == 201

    answer = await out()

    assert [ride["area"] for ride in answer.json()["rides"]] == ["Oak and 3rd"]


async def test_who_has_a_ride_beside_a_reason_for_none_gets_another_one_or_is_missed(
    *, van: Van, other: Van, run: Json, out: Any, desk: Desk, new_patient: Make, site: Json
) -> None:
    later = await planned(van, "to_site", TUESDAY_NINE - 10 * MINUTE)
    riders = [await new_patient(site, plan_of(COUNSELLOR, needs_transport=True)) for _ in range(2)]
    [session, _] = await desk.publish(group(), group(start=TUESDAY_NINE + HOUR))
    for rider in riders:
        booked = await desk.ask("book", session, rider, no_ride_reason="own_ride")
        assert booked.status_code == 200, booked.text
    await aboard(van, run, session, *riders)
    another = await planned(other)

    answer = (await out()).json()

    assert answer["run_ids"] == [run["id"], later["id"]]
    [ride], [missing] = answer["rides"], answer["missing_rides"]
    assert ride["run_id"] == another["id"]
    assert {ride["patient_id"], missing["patient_id"]} == {rider["id"] for rider in riders}


async def test_a_seat_for_another_session_of_the_same_stay_is_another_ride(
    *, van: Van, other: Van, people: People, out: Any, desk: Desk, notices_of: NoticesOf
) -> None:
    run = await planned(van, "to_site", TUESDAY_NINE - 45 * MINUTE)
    await planned(other)
    first = group(service=ServiceKind.INDIVIDUAL, start=TUESDAY_NINE, end=TUESDAY_NINE + HOUR, track=None)
    earlier, session = await desk.publish(first, group(people.ann, start=TUESDAY_NINE + HOUR))
    await aboard(van, run, session, people.ann)
    assert (await desk.ask("book", earlier, people.ann)).status_code == 200

    answer = (await out()).json()

    assert [ride["appointment_id"] for ride in answer["rides"]] == [earlier["id"]]
    assert answer["missing_rides"] == []
    [body] = await bodies(notices_of, people.ann)
    assert "Another one is on" in body


async def test_who_is_in_the_same_session_is_missed_on_no_way_that_somebody_else_lost(
    *, van: Van, other: Van, run: Json, session: Json, people: People, out: Any
) -> None:
    home = await planned(van, "from_site", END + 15 * MINUTE)
    there, back = await planned(other), await planned(other, "from_site", END + 30 * MINUTE)
    await aboard(van, run, session, people.ann)
    await aboard(van, home, session, people.ben)

    answer = (await out(end=END + HOUR)).json()

    assert answer["missing_rides"] == []
    assert {(ride["patient_id"], ride["run_id"]) for ride in answer["rides"]} == {
        (people.ann["id"], there["id"]),
        (people.ben["id"], back["id"]),
    }


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", TUESDAY_NINE + timedelta(weeks=8, minutes=1)])
async def test_a_vehicle_is_out_for_eight_weeks_at_most(out: Any, end: Any) -> None:
    refused = await out(TUESDAY_NINE, end)

    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, ["/end"])
    assert (await out(TUESDAY_NINE, TUESDAY_NINE + timedelta(weeks=8))).status_code == 200


async def test_without_records_nobody_is_named_and_the_vehicle_stays(
    *, van: Van, run: Json, session: Json, people: People, out: Any, scheduler_app: Any, tokens: Tokens
) -> None:
    await aboard(van, run, session, people.ann)
    http, records = HttpClient(), scheduler_app.state.records
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    answer = await out()
    await http.close()
    scheduler_app.state.records = records

    assert problem(answer) == (503, "upstream-unavailable", "")
    assert await van.taken() == [1]


async def test_nobody_is_told_where_that_is_asked_for(
    *, van: Van, run: Json, session: Json, people: People, out: Any, notices_of: NoticesOf
) -> None:
    await aboard(van, run, session, people.ann)

    assert (await out(notify=False)).status_code == 200

    assert await bodies(notices_of, people.ann) == []
    assert await van.taken() == []


async def test_who_said_why_no_ride_is_needed_is_not_missed(
    out: Any, desk: Desk, new_patient: Make, site: Json
) -> None:
    rider = await new_patient(site, plan_of(COUNSELLOR, needs_transport=True))
    [session] = await desk.publish(group())
    booked = await desk.ask("book", session, rider, no_ride_reason="own_ride")
    assert booked.status_code == 200, booked.text

    answer = await out()

    assert answer.json()["missing_rides"] == []


async def test_what_has_begun_cannot_be_taken_back_and_a_vehicle_is_its_organization_s(
    scheduler: ClientFactory, van: Van, out: Any
) -> None:
    past = await out("2026-10-01T09:00:00Z", END)
    backwards = await out(END, TUESDAY_NINE)
    path, body = f"/v1/vehicles/{van.vehicle['id']}:take_out", {"start": str(TUESDAY_NINE), "end": str(END)}

    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/start")
    assert backwards.status_code == 422
    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).post(path, json=body)).status_code == 404
    assert (await scheduler(Role.COUNSELLOR).post(path, json=body)).status_code == 403
    assert (
        await scheduler(Role.FRONT_DESK).post(path.replace(van.vehicle["id"], str(UUID(int=1))), json=body)
    ).status_code == 404


class TestRaces:
    """With real commits."""

    pytestmark = pytest.mark.committed
    # Whom this connection keeps waiting: asked again and again, each time by a round trip, until there is somebody.
    waiting = text("select exists(select from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid)))")

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

    async def test_a_run_that_is_gone_by_the_time_it_is_held_is_not_found(
        self,
        *,
        van: Van,
        run: Json,
        session: Json,
        people: People,
        scheduler_database: Database,
        organization_id: UUID,
    ) -> None:
        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(text("delete from runs where id = :run"), {"run": UUID(run["id"])})
            asked = asyncio.create_task(van.give(run, session, people.ann))
            while not asked.done() and not await db.scalar(self.waiting):
                continue
        answer = await asked

        assert answer.status_code == 404, answer.text

    async def test_the_runs_of_a_vehicle_are_held_in_the_order_in_which_everybody_holds_runs(
        self, *, van: Van, other: Van, out: Any, scheduler_database: Database, organization_id: UUID
    ) -> None:
        first, second = await planned(other), await planned(van)
        hold = "select id from runs where id = :run for update"

        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(text(hold), {"run": UUID(first["id"])})
            asked = asyncio.create_task(out())
            while not asked.done() and not await db.scalar(self.waiting):
                continue
            free = await db.scalar(text(f"{hold} nowait"), {"run": UUID(second["id"])})
        answer = await asked

        assert free == UUID(second["id"])
        assert answer.json()["run_ids"] == [second["id"]]

    @pytest.mark.parametrize("beside", ["release", "closure"])
    async def test_a_vehicle_is_taken_out_beside_who_changes_a_seat_and_neither_waits_for_the_other_for_ever(
        self,
        *,
        beside: str,
        van: Van,
        other: Van,
        run: Json,
        session: Json,
        people: People,
        out: Any,
        site: Json,
        scheduler_database: Database,
        organization_id: UUID,
    ) -> None:
        """Bug: it held the runs and then wanted the seats, or the site; who gives a seat back, the other way round."""
        await planned(other, "to_site", TUESDAY_NINE - 50 * MINUTE)
        await aboard(van, run, session, people.ann)
        ids = {"site": UUID(site["id"]), "session": UUID(session["id"]), "patient": UUID(people.ann["id"])}
        steps = {
            "release": ["select 1 from appointments where id = :session for no key update", _GIVE_BACK],
            "closure": ["select 1 from sites where id = :site for update"],
        }

        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            for step in steps[beside]:
                await db.execute(text(step), ids)
            asked = asyncio.create_task(out())
            while not asked.done() and not await db.scalar(self.waiting):
                continue
            await hold_runs(db, SiteId(ids["site"]), TUESDAY_NINE - 12 * HOUR, TUESDAY_NINE + 12 * HOUR)
        answer = await asked

        assert answer.status_code == 200, answer.text
        assert answer.json()["run_ids"] == [run["id"]]
        kept = 1 if beside == "closure" else 0
        assert len(answer.json()["rides"]) == kept

    async def test_who_gets_a_seat_of_a_vehicle_while_it_is_taken_out_is_not_lost_unseen(
        self,
        *,
        van: Van,
        run: Json,
        session: Json,
        people: People,
        out: Any,
        scheduler_database: Database,
        organization_id: UUID,
    ) -> None:
        """Bug: whom the caller may see was asked of those before; the other lost the seat, and no answer named them."""
        await aboard(van, run, session, people.ann)
        organization = OrganizationId(organization_id)
        ride = Ride(
            id=RideId(uuid4()),
            run_id=RunId(UUID(run["id"])),
            appointment_id=AppointmentId(UUID(session["id"])),
            patient_id=PatientId(UUID(people.ben["id"])),
            stop_at=run["start"],
            area=None,
        )

        async with scheduler_database.command(organization) as db:
            await db.execute(text("select 1 from runs where id = :run for update"), {"run": ride.run_id})
            asked = asyncio.create_task(out())
            while not asked.done() and not await db.scalar(self.waiting):
                continue
            await insert_ride(db, organization, ride, seat=2, seats=2, now=TUESDAY_NINE)
        refused = await asked
        seats = await van.taken()
        again = await out()

        assert (problem(refused)[:2], seats) == ((409, "conflict"), [2])
        assert {one["patient_id"] for one in again.json()["missing_rides"]} == {people.ann["id"], people.ben["id"]}

    async def test_a_run_that_is_planned_for_another_day_while_its_vehicle_is_taken_out_is_not_lost_unheld(
        self, *, van: Van, run: Json, out: Any, scheduler_database: Database, organization_id: UUID
    ) -> None:
        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(text("select 1 from runs where id = :run for update"), {"run": UUID(run["id"])})
            asked = asyncio.create_task(out(end=END + 48 * HOUR))
            while not asked.done() and not await db.scalar(self.waiting):
                continue
            later = await planned(van, "to_site", TUESDAY_NINE + 47 * HOUR)
        refused = await asked

        assert problem(refused)[:2] == (409, "conflict")
        assert (await out(end=END + 48 * HOUR)).json()["run_ids"] == [run["id"], later["id"]]

    async def test_sessions_of_days_without_a_run_of_the_vehicle_are_not_held(
        self,
        *,
        van: Van,
        run: Json,
        people: People,
        out: Any,
        desk: Desk,
        scheduler_database: Database,
        organization_id: UUID,
    ) -> None:
        """Bug: of all days for which the vehicle was out, eight weeks at most, no seat could be changed meanwhile."""
        wednesday = TUESDAY_NINE + 24 * HOUR
        await planned(van, "to_site", TUESDAY_NINE + 47 * HOUR)
        made = await desk.publish(*(group(people.ann, start=TUESDAY_NINE + day * HOUR) for day in (0, 24, 48)))
        open_seats = text("select id::text from appointments where status = 'booked' for no key update skip locked")

        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(text("select 1 from runs where id = :run for update"), {"run": UUID(run["id"])})
            asked = asyncio.create_task(out(end=END + 48 * HOUR))
            while not asked.done() and not await db.scalar(self.waiting):
                continue
            free = set(await db.scalars(open_seats))
        answer = await asked

        assert free == {one["id"] for one in made if one["start"].startswith(f"{wednesday:%Y-%m-%d}")}
        assert answer.status_code == 200, answer.text
