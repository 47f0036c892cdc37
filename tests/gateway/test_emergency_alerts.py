"""When a record is opened in an emergency, those who lead get a letter at once that says nothing of anybody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from services.chassis.clock import Clock
from services.chassis.sealing import Place
from services.chassis.wiring import Process
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from services.gateway.letters.letter import Letter, LetterKind
from services.gateway.letters.rules import written
from services.gateway.letters.tables import LetterRow
from services.gateway.units import letters_of
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
        account: UUID | None = None,
        role: Role = Role.NURSE,
        service: Microservice = Microservice.RECORDS,
        organization: UUID | None = None,
    ) -> httpx2.Response:
        token = tokens.internal(principal(role, organization=organization or house, account=account), service)
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


async def test_however_many_are_opened_nobody_gets_more_than_a_letter_at_once_and_one_that_tells_of_the_rest(
    *, post: Post, alert: Alert, new_account: NewAccount, gateway: GatewayFactory, house: UUID
) -> None:
    for name in ("dan", "dee"):
        await person(new_account, house, name, Role.PROGRAMME_DIRECTOR)
    openers = [uuid4() for _ in range(12)]
    handed: list[list[str]] = []

    async def carried(minutes: float) -> None:
        before = len(post.relay.handed)
        await post.carry(after=timedelta(minutes=minutes))
        handed.append(sorted(letter["to"] for letter in post.relay.handed[before:]))

    await alert(openers[0])
    await carried(0)
    answers = [await alert(opener) for opener in openers[1:]]
    for minutes in (14, 16, 60):
        await carried(minutes)

    both = ["dan@example.org", "dee@example.org"]
    assert handed == [both, [], both, []]
    assert {answer.json()["letters"] for answer in answers} == {2}
    auditor = gateway(Role.AUDITOR, organization=house)
    found = await auditor.get("/v1/security_events", params={"kind": "emergency_alerted", "page_size": 200})
    events = found.json()["items"]
    assert [(event["by"], event["times"]) for event in events] == [(str(opener), 2) for opener in openers]


async def test_after_a_quarter_of_an_hour_the_next_letter_leaves_at_once(
    *, post: Post, alert: Alert, new_account: NewAccount, house: UUID, gateway_app: Any, clock: Clock
) -> None:
    await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    await alert()
    await post.carry()
    process, later = gateway_app.state.process, Clock(clock.now() - Clock().now() + timedelta(minutes=15, seconds=5))
    gateway_app.state.process = Process(later, process.database, process.authenticator)

    await alert()
    await alert()
    handed = []
    for minutes, seconds in ((15, 20), (25, 0), (35, 0)):
        await post.carry(after=timedelta(minutes=minutes, seconds=seconds))
        handed.append(len(post.relay.handed))

    assert handed == [2, 2, 3]


@pytest.mark.parametrize(
    ("language", "recent"), [(LetterLanguage.ENGLISH, "just now"), (LetterLanguage.SPANISH, "se acaba de")]
)
def test_a_letter_that_may_wait_for_a_quarter_of_an_hour_does_not_say_that_it_was_just_now(
    language: LetterLanguage, recent: str, clock: Clock
) -> None:
    letter = Letter(uuid4(), LetterKind.EMERGENCY_REVIEW, "dan@example.org", "", language, clock.now())

    text = written(letter, None).text.lower()

    assert "3" in text
    assert recent not in text


async def test_one_organization_s_alerts_put_off_none_of_another(
    *, post: Post, alert: Alert, new_account: NewAccount, new_organization: NewOrganization, house: UUID
) -> None:
    other = await new_organization("Other")
    for where in (house, other):
        await new_account(organization=where, email="dan@example.org", roles=(Role.PROGRAMME_DIRECTOR,))

    for where in (house, house, other):
        await alert(organization=where)
    await post.carry()

    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"] * 2


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


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ((Role.PROGRAMME_DIRECTOR,), ["dee@example.org"]),
        ((Role.SUPERVISOR,), ["dee@example.org"]),
        ((Role.FRONT_DESK,), ["ada@example.org"]),
    ],
    ids=["another-director", "a-supervisor", "an-administrator"],
)
async def test_a_letter_that_waited_goes_to_who_leads_when_it_leaves(
    *,
    post: Post,
    alert: Alert,
    new_account: NewAccount,
    operator: httpx2.AsyncClient,
    house: UUID,
    roles: tuple[Role, ...],
    told: list[str],
) -> None:
    """Before, it went to who is shut out by then, and if that was the only director nobody who leads got any."""
    dan = await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    await person(new_account, house, "ada", Role.ORGANIZATION_ADMIN)
    opener = await person(new_account, house, "nora", Role.NURSE)
    for _ in range(3):
        await alert(opener)
    await post.carry()
    await person(new_account, house, "dee", *roles)
    shut = await operator.post(f"/v1/organizations/{house}/accounts/{dan}:disable")

    handed = []
    for minutes in (14, 16, 60):
        await post.carry(after=timedelta(minutes=minutes))
        handed.append([letter["to"] for letter in post.relay.handed[1:]])

    assert shut.status_code == 200
    assert handed == [[], told, told]


async def test_a_letter_that_waited_does_not_go_to_who_opened_it_and_leads_by_now(
    *, post: Post, alert: Alert, new_account: NewAccount, operator: httpx2.AsyncClient, house: UUID
) -> None:
    dan = await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    nora = await person(new_account, house, "nora", Role.NURSE)
    await person(new_account, house, "sue", Role.SUPERVISOR)
    for _ in range(2):
        await alert(nora)
    await post.carry()
    for account, roles in ((dan, ["front_desk"]), (nora, ["programme_director"])):
        path = f"/v1/organizations/{house}/accounts/{account}/roles"
        assert (await operator.put(path, json={"roles": roles})).status_code == 200

    await post.carry(after=timedelta(minutes=16))

    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org", "sue@example.org"]


async def test_a_letter_that_waited_reaches_who_still_leads_in_another_way(
    *, post: Post, alert: Alert, new_account: NewAccount, operator: httpx2.AsyncClient, house: UUID
) -> None:
    dan = await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    await person(new_account, house, "dee", Role.PROGRAMME_DIRECTOR)
    for _ in range(2):
        await alert()
    await post.carry()
    path = f"/v1/organizations/{house}/accounts/{dan}/roles"
    assert (await operator.put(path, json={"roles": ["supervisor"]})).status_code == 200

    await post.carry(after=timedelta(minutes=16))

    assert sorted(letter["to"] for letter in post.relay.handed[2:]) == ["dan@example.org", "dee@example.org"]


async def test_an_alert_that_was_posted_before_it_named_its_addressee_goes_to_the_address(
    post: Post, gateway_app: Any, clock: Clock
) -> None:
    """As an older gateway writes them, beside this one or before it."""
    async with post.database.command(None) as db:
        letters = letters_of(db, gateway_app.state.equipment, clock)
        await letters.post(
            LetterKind.EMERGENCY_REVIEW,
            "dan@example.org",
            "",
            language=LetterLanguage.ENGLISH,
            lives=timedelta(days=1),
        )

    await post.carry()

    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"]


@pytest.mark.parametrize(
    "content",
    [b'["dan@example.org", "", "en", "", "", "", "new"]', b'{"to": "dan@example.org"}', b"3", b"[[], {}, 1, 2]"],
)
async def test_a_letter_that_another_gateway_wrote_in_another_way_keeps_no_other_from_leaving(
    *, post: Post, alert: Alert, new_account: NewAccount, house: UUID, gateway_app: Any, clock: Clock, content: bytes
) -> None:
    """Before, each round took the same one, failed, and took it again."""
    await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)
    letter_id, key = uuid4(), gateway_app.state.equipment.sealing_key
    sealed = key.seal(content, Place(OrganizationId(UUID(int=0)), "letters", "content", letter_id))
    async with post.database.command(None) as db:
        db.add(
            LetterRow(
                id=letter_id,
                kind=LetterKind.EMERGENCY_REVIEW.value,
                content=sealed,
                due_at=clock.now() - timedelta(minutes=1),
                expires_at=clock.now() + timedelta(days=1),
                attempts=0,
            )
        )
        await db.flush()
    await alert()

    with capture_logs() as logged:
        for _ in range(2):
            await post.carry()

    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"]
    assert [line["id"] for line in logged if line["event"] == "letter not read"] == [str(letter_id)]
    async with post.database.command(None) as db:
        assert await db.scalar(select(func.count()).where(LetterRow.id == letter_id)) == 1


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


async def test_without_a_relay_nothing_is_counted_as_on_its_way_with_a_later_letter(
    *,
    alert: Alert,
    gateway: GatewayFactory,
    new_account: NewAccount,
    house: UUID,
    request: pytest.FixtureRequest,
) -> None:
    await person(new_account, house, "dan", Role.PROGRAMME_DIRECTOR)

    without = [(await alert()).json()["letters"] for _ in range(3)]
    post: Post = request.getfixturevalue("post")
    then = (await alert()).json()["letters"]
    await post.carry()

    auditor = gateway(Role.AUDITOR, organization=house)
    events = (await auditor.get("/v1/security_events", params={"kind": "emergency_alerted"})).json()["items"]
    assert [*without, then] == [0, 0, 0, 1]
    assert [event["times"] for event in events] == [0, 0, 0, 1]
    assert [letter["to"] for letter in post.relay.handed] == ["dan@example.org"]


async def test_only_records_says_so_and_only_for_who_may_open(alert: Alert, gateway: GatewayFactory) -> None:
    answers = [
        await alert(service=Microservice.SCHEDULER),
        await alert(role=Role.FRONT_DESK),
        await gateway(Role.NURSE).post(ALERTS),
        await gateway().post(ALERTS),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 401]
