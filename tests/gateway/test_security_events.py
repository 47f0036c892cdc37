"""The gateway's trail: what is told of sign-ins and administration, who may read it, and that nobody can change it."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.audit.chain import Link, audit_key, verify
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.attempts.rules import CODE, PAIR
from services.gateway.security_events.rules import INSTALLATION, refused_in, stand_in
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewAccount, NewOrganization
from tests.gateway.test_factors import ADA, SESSIONS, Person

EVENTS = "/v1/security_events"
WRONG = "wrong horse battery staple"
_LINKS = "select lane, number, event, seal, hash from audit_events order by lane, number"

Events = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def home(new_organization: NewOrganization) -> UUID:
    return await new_organization()


@pytest.fixture
async def account(new_account: NewAccount, home: UUID) -> dict[str, Any]:
    return await new_account(organization=home)


@pytest.fixture
def events(gateway: GatewayFactory, operator: httpx2.AsyncClient, home: UUID) -> Events:
    """What the organization's administrator reads, or its operator of the installation."""

    async def read(*, installation: bool = False, **asked: Any) -> list[dict[str, Any]]:
        client = operator if installation else gateway(Role.ORGANIZATION_ADMIN, organization=home)
        answer = await client.get(EVENTS, params=asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    return read


@pytest.fixture
async def ada(gateway: GatewayFactory, account: dict[str, Any], gateway_database: Database, clock: Clock) -> Person:
    assert account["email"] == ADA["email"]
    person = Person(gateway(), gateway_database, clock)
    assert (await person.sign_in()).status_code == 201
    return person


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in found]


async def test_a_sign_in_says_who_where_and_how(ada: Person, events: Events, home: UUID) -> None:
    (told,) = await events(kind="signed_in")

    assert (told["by"], told["account_id"]) == (ada.session["account_id"], ada.session["account_id"])
    assert (told["login_session_id"], told["amr"], told["roles"]) == (ada.session["id"], ["pwd"], ["front_desk"])
    assert home == UUID(ada.session["organization_id"])


async def test_a_renewal_of_a_session_is_told(ada: Person, events: Events) -> None:
    secret = ada.session["session_secret"]
    for expected in (200, 200, 401):
        body = {"session_secret": secret if expected == 200 else "x"}
        renewed = await ada.client.post(f"{SESSIONS}:refresh", json=body)
        assert renewed.status_code == expected, renewed.text

    told = await events(kind="session_renewed")
    assert [event["login_session_id"] for event in told] == [ada.session["id"]] * 2
    assert secret not in str(told)


async def test_a_wrong_password_is_told_where_the_person_works(ada: Person, events: Events) -> None:
    assert (await ada.sign_in(password=WRONG)).status_code == 401

    (told,) = await events(kind="sign_in_refused")
    assert (told["by"], told["account_id"], told["reason"]) == (None, ada.session["account_id"], "credentials")
    assert told["name_tried"]
    assert told["network"]
    assert await events(installation=True, kind="sign_in_refused") == []


async def test_an_unknown_name_is_told_to_no_organization(ada: Person, events: Events) -> None:
    for _ in range(2):
        answer = await ada.client.post(SESSIONS, json={**ADA, "email": "nobody@example.org"})
        assert answer.status_code == 401

    first, second = await events(installation=True, kind="sign_in_refused")
    assert (first["account_id"], first["reason"]) == (None, "credentials")
    assert first["name_tried"] == second["name_tried"]
    assert await events(kind="sign_in_refused") == []


async def test_that_attempts_are_held_up_is_told_once(ada: Person, events: Events) -> None:
    statuses = [(await ada.sign_in(password=WRONG)).status_code for _ in range(PAIR.most + 3)]

    assert statuses == [401] * PAIR.most + [429] * 3
    (told,) = await events(installation=True, kind="attempts_held_up")
    (refused, *_) = await events(kind="sign_in_refused")
    assert (told["reason"], told["name_tried"], told["network"]) == ("pair", refused["name_tried"], refused["network"])
    assert await events(kind="attempts_held_up") == []


async def test_that_codes_are_held_up_is_told_of_whom(ada: Person, events: Events) -> None:
    await ada.enrol()
    statuses = [(await ada.step_up(one_time_code=ada.code(400))).status_code for _ in range(CODE.most + 2)]

    assert statuses == [403] * CODE.most + [429] * 2
    (told,) = await events(installation=True, kind="attempts_held_up")
    assert (told["reason"], told["account_id"]) == ("code", ada.session["account_id"])


async def test_who_works_in_several_places_and_names_none_is_told_to_neither(
    ada: Person, new_account: NewAccount, events: Events
) -> None:
    elsewhere = await new_account()
    await ada.sign_in(password=WRONG)
    await ada.sign_in(password=WRONG, organization_id=elsewhere["organization_id"])

    assert await events(kind="sign_in_refused") == []
    (told,) = await events(installation=True, kind="sign_in_refused")
    assert told["account_id"] == elsewhere["id"]


async def test_a_missing_and_a_wrong_second_factor_are_told(ada: Person, events: Events) -> None:
    await ada.enrol()
    await ada.sign_in()
    await ada.sign_in(one_time_code=ada.code(400))

    told = await events(kind="sign_in_refused")
    assert [event["reason"] for event in told] == ["second-factor-required", "credentials"]


async def test_second_factors_step_ups_and_passwords_leave_their_trace(ada: Person, events: Events) -> None:
    await ada.enrol()
    assert (await ada.step_up(one_time_code=ada.code(400))).status_code == 403
    assert (await ada.step_up(one_time_code=ada.code())).status_code == 200
    assert (await ada.post("/v1/me/recovery_codes:renew")).status_code == 200
    changed = {"current_password": PASSWORD, "new_password": "another horse battery staple"}
    assert (await ada.post("/v1/me:change_password", changed)).status_code == 204
    assert (await ada.post("/v1/me/totp:remove")).status_code == 204
    assert (await ada.post(f"{SESSIONS}/{ada.session['id']}:end")).status_code == 204

    told = await events()
    assert kinds(told) == [
        "account_added",
        "signed_in",
        "factor_added",
        "step_up_refused",
        "stepped_up",
        "recovery_codes_renewed",
        "password_changed",
        "factor_removed",
        "session_ended",
    ]
    assert {event["by"] for event in told[1:]} == {ada.session["account_id"]}
    assert told[-1]["login_session_id"] == ada.session["id"]


async def test_what_is_refused_is_not_told_as_done(ada: Person, events: Events) -> None:
    await ada.post("/v1/me/totp:confirm", {"one_time_code": "000000"})
    await ada.post("/v1/me:change_password", {"current_password": WRONG, "new_password": "another horse battery"})
    await ada.post("/v1/me/totp:remove")
    await ada.post(f"{SESSIONS}/{uuid4()}:end")

    # Nor is that a second factor is asked for first: whoever goes on and has one was refused nothing.
    assert kinds(await events()) == ["account_added", "signed_in"]


async def test_accounts_and_roles_say_who_gave_and_took_what(
    gateway: GatewayFactory, account: dict[str, Any], home: UUID, events: Events
) -> None:
    chief = uuid4()
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=home, account=chief)
    roles = f"/v1/organizations/{home}/accounts/{account['id']}/roles"
    for _ in range(2):
        assert (await admin.put(roles, json={"roles": ["nurse", "auditor"]})).status_code == 200

    added, changed = await events()
    assert (added["kind"], added["account_id"], added["roles"]) == ("account_added", account["id"], ["front_desk"])
    assert (changed["kind"], changed["by"], changed["account_id"]) == ("roles_changed", str(chief), account["id"])
    assert (changed["roles_before"], changed["roles"]) == (["front_desk"], ["auditor", "nurse"])


async def test_the_installation_s_trail_has_its_organizations(home: UUID, events: Events) -> None:
    told = await events(installation=True, kind="organization_added")

    # Organizations that other tests have committed are there too.
    assert str(home) in [event["organization_added_id"] for event in told]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ORGANIZATION_ADMIN, Role.AUDITOR, Role.PLATFORM_OPERATOR}))
async def test_others_may_not_read_it(gateway: GatewayFactory, home: UUID, role: Role) -> None:
    assert (await gateway(role, organization=home).get(EVENTS)).status_code == 403


async def test_each_organization_reads_its_own(ada: Person, gateway: GatewayFactory, home: UUID) -> None:
    assert ada.session
    mine = await gateway(Role.AUDITOR, organization=home).get(EVENTS)
    other = await gateway(Role.AUDITOR, organization=uuid4()).get(EVENTS)

    assert len(mine.json()["items"]) == 2
    assert other.json()["items"] == []
    assert (await gateway().get(EVENTS)).status_code == 401


async def test_it_is_read_in_pages_and_by_time(ada: Person, gateway: GatewayFactory, home: UUID, clock: Clock) -> None:
    for _ in range(4):
        await ada.sign_in()
    auditor = gateway(Role.AUDITOR, organization=home)
    read, token = list[dict[str, Any]](), None
    while True:
        asked = {"page_size": 2} | ({} if token is None else {"page_token": token})
        page = (await auditor.get(EVENTS, params=asked)).json()
        assert len(page["items"]) <= 2
        read += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
    far = clock.now() + timedelta(days=1)
    since = await auditor.get(EVENTS, params={"since": far.isoformat()})
    until = await auditor.get(EVENTS, params={"until": far.isoformat(), "since": read[0]["at"]})

    assert len({event["id"] for event in read}) == len(read) == 6
    assert [event["at"] for event in read] == sorted(event["at"] for event in read)
    assert since.json()["items"] == []
    assert until.json()["items"] == read


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "coffee"},
        {"since": "yesterday"},
        {"since": "2026-11-29T10:00:00"},
        {"since": "0001-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59Z"},
        {"page_token": "x"},
    ],
)
async def test_what_cannot_be_asked_is_refused(gateway: GatewayFactory, home: UUID, asked: dict[str, str]) -> None:
    answer = await gateway(Role.AUDITOR, organization=home).get(EVENTS, params=asked)

    assert answer.status_code == 422


async def links(database: Database, organization_id: UUID) -> list[Link]:
    async with database.read(OrganizationId(organization_id)) as read:
        return [Link(*row) for row in await read.connection.fetch(_LINKS)]


async def test_the_trail_is_a_chain_under_a_key_and_tells_no_address_or_secret(
    ada: Person, gateway_database: Database, home: UUID
) -> None:
    await ada.enrol()
    await ada.sign_in(password=WRONG)
    await ada.client.post(SESSIONS, json={**ADA, "email": "nobody@example.org"})
    written = [*await links(gateway_database, home), *await links(gateway_database, INSTALLATION)]
    verified = verify(audit_key(bytes(32)), home, await links(gateway_database, home))
    text = "".join(link.event for link in written)

    assert (verified.findings, verified.events) == ([], 4)
    secrets = (ada.session["access_token"], ada.session["session_secret"], ada.secret, *ada.recovery_codes)
    for hidden in ("example.org", "127.0.0.1", WRONG, PASSWORD, *secrets):
        assert hidden not in text
    # As a word: three letters are also hexadecimal digits.
    assert re.search(r"\bada\b", text, re.IGNORECASE) is None
    changed = Link(written[0].lane, written[0].number, written[0].event + " ", written[0].seal, written[0].hash)
    assert verify(audit_key(bytes(32)), home, [changed, *written[1:1]]).findings


@pytest.mark.parametrize(
    "statement", ["update audit_events set event = ''", "delete from audit_events", "truncate audit_events"]
)
async def test_the_application_cannot_change_it(ada: Person, gateway_database: Database, statement: str) -> None:
    assert ada.session
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with gateway_database.read(INSTALLATION) as read:
            await read.connection.execute(statement)


async def test_an_act_and_its_event_stand_or_fall_together(
    ada: Person, gateway: GatewayFactory, gateway_app: Any, gateway_database: Database, home: UUID
) -> None:
    before = len(await links(gateway_database, home))
    admin = gateway(Role.ORGANIZATION_ADMIN, organization=home)
    # A key that seals nothing makes writing the event fail.
    object.__setattr__(gateway_app.state.equipment, "audit_key", None)
    roles = f"/v1/organizations/{home}/accounts/{ada.session['account_id']}/roles"
    answer = await admin.put(roles, json={"roles": ["nurse"]})
    account = await admin.get(roles.removesuffix("/roles"))

    assert answer.status_code == 500
    assert account.json()["roles"] == ["front_desk"]
    assert len(await links(gateway_database, home)) == before


@given(st.lists(st.uuids(), unique=True, max_size=4), st.none() | st.uuids() | st.integers(0, 3))
def test_a_refusal_belongs_where_the_person_works_and_nowhere_else(
    workplaces: list[UUID], named: UUID | int | None
) -> None:
    where = [OrganizationId(one) for one in workplaces]
    if isinstance(named, int):
        named = where[named] if named < len(where) else None
    asked = None if named is None else OrganizationId(named)
    found = refused_in(where, asked)

    assert found is None or found in where
    assert (found is not None) == (asked in where or len(where) == 1)
    assert asked not in where or found == asked


@given(st.text(), st.text())
def test_a_stand_in_tells_addresses_apart_and_needs_the_key(one: str, other: str) -> None:
    first = stand_in(b"k" * 32, "name", one)

    assert (first == stand_in(b"k" * 32, "name", other)) == (one == other)
    assert first not in {stand_in(b"j" * 32, "name", one), stand_in(b"k" * 32, "network", one)}
    assert orjson.loads(orjson.dumps(first)) == first
