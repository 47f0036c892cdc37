"""A request that is sent again: its stored answer is given only while records lets the caller see whom it tells of."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, People, group, without_instance
from tests.support.tokens import Tokens

KEY = {"idempotency-key": "0192f0c1-5f4e-7cc3-9d5e-00000000000b"}
ADDRESS = "+12125550199"
WISHES = {"channel": "sms", "address": ADDRESS, "opted_in": True, "reminder_hours": None}


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def counsellor(scheduler: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    return scheduler(Role.COUNSELLOR, account=account)


@pytest.fixture
async def member(records: ClientFactory, people: People, account: UUID) -> Json:
    path = f"/v1/patients/{people.ann['id']}/care_team_members"
    answer = await records(Role.PROGRAMME_DIRECTOR).post(path, json={"account_id": str(account)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def leave(records: ClientFactory, member: Json) -> None:
    answer = await records(Role.PROGRAMME_DIRECTOR).post(f"/v1/care_team_members/{member['id']}:end")
    assert answer.status_code == 200, answer.text


async def prefer(client: httpx2.AsyncClient, patient_id: object, **headers: str) -> httpx2.Response:
    return await client.put(f"/v1/patients/{patient_id}/notice_preference", json=WISHES, headers=headers)


async def arrive(client: httpx2.AsyncClient, session: Json, patient_id: object, **headers: str) -> httpx2.Response:
    body = {"patient_id": str(patient_id), "status": "arrived"}
    return await client.post(f"/v1/appointments/{session['id']}/attendances", json=body, headers=headers)


@pytest.fixture
async def session(desk: Desk, people: People, at: Any) -> Json:
    [session] = await desk.publish(group(people.ann, people.ben))
    at(TUESDAY_NINE)
    return session


@pytest.mark.usefixtures("member")
async def test_who_still_treats_the_patient_is_given_the_same_answer(
    counsellor: httpx2.AsyncClient, people: People
) -> None:
    first, second = [await prefer(counsellor, people.ann["id"], **KEY) for _ in range(2)]

    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")


async def test_who_has_left_the_care_team_is_told_what_they_would_be_told_of_nobody(
    counsellor: httpx2.AsyncClient, people: People, records: ClientFactory, member: Json
) -> None:
    first = await prefer(counsellor, people.ann["id"], **KEY)
    await leave(records, member)

    second, of_nobody = await prefer(counsellor, people.ann["id"], **KEY), await prefer(counsellor, uuid4())

    assert [answer.status_code for answer in (first, second, of_nobody)] == [200, 404, 404]
    assert ADDRESS not in second.text
    assert "idempotency-replayed" not in second.headers
    assert without_instance(second) == without_instance(of_nobody)


async def test_so_it_is_with_who_came(
    *, counsellor: httpx2.AsyncClient, people: People, session: Json, records: ClientFactory, member: Json
) -> None:
    first = await arrive(counsellor, session, people.ann["id"], **KEY)
    again = await arrive(counsellor, session, people.ann["id"], **KEY)
    await leave(records, member)

    second = await arrive(counsellor, session, people.ann["id"], **KEY)

    assert [answer.status_code for answer in (first, again, second)] == [201, 201, 404]
    assert again.content == first.content


@pytest.mark.usefixtures("member")
async def test_while_records_is_away_a_stored_answer_is_given_to_whose_duties_concern_everybody(
    *,
    counsellor: httpx2.AsyncClient,
    people: People,
    session: Json,
    scheduler: ClientFactory,
    scheduler_app: Any,
    tokens: Tokens,
) -> None:
    desk = scheduler(Role.FRONT_DESK, account=uuid4())
    by_desk = await arrive(desk, session, people.ben["id"], **KEY)
    by_counsellor = await arrive(counsellor, session, people.ann["id"], **KEY)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    to_desk = await arrive(desk, session, people.ben["id"], **KEY)
    to_counsellor = await arrive(counsellor, session, people.ann["id"], **KEY)
    await http.close()

    assert [by_desk.status_code, by_counsellor.status_code] == [201, 201]
    assert (to_desk.status_code, to_desk.content) == (201, by_desk.content)
    assert to_counsellor.status_code == 503


async def test_what_rests_on_nobody_is_given_again(scheduler: ClientFactory, site: Json) -> None:
    director = scheduler(Role.PROGRAMME_DIRECTOR, account=uuid4())
    path, room = f"/v1/sites/{site['id']}/rooms", {"name": "Oak", "capacity": 3}

    first, second = [await director.post(path, json=room, headers=KEY) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
