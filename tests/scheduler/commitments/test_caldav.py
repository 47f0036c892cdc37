"""CalDAV collections, read from a real Radicale on loopback, and from servers that answer what no server should."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest
from aiohttp import web
from radicale import config
from radicale.app import Application
from typing_extensions import override

from services.chassis.fetching import Fetcher
from services.contracts.identity import Role
from services.scheduler.commitments.caldav import read_collection
from services.scheduler.commitments.readers import LARGEST_CALENDAR
from services.scheduler.commitments.remote import RemoteCalendars, RemoteFailedError
from services.scheduler.commitments.sealed import Access
from tests.conftest import FRIDAY, ClientFactory
from tests.scheduler.commitments.conftest import Jobs, Sources
from tests.scheduler.conftest import Json, calendar
from tests.support.outside import stranger

pytestmark = pytest.mark.usefixtures("remote")

WHO = ("ann", "an app's own password")
WEEKLY = calendar("20261005T090000/20261005T101500").replace(
    b"UID:0@test", b"UID:school\r\nRRULE:FREQ=WEEKLY;UNTIL=20261019"
)
MOVED = calendar("20261012T130000/20261012T141500").replace(
    b"UID:0@test", b"UID:school\r\nRECURRENCE-ID:20261012T090000"
)
AVAILABLE = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VAVAILABILITY\r\nUID:work\r\n"
    b"DTSTART:20261006T000000\r\nDTEND:20261007T000000\r\nBEGIN:AVAILABLE\r\nUID:evening\r\n"
    b"DTSTART:20261006T170000\r\nDTEND:20261006T210000\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
)
"""To be had on Tuesday from five to nine in the evening, and at no other hour of that day."""
BUSY_TUESDAY = ["2026-10-06T04:00:00Z/2026-10-06T21:00:00Z", "2026-10-07T01:00:00Z/2026-10-07T04:00:00Z"]


class _Silent(WSGIRequestHandler):
    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Collection:
    """Ann's calendar on the server."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/ann/school/"
        self._client = httpx2.Client(auth=WHO)
        self._client.request("MKCOL", f"{url}/ann/")
        made = self._client.request("MKCALENDAR", self.url)
        assert made.status_code == 201, made.text

    def put(self, name: str, document: bytes) -> None:
        answer = self._client.put(
            f"{self.url}{name}.ics", content=document, headers={"content-type": "text/calendar; charset=utf-8"}
        )
        assert answer.status_code in {201, 204}, answer.text

    def offer(self, availability: bytes) -> None:
        """Keep an availability as a property; a server that is not asked for it by a client knows nothing of it."""
        name = "<C:calendar-availability xmlns:C='urn:ietf:params:xml:ns:caldav'>"
        value = f"{name}{availability.decode()}</C:calendar-availability>"
        body = f"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop>{value}</D:prop></D:set></D:propertyupdate>"
        answer = self._client.request("PROPPATCH", self.url, content=body.encode())
        assert (answer.status_code, b"200 OK" in answer.content) == (207, True), answer.text

    def delete(self, name: str) -> None:
        assert self._client.delete(f"{self.url}{name}.ics").status_code == 200


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The server, and the method of each request that it has answered."""
    (tmp_path / "users").write_text(":".join(WHO))
    settings = config.load()
    settings.update(
        {
            "auth": {"type": "htpasswd", "htpasswd_filename": str(tmp_path / "users"), "htpasswd_encryption": "plain",
                     "delay": "0"},
            "storage": {"filesystem_folder": str(tmp_path / "collections")},
            "logging": {"level": "critical"},
        },
        "test",
    )  # fmt: skip
    application = Application(settings)
    asked: list[str] = []

    def counted(environ: dict[str, Any], start: Any) -> Any:
        asked.append(environ["REQUEST_METHOD"])
        return application(environ, start)

    with make_server("127.0.0.1", 0, counted, handler_class=_Silent) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        serving.join()


@pytest.fixture
def collection(radicale: tuple[str, list[str]]) -> Collection:
    url, asked = radicale
    made = Collection(url)
    made.put("school", WEEKLY)
    asked.clear()
    return made


@pytest.fixture
async def connected(sources: Sources, collection: Collection) -> Json:
    answer = await sources.post(":subscribe", json=asked_for(collection.url))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def asked_for(url: str, password: str = WHO[1]) -> Json:
    return {"kind": "caldav", "url": url, "user_name": WHO[0], "password": password}


async def starts(sources: Sources) -> list[str]:
    return [item["start"][5:16] for item in await sources.busy()]


async def test_a_collection_is_read_and_its_repetitions_are_expanded_here(
    sources: Sources, collection: Collection, jobs: Jobs, connected: Json
) -> None:
    collection.put("dentist", calendar("20261007T150000/20261007T160000"))

    assert await jobs.work() == ["read"]

    assert connected["kind"] == "caldav"
    assert await starts(sources) == ["10-05T13:00", "10-07T19:00", "10-12T13:00", "10-19T13:00"]
    [source] = await sources.listed()
    assert (source["events_read"], source["polling"]["outcome"], source["warnings"]) == (2, "read", [])


async def test_what_changes_on_the_server_changes_here(
    sources: Sources, collection: Collection, jobs: Jobs, connected: Json
) -> None:
    assert connected
    collection.put("dentist", calendar("20261007T150000/20261007T160000"))
    await jobs.work()

    both = WEEKLY.replace(b"END:VCALENDAR\r\n", b"") + MOVED.partition(b"PRODID:-//test//EN\r\n")[2]
    collection.put("school", both)
    assert "read" in await jobs.work()
    moved = await starts(sources)
    collection.delete("dentist")
    assert "read" in await jobs.work()

    assert moved == ["10-05T13:00", "10-07T19:00", "10-12T17:00", "10-19T13:00"]
    assert await starts(sources) == ["10-05T13:00", "10-12T17:00", "10-19T13:00"]


async def test_what_has_not_changed_is_not_sent_again(
    sources: Sources, radicale: tuple[str, list[str]], jobs: Jobs, connected: Json
) -> None:
    assert connected
    assert await jobs.work() == ["read"]
    assert radicale[1] == ["PROPFIND", "REPORT"]

    assert await jobs.work() == ["out of date", "unchanged"]

    assert radicale[1] == ["PROPFIND", "REPORT", "PROPFIND"]
    assert len(await sources.busy()) == 3


async def test_hours_that_are_not_offered_are_busy_beside_the_events(
    sources: Sources, collection: Collection, jobs: Jobs, connected: Json
) -> None:
    assert connected
    assert await jobs.work() == ["read"]
    before = await sources.busy(end="2026-10-08T00:00:00Z")

    collection.offer(AVAILABLE)
    assert "read" in await jobs.work()

    after = await sources.busy(end="2026-10-08T00:00:00Z")
    assert [item for item in await spans(sources) if item in BUSY_TUESDAY] == BUSY_TUESDAY
    assert len(after) == len(before) + len(BUSY_TUESDAY)
    collection.offer(AVAILABLE.replace(b"T170000", b"T180000"))
    assert "read" in await jobs.work()
    assert "2026-10-06T04:00:00Z/2026-10-06T22:00:00Z" in await spans(sources)


async def spans(sources: Sources) -> list[str]:
    return [f"{item['start']}/{item['end']}" for item in await sources.busy()]


async def test_a_wrong_password_is_told_and_not_repeated(sources: Sources, collection: Collection, jobs: Jobs) -> None:
    await sources.post(":subscribe", json=asked_for(collection.url, "a wrong password"))

    assert await jobs.work() == ["access_refused"]

    assert "wrong password" not in str(await sources.listed())


async def test_an_address_that_is_no_collection_is_told(
    scheduler: ClientFactory, sources: Sources, collection: Collection
) -> None:
    home = collection.url.removesuffix("school/")
    desk = scheduler(Role.FRONT_DESK)

    for url, code in ((home, "not-understood"), (f"{home}missing/", "gone")):
        refused = await desk.post(f"{sources.path}:preview_subscription", json=asked_for(url))
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_collection_is_previewed_and_an_empty_one_has_nothing(sources: Sources, collection: Collection) -> None:
    preview = (await sources.post(":preview_subscription", json=asked_for(collection.url))).json()
    collection.delete("school")
    empty = (await sources.post(":preview_subscription", json=asked_for(collection.url))).json()

    assert (preview["series"], preview["busy_intervals"], preview["busy"][0]["line"]) == (1, 3, None)
    assert (empty["busy"], [warning["code"] for warning in empty["warnings"]]) == ([], ["no-events"])
    assert await sources.listed() == []


PROPERTIES = b"""<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><resourcetype>\
<calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat>\
</response></multistatus>"""


def answers(events: bytes, status: int = 207) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "PROPFIND":
            return web.Response(status=207, body=PROPERTIES)
        return web.Response(status=status, body=events)

    return answer


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (b"<html>secret</html>", 200),
        (b"not <xml", 207),
        (b"\xff\xfe<\x00", 207),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><multistatus xmlns="DAV:">&b;</multistatus>', 207),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><multistatus xmlns="DAV:"/>', 207),
    ],
)
async def test_an_answer_that_is_none_is_not_understood(events: bytes, status: int) -> None:
    remote = RemoteCalendars(Fetcher(largest=LARGEST_CALENDAR, allows_loopback=True))

    async with stranger(answers(events, status)) as url:
        with pytest.raises(RemoteFailedError) as caught:
            await read_collection(remote, Access(url), None, FRIDAY)

    assert str(caught.value) == "not_understood"


async def test_a_collection_that_is_too_large_is_asked_for_the_days_that_are_kept() -> None:
    bodies: list[bytes] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "PROPFIND":
            return web.Response(status=207, body=PROPERTIES)
        bodies.append(await request.read())
        is_bounded = b"time-range" in bodies[-1]
        return web.Response(status=207, body=b'<multistatus xmlns="DAV:"/>' + b" " * (0 if is_bounded else 4096))

    remote = RemoteCalendars(Fetcher(largest=2048, allows_loopback=True))
    async with stranger(answer) as url:
        found = await read_collection(remote, Access(url), None, FRIDAY)

    assert found.document is not None
    assert b'start="20260923T120000Z" end="20271009T120000Z"' in bodies[1]


async def test_no_address_in_an_answer_is_followed() -> None:
    asked: list[str] = []
    document = WEEKLY.decode().replace("\r\n", "&#13;\n")
    events = (
        '<multistatus xmlns="DAV:"><response><href>http://169.254.169.254/latest</href><propstat><prop>'
        f'<calendar-data xmlns="urn:ietf:params:xml:ns:caldav">{document}</calendar-data></prop>'
        "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
    )
    answer = answers(events.encode())

    async def counted(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        made: web.StreamResponse = await answer(request)
        return made

    remote = RemoteCalendars(Fetcher(largest=LARGEST_CALENDAR, allows_loopback=True))
    async with stranger(counted) as url:
        found = await read_collection(remote, Access(url), None, FRIDAY)

    assert set(asked) == {"/"}
    assert found.document == WEEKLY


class Server:
    """A server that keeps availabilities; its sync-token tells of the members of a collection alone."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.availability = AVAILABLE
        self.availability_status = "200 OK"
        self.holds: tuple[str, ...] | None = ("VEVENT",)
        self.refuses: dict[str, str] = {}
        self.members: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        component = next((name for name in self.members if f'comp-filter name="{name}"' in body), "")
        self.asked.append(f"{request.method} {component}".strip())
        if component in self.refuses:
            names = "xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'"
            return web.Response(status=403, text=f"<D:error {names}>{self.refuses[component]}</D:error>")
        found = self._properties() if request.method == "PROPFIND" else _data(self.members.get(component, b""))
        status = self.availability_status if request.method == "PROPFIND" else "200 OK"
        prop = f"<D:prop>{found}</D:prop><D:status>HTTP/1.1 {status}</D:status>"
        answer = f"<D:response><D:href>/a</D:href><D:propstat>{prop}</D:propstat></D:response>"
        names = "xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'"
        return web.Response(status=207, text=f"<D:multistatus {names}>{answer}</D:multistatus>")

    def _properties(self) -> str:
        comps = "".join(f"<C:comp name='{name}'/>" for name in self.holds or ())
        held = f"<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set>"
        return (
            f"<D:resourcetype><D:collection/><C:{self.kind}/></D:resourcetype><D:sync-token>1</D:sync-token>"
            f"{'' if self.holds is None else held}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
            f"<D:propstat><D:prop><C:calendar-availability>{self.availability.decode()}</C:calendar-availability>"
        )


def _data(document: bytes) -> str:
    return f"<C:calendar-data>{document.decode()}</C:calendar-data>"


async def test_an_inbox_is_read_for_the_availability_that_is_kept_with_it(sources: Sources, jobs: Jobs) -> None:
    server = Server("schedule-inbox")
    server.members["VEVENT"] = WEEKLY

    async with stranger(server.answer) as url:
        await sources.post(":subscribe", json=asked_for(f"{url}/ann/inbox/"))
        assert await jobs.work() == ["read"]
        told = await spans(sources)
        assert "unchanged" in await jobs.work()
        server.availability = b""
        assert "read" in await jobs.work()

    assert told == BUSY_TUESDAY
    assert await sources.busy() == []
    assert set(server.asked) == {"PROPFIND"}


async def test_another_availability_is_read_though_no_member_of_the_collection_has_changed(
    sources: Sources, jobs: Jobs
) -> None:
    server = Server("calendar")
    server.members["VEVENT"] = calendar()

    async with stranger(server.answer) as url:
        await sources.post(":subscribe", json=asked_for(f"{url}/ann/school/"))
        assert await jobs.work() == ["read"]
        assert "unchanged" in await jobs.work()
        server.availability = AVAILABLE.replace(b"T170000", b"T180000")
        assert "read" in await jobs.work()

    assert (await spans(sources))[0] == "2026-10-06T04:00:00Z/2026-10-06T22:00:00Z"


@pytest.mark.parametrize("is_kept_in_events", [False, True])
async def test_availabilities_among_the_events_are_asked_for_where_a_collection_may_hold_them(
    sources: Sources, jobs: Jobs, *, is_kept_in_events: bool
) -> None:
    server = Server("calendar")
    server.availability = b""
    server.holds = ("VEVENT", "VAVAILABILITY") if is_kept_in_events else ("VEVENT",)
    server.members = {"VEVENT": calendar("20261009T090000/20261009T100000"), "VAVAILABILITY": AVAILABLE}

    async with stranger(server.answer) as url:
        await sources.post(":subscribe", json=asked_for(f"{url}/ann/school/"))
        assert await jobs.work() == ["read"]

    friday = ["2026-10-09T13:00:00Z/2026-10-09T14:00:00Z"]
    assert await spans(sources) == [*(BUSY_TUESDAY if is_kept_in_events else ()), *friday]
    assert server.asked == ["PROPFIND", "REPORT VEVENT", *(["REPORT VAVAILABILITY"] if is_kept_in_events else [])]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("500 Internal Server Error", "server_failed"),
        ("403 Forbidden", "access_refused"),
        ("507 Insufficient Storage", "server_failed"),
        ("424 Failed Dependency", "not_understood"),
    ],
)
async def test_an_availability_that_cannot_be_read_is_not_taken_for_none(
    sources: Sources, jobs: Jobs, status: str, outcome: str
) -> None:
    server = Server("calendar")
    server.members["VEVENT"] = calendar()

    async with stranger(server.answer) as url:
        await sources.post(":subscribe", json=asked_for(f"{url}/ann/school/"))
        assert await jobs.work() == ["read"]
        server.availability, server.availability_status = b"", status
        failed = await jobs.work()
        kept = await spans(sources)
        server.availability_status = "404 Not Found"
        assert "read" in await jobs.work()

    assert outcome in failed
    assert kept == BUSY_TUESDAY
    assert await sources.busy() == []


@pytest.mark.parametrize(
    ("refusal", "outcome", "busy"),
    [
        (None, "read", BUSY_TUESDAY),
        ("<C:supported-filter/>", "read", []),
        ("<D:need-privileges/>", "access_refused", []),
    ],
)
async def test_a_collection_that_does_not_say_what_it_holds_is_asked_for_availabilities(
    *, sources: Sources, jobs: Jobs, refusal: str | None, outcome: str, busy: list[str]
) -> None:
    server = Server("calendar")
    server.availability, server.holds = b"", None
    server.members = {"VEVENT": calendar(), "VAVAILABILITY": AVAILABLE}
    server.refuses = {} if refusal is None else {"VAVAILABILITY": refusal}

    async with stranger(server.answer) as url:
        await sources.post(":subscribe", json=asked_for(f"{url}/ann/school/"))
        assert await jobs.work() == [outcome]

    assert server.asked == ["PROPFIND", "REPORT VEVENT", "REPORT VAVAILABILITY"]
    assert [span["start"] + "/" + span["end"] for span in await sources.busy()] == busy
