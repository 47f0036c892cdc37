"""Calendars that stay where they are: subscribed to, read again and again, and never told about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.scheduler.main import build
from services.scheduler.worker.poller import Polls
from tests.conftest import ClientFactory
from tests.scheduler.commitments.conftest import Jobs, Server, Sources
from tests.scheduler.conftest import Desk, Json, calendar, group
from tests.support.serving import nothing_to_open

pytestmark = pytest.mark.usefixtures("remote")

PASSWORD = "hunter2-hunter2"
EVERYTHING = " union all ".join(
    f"select t::text as everything from {table} t"  # noqa: S608 - names of ours
    for table in (
        "commitment_sources", "commitment_polls", "commitments", "patient_keys", "idempotency_keys", "pgqueuer"
    )
)  # fmt: skip


@pytest.fixture
async def subscribed(sources: Sources, server: Server) -> Json:
    answer = await sources.post(":subscribe", json={"url": server.url, "user_name": "ann", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def polling(sources: Sources) -> Json:
    [source] = await sources.listed()
    return dict(source["polling"])


async def test_a_subscription_is_read_soon_and_then_every_hour(
    sources: Sources, server: Server, jobs: Jobs, subscribed: Json
) -> None:
    assert (subscribed["version"], subscribed["imported_at"], subscribed["polling"]["outcome"]) == (None, None, None)
    [(call, wait)] = await jobs.queued()
    assert (str(call.source_id), wait) == (subscribed["id"], timedelta())

    assert await jobs.work() == ["read"]

    [source] = await sources.listed()
    assert (source["kind"], source["busy_intervals"], source["polling"]["failures"]) == ("url", 1, 0)
    assert source["polling"]["outcome"] == "read"
    assert [item["start"] for item in await sources.busy()] == ["2026-10-06T12:00:00Z"]
    assert server.asked[0]["Authorization"].startswith("Basic ")
    waits = sorted(wait for _, wait in await jobs.queued())
    assert [round(wait / timedelta(hours=1)) for wait in waits] == [0, 1]  # the lease's job, and the next one's


async def test_hours_that_a_document_does_not_offer_are_busy(
    sources: Sources, server: Server, jobs: Jobs, subscribed: Json
) -> None:
    assert subscribed
    server.document = (
        b"BEGIN:VCALENDAR\r\nBEGIN:VAVAILABILITY\r\nDTSTART:20261006T000000\r\nDTEND:20261007T000000\r\n"
        b"BEGIN:AVAILABLE\r\nDTSTART:20261006T170000\r\nDTEND:20261006T210000\r\nEND:AVAILABLE\r\n"
        b"END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
    )

    assert await jobs.work() == ["read"]

    assert [(item["start"], item["end"]) for item in await sources.busy()] == [
        ("2026-10-06T04:00:00Z", "2026-10-06T21:00:00Z"),
        ("2026-10-07T01:00:00Z", "2026-10-07T04:00:00Z"),
    ]


async def test_what_has_not_changed_is_not_sent_and_what_has_replaces_the_whole(
    sources: Sources, server: Server, jobs: Jobs, subscribed: Json
) -> None:
    server.headers = {"etag": '"1"', "last-modified": "Fri, 02 Oct 2026 10:00:00 GMT"}
    assert await jobs.work() == ["read"]
    first = await sources.busy()

    assert await jobs.work() == ["out of date", "unchanged"]

    assert server.asked[-1]["If-None-Match"] == '"1"'
    assert server.asked[-1]["If-Modified-Since"] == "Fri, 02 Oct 2026 10:00:00 GMT"
    assert (await sources.busy(), (await polling(sources))["outcome"]) == (first, "unchanged")
    server.headers = {"etag": '"2"'}
    server.document = calendar("20261007T080000/20261007T093000", "20261008T080000/20261008T093000")
    assert "read" in await jobs.work()
    assert [item["start"][:10] for item in await sources.busy()] == ["2026-10-07", "2026-10-08"]
    assert {item["source_id"] for item in await sources.busy()} == {subscribed["id"]}


async def test_once_a_week_the_whole_is_read_however_little_changes(
    server: Server, jobs: Jobs, subscribed: Json, later: Callable[[timedelta], None]
) -> None:
    assert subscribed
    server.headers = {"etag": '"1"'}
    await jobs.work()

    later(timedelta(days=6, hours=23))
    assert "unchanged" in await jobs.work()
    later(timedelta(days=7, hours=1))
    assert "read" in await jobs.work()

    assert "If-None-Match" not in server.asked[-1]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, "access_refused"),
        (403, "access_refused"),
        (404, "gone"),
        (410, "gone"),
        (418, "not_understood"),
        (204, "not_understood"),
        (500, "server_failed"),
        (503, "server_failed"),
    ],
)
async def test_a_failure_is_told_keeps_what_was_read_and_is_tried_less_and_less_often(
    sources: Sources, server: Server, *, jobs: Jobs, subscribed: Json, status: int, outcome: str
) -> None:
    assert subscribed
    await jobs.work()
    before = await sources.busy()
    server.status = status

    waits = []
    for failures in (1, 2, 3):
        assert outcome in await jobs.work()
        told = await polling(sources)
        assert (told["outcome"], told["failures"]) == (outcome, failures)
        assert told["detail"].endswith((".", "password."))
        waits.append(max(wait for _, wait in await jobs.queued()))

    assert [round(wait / timedelta(minutes=15)) for wait in waits] == [1, 2, 4]
    assert await sources.busy() == before
    server.status = 200
    await jobs.work()
    assert (await polling(sources))["failures"] == 0


async def test_a_server_that_asks_for_time_gets_it(server: Server, jobs: Jobs, subscribed: Json) -> None:
    assert subscribed
    server.status, server.headers = 429, {"retry-after": "7200"}

    await jobs.work()

    assert round(max(wait for _, wait in await jobs.queued()) / timedelta(hours=1)) == 2


async def test_what_is_no_calendar_is_told(sources: Sources, server: Server, jobs: Jobs, subscribed: Json) -> None:
    assert subscribed
    server.document = b"<html>sign in, ann</html>"

    assert await jobs.work() == ["calendar_refused"]

    [source] = await sources.listed()
    assert (source["version"], source["polling"]["outcome"]) == (None, "calendar_refused")
    assert "sign in" not in str(source)


async def test_neither_address_nor_password_is_stored_readable_logged_or_answered(
    scheduler: ClientFactory,
    sources: Sources,
    server: Server,
    *,
    jobs: Jobs,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    server.headers = {"etag": '"etag-of-ann"'}
    server.document = server.document.replace(b"END:VEVENT", b"X-ANN:private-7c1e\r\nEND:VEVENT")
    with capture_logs() as logs:
        request = {"url": server.url, "user_name": "ann-of-school", "password": PASSWORD}
        answers = [await sources.post(":subscribe", json=request, headers={"idempotency-key": "k"})]
        await jobs.work()
        server.status = 500
        await jobs.work()
        answers += [await scheduler(Role.FRONT_DESK).get(sources.path), await sources.post(":subscribe", json=request)]
    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        rows = await db.execute(text(EVERYTHING))
        stored = [row.everything for row in rows]

    assert len(stored) > 3
    told = str(logs) + str(stored) + "".join(answer.text + str(answer.headers) for answer in answers)
    for secret in ("private-7c1e", "127.0.0.1", PASSWORD, "ann-of-school", "etag-of-ann"):
        assert secret not in told
        assert secret.encode().hex() not in told


async def test_an_attempt_that_is_overtaken_changes_nothing(
    scheduler: ClientFactory,
    sources: Sources,
    *,
    jobs: Jobs,
    subscribed: Json,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = jobs.polls._attempts.read
    path = f"{sources.path}/{subscribed['id']}"

    async def read_slowly(*task: Any) -> Any:
        attempted = await read(*task)
        await scheduler(Role.FRONT_DESK).post(f"{path}:sync")
        return attempted

    monkeypatch.setattr(jobs.polls._attempts, "read", read_slowly)
    assert await jobs.work() == ["lost"]
    assert (await sources.busy(), (await polling(sources))["outcome"]) == ([], None)
    monkeypatch.undo()
    assert await jobs.work() == ["read", "out of date"]


async def test_a_worker_that_dies_leaves_a_job_that_comes_later(
    sources: Sources, jobs: Jobs, subscribed: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subscribed

    async def die(*_task: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs.polls._attempts, "read", die)
    with pytest.raises(KeyboardInterrupt):
        await jobs.work()
    [(_, wait)] = await jobs.queued()
    monkeypatch.undo()

    assert wait == timedelta(minutes=5)
    assert await jobs.work() == ["read"]
    assert len(await sources.busy()) == 1


async def test_a_job_that_comes_twice_reads_once(server: Server, jobs: Jobs, subscribed: Json) -> None:
    assert subscribed
    [(call, _)] = await jobs.queued()

    assert [await jobs.polls.read(call), await jobs.polls.read(call)] == ["read", "out of date"]
    assert len(server.asked) == 1


async def test_a_source_is_read_at_once_where_somebody_asks_but_not_twice_a_minute(
    scheduler: ClientFactory, sources: Sources, jobs: Jobs, subscribed: Json, later: Callable[[timedelta], None]
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    path = f"{sources.path}/{subscribed['id']}:sync"
    await jobs.work()

    too_soon = await desk.post(path)
    later(timedelta(seconds=61))
    asked = await desk.post(path)

    assert (too_soon.status_code, too_soon.json()["code"]) == (429, "read-just-now")
    assert (asked.status_code, asked.json()["id"]) == (202, subscribed["id"])
    assert min(wait for _, wait in await jobs.queued()) == timedelta()
    assert "read" in await jobs.work()


async def test_a_disabled_source_is_not_read_and_an_enabled_one_at_once(
    scheduler: ClientFactory, sources: Sources, server: Server, *, jobs: Jobs, subscribed: Json
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    path = f"{sources.path}/{subscribed['id']}"

    disabled = await desk.post(f"{path}:disable")
    assert disabled.json()["polling"]["next_attempt_at"] is None
    assert await jobs.work() == ["out of date"]
    refused = await desk.post(f"{path}:sync")
    assert (refused.status_code, refused.json()["code"], server.asked) == (409, "source-disabled", [])
    await desk.post(f"{path}:enable")
    assert await jobs.work() == ["read"]


async def test_a_deleted_source_is_gone_with_its_secrets_and_its_jobs_do_nothing(
    scheduler: ClientFactory,
    sources: Sources,
    server: Server,
    *,
    jobs: Jobs,
    subscribed: Json,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    await scheduler(Role.FRONT_DESK).delete(f"{sources.path}/{subscribed['id']}")

    assert await jobs.work() == ["out of date"]
    assert server.asked == []
    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        assert (await db.execute(text("select count(*) from commitment_polls"))).scalar_one() == 0


async def test_a_file_is_not_read_again(sources: Sources, scheduler: ClientFactory) -> None:
    document = calendar("20261006T080000/20261006T093000")
    path = (await sources.post(content=document, headers={"content-type": "text/calendar"})).headers["location"]

    refused = await scheduler(Role.FRONT_DESK).post(f"{path}:sync")

    assert (refused.status_code, refused.json()["code"]) == (409, "source-not-polled")


async def test_an_entry_is_read_again_as_days_come_into_reach(
    sources: Sources, jobs: Jobs, later: Callable[[timedelta], None]
) -> None:
    await sources.post(":enter", json={"weekly": [{"weekday": "MO", "start": "09:00", "end": "10:00"}]})
    last = (await sources.busy(start="2027-09-01T00:00:00Z", end="2028-12-01T00:00:00Z"))[-1]["start"]
    [(_, wait)] = await jobs.queued()
    later(timedelta(days=70))

    assert await jobs.work() == ["read"]

    assert round(wait / timedelta(days=1)) == 7
    newest = (await sources.busy(start="2027-09-01T00:00:00Z", end="2028-12-01T00:00:00Z"))[-1]["start"]
    assert (last[:10], newest[:10]) == ("2027-10-04", "2027-12-13")


async def test_a_poll_s_collision_is_open_at_the_site(
    scheduler: ClientFactory, desk: Desk, *, patient: Json, jobs: Jobs, subscribed: Json
) -> None:
    [session] = await desk.publish(group(patient))
    await jobs.work()

    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{session['site_id']}/collisions")

    assert [item["source_id"] for item in answer.json()["items"]] == [subscribed["id"]]


async def test_a_preview_reads_the_calendar_and_keeps_nothing(
    sources: Sources, server: Server, desk: Desk, patient: Json
) -> None:
    await desk.publish(group(patient))

    preview = await sources.post(":preview_subscription", json={"url": server.url})

    assert (preview.status_code, preview.json()["busy_intervals"]) == (200, 1)
    assert len(preview.json()["collisions"]) == 1
    assert await sources.listed() == []


async def test_a_preview_of_what_cannot_be_read_says_why_and_not_where(sources: Sources, server: Server) -> None:
    server.status = 404

    refused = await sources.post(":preview_subscription", json={"url": server.url})

    assert (refused.status_code, refused.json()["code"]) == (422, "gone")
    assert "private-7c1e" not in refused.text


async def test_no_more_previews_wait_for_strangers_than_have_a_place(
    sources: Sources, server: Server, remote: Any
) -> None:
    for _ in range(3):
        await remote.places.acquire()

    refused = await sources.post(":preview_subscription", json={"url": server.url})

    assert (refused.status_code, server.asked) == (503, [])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "https://user:secret@school.example/a.ics"}, "/url"),
        ({"url": "http://school.example/secret.ics"}, "/url"),
        ({"url": "file:///secret"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "x" * 3000}, "/url"),
        ({"user_name": "secret"}, ""),
        ({"password": "secret"}, ""),
        ({"user_name": "se:cret", "password": "secret"}, "/user_name"),
        ({"kind": "file"}, "/kind"),
        ({"token": "secret"}, "/token"),
    ],
)
@pytest.mark.parametrize("action", [":subscribe", ":preview_subscription"])
async def test_a_subscription_that_makes_no_sense_is_named_and_not_echoed(
    sources: Sources, action: str, change: Json, pointer: str
) -> None:
    refused = await sources.post(action, json={"url": "https://school.example/a.ics", **change})

    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "cret" not in refused.text
    assert await sources.listed() == []


async def test_loopback_is_refused_where_no_test_allows_it(
    sources: Sources, server: Server, scheduler_app: Any
) -> None:
    scheduler_app.state.remote_calendars = build(nothing_to_open).state.remote_calendars
    port = server.url.split(":")[2].partition("/")[0]

    for host in ("127.0.0.1", "localhost", "[::1]"):
        seen = await sources.post(":preview_subscription", json={"url": f"https://{host}:{port}/"})
        assert (seen.status_code, seen.json()["code"]) == (422, "address-refused")
    assert (await sources.post(":subscribe", json={"url": server.url})).status_code == 422
    assert server.asked == []


@pytest.mark.parametrize("role", [Role.NURSE, Role.PATIENT, Role.ORGANIZATION_ADMIN])
async def test_who_may_not_import_may_not_subscribe(sources: Sources, server: Server, role: Role) -> None:
    request = {"url": server.url}

    answers = [
        await sources.post(":subscribe", json=request, role=role),
        await sources.post(":preview_subscription", json=request, role=role),
        await sources.post(f"/{uuid4()}:sync", role=role),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert server.asked == []


async def test_another_organization_can_neither_sync_nor_subscribe(
    scheduler: ClientFactory, sources: Sources, server: Server, subscribed: Json
) -> None:
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    sync = await stranger.post(f"{sources.path}/{subscribed['id']}:sync")
    subscribe = await stranger.post(f"{sources.path}:subscribe", json={"url": server.url})
    missing = await stranger.post(f"/v1/patients/{uuid4()}/commitment_sources:subscribe", json={"url": server.url})

    assert (sync.status_code, subscribe.status_code, missing.status_code) == (404, 404, 404)
    assert {**subscribe.json(), "instance": ""} == {**missing.json(), "instance": ""}


@pytest.fixture
def later(clock: Clock, scheduler_app: Any, jobs: Jobs) -> Callable[[timedelta], None]:
    """Moves the service's clock, and the worker's."""

    def move(by: timedelta) -> None:
        moved = Clock(clock._offset + by)
        state = scheduler_app.state
        state.process = type(state.process)(moved, state.process.database, state.process.authenticator)
        jobs.polls = Polls(jobs.polls._database, moved, remote=state.remote_calendars, root=jobs.polls._root)

    return move
