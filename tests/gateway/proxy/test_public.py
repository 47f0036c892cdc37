"""A route that is public by policy is carried to its service without a token, and with the signature it needs."""

from uuid import uuid4

from services.contracts.identity import Role
from tests.gateway.conftest import GatewayFactory


async def test_a_public_route_is_carried_without_a_token_and_with_its_signature(gateway: GatewayFactory) -> None:
    signed = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    path = f"/v1/organizations/{uuid4()}/notice_receipts"

    answers = [
        await gateway().post(path, headers={**signed, "authorization": "Bearer nonsense"}, content=b"{}"),
        await gateway(Role.COUNSELLOR).post(path, headers=signed, content=b"{}"),
    ]

    for answer in answers:
        heard = dict(answer.json()["headers"])
        assert answer.status_code == 200
        assert "authorization" not in heard
        assert {name: heard[name] for name in signed} == signed
        assert answer.json()["path"] == path
