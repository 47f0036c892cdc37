from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from services.policy.route import DEEPEST_BODY
from tests.gateway.conftest import GatewayFactory, NewOrganization


async def test_a_platform_operator_creates_an_organization_and_reads_it(operator: httpx2.AsyncClient) -> None:
    made = await operator.post("/v1/organizations", json={"name": "  Harbour House  "})

    read = await operator.get(made.headers["location"])

    assert made.status_code == 201
    assert made.json()["name"] == "Harbour House"
    assert read.json() == made.json()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PLATFORM_OPERATOR}))
async def test_nobody_else_creates_one(gateway: GatewayFactory, role: Role) -> None:
    refused = await gateway(role).post("/v1/organizations", json={"name": "Harbour House"})

    assert refused.status_code == 403


async def test_staff_read_their_own_organization_and_know_of_no_other(
    gateway: GatewayFactory, new_organization: NewOrganization
) -> None:
    own, other = await new_organization("Own"), await new_organization("Other")
    clerk = gateway(Role.FRONT_DESK, organization=own)

    answers = [await clerk.get(f"/v1/organizations/{organization}") for organization in (own, other, uuid4())]

    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert len(answers[1].content) == len(answers[2].content)


async def test_a_patient_does_not_read_it(gateway: GatewayFactory, new_organization: NewOrganization) -> None:
    own = await new_organization()

    refused = await gateway(Role.PATIENT, organization=own).get(f"/v1/organizations/{own}")

    assert refused.status_code == 403


@pytest.mark.parametrize("name", ["", "   ", "a" * 201, "line\nbreak", None, 7])
async def test_a_name_that_is_none_is_refused_and_pointed_at(operator: httpx2.AsyncClient, name: object) -> None:
    refused = await operator.post("/v1/organizations", json={"name": name})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize(("levels", "status"), [(DEEPEST_BODY, 422), (DEEPEST_BODY + 1, 400)])
async def test_the_gateway_reads_no_deeper_body_than_a_route_says(
    operator: httpx2.AsyncClient, levels: int, status: int
) -> None:
    body = b'{"name":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    answer = await operator.post("/v1/organizations", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status
