"""Whoever needs a ride gets it with the seat, or somebody says why not; nobody is left at the site."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import PractitionerId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.postgres.provision import DatabaseUrls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, TUESDAY_NINE, Desk, Json, Make, Treating, group, plan_of, problem
from tests.scheduler.transport.conftest import END, MINUTE, Van

HOUR = timedelta(hours=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
SERVICES = [{"service": "process_group", "minutes_per_week": 540}, {"service": "individual", "minutes_per_week": 60}]
RIDER = plan_of(COUNSELLOR, required_services=SERVICES, needs_transport=True)
NO_RIDE = (409, "rules-broken", "no-ride")


@pytest.fixture
async def ann(new_patient: Make, site: Json) -> Json:
    """Whose plan needs transport."""
    return await new_patient(site, RIDER)


@pytest.fixture
async def ben(new_patient: Make, site: Json) -> Json:
    """Whose plan needs none."""
    return await new_patient(site, plan_of(COUNSELLOR))


@pytest.fixture
async def there(van: Van) -> Json:
    """A run that arrives a quarter of an hour before nine."""
    return await planned(van)


@pytest.fixture
async def home(van: Van) -> Json:
    """A run that leaves a quarter of an hour after the group of nine o'clock."""
    return await planned(van, "from_site", END + 15 * MINUTE)


async def planned(van: Van, *run: Any) -> Json:
    answer = await van.plan(*run)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def individual(*seated: Json, start: Any = END + 30 * MINUTE) -> Any:
    return group(*seated, service=ServiceKind.INDIVIDUAL, start=start, end=start + HOUR, track=None)


def ways(missing: list[Json]) -> list[tuple[str, str]]:
    return [(one["direction"], one["at"][11:16]) for one in missing]


async def test_a_seat_comes_with_seats_on_the_way_there_and_home(
    *, desk: Desk, ann: Json, van: Van, there: Json, home: Json
) -> None:
    [session] = await desk.publish(group())

    answer = await desk.ask("book", session, ann)

    assert answer.status_code == 200, answer.text
    for run, stop_at in ((there, there["start"]), (home, home["end"])):
        [ride] = await van.rides(run)
        assert (ride["patient_id"], ride["appointment_id"]) == (ann["id"], session["id"])
        assert (ride["stop_at"], ride["area"]) == (stop_at, None)
    assert await van.taken() == [1, 1]


@pytest.mark.parametrize("runs", [[], ["to_site"], ["from_site"]], ids=["neither", "only there", "only home"])
async def test_nobody_is_seated_who_would_not_get_there_or_home(
    desk: Desk, ann: Json, van: Van, runs: list[str]
) -> None:
    starts = {"to_site": TUESDAY_NINE - HOUR, "from_site": END}
    for direction in runs:
        await planned(van, direction, starts[direction])
    [session] = await desk.publish(group())

    answer = await desk.ask("book", session, ann)

    assert problem(answer) == NO_RIDE
    lacking = [way for way in (("to_site", "09:00"), ("from_site", "10:30")) if way[0] not in runs]
    assert sorted(ways(answer.json()["missing_rides"])) == sorted(lacking)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/no_ride_reason"}
    assert (await desk.seats(), await van.taken()) == ([(0, set())], [0] * len(runs))


@pytest.mark.usefixtures("home")
async def test_the_refusal_says_which_runs_of_the_day_have_seats(desk: Desk, ann: Json, van: Van) -> None:
    later = await planned(van, "to_site", TUESDAY_NINE + 4 * HOUR)
    [session] = await desk.publish(group())

    answer = (await desk.ask("book", session, ann)).json()

    [missing] = answer["missing_rides"]
    assert (missing["appointment_id"], missing["patient_id"]) == (session["id"], ann["id"])
    assert missing["serving"] == []
    assert missing["others"] == [
        {"run_id": later["id"], "start": later["start"], "end": later["end"], "free": 2},
    ]
    assert "13:00 (2)" in answer["errors"][0]["detail"]


@pytest.mark.parametrize(
    "reason", ["own_ride", "family_drives", "public_transit", "payer_arranges", "patient_declines"]
)
@pytest.mark.usefixtures("there", "home")
async def test_who_comes_otherwise_takes_no_seat_and_the_reason_is_kept(
    desk: Desk, ann: Json, van: Van, reason: str
) -> None:
    [session] = await desk.publish(group())

    answer = await desk.ask("book", session, ann, no_ride_reason=reason)

    assert answer.status_code == 200, answer.text
    assert await van.taken() == [0, 0]
    assert await desk.run("select reason, patient_id from ride_waivers") == [(reason, UUID(ann["id"]))]
    assert (await van.missing()).json()["items"] == []
    with pytest.raises(Exception, match="permission denied"):
        await desk.run("update ride_waivers set reason = 'own_ride'")


async def test_what_was_said_of_a_seat_that_was_given_back_does_not_count_for_the_next_one(
    *, desk: Desk, ann: Json, van: Van, there: Json, home: Json
) -> None:
    [session] = await desk.publish(group())
    await desk.ask("book", session, ann, no_ride_reason="own_ride")
    await desk.ask("release", session, ann, reason="illness")

    assert (await desk.ask("book", session, ann)).status_code == 200

    assert [len(await van.rides(run)) for run in (there, home)] == [1, 1]


async def test_the_list_of_reasons_is_closed(desk: Desk, ann: Json) -> None:
    [session] = await desk.publish(group())

    answer = await desk.ask("book", session, ann, no_ride_reason="4711-secret")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/no_ride_reason")
    assert "4711-secret" not in answer.text


async def test_a_reason_holds_for_the_session_at_its_time_and_no_other(desk: Desk, ann: Json, van: Van) -> None:
    [session] = await desk.publish(group())
    await desk.ask("book", session, ann, no_ride_reason="own_ride")

    [moved] = await desk.publish(group(ann, start=TUESDAY_NINE + HOUR))

    assert moved["id"] == session["id"]
    assert ways((await van.missing()).json()["items"]) == [("to_site", "10:00"), ("from_site", "11:30")]


@pytest.mark.usefixtures("there", "home")
async def test_whose_plan_needs_none_takes_none(desk: Desk, ben: Json, van: Van, new_patient: Make, site: Json) -> None:
    [session] = await desk.publish(group())

    for patient in (ben, await new_patient(site)):
        assert (await desk.ask("book", session, patient)).status_code == 200

    assert await van.taken() == [0, 0]


async def test_a_van_takes_so_many_and_the_next_one_is_refused(
    *, desk: Desk, ann: Json, van: Van, there: Json, home: Json, new_patient: Make, site: Json
) -> None:
    others = [await new_patient(site, RIDER) for _ in range(2)]
    [session] = await desk.publish(group(capacity=4))

    answers = [await desk.ask("book", session, patient) for patient in (ann, *others)]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert problem(answers[2]) == NO_RIDE
    assert await van.taken() == [2, 2]
    await desk.ask("release", session, ann, reason="illness")
    assert (await desk.ask("book", session, others[1])).status_code == 200
    assert {ride["patient_id"] for run in (there, home) for ride in await van.rides(run)} == {
        other["id"] for other in others
    }


async def test_a_held_seat_needs_no_ride_yet_and_the_booking_does(desk: Desk, ann: Json, van: Van) -> None:
    [session] = await desk.publish(group())

    assert (await desk.ask("hold", session, ann)).status_code == 200
    assert problem(await desk.ask("book", session, ann)) == NO_RIDE
    await planned(van)
    await planned(van, "from_site", END)
    assert (await desk.ask("book", session, ann)).status_code == 200
    assert await van.taken() == [1, 1]


async def test_by_telehealth_nobody_goes_anywhere(
    *, desk: Desk, new_patient: Make, new_practitioner: Make, new_licence: Make, site: Json
) -> None:
    lead = await new_practitioner(site)
    await new_licence(lead)
    patient = await new_patient(site, {**RIDER, **AT_HOME})
    [session] = await desk.publish(
        group(modality=Modality.TELEHEALTH, practitioner_id=PractitionerId(UUID(lead["id"])))
    )

    assert (await desk.ask("book", session, patient)).status_code == 200


async def test_who_stays_for_another_session_is_driven_home_after_it(
    *, desk: Desk, ann: Json, van: Van, there: Json, home: Json
) -> None:
    evening = await planned(van, "from_site", END + 100 * MINUTE)
    first, second = await desk.publish(group(), individual())
    assert (await desk.ask("book", first, ann)).status_code == 200

    booked = await desk.ask("book", second, ann)

    assert booked.status_code == 200, booked.text
    assert [len(await van.rides(run)) for run in (there, home, evening)] == [1, 0, 1]
    await desk.ask("release", second, ann, reason="illness")
    assert [len(await van.rides(run)) for run in (there, home, evening)] == [1, 1, 0]


async def test_who_gives_the_first_session_back_is_brought_to_the_next_one(
    *, desk: Desk, ann: Json, van: Van, there: Json
) -> None:
    evening = await planned(van, "from_site", END + 100 * MINUTE)
    first, second = await desk.publish(group(), individual())
    # The second first: nothing goes home after the first session alone.
    late = await planned(van, "to_site", TUESDAY_NINE + 30 * MINUTE)
    assert (await desk.ask("book", second, ann)).status_code == 200
    assert (await desk.ask("book", first, ann)).status_code == 200
    assert [len(await van.rides(run)) for run in (there, late, evening)] == [1, 0, 1]

    await desk.ask("release", first, ann, reason="illness")

    assert [len(await van.rides(run)) for run in (there, late, evening)] == [0, 1, 1]


async def test_a_ride_that_somebody_gave_by_hand_for_one_way_brings_no_other(
    *, desk: Desk, ben: Json, van: Van, there: Json, home: Json
) -> None:
    first, _ = await desk.publish(group(ben), individual(ben))
    assert (await van.give(there, first, ben)).status_code == 201

    await desk.ask("release", first, ben, reason="illness")

    assert [len(await van.rides(run)) for run in (there, home)] == [0, 0]


async def test_a_place_that_was_said_once_is_where_the_next_ride_stops(
    *, desk: Desk, ann: Json, van: Van, there: Json, home: Json, scheduler: ClientFactory
) -> None:
    next_day = [await planned(van, direction, start + 24 * HOUR) for direction, start in (
        ("to_site", TUESDAY_NINE - HOUR), ("from_site", END),
    )]  # fmt: skip
    first, second = await desk.publish(group(), group(start=TUESDAY_NINE + 24 * HOUR))
    await desk.ask("book", first, ann)
    [ride] = await van.rides(there)
    at = str(TUESDAY_NINE - 50 * MINUTE)
    unknown = [stop["area"] for stop in await van.stops(there)]

    set_to = await scheduler(Role.FRONT_DESK).post(
        f"/v1/rides/{ride['id']}:set_stop", json={"stop_at": at, "area": "Oak and 3rd"}
    )
    outside = await scheduler(Role.FRONT_DESK).post(
        f"/v1/rides/{ride['id']}:set_stop", json={"stop_at": home["end"], "area": "Oak and 3rd"}
    )
    await desk.ask("book", second, ann)

    assert set_to.status_code == 200, set_to.text
    assert problem(outside) == (409, "conflict", "stop-outside-run")
    assert unknown == [None]
    assert [(stop["at"][11:16], stop["area"]) for stop in await van.stops(there)] == [("08:10", "Oak and 3rd")]
    assert [[one["area"] for one in await van.rides(run)] for run in next_day] == [["Oak and 3rd"], [None]]


async def test_everybody_without_a_ride_is_listed_with_the_runs_that_would_serve(
    *, desk: Desk, ann: Json, ben: Json, van: Van, there: Json
) -> None:
    [session] = await desk.publish(group(ann, ben))

    found = (await van.missing()).json()["items"]
    await van.give(there, session, ann)
    left = (await van.missing()).json()["items"]

    assert [(one["patient_id"], one["appointment_id"]) for one in found] == [(ann["id"], session["id"])] * 2
    assert ways(found) == [("to_site", "09:00"), ("from_site", "10:30")]
    assert [[run["run_id"] for run in one["serving"]] for one in found] == [[there["id"]], []]
    assert ways(left) == [("from_site", "10:30")]


async def test_the_list_is_for_who_books_of_one_s_own_organization_and_of_weeks(
    van: Van, site: Json, scheduler: ClientFactory, there: Json
) -> None:
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    answers = [
        await stranger.get(f"/v1/sites/{site['id']}/missing_rides", params={"week": "2026-10-05"}),
        await stranger.get(f"/v1/runs/{there['id']}/rides"),
        await stranger.post(f"/v1/rides/{uuid4()}:set_stop", json={"stop_at": there["start"], "area": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await van.missing(role=Role.NURSE)).status_code == 403
    assert (await scheduler(Role.NURSE).get(f"/v1/runs/{there['id']}/rides")).status_code == 403
    wrong = await van.missing(week="2026-10-06")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "week")


async def test_where_somebody_is_picked_up_is_told_to_who_treats_them(
    *, van: Van, there: Json, desk: Desk, ann: Json, treating: Treating, scheduler: ClientFactory
) -> None:
    [session] = await desk.publish(group(ann))
    await van.give(there, session, ann)
    path = f"/v1/runs/{there['id']}/rides"
    theirs = await treating(Role.COUNSELLOR, ann)

    assert [one["patient_id"] for one in (await theirs.get(path)).json()["items"]] == [ann["id"]]
    assert (await scheduler(Role.COUNSELLOR).get(path)).json() == {"items": []}
    assert len(await van.rides(there)) == 1


class TestSwaps:
    """Two seats change hands, and those on the vans with them."""

    @pytest.fixture
    async def week(self, desk: Desk, ann: Json, new_patient: Make, site: Json) -> tuple[Json, Json, Json]:
        other = await new_patient(site, RIDER)
        here, there = await desk.publish(group(ann), group(other, start=TUESDAY_NINE + 24 * HOUR))
        return here, there, other

    async def ask(
        self, scheduler: ClientFactory, week: tuple[Json, Json, Json], ann: Json, verb: str, **more: Any
    ) -> Any:
        here, there, other = week
        body = {
            "first": {"appointment_id": here["id"], "patient_id": ann["id"], **more},
            "second": {"appointment_id": there["id"], "patient_id": other["id"], **more},
            "reason": "transport",
        }
        return await scheduler(Role.FRONT_DESK).post(f"/v1/swaps{verb}", json=body)

    async def test_an_exchange_that_leaves_somebody_at_the_site_is_refused_and_shown_before(
        self, *, scheduler: ClientFactory, week: Any, ann: Json, desk: Desk
    ) -> None:
        before = await desk.seats()

        preview = await self.ask(scheduler, week, ann, ":preview")
        refused = await self.ask(scheduler, week, ann, "")
        excused = await self.ask(scheduler, week, ann, "", no_ride_reason="family_drives")

        assert preview.status_code == 200, preview.text
        broken = [(one["side"], one["code"]) for one in preview.json()["broken"]]
        assert sorted(broken) == [("first", "no-ride")] * 2 + [("second", "no-ride")] * 2
        assert refused.status_code == 409
        assert excused.status_code == 201, excused.text
        assert await desk.seats() != before

    async def test_the_last_seats_on_the_vans_are_exchanged_too(
        self, *, scheduler: ClientFactory, week: Any, ann: Json, site: Json
    ) -> None:
        setup = scheduler(Role.PROGRAMME_DIRECTOR)
        body = {"name": "Small", "seats": 1}
        small = Van(scheduler, site, (await setup.post(f"/v1/sites/{site['id']}/vehicles", json=body)).json())
        here, there, other = week
        runs = []
        for session, patient, day in ((here, ann, 0), (there, other, 1)):
            for direction, start in (("to_site", TUESDAY_NINE - HOUR), ("from_site", END)):
                run = await planned(small, direction, start + day * 24 * HOUR)
                assert (await small.give(run, session, patient)).status_code == 201
                runs.append(run)

        preview = await self.ask(scheduler, week, ann, ":preview")
        swapped = await self.ask(scheduler, week, ann, "")

        assert preview.json()["broken"] == []
        assert swapped.status_code == 201, swapped.text
        aboard = [[ride["patient_id"] for ride in await small.rides(run)] for run in runs]
        assert aboard == [[other["id"]]] * 2 + [[ann["id"]]] * 2

    async def recommended(self, scheduler: ClientFactory, week: tuple[Json, Json, Json], ann: Json) -> list[Any]:
        seat = {"appointment_id": week[0]["id"], "patient_id": ann["id"]}
        answer = await scheduler(Role.FRONT_DESK).post("/v1/swaps:recommend", json={"seat": seat})
        assert answer.status_code == 200, answer.text
        return [one["patient_id"] for one in answer.json()["partners"]]

    async def test_only_exchanges_after_which_everybody_has_a_ride_are_recommended(
        self, *, scheduler: ClientFactory, week: Any, ann: Json, van: Van
    ) -> None:
        without = await self.recommended(scheduler, week, ann)
        for direction, start in (("to_site", TUESDAY_NINE - HOUR), ("from_site", END)):
            await planned(van, direction, start + 24 * HOUR)
        one_way = await self.recommended(scheduler, week, ann)
        for direction, start in (("to_site", TUESDAY_NINE - HOUR), ("from_site", END)):
            await planned(van, direction, start)

        assert (without, one_way) == ([], [None])
        assert await self.recommended(scheduler, week, ann) == [None, week[2]["id"]]

    async def test_the_last_seats_on_the_vans_count_as_free_for_who_would_take_them_over(
        self, *, scheduler: ClientFactory, week: Any, ann: Json, site: Json
    ) -> None:
        body = {"name": "Small", "seats": 1}
        made = await scheduler(Role.PROGRAMME_DIRECTOR).post(f"/v1/sites/{site['id']}/vehicles", json=body)
        small = Van(scheduler, site, made.json())
        here, there, other = week
        for session, patient, day in ((here, ann, 0), (there, other, 1)):
            for direction, start in (("to_site", TUESDAY_NINE - HOUR), ("from_site", END)):
                run = await planned(small, direction, start + day * 24 * HOUR)
                assert (await small.give(run, session, patient)).status_code == 201

        # The free seat beside the other is without a ride: both seats of that day's vans are taken.
        assert await self.recommended(scheduler, week, ann) == [other["id"]]


class TestOtherWaysToASeat:
    """Whatever gives a seat asks for the ride."""

    async def test_an_offer_is_accepted_with_a_ride_or_a_reason_and_a_secret_takes_nobody_anywhere(
        self, *, desk: Desk, ann: Json, scheduler: ClientFactory, site: Json
    ) -> None:
        client = scheduler(Role.FRONT_DESK)
        entry = {"patient_id": ann["id"], "service": "process_group", "since": "2026-09-01"}
        assert (await client.post(f"/v1/sites/{site['id']}/waitlist_entries", json=entry)).status_code == 201
        [session] = await desk.publish(group())
        [offer] = (await client.post(f"/v1/appointments/{session['id']}/offer_batches", json={})).json()["offers"]
        token = (await client.post(f"/v1/offers/{offer['id']}:issue_link")).json()["token"]

        by_secret = await client.post("/v1/offered_times:answer", json={"token": token, "answer": "accept"})
        refused = await client.post(f"/v1/offers/{offer['id']}:accept")
        excused = await client.post(f"/v1/offers/{offer['id']}:accept", json={"no_ride_reason": "own_ride"})

        assert problem(by_secret) == (409, "conflict", "time-gone")
        assert problem(refused) == NO_RIDE
        assert (excused.status_code, excused.json()["status"]) == (200, "accepted")
        assert await desk.seats() == [(1, {ann["id"]})]

    async def test_a_make_up_too(self, *, desk: Desk, ann: Json, scheduler: ClientFactory, site: Json) -> None:
        client = scheduler(Role.FRONT_DESK)
        missed, other = await desk.publish(group(ann), group(start=TUESDAY_NINE + 24 * HOUR))
        body = {"patient_id": ann["id"], "excused": True, "reason": "illness"}
        assert (await client.post(f"/v1/appointments/{missed['id']}:call_out", json=body)).status_code == 201
        listed = await client.get(f"/v1/sites/{site['id']}/make_ups", params={"week": "2026-10-05"})
        [make_up] = listed.json()["items"]
        path, wanted = f"/v1/make_ups/{make_up['id']}:book", {"appointment_id": other["id"]}

        refused = await client.post(path, json=wanted)
        excused = await client.post(path, json={**wanted, "no_ride_reason": "public_transit"})

        assert problem(refused) == NO_RIDE
        assert excused.status_code == 200, excused.text


async def test_a_closed_house_takes_nobody_home_twice_and_leaves_nobody_there(
    *, desk: Desk, van: Van, ann: Json, scheduler: ClientFactory, site: Json
) -> None:
    home, evening = await planned(van, "from_site", END), await planned(van, "from_site", END + 100 * MINUTE)
    _, second = await desk.publish(group(ann), individual(ann))
    assert (await van.give(evening, second, ann)).status_code == 201
    closed = {"start": second["start"], "end": second["end"], "reason": "weather", "policy": "cancel"}

    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/sites/{site['id']}/closures", json=closed)

    assert answer.status_code == 201, answer.text
    assert [len(await van.rides(run)) for run in (home, evening)] == [1, 0]


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

    async def test_of_many_who_are_seated_at_once_nobody_has_a_seat_without_a_ride(
        self, *, van: Van, there: Json, home: Json, desk: Desk, new_patient: Make, site: Json
    ) -> None:
        people = [await new_patient(site, RIDER) for _ in range(5)]
        [session] = await desk.publish(group(capacity=5))

        answers = await asyncio.gather(*(desk.ask("book", session, patient) for patient in people))

        won = {one["id"] for one, answer in zip(people, answers, strict=True) if answer.status_code == 200}
        lost = {problem(answer) for answer in answers if answer.status_code == 409}
        assert len(won) <= 2
        assert lost <= {NO_RIDE}
        assert await desk.seats() == [(len(won), won)]
        for run in (there, home):
            assert {ride["patient_id"] for ride in await van.rides(run)} == won
