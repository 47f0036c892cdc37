"""When a record is opened in an emergency, those who lead get a letter at once that says nothing of anybody."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from tests.gateway.conftest import GatewayFactory, NewAccount, NewOrganization, Post
from tests.support.tokens import Tokens, principal

ALERTS = "/v1/emergency_alerts"
Alert = Callable[..., Any]


@pytest.fixture
async def house(new_organization: NewOrganization) -> UUID:
    return await new_organization()


@pytest.fixture
def alert(gateway: GatewayFactory, tokens: Tokens, house: UUID) -> Alert:
    async def say(
        account: UUID | None = None, role: Role = Role.NURSE, service: Microservice = Microservice.RECORDS
    ) -> httpx2.Response:
        token = tokens.internal(principal(role, organization=house, account=account), service)
        return await gateway().post(ALERTS, headers={"authorization": f"Bearer {token}"})

    return say


async def person(new_account: NewAccount, house: UUID, name: str, *roles: Role) -> UUID:
    made = await new_account(organization=house, email=f"{name}@example.org", roles=roles)
    return UUID(made["id"])


async def test_every_director_but_the_one_who_opened_it_gets_a_letter(
    post: Post, alert: Alert, new_account: NewAccount, house: UUID
) -> None:
    opener = await person(new_account, house, "dora", Role.PROGRAMME_DIRECTOR, Role.PRESCRIBER)
    for name in ("dan", "dee"):
        await person(new_account, house, name, Role.PROGRAMME_DIRECTOR)
    await person(new_account, house, "sue", Role.SUPERVISOR)

    answer = await alert(opener)
    await post.carry()

    assert (answer.status_code, answer.json()) == (200, {"letters": 2})
    assert sorted(letter["to"] for letter in post.relay.handed) == ["dan@example.org", "dee@example.org"]
    for letter in post.relay.handed:
        said = f"{letter['subject']} {letter['text']}".lower()
        assert post.relay.page in said
        assert "#" not in said
        for word in ("emergency", "patient", "record", "treatment", "clinic", "harbour", "dora", str(opener)):
            assert word not in said


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"sue": Role.SUPERVISOR, "ada": Role.ORGANIZATION_ADMIN}, ["sue@example.org"]),
        ({"ada": Role.ORGANIZATION_ADMIN, "fay": Role.FRONT_DESK}, ["ada@example.org"]),
        ({"fay": Role.FRONT_DESK}, []),
    ],
    ids=["supervisor", "administrator", "nobody"],
)
async def test_where_there_is_no_director_the_next_in_charge_is_told(
    *, post: Post, alert: Alert, new_account: NewAccount, house: UUID, held: dict[str, Role], told: list[str]
) -> None:
    for name, role in held.items():
        await person(new_account, house, name, role)

    answer = await alert(uuid4())
    await post.carry()

    assert answer.json() == {"letters": len(told)}
    assert [letter["to"] for letter in post.relay.handed] == told


async def test_who_is_shut_out_or_works_elsewhere_is_told_nothing(
    *,
    post: Post,
    alert: Alert,
    new_account: NewAccount,
    new_organization: NewOrganization,
    operator: httpx2.AsyncClient,
    house: UUID,
) -> None:
    gone = await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    await person(new_account, await new_organization(), "eve", Role.PROGRAMME_DIRECTOR)
    shut = await operator.post(f"/v1/organizations/{house}/accounts/{gone}:disable")

    answer = await alert()
    await post.carry()

    assert shut.status_code == 200
    assert answer.json() == {"letters": 0}
    assert post.relay.handed == []


async def test_without_a_relay_the_trail_tells_it_all_the_same(
    alert: Alert, gateway: GatewayFactory, new_account: NewAccount, house: UUID
) -> None:
    await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    nurse = uuid4()

    answer = await alert(nurse)

    auditor = gateway(Role.AUDITOR, organization=house)
    events = (await auditor.get("/v1/security_events", params={"kind": "emergency_alerted"})).json()["items"]
    assert answer.json() == {"letters": 0}
    assert [(event["by"], event["times"]) for event in events] == [(str(nurse), 0)]


async def test_only_records_says_so_and_only_for_who_may_open(alert: Alert, gateway: GatewayFactory) -> None:
    answers = [
        await alert(service=Microservice.SCHEDULER),
        await alert(role=Role.FRONT_DESK),
        await gateway(Role.NURSE).post(ALERTS),
        await gateway().post(ALERTS),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 401]
