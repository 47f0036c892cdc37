from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.accounts.rules import GRANTABLE_ROLES
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization


def _request(**changes: Any) -> dict[str, Any]:
    return {
        "email": "grace@example.org", "password": PASSWORD, "display_name": "Grace", "roles": ["counsellor"], **changes
    }  # fmt: skip


async def test_an_administrator_creates_lists_and_reads_accounts(
    gateway: GatewayFactory, new_organization: NewOrganization
) -> None:
    own = await new_organization()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=own)
    path = f"/v1/organizations/{own}/accounts"

    made = await admin.post(path, json=_request(roles=["supervisor", "counsellor"]))
    read = await admin.get(made.headers["location"])
    listed = await admin.get(path)

    assert made.status_code == 201
    assert made.json()["roles"] == ["counsellor", "supervisor"]
    assert read.json() == made.json()
    assert listed.json() == {"items": [made.json()], "next_page_token": None}
    assert "password" not in made.text


async def test_who_is_placed_by_law_enforcement_gets_an_account_by_a_court_s_order_that_the_trail_keeps(
    gateway: GatewayFactory, new_organization: NewOrganization
) -> None:
    """42 CFR 2.17(a), 2.67: an undercover agent or informant is taken on by an order alone."""
    own = await new_organization()
    admin, path = gateway(Role.ORGANIZATION_ADMIN, organization=own), f"/v1/organizations/{own}/accounts"
    order = {"order_id": "2:26-mc-00417", "expires_on": "2099-12-31"}
    wrong = [{"expires_on": "2099-12-31"}, {"order_id": "A-1"}, {**order, "expires_on": "2020-01-01"},
             {**order, "order_id": "John Smith"}, {**order, "order_id": "Smith"}, {}]  # fmt: skip

    refused = [await admin.post(path, json=_request(placed_by_order=one)) for one in wrong]
    made = await admin.post(path, json=_request(placed_by_order=order))
    other = await admin.post(path, json=_request(email="joan@example.org"))

    assert [one.status_code for one in (*refused, made, other)] == [422] * len(wrong) + [201, 201]
    assert [one.json()["errors"][0]["pointer"] for one in refused] == [
        f"/placed_by_order/{name}"
        for name in ("order_id", "expires_on", "expires_on", "order_id", "order_id", "order_id")
    ]
    told = (await gateway(Role.AUDITOR, organization=own).get("/v1/security_events?kind=account_added")).json()["items"]
    assert [(one["account_id"], one["court_order_id"], one["court_order_expires_on"]) for one in told] == [
        (made.json()["id"], "2:26-mc-00417", "2099-12-31"),
        (other.json()["id"], None, None),
    ]


async def test_accounts_come_in_pages(
    gateway: GatewayFactory, new_organization: NewOrganization, new_account: NewAccount
) -> None:
    own = await new_organization()
    made = [(await new_account(organization=own, email=f"{n}@example.org"))["id"] for n in range(3)]
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=own)
    path = f"/v1/organizations/{own}/accounts"

    first = (await admin.get(path, params={"page_size": 2})).json()
    second = (await admin.get(path, params={"page_size": 2, "page_token": first["next_page_token"]})).json()
    odd = await admin.get(path, params={"page_token": "nonsense"})

    assert [item["id"] for item in first["items"] + second["items"]] == sorted(made)
    assert second["next_page_token"] is None
    assert odd.status_code == 422


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR, Role.AUDITOR, Role.PATIENT])
async def test_others_neither_create_nor_list_accounts(
    gateway: GatewayFactory, new_organization: NewOrganization, role: Role
) -> None:
    own = await new_organization()
    caller = gateway(role, organization=own)

    created = await caller.post(f"/v1/organizations/{own}/accounts", json=_request())
    listed = await caller.get(f"/v1/organizations/{own}/accounts")

    assert (created.status_code, listed.status_code) == (403, 403)


async def test_an_administrator_of_another_organization_sees_nothing(
    gateway: GatewayFactory, new_organization: NewOrganization, new_account: NewAccount
) -> None:
    account = await new_account()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=await new_organization("Other"))
    path = f"/v1/organizations/{account['organization_id']}/accounts"

    answers = [
        await admin.get(path),
        await admin.get(f"{path}/{account['id']}"),
        await admin.post(path, json=_request()),
        await admin.get(f"/v1/organizations/{uuid4()}/accounts"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]


async def test_nobody_makes_a_platform_operator(
    gateway: GatewayFactory, operator: Any, new_organization: NewOrganization
) -> None:
    own = await new_organization()
    path = f"/v1/organizations/{own}/accounts"
    body = _request(roles=["counsellor", "platform_operator"])

    answers = [
        await caller.post(path, json=body) for caller in (gateway(Role.ORGANIZATION_ADMIN, organization=own), operator)
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["errors"][0]["pointer"] == "/roles"


async def test_every_grantable_role_is_one_that_the_database_takes(new_account: NewAccount) -> None:
    account = await new_account(roles=tuple(GRANTABLE_ROLES))

    assert account["roles"] == sorted(set(Role) - {Role.PLATFORM_OPERATOR})


async def test_a_taken_address_is_refused_in_the_same_words_wherever_it_is_taken(
    gateway: GatewayFactory, new_organization: NewOrganization, new_account: NewAccount
) -> None:
    own = await new_organization()
    await new_account(organization=own, email="here@example.org")
    await new_account(organization=await new_organization("Other"), email="elsewhere@example.org")
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=own)
    path = f"/v1/organizations/{own}/accounts"
    guess = "another password, not theirs"

    here = await admin.post(path, json=_request(email="here@example.org", password=guess))
    elsewhere = await admin.post(path, json=_request(email="elsewhere@example.org", password=guess))

    assert (here.status_code, elsewhere.status_code) == (409, 409)
    assert here.json()["type"] == "urn:eventide:problem:already-exists"
    assert here.json() | {"instance": ""} == elsewhere.json() | {"instance": ""}


async def test_a_person_joins_a_second_organization_and_keeps_the_password(
    gateway: GatewayFactory, new_organization: NewOrganization, new_account: NewAccount
) -> None:
    first = await new_account()
    second = await new_organization("Second")
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=second)
    path = f"/v1/organizations/{second}/accounts"

    wrong = await admin.post(path, json=_request(email="ada@example.org", password="not her password"))
    right = await admin.post(path, json=_request(email="ada@example.org", display_name="Renamed"))
    session = await gateway().post(
        "/v1/login_sessions", json={"email": "ada@example.org", "password": PASSWORD, "organization_id": str(second)}
    )

    assert wrong.status_code == 409
    assert right.status_code == 201
    assert (right.json()["id"], right.json()["display_name"]) == (first["id"], "Ada")
    assert session.status_code == 201
    assert session.json()["roles"] == ["counsellor"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("email", "no address"), ("email", "a" * 250 + "@b.org"), ("password", "short"), ("password", "x" * 257),
     ("display_name", ""), ("roles", []), ("roles", ["admiral"])],
)  # fmt: skip
async def test_a_bad_member_is_pointed_at_and_not_echoed(
    gateway: GatewayFactory, new_organization: NewOrganization, member: str, value: Any
) -> None:
    own = await new_organization()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=own)

    refused = await admin.post(f"/v1/organizations/{own}/accounts", json=_request(**{member: value}))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith(f"/{member}")
    assert not value or str(value if isinstance(value, str) else value[0]) not in refused.text


async def test_a_write_sent_twice_is_done_once(gateway: GatewayFactory, new_organization: NewOrganization) -> None:
    own = await new_organization()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=own)
    path, key = f"/v1/organizations/{own}/accounts", {"idempotency-key": "once"}

    first = await admin.post(path, json=_request(), headers=key)
    second = await admin.post(path, json=_request(), headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_row_level_security_hides_memberships_of_others_even_from_a_bare_select(
    gateway_database: Database, new_account: NewAccount
) -> None:
    account = await new_account()

    async with gateway_database.command(OrganizationId(UUID(account["organization_id"]))) as db:
        own = (await db.execute(text("select account_id from memberships"))).scalars().all()
    async with gateway_database.command(OrganizationId(uuid4())) as db:
        others = (await db.execute(text("select account_id from memberships"))).scalars().all()

    assert [str(found) for found in own] == [account["id"]]
    assert others == []
