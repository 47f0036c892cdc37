"""Feeds through the routes: made, read by whoever knows the address, changed and ended."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import icalendar
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.policy.matching import routes_at
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Clinic, Desk, Json, Make, group
from tests.support.gateways import PlayedGateway, held_while_asked
from tests.support.serving import call_in_process

HOUR = timedelta(hours=1)


@pytest.fixture
async def patient(clinic: Clinic, new_patient: Make) -> Json:
    return await new_patient(clinic.site)


@pytest.fixture
def desk(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> Desk:
    return Desk(scheduler, scheduler_database, organization_id, clinic.site, clock)


@pytest.fixture
async def anybody(scheduler_app: Any) -> Any:
    """A calendar program: it knows an address, and has no token of ours."""
    async with call_in_process(scheduler_app) as client:
        yield client


async def make(
    scheduler: ClientFactory, subject: str, thing: Json, *, role: Role = Role.FRONT_DESK, **more: Any
) -> Any:
    request = {"subject": subject, "subject_id": thing["id"], **more}
    return await scheduler(role).post("/v1/feeds", json=request)


def events(answer: httpx2.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


async def test_a_feed_tells_when_and_nothing_of_what(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, clinic: Clinic, patient: Json
) -> None:
    await desk.publish(group(patient, room_id=UUID(clinic.room["id"])))
    made = await make(scheduler, "patient", patient)
    assert made.status_code == 201, made.text

    feed = await anybody.get(made.json()["path"])

    [event] = events(feed)
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert (event["dtstart"].dt, event["dtend"].dt) == (TUESDAY_NINE, TUESDAY_NINE + timedelta(minutes=90))
    assert (str(event["summary"]), str(event["status"]), event["sequence"]) == ("Appointment", "CONFIRMED", 0)
    for line in ("REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "LAST-MODIFIED:20261002T"):
        assert line in feed.text
    said = feed.text.casefold() + str(feed.headers).casefold()
    for word in ("main street", "oak", "group", "location", "alex", "kim", "eventide", "adult", "treat", patient["id"]):
        assert word not in said


async def test_the_place_is_told_where_it_was_asked_for(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, *, clinic: Clinic, patient: Json
) -> None:
    room = UUID(clinic.room["id"])
    await desk.publish(
        group(patient, room_id=room), group(patient, start=TUESDAY_NINE + 3 * HOUR, modality="telehealth")
    )
    made = await make(scheduler, "patient", patient, shows_location=True)

    found = events(await anybody.get(made.json()["path"]))

    assert [str(event.get("location")) for event in found] == ["Main Street, Oak", "None"]


async def test_each_subject_has_its_own_sessions(
    scheduler: ClientFactory,
    anybody: httpx2.AsyncClient,
    desk: Desk,
    *,
    clinic: Clinic,
    new_patient: Make,
    patient: Json,
) -> None:
    other = await new_patient(clinic.site)
    lead, room = UUID(clinic.counsellor["id"]), UUID(clinic.room["id"])
    await desk.publish(
        group(patient, other, practitioner_id=lead, room_id=room),
        group(other, start=TUESDAY_NINE + 3 * HOUR, practitioner_id=UUID(clinic.therapist["id"])),
        group(patient, start=TUESDAY_NINE + 6 * HOUR),
    )

    async def hours(subject: str, thing: Json) -> list[int]:
        made = await make(scheduler, subject, thing)
        return [event["dtstart"].dt.hour for event in events(await anybody.get(made.json()["path"]))]

    assert await hours("patient", patient) == [13, 19]
    assert await hours("practitioner", clinic.counsellor) == [13]
    assert await hours("practitioner", clinic.therapist) == [16]
    assert await hours("room", clinic.room) == [13]
    assert await hours("site", clinic.site) == [13, 16, 19]


async def test_two_people_of_one_group_cannot_tell_it_from_their_feeds(
    scheduler: ClientFactory,
    anybody: httpx2.AsyncClient,
    desk: Desk,
    *,
    clinic: Clinic,
    new_patient: Make,
    patient: Json,
) -> None:
    other = await new_patient(clinic.site)
    [session] = await desk.publish(group(patient, other))

    feeds = [(await make(scheduler, "patient", person)).json()["path"] for person in (patient, other)]
    uids = [str(events(await anybody.get(path))[0]["uid"]) for path in feeds]

    assert uids[0] != uids[1]
    assert session["id"] not in uids


async def test_a_change_is_told_as_a_change_of_the_same_event(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, patient: Json
) -> None:
    await desk.publish(group(patient))
    path = (await make(scheduler, "patient", patient)).json()["path"]
    [first] = events(await anybody.get(path))

    [session] = await desk.publish(group(patient, start=TUESDAY_NINE + HOUR))
    [moved] = events(await anybody.get(path))
    assert (await desk.ask("release", session, patient, reason="illness")).status_code == 204
    [released] = events(await anybody.get(path))

    assert first["uid"] == moved["uid"] == released["uid"]
    assert [event["sequence"] for event in (first, moved, released)] == [0, 1, 2]
    assert (moved["dtstart"].dt, str(released["status"])) == (TUESDAY_NINE + HOUR, "CANCELLED")


async def test_a_held_seat_is_in_no_feed(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, patient: Json
) -> None:
    [session] = await desk.publish(group())
    assert (await desk.ask("hold", session, patient)).status_code == 200
    path = (await make(scheduler, "patient", patient)).json()["path"]

    assert events(await anybody.get(path)) == []


async def test_what_is_the_same_is_not_sent_again(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, patient: Json
) -> None:
    await desk.publish(group(patient))
    path = (await make(scheduler, "patient", patient)).json()["path"]
    first = await anybody.get(path)

    same = await anybody.get(path, headers={"if-none-match": f'"x", {first.headers["etag"]}'})
    whole = await anybody.get(path)
    await desk.publish(group(patient, start=TUESDAY_NINE + HOUR))
    changed = await anybody.get(path, headers={"if-none-match": first.headers["etag"]})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert whole.content == first.content
    assert (changed.status_code, changed.headers["etag"] != first.headers["etag"]) == (200, True)


async def test_an_ended_a_changed_and_an_unknown_address_are_one(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, patient: Json
) -> None:
    client = scheduler(Role.FRONT_DESK)
    ended, changed = [(await make(scheduler, "patient", patient)).json() for _ in range(2)]
    assert (await client.delete(f"/v1/feeds/{ended['id']}")).status_code == 204
    rotated = await client.post(f"/v1/feeds/{changed['id']}:rotate")

    refused = [
        await anybody.get(path)
        for path in (
            ended["path"],
            changed["path"],
            f"/v1/feeds/{'x' * 43}.ics",
            "/v1/feeds/x.ics",
            "/v1/feeds/%F0.ics",
        )
    ]

    assert {answer.status_code for answer in refused} == {404}
    bodies = [{**answer.json(), "instance": ""} for answer in refused]
    assert all(body == bodies[0] for body in bodies)
    assert {frozenset(answer.headers) for answer in refused} == {frozenset(refused[0].headers)}
    assert rotated.json()["path"] != changed["path"]
    assert (await anybody.get(rotated.json()["path"])).status_code == 200


async def test_a_changed_address_keeps_the_names_of_events(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, desk: Desk, patient: Json
) -> None:
    await desk.publish(group(patient))
    made = (await make(scheduler, "patient", patient)).json()
    before = await anybody.get(made["path"])

    rotated = (await scheduler(Role.FRONT_DESK).post(f"/v1/feeds/{made['id']}:rotate")).json()

    assert (await anybody.get(rotated["path"])).content == before.content


async def test_the_secret_is_neither_kept_nor_logged_nor_listed(
    scheduler: ClientFactory,
    anybody: httpx2.AsyncClient,
    patient: Json,
    *,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    with capture_logs() as logs:
        made = (await make(scheduler, "patient", patient)).json()
        await anybody.get(made["path"])
        await anybody.get(made["path"][:-6] + "x.ics")
    listed = await scheduler(Role.FRONT_DESK).get(
        "/v1/feeds", params={"subject": "patient", "subject_id": patient["id"]}
    )
    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        rows = await db.execute(text("select f::text as row from feeds f union all select t::text from feed_tokens t"))
        stored = "".join(row.row for row in rows)

    token = made["path"].removeprefix("/v1/feeds/").removesuffix(".ics")
    assert len(token) == 43
    assert [feed["id"] for feed in listed.json()["items"]] == [made["id"]]
    assert token[:20] not in stored + str(logs) + listed.text
    assert token.encode().hex() not in stored


async def test_a_feed_is_listed_with_its_pages_and_for_its_subject_only(
    scheduler: ClientFactory, clinic: Clinic, patient: Json
) -> None:
    for _ in range(3):
        await make(scheduler, "patient", patient)
    await make(scheduler, "site", clinic.site)
    client = scheduler(Role.FRONT_DESK)
    parameters = {"subject": "patient", "subject_id": patient["id"], "page_size": 2}

    first = (await client.get("/v1/feeds", params=parameters)).json()
    rest = (await client.get("/v1/feeds", params={**parameters, "page_token": first["next_page_token"]})).json()

    assert [len(first["items"]), len(rest["items"]), rest["next_page_token"]] == [2, 1, None]


@pytest.mark.parametrize("subject", ["patient", "practitioner", "room", "site"])
async def test_what_another_organization_has_is_as_unknown_as_nothing(
    scheduler: ClientFactory, clinic: Clinic, patient: Json, subject: str
) -> None:
    things = {"patient": patient, "practitioner": clinic.counsellor, "room": clinic.room, "site": clinic.site}
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    mine = (await make(scheduler, subject, things[subject])).json()

    foreign = await stranger.post("/v1/feeds", json={"subject": subject, "subject_id": things[subject]["id"]})
    missing = await stranger.post("/v1/feeds", json={"subject": subject, "subject_id": str(uuid4())})

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await stranger.post(f"/v1/feeds/{mine['id']}:rotate")).status_code == 404
    assert (await stranger.delete(f"/v1/feeds/{mine['id']}")).status_code == 404
    listed = await stranger.get("/v1/feeds", params={"subject": subject, "subject_id": things[subject]["id"]})
    assert listed.json()["items"] == []


@pytest.mark.parametrize("role", [Role.PATIENT, Role.FAMILY, Role.NURSE, Role.ORGANIZATION_ADMIN])
async def test_who_may_not_plan_may_not_give_out_addresses(scheduler: ClientFactory, patient: Json, role: Role) -> None:
    made = (await make(scheduler, "patient", patient)).json()
    client = scheduler(role)

    answers = [
        await make(scheduler, "patient", patient, role=role),
        await client.get("/v1/feeds", params={"subject": "patient", "subject_id": patient["id"]}),
        await client.post(f"/v1/feeds/{made['id']}:rotate"),
        await client.delete(f"/v1/feeds/{made['id']}"),
    ]

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"subject": "van"}, "/subject"), ({"subject_id": "x"}, "/subject_id"), ({"title": "Rehab"}, "/title")],
)
async def test_a_wrong_request_is_named(scheduler: ClientFactory, patient: Json, change: Json, pointer: str) -> None:
    request = {"subject": "patient", "subject_id": patient["id"], **change}

    refused = await scheduler(Role.FRONT_DESK).post("/v1/feeds", json=request)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_thirty_days_after_it_was_called_off_a_session_is_in_no_feed(
    scheduler: ClientFactory,
    anybody: httpx2.AsyncClient,
    desk: Desk,
    *,
    patient: Json,
    scheduler_app: Any,
    clock: Clock,
) -> None:
    await desk.publish(group(patient))
    path = (await make(scheduler, "patient", patient)).json()["path"]
    await anybody.get(path)
    await desk.publish()
    assert [str(event["status"]) for event in events(await anybody.get(path))] == ["CANCELLED"]

    process = scheduler_app.state.process
    moved = Clock(clock._offset + timedelta(days=30, hours=1))
    scheduler_app.state.process = type(process)(moved, process.database, process.authenticator)

    assert events(await anybody.get(path)) == []


def test_the_gateway_s_policy_knows_the_address_as_public_and_the_rest_as_not() -> None:
    secret = routes_at("/v1/feeds/abc-DEF_123.ics")
    named = routes_at(f"/v1/feeds/{uuid4()}")

    assert {method: (route.operation_id, route.public) for method, route in secret.items()} == {
        "GET": ("read_feed", True)
    }
    assert {method: (route.operation_id, route.public) for method, route in named.items()} == {
        "DELETE": ("delete_feed", False)
    }
    assert routes_at("/v1/feeds/.ics") == named
    assert [route.operation_id for route in routes_at("/v1/feeds/abc:rotate").values()] == ["rotate_feed"]


async def test_a_feed_of_a_closed_organization_is_as_unknown_as_one_that_never_was(
    *,
    scheduler: ClientFactory,
    anybody: httpx2.AsyncClient,
    patient: Json,
    played_gateway: PlayedGateway,
    organization_id: UUID,
) -> None:
    path = (await make(scheduler, "patient", patient)).json()["path"]
    open_one = await anybody.get(path)
    played_gateway.closed.add(organization_id)

    closed, never = await anybody.get(path), await anybody.get(f"/v1/feeds/{'A' * 43}.ics")
    played_gateway.closed.clear()
    reopened = await anybody.get(path)

    assert [answer.status_code for answer in (open_one, closed, never, reopened)] == [200, 404, 404, 200]
    assert {**closed.json(), "instance": ""} == {**never.json(), "instance": ""}


async def test_where_nobody_knows_whether_it_is_open_a_feed_tells_nothing(
    scheduler: ClientFactory, anybody: httpx2.AsyncClient, patient: Json, played_gateway: PlayedGateway
) -> None:
    path = (await make(scheduler, "patient", patient)).json()["path"]
    played_gateway.is_away = True

    answer = await anybody.get(path)

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:eventide:problem:upstream-unavailable")


async def test_no_connection_is_held_while_the_gateway_is_asked_about_a_feed(
    *,
    scheduler: ClientFactory,
    scheduler_app: Any,
    anybody: httpx2.AsyncClient,
    patient: Json,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, a slow gateway could take the scheduler all its connections, by addresses that anybody may have."""
    path = (await make(scheduler, "patient", patient)).json()["path"]
    held = held_while_asked(scheduler_app, played_gateway, monkeypatch)

    answer = await anybody.get(path)

    assert (answer.status_code, held) == (200, [0])
