"""Fetching from strangers: into the open internet and nowhere else, bounded in every way."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from services.chassis.addresses import is_public
from services.chassis.fetching import Fetcher, FetchFailedError, FetchFailure, Wanted
from tests.support.outside import Names, certificate_of_nobody, stranger

KIB = 1024
NOT_OPEN = [
    "0.0.0.1", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1", "2001::1", "2001:db8::1", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "2606:4700::1%1", "100::1", "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_OPEN)
def test_what_is_not_of_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2002:808:808::1", "64:ff9b::808:808"]
)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def fetcher(*, names: Names | None = None, allows_loopback: bool = True, seconds: float = 20.0) -> Fetcher:
    return Fetcher(largest=64 * KIB, allows_loopback=allows_loopback, seconds=seconds, resolver=names)


async def failure(fetching: Awaitable[object]) -> FetchFailure:
    with pytest.raises(FetchFailedError) as caught:
        await fetching
    assert caught.value.args == (caught.value.failure.value,)
    return caught.value.failure


async def hello(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="hello")


def elsewhere(target: Callable[[web.Request], str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def redirect(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"location": target(request)})

    return redirect


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example/a.ics",
        "ftp://calendar.example/a.ics",
        "file:///etc/passwd",
        "https://user:secret@calendar.example/",
        "https://user@calendar.example/",
        "https://calendar.example/#part",
        "https://calendar.example:22/",
        "https://",
        "https://calendar.example/a b",
        "https://calendar.example/\n",
        "https://[::1",
        f"https://calendar.example/{'a' * 2048}",
        "calendar.example",
        "",
    ],
)
async def test_a_url_that_can_be_seen_to_lead_nowhere_good_is_refused_unasked(url: str) -> None:
    names = Names(calendar=[["8.8.8.8"]])

    assert await failure(fetcher(names=names).fetch(Wanted(url))) is FetchFailure.URL_REFUSED
    assert names.asked == []


def test_webcal_is_https() -> None:
    assert fetcher().check("webcal://calendar.example/a.ics?key=1") == "https://calendar.example/a.ics?key=1"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1", "169.254.169.254", "::ffff:7f00:1"])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    names = Names(calendar=[[address]], mixed=[["8.8.8.8", address]])

    for host in ("calendar.example", "mixed.example"):
        fetching = fetcher(names=names, allows_loopback=False).fetch(Wanted(f"https://{host}/"))
        assert await failure(fetching) is FetchFailure.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "2130706433", "0x7f.1", "127.1"]
)
async def test_an_address_that_leads_inside_is_refused_however_it_is_written(host: str) -> None:
    opened: list[str] = []

    async def count(request: web.Request) -> web.StreamResponse:
        opened.append(request.path)
        return web.Response()

    async with stranger(count) as url:
        port = url.rpartition(":")[2]
        fetching = fetcher(allows_loopback=False).fetch(Wanted(f"https://{host}:{port}/"))
        assert await failure(fetching) in {FetchFailure.ADDRESS_REFUSED, FetchFailure.UNREACHABLE}
    assert opened == []


async def test_the_name_is_resolved_once_and_the_connection_goes_where_it_was_judged(tmp_path: Path) -> None:
    names = Names(calendar=[["127.0.0.1"], ["10.0.0.1"]])

    async with stranger(hello, tls=certificate_of_nobody(tmp_path)) as url:
        wanted = Wanted(f"https://calendar.example:{url.rpartition(':')[2]}/")
        found = await failure(fetcher(names=names).fetch(wanted))

    # Its certificate was seen, so it is there that the connection went.
    assert found is FetchFailure.NOT_TRUSTED
    assert names.asked == ["calendar.example"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://169.254.169.254/latest/meta-data/", FetchFailure.URL_REFUSED),
        ("https://10.0.0.1/", FetchFailure.ADDRESS_REFUSED),
        ("https://inside.example/", FetchFailure.ADDRESS_REFUSED),
        ("file:///etc/passwd", FetchFailure.URL_REFUSED),
        ("https://user:secret@calendar.example/", FetchFailure.URL_REFUSED),
        ("/again", FetchFailure.TOO_MANY_REDIRECTS),
    ],
)
async def test_a_redirect_is_judged_like_the_first_address(target: str, expected: FetchFailure) -> None:
    async with stranger(elsewhere(lambda _request: target)) as url:
        fetching = fetcher(names=Names(inside=[["10.0.0.1"]])).fetch(Wanted(url))
        assert await failure(fetching) is expected


async def test_a_password_stays_with_its_origin() -> None:
    seen: list[tuple[str, str | None]] = []

    async def other(request: web.Request) -> web.StreamResponse:
        seen.append(("other", request.headers.get("authorization")))
        return web.Response(text="there")

    async with stranger(other) as there:

        async def first(request: web.Request) -> web.StreamResponse:
            seen.append(("first", request.headers.get("authorization")))
            target = "/second" if request.path == "/" else there
            return web.Response(status=307, headers={"location": target})

        async with stranger(first) as url:
            answer = await fetcher().fetch(Wanted(url, user="ann", password="s"))

    assert answer.body == b"there"
    assert [(who, bool(password)) for who, password in seen] == [("first", True), ("first", True), ("other", False)]


async def test_an_answer_is_fetched_whole_up_to_its_bound() -> None:
    async def big(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * int(request.path[1:]))

    async with stranger(big) as url:
        assert len((await fetcher().fetch(Wanted(f"{url}/{64 * KIB}"))).body) == 64 * KIB
        assert await failure(fetcher().fetch(Wanted(f"{url}/{64 * KIB + 1}"))) is FetchFailure.TOO_LARGE


async def test_an_endless_answer_ends_at_the_bound() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * KIB)

    async with stranger(endless) as url:
        assert await failure(fetcher().fetch(Wanted(url))) is FetchFailure.TOO_LARGE


async def test_a_silent_server_is_left_in_time() -> None:
    is_over = asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await is_over.wait()
        return web.Response()

    async with stranger(silent) as url:
        assert await failure(fetcher(seconds=0.2).fetch(Wanted(url))) is FetchFailure.TIMED_OUT
        is_over.set()


async def test_a_compressed_answer_is_not_opened() -> None:
    async def bomb(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b", headers={"content-encoding": "gzip"})

    async with stranger(bomb) as url:
        assert await failure(fetcher().fetch(Wanted(url))) is FetchFailure.COMPRESSED


async def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    async with stranger(hello, tls=certificate_of_nobody(tmp_path)) as url:
        assert await failure(fetcher().fetch(Wanted(url))) is FetchFailure.NOT_TRUSTED


async def test_nobody_there_is_unreachable() -> None:
    async with stranger(hello) as url:
        pass
    assert await failure(fetcher().fetch(Wanted(url))) is FetchFailure.UNREACHABLE


def test_what_is_wanted_shows_neither_url_nor_password() -> None:
    assert "secret" not in repr(Wanted("https://calendar.example/secret", user="secret", password="secret"))
