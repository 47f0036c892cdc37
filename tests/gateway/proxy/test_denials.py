"""What is told of callers who are refused at the door: each kind once at once, and a flood of it as a number."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.context import RequestContext, enter
from services.chassis.database import Database
from services.contracts.identity import Role
from services.gateway.proxy.engines import Engine
from services.gateway.security_events.denials import MOST_KEPT, MOST_OF_ONE, MOST_OPERATIONS, Denials
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.security_events.trails import trails_in
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization
from tests.gateway.proxy.corpus import Asked, as_engine
from tests.gateway.proxy.test_engines import call
from tests.support.tokens import Tokens, principal

Denied = Callable[[], Awaitable[list[dict[str, Any]]]]


class Later(Clock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    @override
    def now(self) -> Any:
        return super().now() + self.ahead


@pytest.fixture
async def home(new_organization: NewOrganization) -> UUID:
    return await new_organization()


@pytest.fixture
def denied(gateway: GatewayFactory, home: UUID) -> Denied:
    """What the organization's auditor reads of refusals."""

    async def read() -> list[dict[str, Any]]:
        auditor = gateway(Role.AUDITOR, organization=home)
        answer = await auditor.get("/v1/security_events", params={"kind": "access_denied"})
        assert answer.status_code == 200, answer.text
        return [event for event in answer.json()["items"] if event["operation_id"] != "list_security_events"]

    return read


async def test_who_is_refused_a_route_is_told_at_once_and_once(
    gateway: GatewayFactory, home: UUID, denied: Denied
) -> None:
    account = uuid4()
    patient = gateway(Role.PATIENT, organization=home, account=account)

    statuses = [(await patient.post("/v1/organizations", json={})).status_code for _ in range(30)]
    other = await patient.post("/v1/solves", json={})

    assert statuses == [403] * 30
    assert other.status_code == 403
    first, second = await denied()
    assert (first["by"], first["reason"], first["times"]) == (str(account), "deny-role", 1)
    assert first["operation_id"] == "create_organization"
    assert second["operation_id"] == "create_solve"


async def test_what_followed_is_told_as_a_number_when_its_window_is_over(
    *,
    gateway_app: Any,
    gateway: GatewayFactory,
    gateway_database: Database,
    home: UUID,
    denied: Denied,
    clock: Clock,
) -> None:
    patient = gateway(Role.PATIENT, organization=home)
    for _ in range(7):
        await patient.post("/v1/organizations", json={})
    equipment = gateway_app.state.equipment
    trails = trails_in(gateway_database, equipment.audit_key, equipment.grown_trails, clock)

    equipment.front.denials.end_windows(all_of_them=True)
    await equipment.front.denials.tell(trails)

    assert [event["times"] for event in await denied()] == [1, 6]


async def test_a_refusal_stands_when_it_cannot_be_told_and_is_told_later(
    gateway_app: Any, gateway_database: Database, home: UUID, denied: Denied, clock: Clock
) -> None:
    equipment = gateway_app.state.equipment

    def broken() -> AbstractAsyncContextManager[SecurityTrail]:
        raise ConnectionError

    denials = equipment.front.denials
    caller = principal(Role.PATIENT, organization=home)
    denials.note(caller, "read_claim", "deny-role")
    await denials.tell(broken)
    assert await denied() == []

    await denials.tell(trails_in(gateway_database, equipment.audit_key, equipment.grown_trails, clock))
    assert [event["operation_id"] for event in await denied()] == ["read_claim"]


@pytest.mark.parametrize("engine", list(Engine))
async def test_what_an_engine_asked_about_is_told_once(
    trusting_app: Any,
    tokens: Tokens,
    home: UUID,
    denied: Denied,
    engine: Engine,
) -> None:
    bearer = f"Bearer {tokens.access(principal(Role.PATIENT, organization=home))}"
    asked = Asked("refused", "POST", "/v1/organizations", (("Authorization", bearer),))

    told = await call(trusting_app, *as_engine(engine, asked))
    if engine is Engine.NGINX:
        assert await denied() == []
        await call(trusting_app, asked.method, asked.target, [(b"host", b"eventide.test"), *asked.headers])

    assert told.status == 403
    assert [event["times"] for event in await denied()] == [1]


async def test_who_is_nobody_is_told_to_the_installation_and_costs_no_database(
    gateway_app: Any, gateway_database: Database, gateway: GatewayFactory, clock: Clock, tokens: Tokens
) -> None:
    stranger, equipment = gateway(), gateway_app.state.equipment
    for _ in range(5):
        assert (await stranger.get("/v1/patients")).status_code == 401
    forged = tokens.access(principal(Role.NURSE, organization=uuid4()))[:-2] + "AA"
    assert (await stranger.get("/v1/sites", headers={"authorization": f"Bearer {forged}"})).status_code == 401
    operator = gateway(Role.PLATFORM_OPERATOR)

    async def read() -> list[tuple[Any, ...]]:
        events = (await operator.get("/v1/security_events", params={"kind": "access_denied"})).json()["items"]
        return [(one["operation_id"], one["reason"], one["times"], one["by"]) for one in events]

    assert await read() == []
    equipment.front.denials.end_windows(all_of_them=True)
    await equipment.front.denials.tell(trails_in(gateway_database, equipment.audit_key, equipment.grown_trails, clock))
    assert await read() == [
        ("list_patients", "deny-anonymous", 1, None),
        ("list_sites", "token-not-taken", 1, None),
        ("list_patients", "deny-anonymous", 4, None),
    ]


async def test_a_flood_of_nobody_is_told_in_few_events() -> None:
    heard = Heard()
    denials = Denials(Later())
    for number in range(10_000):
        denials.note_nobody(f"operation_{number % 500}", "deny-anonymous")
    denials.end_windows(all_of_them=True)
    await denials.tell(heard)

    assert heard.times[None] == 10_000
    assert heard.events <= 2 * (MOST_OPERATIONS + 1)


class Heard(SecurityTrail):
    """A trail that only counts what it is told."""

    def __init__(self) -> None:
        self.times: Counter[Any] = Counter()
        self.events = 0

    @override
    async def tell(self, told: Any) -> None:
        assert told.times
        self.times[told.organization_id] += told.times
        self.events += 1

    def __call__(self) -> Any:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


HOMES = [UUID(int=number) for number in range(1, 4)]
NOTED = st.tuples(
    st.sampled_from(HOMES), st.integers(0, 3), st.integers(0, 2 * MOST_OPERATIONS), st.sampled_from([0, 1, 8, 16])
)


@given(st.lists(NOTED, max_size=200))
async def test_every_refusal_is_told_of_exactly_once(noted: list[tuple[UUID, int, int, int]]) -> None:
    clock, heard = Later(), Heard()
    denials = Denials(clock)
    for number, (home, account, operation, minutes) in enumerate(noted):
        clock.ahead += timedelta(minutes=minutes)
        caller = principal(Role.PATIENT, organization=home, account=UUID(int=account + 1))
        denials.note(caller, f"operation_{operation}", "deny-role")
        if number % 3 == 0:
            denials.end_windows()
            await denials.tell(heard)
    denials.end_windows(all_of_them=True)
    await denials.tell(heard)

    assert heard.times == Counter(home for home, *_ in noted)


async def test_a_flood_of_refusals_is_told_in_few_events() -> None:
    clock, heard = Later(), Heard()
    denials = Denials(clock)
    caller = principal(Role.PATIENT, organization=HOMES[0])
    for number in range(10_000):
        denials.note(caller, f"operation_{number % 500}", "deny-role")
    denials.end_windows(all_of_them=True)
    await denials.tell(heard)

    assert heard.times[HOMES[0]] == 10_000
    assert heard.events <= 2 * (MOST_OPERATIONS + 1)


async def test_what_is_kept_of_a_flood_from_many_accounts_is_bounded() -> None:
    denials = Denials(Later())
    homes = [UUID(int=number + 1) for number in range(40)]
    for number in range(2 * MOST_KEPT):
        caller = principal(Role.PATIENT, organization=homes[number % len(homes)], account=UUID(int=number + 1))
        denials.note(caller, "read_patient", "deny-role")

    assert len(denials._windows) == MOST_KEPT + len(homes)


async def test_a_flood_in_one_organization_hides_nothing_of_another() -> None:
    denials = Denials(Later())
    for number in range(MOST_KEPT):
        caller = principal(Role.PATIENT, organization=HOMES[0], account=UUID(int=number + 1))
        denials.note(caller, "read_patient", "deny-role")
    denials.note(principal(Role.PATIENT, organization=HOMES[1]), "read_patient", "deny-role")

    theirs = [told for told in denials._waiting if told.organization_id == HOMES[1]]
    assert [told.operation_id for told in theirs] == ["read_patient"]
    assert len(denials._windows) == MOST_OF_ONE + 2


class Walked(Counter[Any]):
    """Knows how often all that it counts was gone through."""

    walks = 0

    @override
    def items(self) -> Any:
        self.walks += 1
        return super().items()


async def test_the_end_of_a_window_does_not_go_through_all_that_is_kept() -> None:
    clock = Later()
    denials = Denials(clock)
    denials._kept, denials._apart = kept, apart = Walked(), Walked()
    for number, home in enumerate([*HOMES, HOMES[0]]):
        clock.ahead += timedelta(minutes=5)
        denials.note(principal(Role.PATIENT, organization=home, account=UUID(int=number + 1)), "read_patient", "x")
    denials.end_windows()
    during = dict(kept), len(apart)
    denials.end_windows(all_of_them=True)

    assert during == ({HOMES[1]: 1, HOMES[2]: 1, HOMES[0]: 1}, 3)
    assert (len(kept), len(apart)) == (0, 0)
    assert (kept.walks, apart.walks) == (0, 0)


async def test_a_refusal_that_another_request_tells_names_its_own(
    gateway_app: Any, gateway_database: Database, home: UUID, denied: Denied, clock: Clock
) -> None:
    equipment = gateway_app.state.equipment
    denials, refused, next_one = Denials(clock), RequestContext(), RequestContext()

    def in_a_request(context: RequestContext, act: Callable[[], None]) -> None:
        enter(context)
        act()

    caller = principal(Role.PATIENT, organization=home)
    copy_context().run(in_a_request, refused, lambda: denials.note(caller, "read_claim", "deny-role"))
    copy_context().run(in_a_request, next_one, lambda: denials.note(caller, "read_claim", "deny-role"))
    denials.end_windows(all_of_them=True)
    await denials.tell(trails_in(gateway_database, equipment.audit_key, equipment.grown_trails, clock))

    assert [event["request"] for event in await denied()] == [str(refused.request_id)] * 2


async def test_what_our_own_application_refuses_a_caller_is_told_as_the_door_s_refusals_are(
    gateway: GatewayFactory, home: UUID, new_organization: NewOrganization, new_account: NewAccount, denied: Denied
) -> None:
    """Before, an administrator who tried another organization, or to give what nobody can, left no trace."""
    elsewhere = await new_organization("Elsewhere")
    member = await new_account(organization=home, email="mo@example.org")
    account = uuid4()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=home, account=account)
    own, other = f"/v1/organizations/{home}/accounts", f"/v1/organizations/{elsewhere}/accounts"
    director = gateway(Role.PROGRAMME_DIRECTOR, organization=home)
    invited = {"email": "x@example.org", "display_name": "X", "roles": ["supervisor"]}

    statuses = [
        (await admin.get(other)).status_code,
        (await admin.put(f"{own}/{member['id']}/roles", json={"roles": ["platform_operator"]})).status_code,
        (await admin.put(f"{own}/{account}/roles", json={"roles": ["nurse"]})).status_code,
        (await admin.post(f"{own}/{account}:disable")).status_code,
        (await director.post(f"/v1/organizations/{home}/invitations", json=invited)).status_code,
        (await admin.get(other)).status_code,
    ]

    assert statuses == [404, 422, 403, 403, 422, 404]
    assert [(one["operation_id"], one["reason"], one["by"] == str(account)) for one in await denied()] == [
        ("list_accounts", "other-organization", True),
        ("put_account_roles", "ungrantable-roles", True),
        ("put_account_roles", "own-roles", True),
        ("disable_account", "own-account", True),
        ("create_invitation", "ungrantable-roles", False),
    ]


async def test_what_is_no_matter_of_rights_is_told_as_no_denial(
    gateway: GatewayFactory, home: UUID, new_account: NewAccount, denied: Denied
) -> None:
    member = await new_account(organization=home, email="mo@example.org")
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=home)
    accounts = f"/v1/organizations/{home}/accounts"
    body = {"current_password": "not mine at all", "new_password": "another horse battery staple"}
    signed_in = await gateway().post("/v1/login_sessions", json={"email": "mo@example.org", "password": PASSWORD})
    own = {"authorization": f"Bearer {signed_in.json()['access_token']}"}

    statuses = [
        (await admin.get(f"{accounts}/{uuid4()}")).status_code,
        (await admin.put(f"{accounts}/{member['id']}/roles", json={"roles": ["nobody"]})).status_code,
        (await gateway().post("/v1/me:change_password", json=body, headers=own)).status_code,
    ]

    assert statuses == [404, 422, 403]
    assert await denied() == []


async def test_a_refused_token_exchange_is_told_to_the_installation(
    gateway_app: Any, gateway_database: Database, gateway: GatewayFactory, clock: Clock
) -> None:
    equipment, person = gateway_app.state.equipment, gateway(Role.NURSE)
    asked = {"audience": "scheduler"}

    statuses = [
        (await person.post("/v1/internal_tokens:exchange", json=asked)).status_code,
        (await gateway().post("/v1/internal_tokens:exchange", json=asked)).status_code,
    ]
    equipment.front.denials.end_windows(all_of_them=True)
    await equipment.front.denials.tell(trails_in(gateway_database, equipment.audit_key, equipment.grown_trails, clock))
    told = await gateway(Role.PLATFORM_OPERATOR).get("/v1/security_events", params={"kind": "access_denied"})

    assert statuses == [403, 401]
    assert [(one["operation_id"], one["reason"]) for one in told.json()["items"]] == [
        ("exchange_internal_token", "not-allowed"),
        ("exchange_internal_token", "token-not-taken"),
    ]


@pytest.mark.parametrize("key", ["k" * 256, "good"])
async def test_a_refusal_of_a_path_that_names_no_organization_is_no_error_of_ours(
    gateway: GatewayFactory, home: UUID, key: str
) -> None:
    """Before, it was: an Idempotency-Key is refused before the path is read."""
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=home)
    path, headers = f"/v1/organizations/nonsense/accounts/{uuid4()}/roles", {"idempotency-key": key}

    answer = await admin.put(path, json={"roles": ["nurse"]}, headers=headers)

    assert answer.status_code == 422, answer.text
