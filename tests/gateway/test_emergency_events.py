"""What records could not tell those who lead at once it tells by itself, signed with the key of its checkpoints."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.audit.checkpoints import VerifyingKeys
from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.webhooks import headers_signed_by, signed_headers
from services.clients.emergencies import EmergencyEventsClient
from services.clients.errors import RefusedError
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identifiers import AccountId, EmergencyAccessId, OrganizationId
from services.contracts.identity import Role
from tests.gateway.conftest import GatewayFactory, NewAccount, NewOrganization, Post

Signed = Callable[[str, Clock, bytes], dict[str, str]]

KEY, RETIRED, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2, 3))


@pytest.fixture
async def house(new_organization: NewOrganization, new_account: NewAccount) -> UUID:
    house = await new_organization()
    await new_account(organization=house, email="dan@example.org", roles=(Role.PROGRAMME_DIRECTOR,))
    return house


@pytest.fixture(autouse=True)
def knows_the_keys(gateway_app: Any) -> None:
    keys = VerifyingKeys(KEY.public_key(), RETIRED.public_key())
    gateway_app.state.equipment = replace(gateway_app.state.equipment, event_keys=keys)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    http = HttpClient()
    yield http
    await http.close()


def event(house: UUID, opener: UUID) -> EmergencyEvent:
    return EmergencyEvent(
        id=EmergencyAccessId(uuid4()), organization_id=OrganizationId(house), account_id=AccountId(opener)
    )


async def told_of(gateway: GatewayFactory, house: UUID) -> list[str]:
    auditor = gateway(Role.AUDITOR, organization=house)
    found = await auditor.get("/v1/security_events", params={"kind": "emergency_alerted"})
    return [told["by"] for told in found.json()["items"]]


@pytest.mark.parametrize("key", [KEY, RETIRED], ids=["current", "retired"])
async def test_those_who_lead_are_told_of_what_records_signs(
    *, gateway_url: str, http: HttpClient, post: Post, gateway: GatewayFactory, house: UUID, clock: Clock, key: Any
) -> None:
    opener, client = uuid4(), EmergencyEventsClient(http, gateway_url, key, clock)

    answer = await client.receive_emergency(event(house, opener))
    await post.carry()

    assert answer == EmergencyAlert(letters=1)
    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"]
    assert await told_of(gateway, house) == [str(opener)]


async def test_what_is_told_twice_is_no_second_letter_before_a_quarter_of_an_hour_is_over(
    *, gateway_url: str, http: HttpClient, post: Post, house: UUID, clock: Clock
) -> None:
    client, same = EmergencyEventsClient(http, gateway_url, KEY, clock), event(house, uuid4())
    for _ in range(2):
        await client.receive_emergency(same)

    await post.carry(after=timedelta(minutes=14))

    assert len(post.relay.handed) == 1


async def test_an_event_that_comes_again_is_told_once_and_answered_alike(
    *, gateway_url: str, http: HttpClient, post: Post, gateway: GatewayFactory, house: UUID, clock: Clock
) -> None:
    client, same = EmergencyEventsClient(http, gateway_url, KEY, clock), event(house, uuid4())
    first = await client.receive_emergency(same)
    await post.carry(after=timedelta(hours=1))

    assert await client.receive_emergency(same) == first == EmergencyAlert(letters=1)
    await post.carry(after=timedelta(hours=1))
    assert len(post.relay.handed) == 1
    assert await told_of(gateway, house) == [str(same.account_id)]

    await client.receive_emergency(event(house, same.account_id))
    await post.carry(after=timedelta(hours=1))
    assert len(post.relay.handed) == 2


def by_another(message: str, clock: Clock, body: bytes) -> dict[str, str]:
    return headers_signed_by(OTHER, message, clock.now(), body)


def late(message: str, clock: Clock, body: bytes) -> dict[str, str]:
    return headers_signed_by(KEY, message, clock.now() - timedelta(minutes=5, seconds=1), body)


def of_another_body(message: str, clock: Clock, body: bytes) -> dict[str, str]:
    return headers_signed_by(KEY, message, clock.now(), body + b" ")


def with_a_secret_that_is_no_secret(message: str, clock: Clock, body: bytes) -> dict[str, str]:
    return signed_headers(KEY.public_key().public_bytes_raw(), message, clock.now(), body)


def not_at_all(_message: str, _clock: Clock, _body: bytes) -> dict[str, str]:
    return {}


@pytest.mark.parametrize("signed", [by_another, late, of_another_body, with_a_secret_that_is_no_secret, not_at_all])
async def test_what_records_has_not_signed_tells_nobody(
    *, post: Post, gateway: GatewayFactory, house: UUID, clock: Clock, signed: Signed
) -> None:
    said = event(house, uuid4())
    body = orjson.dumps(said.model_dump(mode="json"))
    headers = {**signed(str(said.id), clock, body), "content-type": "application/json"}

    answer = await gateway().post(f"/v1/organizations/{house}/emergency_events", content=body, headers=headers)
    await post.carry()

    assert (answer.status_code, answer.json()["type"]) == (401, "urn:eventide:problem:credentials-refused")
    assert post.relay.handed == []
    assert await told_of(gateway, house) == []


async def test_what_is_signed_for_one_organization_tells_nobody_of_another(
    *,
    post: Post,
    gateway: GatewayFactory,
    house: UUID,
    new_organization: NewOrganization,
    new_account: NewAccount,
    clock: Clock,
) -> None:
    """Before, whoever had one such event could send it to every organization for five minutes."""
    other = await new_organization("Other")
    await new_account(organization=other, email="eve@example.org", roles=(Role.PROGRAMME_DIRECTOR,))
    said = event(house, uuid4())
    body = orjson.dumps(said.model_dump(mode="json"))
    signed = headers_signed_by(KEY, str(said.id), clock.now(), body)
    headers = {**signed, "content-type": "application/json"}

    answers = [
        await gateway().post(f"/v1/organizations/{where}/emergency_events", content=body, headers=headers)
        for where in (other, house)
    ]
    await post.carry()

    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[0].json()["type"] == "urn:eventide:problem:credentials-refused"
    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"]
    assert (len(await told_of(gateway, other)), len(await told_of(gateway, house))) == (0, 1)


async def test_a_gateway_that_knows_no_key_is_told_nothing(
    *, gateway_app: Any, gateway_url: str, http: HttpClient, house: UUID, clock: Clock
) -> None:
    gateway_app.state.equipment = replace(gateway_app.state.equipment, event_keys=VerifyingKeys())

    with pytest.raises(RefusedError):
        await EmergencyEventsClient(http, gateway_url, KEY, clock).receive_emergency(event(house, uuid4()))
