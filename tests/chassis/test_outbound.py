"""Requests to addresses that people tell us reach the open internet, or nothing."""

import socket
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from services.chassis.outbound import (
    AddressRefusedError,
    OutboundClient,
    PublicResolver,
    UnreachableError,
    check_url,
    is_public,
)

PRIVATE = (
    "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "0.0.0.1", "fe80::1%eth0", "198.18.0.1",
)  # fmt: skip


class Names(AbstractResolver):
    """A name server that gives one answer after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self._answers.pop(0)
        return [ResolveResult(hostname=host, host=at, port=port, family=family, proto=0, flags=0) for at in answer]

    @override
    async def close(self) -> None:
        self._answers.clear()


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    client = OutboundClient(resolver=PublicResolver(Names(["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], [])))
    yield client
    await client.close()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_a_private_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https:///path", "https://user@example.org/", "https://user:word@example.org/",
        "https://example.org/#part", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3:8443/x", "ftp://a.org/",
        "https://example.org:0/", "https://example.org:99999/", "https://exa mple.org/", "https://\u0435xample.org/",
        "https://[::1/", "example.org", "", "https://example.org/\r\nx: y",
    ],
)  # fmt: skip
async def test_a_url_that_leads_elsewhere_is_refused_before_and_when_it_is_called(
    url: str, client: OutboundClient
) -> None:
    with pytest.raises(ValueError, match="https"):
        check_url(url)
    with pytest.raises(AddressRefusedError):
        await client.post(url, b"", {})


def test_a_url_of_the_internet_is_accepted() -> None:
    check_url("https://hooks.example.org:8443/path?key=value")


async def test_a_name_that_leads_into_our_network_is_refused_whatever_else_it_leads_to(client: OutboundClient) -> None:
    # The connector asks the resolver for the very addresses that it connects to, so there is no second resolution.
    for _ in range(3):
        with pytest.raises(AddressRefusedError):
            await client.post("https://hooks.example.org/", b"", {})


async def test_nobody_at_the_address_is_unreachable(unused_tcp_port: int) -> None:
    client = OutboundClient(resolver=Names(["127.0.0.1"]))

    with pytest.raises(UnreachableError):
        await client.post(f"https://hooks.example.org:{unused_tcp_port}/", b"", {})
    await client.close()
