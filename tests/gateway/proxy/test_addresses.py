"""Whose address counts where proxies stand before the gateway: nobody's word but theirs, and from the right."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Role
from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.limiting import network_of
from services.policy.routes import BY_OPERATION
from tests.gateway.conftest import GatewayFactory

OURS = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
PEER = ("10.0.0.1", 443)


@pytest.mark.parametrize(
    ("peer", "told", "expected"),
    [
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9", "192.0.2.1,10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["192.0.2.1:1234"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
    ],
)
def test_the_rightmost_address_that_is_not_ours_is_who_asks(peer: str, told: list[str], expected: str) -> None:
    found = OURS.origin((peer, 1), [line.encode() for line in told])

    assert found[0] == expected


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=4))
def test_a_stranger_s_word_counts_for_nothing(told: list[str]) -> None:
    assert OURS.origin(("192.0.2.7", 5), [line.encode("latin-1") for line in told]) == ("192.0.2.7", 5)
    assert OURS.origin(None, [line.encode("latin-1") for line in told]) is None
    assert TrustedProxies([]).origin(PEER, [line.encode("latin-1") for line in told]) == PEER


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5), st.ip_addresses(v=4, network="192.0.2.0/24").map(str))
def test_what_a_caller_writes_in_front_changes_nothing(written: list[str], address: str) -> None:
    told = [", ".join([*written, address, "10.0.0.9"]).encode()]

    assert network_of(OURS.origin(PEER, told)) == address


async def _limited(client: Any, address: str) -> int:
    answer = await client.post("/v1/placement_inquiries", content=b"{}", headers={"x-forwarded-for": address})
    status: int = answer.status_code
    return status


@pytest.mark.parametrize(("networks", "counted_apart"), [([], False), (["127.0.0.0/8"], True)])
async def test_callers_behind_a_proxy_of_ours_are_counted_apart_and_others_cannot_pretend(
    gateway: GatewayFactory, gateway_app: Any, networks: list[str], *, counted_apart: bool
) -> None:
    front = gateway_app.state.equipment.front
    proxies = TrustedProxies(map(ip_network, networks))
    object.__setattr__(front, "proxies", proxies)
    most = BY_OPERATION["create_placement_inquiry"].calls_per_minute or 0
    client = gateway(Role.FRONT_DESK)

    one = {await _limited(client, "192.0.2.1") for _ in range(3 * most)}
    another = await _limited(client, "192.0.2.2")

    assert one == {200, 429}
    assert another == (200 if counted_apart else 429)
