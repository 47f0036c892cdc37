"""Who is shut out of an organization is out at once and everywhere, and learns no more than a stranger would."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.gateway.organizations import Account, Organization
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role
from services.gateway.accounts.storage import AccountStorage
from services.gateway.organizations.storage import OrganizationStorage
from services.operator.postgres.provision import DatabaseUrls
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, Upstream

SESSIONS = "/v1/login_sessions"
SOMEBODY_WAITS: Final = text("select exists (select from pg_locks where not granted)")
LOGIN = {"email": "ada@example.org", "password": PASSWORD}


def path_of(account: Mapping[str, Any]) -> str:
    return f"/v1/organizations/{account['organization_id']}/accounts/{account['id']}"


def bearer(session: Mapping[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {session['access_token']}"}


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any]]:
    return answer.status_code, {name: value for name, value in answer.json().items() if name != "instance"}


@pytest.fixture
def anybody(gateway: GatewayFactory) -> httpx2.AsyncClient:
    return gateway()


async def test_who_is_shut_out_is_refused_by_every_kind_of_route_at_once(
    anybody: httpx2.AsyncClient, operator: httpx2.AsyncClient, new_account: NewAccount, upstream: Upstream
) -> None:
    account = await new_account()
    await new_account(organization=account["organization_id"], email="bob@example.org")
    session = (await anybody.post(SESSIONS, json=LOGIN)).json()
    colleague = (await anybody.post(SESSIONS, json=LOGIN | {"email": "bob@example.org"})).json()

    shut = await operator.post(f"{path_of(account)}:disable")
    reached = upstream.calls
    refused = [await anybody.get(path, headers=bearer(session)) for path in ("/v1/me", "/v1/patients", "/v1/sites")]
    renewed = await anybody.post(f"{SESSIONS}:refresh", json={"session_secret": session["session_secret"]})

    assert shut.status_code == 200, shut.text
    assert shut.json() == {**account, "disabled_at": shut.json()["disabled_at"]}
    assert shut.json()["disabled_at"] is not None
    assert [answer.status_code for answer in (*refused, renewed)] == [401] * 4
    assert upstream.calls == reached
    assert (await anybody.get("/v1/me", headers=bearer(colleague))).status_code == 200


async def test_signing_in_tells_nothing_of_it(
    anybody: httpx2.AsyncClient, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account()
    await operator.post(f"{path_of(account)}:disable")

    right = await anybody.post(SESSIONS, json=LOGIN)
    named = await anybody.post(SESSIONS, json=LOGIN | {"organization_id": account["organization_id"]})
    wrong = await anybody.post(SESSIONS, json=LOGIN | {"password": "wrong horse battery staple"})

    assert wrong.status_code == 401
    assert told(right) == told(named) == told(wrong)


async def test_who_is_let_in_again_signs_in_anew_with_the_roles_of_before(
    anybody: httpx2.AsyncClient, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account(roles=(Role.NURSE,))
    session = (await anybody.post(SESSIONS, json=LOGIN)).json()
    await operator.post(f"{path_of(account)}:disable")

    opened = await operator.post(f"{path_of(account)}:enable")
    again = await anybody.post(SESSIONS, json=LOGIN)

    assert opened.json() == account
    assert (again.status_code, again.json()["roles"]) == (201, ["nurse"])
    assert (await anybody.get("/v1/me", headers=bearer(session))).status_code == 401


async def test_who_works_elsewhere_too_goes_on_there(
    anybody: httpx2.AsyncClient, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    here, there = await new_account(), await new_account()
    elsewhere = await anybody.post(SESSIONS, json=LOGIN | {"organization_id": there["organization_id"]})

    await operator.post(f"{path_of(here)}:disable")
    again = await anybody.post(SESSIONS, json=LOGIN)

    assert here["id"] == there["id"]
    assert (await anybody.get("/v1/me", headers=bearer(elsewhere.json()))).status_code == 200
    # There is nothing to choose any more.
    assert (again.status_code, again.json()["organization_id"]) == (201, there["organization_id"])


async def test_it_is_told_once_and_stays_since_when_it_was(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account()
    first, second = [await operator.post(f"{path_of(account)}:disable") for _ in range(2)]
    opened = [await operator.post(f"{path_of(account)}:enable") for _ in range(2)]

    auditor = gateway(Role.AUDITOR, organization=UUID(account["organization_id"]))
    events = (await auditor.get("/v1/security_events")).json()["items"]
    assert first.json() == second.json() == {**account, "disabled_at": first.json()["disabled_at"]}
    assert [answer.json()["disabled_at"] for answer in opened] == [None, None]
    assert [(one["kind"], one["account_id"]) for one in events[-2:]] == [
        ("account_disabled", account["id"]),
        ("account_enabled", account["id"]),
    ]
    assert [one["kind"] for one in events].count("account_disabled") == 1


async def test_roles_of_who_is_shut_out_can_be_put_right(
    anybody: httpx2.AsyncClient, operator: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    account = await new_account()
    await operator.post(f"{path_of(account)}:disable")

    changed = await operator.put(f"{path_of(account)}/roles", json={"roles": ["nurse"]})

    assert (changed.status_code, changed.json()["roles"]) == (200, ["nurse"])
    assert changed.json()["disabled_at"] is not None
    assert (await anybody.post(SESSIONS, json=LOGIN)).status_code == 401


@pytest.mark.parametrize("verb", ["disable", "enable"])
async def test_who_may_not_shuts_nobody_out(
    gateway: GatewayFactory, operator: httpx2.AsyncClient, new_account: NewAccount, verb: str
) -> None:
    account = await new_account(roles=(Role.ORGANIZATION_ADMIN,))
    path, organization = f"{path_of(account)}:{verb}", UUID(account["organization_id"])
    own = gateway(Role.ORGANIZATION_ADMIN, organization=organization, account=UUID(account["id"]))
    answers = [
        await gateway(Role.PROGRAMME_DIRECTOR, organization=organization).post(path),
        await gateway(Role.ORGANIZATION_ADMIN).post(path),
        await operator.post(path.replace(account["id"], str(uuid4()))),
        await operator.post(path.replace(account["id"], "somebody")),
        await own.post(path),
    ]

    assert [answer.status_code for answer in answers] == [403, 404, 404, 422, 403]
    assert answers[-1].json()["code"] == "own-account"
    assert (await operator.get(path_of(account))).json() == account


class TestAtTheSameMoment:
    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["gateway"].app, pool_size=3)
        yield await opened.open()
        await opened.close()

    @pytest.fixture
    async def member(self, database: Database, clock: Clock) -> tuple[OrganizationId, AccountId]:
        organization, account, now = OrganizationId(uuid4()), AccountId(uuid4()), clock.now()
        async with database.command(organization) as db:
            await OrganizationStorage(db).add(
                Organization(id=organization, name="Harbour House", created_at=now, closed_at=None)
            )
            storage = AccountStorage(db)
            await storage.add(account, email=f"{account}@example.org", display_name="A", password_hash="x", now=now)
            await storage.join(account, organization, roles=[Role.NURSE], now=now)
        return organization, account

    async def test_who_is_shut_out_while_they_sign_in_is_not_let_in(
        self, database: Database, member: tuple[OrganizationId, AccountId], clock: Clock
    ) -> None:
        organization, _ = member

        async def held() -> Account | None:
            async with database.command(organization) as db:
                return await AccountStorage(db).hold(*member, for_change=False)

        assert await held() is not None
        async with database.command(organization) as db:
            shutting = AccountStorage(db)
            await shutting.hold(*member, for_change=True)
            await shutting.put_disabled(*member, clock.now())
            signing_in = asyncio.create_task(held())
            async with asyncio.timeout(120):
                while not await db.scalar(SOMEBODY_WAITS):  # noqa: ASYNC110 - it happens in the database
                    await asyncio.sleep(0.02)

        assert await signing_in is None
