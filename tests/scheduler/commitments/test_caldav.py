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

    assert asked == ["/", "/"]
    assert found.document == WEEKLY
