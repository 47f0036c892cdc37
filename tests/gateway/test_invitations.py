"""Somebody is invited by a letter, chooses the password by its link, and works here; nobody else ever knows it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.wiring import Process
from services.contracts.identity import Role
from services.gateway.attempts.devices import COOKIE as DEVICE_COOKIE
from services.gateway.attempts.rules import LINK
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization, Post

NEW = "seven grey herons at dusk"
OPEN = "/v1/invitations:open"
ACCEPT = "/v1/invitations:accept"
INVITING = (Role.PROGRAMME_DIRECTOR,)
BODY = {"email": "grace@example.org", "display_name": "Grace", "roles": ["nurse", "counsellor"]}


@pytest.fixture
async def clinic(new_organization: NewOrganization) -> UUID:
    return await new_organization()


@pytest.fixture
def administrator(gateway: GatewayFactory, clinic: UUID) -> httpx2.AsyncClient:
    return gateway(Role.ORGANIZATION_ADMIN, organization=clinic)


def _at(clinic: UUID) -> str:
    return f"/v1/organizations/{clinic}/invitations"


async def _invite(client: httpx2.AsyncClient, clinic: UUID, **changes: Any) -> dict[str, Any]:
    made = await client.post(_at(clinic), json={**BODY, **changes})
    assert made.status_code == 201, made.text
    invitation: dict[str, Any] = made.json()
    return invitation


async def _accept(client: httpx2.AsyncClient, secret: str, password: str = NEW) -> httpx2.Response:
    return await client.post(ACCEPT, json={"secret": secret, "password": password})


async def _sign_in(client: httpx2.AsyncClient, password: str, **more: Any) -> httpx2.Response:
    body = {"email": "grace@example.org", "password": password, **more}
    return await client.post("/v1/login_sessions", json=body)


async def test_who_is_invited_chooses_the_password_and_works_here(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    invitation = await _invite(administrator, clinic)
    await post.carry()

    opened = await gateway().post(OPEN, json={"secret": post.relay.secrets[0]})
    accepted = await _accept(gateway(), post.relay.secrets[0])

    assert post.relay.handed[0]["to"] == "grace@example.org"
    assert opened.json() == {
        "email": "grace@example.org",
        "display_name": "Grace",
        "expires_at": invitation["expires_at"],
        "has_account": False,
    }
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["second_factors_offered"] == ["passkey", "totp"]
    session = (await _sign_in(gateway(), NEW)).json()
    assert (session["organization_id"], session["roles"]) == (str(clinic), ["counsellor", "nurse"])
    seen = (await administrator.get(f"{_at(clinic)}/{invitation['id']}")).json()
    assert (seen["status"], seen["account_id"]) == ("accepted", accepted.json()["account_id"])


async def test_it_is_told_in_the_trail(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    invitation = await _invite(administrator, clinic)
    await administrator.post(f"{_at(clinic)}/{invitation['id']}:resend")
    await post.carry()
    accepted = (await _accept(gateway(), post.relay.secrets[-1])).json()
    other = await _invite(administrator, clinic, email="joan@example.org")
    await administrator.post(f"{_at(clinic)}/{other['id']}:revoke")

    events = (await gateway(Role.AUDITOR, organization=clinic).get("/v1/security_events")).json()["items"]

    told = [event["kind"] for event in events if event["kind"].startswith(("invitation", "account"))]
    assert told == ["invitation_sent", "invitation_sent", "account_added", "invitation_accepted", "invitation_sent",
                    "invitation_revoked"]  # fmt: skip
    assert accepted["account_id"] in {event["by"] for event in events if event["kind"] == "invitation_accepted"}


async def test_who_is_placed_by_law_enforcement_is_not_invited(
    administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    """An invitation would be accepted when the court's order may be over."""
    order = {"order_id": "2:26-mc-00417", "expires_on": "2099-12-31"}

    refused = await administrator.post(_at(clinic), json={**BODY, "placed_by_order": order})
    await post.carry()

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/placed_by_order")
    assert post.relay.handed == []


async def test_a_link_is_good_once(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    await _invite(administrator, clinic)
    await post.carry()
    assert (await _accept(gateway(), post.relay.secrets[0])).status_code == 200

    refused = [await _accept(gateway(), secret, PASSWORD) for secret in (post.relay.secrets[0], "x", "A" * 64)]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "link-refused")] * 3
    assert (await _sign_in(gateway(), PASSWORD)).status_code == 401


async def test_an_invitation_that_was_sent_again_has_one_good_link(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    invitation = await _invite(administrator, clinic)
    await post.carry()
    again = await administrator.post(f"{_at(clinic)}/{invitation['id']}:resend")
    await post.carry()

    old, new = [await _accept(gateway(), secret) for secret in post.relay.secrets]

    assert (again.status_code, again.json()["status"]) == (200, "open")
    assert (old.status_code, new.status_code) == (403, 200)
    over = await administrator.post(f"{_at(clinic)}/{invitation['id']}:resend")
    assert (over.status_code, over.json()["code"]) == (409, "invitation-over")


@pytest.mark.parametrize("is_sent", [True, False])
async def test_a_revoked_invitation_opens_nothing_and_is_not_written_any_more(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post, *, is_sent: bool
) -> None:
    invitation = await _invite(administrator, clinic)
    if is_sent:
        await post.carry()
    revoked = [(await administrator.post(f"{_at(clinic)}/{invitation['id']}:revoke")).json() for _ in range(2)]
    await post.carry()

    assert [one["status"] for one in revoked] == ["revoked", "revoked"]
    assert len(post.relay.handed) == is_sent
    for secret in post.relay.secrets:
        assert (await _accept(gateway(), secret)).status_code == 403
    assert (await administrator.post(f"{_at(clinic)}/{invitation['id']}:resend")).status_code == 409


async def test_an_invitation_is_over_after_a_week_and_may_be_made_again(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    first = await _invite(administrator, clinic)
    await post.carry()
    process, late = post.app.state.process, Clock(post.clock.now() - Clock().now() + timedelta(days=7, seconds=1))
    # Whoever administers has signed in meanwhile, which the tokens of this test have not.
    post.app.state.process = Process(late, process.database, process.authenticator)

    refused = await _accept(gateway(), post.relay.secrets[0])
    seen = (await administrator.get(f"{_at(clinic)}/{first['id']}")).json()
    await _invite(administrator, clinic)

    assert refused.status_code == 403
    assert seen["status"] == "expired"


async def test_an_account_of_elsewhere_joins_with_its_own_password(
    gateway: GatewayFactory, new_account: NewAccount, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    elsewhere = await new_account(email="grace@example.org")
    known = await _invite(administrator, clinic)
    unknown = await _invite(administrator, clinic, email="joan@example.org")
    await post.carry()

    opened = await gateway().post(OPEN, json={"secret": post.relay.secrets[0]})
    refused = await _accept(gateway(), post.relay.secrets[0])
    accepted = await _accept(gateway(), post.relay.secrets[0], PASSWORD)

    # Who invites learns nothing of it.
    assert known.keys() == unknown.keys()
    assert opened.json()["has_account"] is True
    assert (refused.status_code, refused.json()["code"]) == (403, "password-refused")
    assert accepted.json()["account_id"] == elsewhere["id"]
    for organization in (elsewhere["organization_id"], str(clinic)):
        assert (await _sign_in(gateway(), PASSWORD, organization_id=organization)).status_code == 201


@pytest.mark.parametrize("is_known", [True, False])
async def test_passwords_guessed_with_a_link_are_few_and_hold_up_that_link_alone(
    *,
    gateway: GatewayFactory,
    new_account: NewAccount,
    administrator: httpx2.AsyncClient,
    clinic: UUID,
    post: Post,
    is_known: bool,
) -> None:
    await new_account(email="grace@example.org")
    invitation = await _invite(administrator, clinic)
    await post.carry()
    secret, client = post.relay.secrets[0], gateway()
    if is_known:
        signed_in = await _sign_in(client, PASSWORD)
        client.headers["cookie"] = next(
            one.partition(";")[0] for one in signed_in.headers.get_list("set-cookie") if one.startswith(DEVICE_COOKIE)
        )

    guesses = []
    for _ in range(15):
        guesses.append((await _accept(client, secret)).status_code)
        await client.post(OPEN, json={"secret": secret})

    assert guesses == [403] * LINK.most + [429] * (15 - LINK.most)
    # Whoever has the link keeps nobody from signing in, from wherever, and another link is open.
    assert (await _sign_in(gateway(), PASSWORD)).status_code == 201
    await administrator.post(f"{_at(clinic)}/{invitation['id']}:resend")
    await post.carry()
    assert (await _accept(gateway(), post.relay.secrets[-1], PASSWORD)).status_code == 200


async def test_passwords_that_are_refused_unseen_use_up_no_link(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    await _invite(administrator, clinic)
    await post.carry()
    for _ in range(LINK.most):
        refused = await _accept(gateway(), post.relay.secrets[0], "passwordpassword")
        assert refused.json()["code"] == "common-password"

    assert (await _accept(gateway(), post.relay.secrets[0])).status_code == 200


async def test_an_address_is_invited_once_and_not_where_it_works(
    new_account: NewAccount, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    await new_account(organization=clinic, email="joan@example.org")
    await _invite(administrator, clinic)

    refused = [
        await administrator.post(_at(clinic), json={**BODY, "email": email})
        for email in ("grace@example.org", "GRACE@example.org", "joan@example.org")
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "invitation-exists")] * 3
    assert post.relay.handed == []


@pytest.mark.usefixtures("post")
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR, *INVITING}))
async def test_nobody_else_invites(gateway: GatewayFactory, clinic: UUID, role: Role) -> None:
    client, one = gateway(role, organization=clinic), f"{_at(clinic)}/{uuid4()}"

    answers = [
        await client.post(_at(clinic), json=BODY),
        await client.get(_at(clinic)),
        await client.get(one),
        await client.post(f"{one}:resend"),
        await client.post(f"{one}:revoke"),
    ]

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.usefixtures("post")
async def test_another_organization_sees_nothing(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, new_organization: NewOrganization
) -> None:
    invitation = await _invite(administrator, clinic)
    there = await new_organization("Elsewhere")
    stranger = gateway(Role.ORGANIZATION_ADMIN, organization=there)

    answers = [
        await stranger.post(_at(clinic), json=BODY),
        await stranger.get(_at(clinic)),
        *[await stranger.get(f"{_at(where)}/{invitation['id']}") for where in (clinic, there)],
        *[await stranger.post(f"{_at(where)}/{invitation['id']}:revoke") for where in (clinic, there)],
        *[await stranger.post(f"{_at(where)}/{invitation['id']}:resend") for where in (clinic, there)],
        await administrator.get(f"{_at(clinic)}/{uuid4()}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await stranger.get(_at(there))).json()["items"] == []
    assert [one["id"] for one in (await administrator.get(_at(clinic))).json()["items"]] == [invitation["id"]]


@pytest.mark.usefixtures("post")
@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/email", {"email": "grace"}),
        ("/roles", {"roles": []}),
        ("/roles", {"roles": ["platform_operator"]}),
        ("/display_name", {"display_name": ""}),
        ("/language", {"language": "de"}),
    ],
)
async def test_bad_input_is_refused_and_said_where(
    administrator: httpx2.AsyncClient, clinic: UUID, pointer: str, changes: dict[str, Any]
) -> None:
    refused = await administrator.post(_at(clinic), json={**BODY, **changes})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_a_password_that_is_guessed_first_leaves_the_link_good(
    gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, post: Post
) -> None:
    await _invite(administrator, clinic)
    await post.carry()

    refused = await _accept(gateway(), post.relay.secrets[0], "passwordpassword")

    assert (refused.status_code, refused.json()["code"]) == (422, "common-password")
    assert (await _accept(gateway(), post.relay.secrets[0])).status_code == 200


async def test_without_a_relay_nobody_is_invited(administrator: httpx2.AsyncClient, clinic: UUID) -> None:
    refused = await administrator.post(_at(clinic), json=BODY)

    assert (refused.status_code, refused.json()["code"]) == (503, "no-mail")
    assert (await administrator.get(_at(clinic))).json()["items"] == []


@pytest.mark.parametrize("role", INVITING)
@pytest.mark.parametrize("roles", [["patient"], ["family"], ["family", "patient"]])
async def test_staff_invites_patients_and_families_and_learns_which_account_accepted(
    *, gateway: GatewayFactory, clinic: UUID, post: Post, role: Role, roles: list[str]
) -> None:
    staff = gateway(role, organization=clinic)

    invitation = await _invite(staff, clinic, roles=roles)
    again = await staff.post(f"{_at(clinic)}/{invitation['id']}:resend")
    await post.carry()
    accepted = (await _accept(gateway(), post.relay.secrets[-1])).json()

    assert (again.status_code, accepted["roles"]) == (200, roles)
    seen = await staff.get(f"{_at(clinic)}/{invitation['id']}")
    assert seen.json()["account_id"] == accepted["account_id"]


@pytest.mark.usefixtures("post")
@pytest.mark.parametrize("roles", [["nurse"], ["family", "front_desk"], ["organization_admin"]])
async def test_staff_invites_nobody_to_work_here_and_sees_no_invitation_of_who_will(
    *, gateway: GatewayFactory, administrator: httpx2.AsyncClient, clinic: UUID, roles: list[str]
) -> None:
    director = gateway(Role.PROGRAMME_DIRECTOR, organization=clinic)
    refused = await director.post(_at(clinic), json={**BODY, "roles": roles})
    invitation = await _invite(administrator, clinic, roles=roles)
    one = f"{_at(clinic)}/{invitation['id']}"

    seen = [await director.get(one), await director.post(f"{one}:resend"), await director.post(f"{one}:revoke")]

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/roles")
    assert [answer.status_code for answer in seen] == [404, 404, 404]
    assert (await director.get(_at(clinic))).status_code == 403
    assert (await administrator.get(one)).json()["status"] == "open"
