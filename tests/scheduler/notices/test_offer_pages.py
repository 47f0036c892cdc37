"""An offer leaves the house with the address of a page at which the person answers without signing in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import ValidationError

from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice, NoticeLanguage
from services.scheduler.offers.rules import hash_of
from services.scheduler.settings import SchedulerSettings
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Desk, Json, Make, group
from tests.scheduler.notices.conftest import Deliver, Provider
from tests.scheduler.notices.forbidden import forbidden_in

PAGE = "https://times.example/a"

# Secrets are read before any organization is known; offers are only this one's.
KEPT = "select token_hash from offer_tokens join offers on offers.id = offer_tokens.offer_id"

Offered = Callable[[], Awaitable[tuple[Json, Json, Notice]]]


@pytest.fixture
def offered(*, desk: Desk, scheduler: ClientFactory, site: Json, kim: PatientId) -> Offered:
    """Offers the seat of a group to Kim, who waits: the appointment, the offer and its notice."""

    async def make() -> tuple[Json, Json, Notice]:
        client = scheduler(Role.FRONT_DESK)
        [seat] = await desk.publish(group(capacity=1))
        entry = {"patient_id": str(kim), "service": "process_group"}
        assert (await client.post(f"/v1/sites/{site['id']}/waitlist_entries", json=entry)).status_code == 201
        made = await client.post(f"/v1/appointments/{seat['id']}/offer_batches", json={"minutes": 600})
        assert made.status_code == 201, made.text
        [notice] = (await client.get(f"/v1/patients/{kim}/notices")).json()["items"]
        return seat, made.json()["offers"][0], Notice.model_validate(notice)

    return make


@pytest.fixture
def stranger(scheduler: ClientFactory) -> httpx2.AsyncClient:
    """Who holds the message, and nothing else."""
    client = scheduler(Role.PATIENT)
    del client.headers["authorization"]
    return client


async def answer(stranger: httpx2.AsyncClient, token: str, said: str = "accept") -> httpx2.Response:
    return await stranger.post("/v1/offered_times:answer", json={"token": token, "answer": said})


def token_in(text: str) -> str:
    before, _, token = text.rpartition(f" {PAGE}#")
    assert before
    return token


async def test_the_message_carries_a_page_and_a_secret_that_takes_the_seat(
    *,
    offered: Offered,
    deliver: Deliver,
    provider: Provider,
    stranger: httpx2.AsyncClient,
    scheduler: ClientFactory,
    desk: Desk,
    kim: PatientId,
) -> None:
    _, offer, notice = await offered()

    await deliver(notice, page=PAGE)

    [message] = provider.messages
    assert message["text"].startswith(notice.body)
    token = token_in(message["text"])
    assert forbidden_in(message["text"], NoticeLanguage.ENGLISH) == []
    assert not any(part in message["text"] for part in (str(kim), offer["id"], offer["batch_id"]))
    assert (await answer(stranger, token)).json()["status"] == "accepted"
    [read] = await desk.read()
    assert read["patient_ids"] == [str(kim)]
    shown = await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{notice.id}")
    assert token not in shown.text
    [(kept,)] = await desk.run(KEPT)
    assert kept == hash_of(token)


async def test_each_attempt_carries_the_same_secret(
    offered: Offered, deliver: Deliver, provider: Provider, stranger: httpx2.AsyncClient
) -> None:
    _, _, notice = await offered()

    provider.status = 503
    await deliver(notice, page=PAGE)
    provider.status = 202
    await deliver(notice, page=PAGE, at=notice.created_at + timedelta(hours=1))

    first, second = (message["text"] for message in provider.messages)
    assert first == second
    assert (await answer(stranger, token_in(first), "decline")).json()["status"] == "declined"


async def test_a_secret_that_the_desk_issued_goes_on_opening(
    *, offered: Offered, deliver: Deliver, provider: Provider, stranger: httpx2.AsyncClient, scheduler: ClientFactory
) -> None:
    _, offer, notice = await offered()
    issued = (await scheduler(Role.FRONT_DESK).post(f"/v1/offers/{offer['id']}:issue_link")).json()["token"]

    await deliver(notice, page=PAGE)

    assert [message["text"] for message in provider.messages] == [notice.body]
    assert (await answer(stranger, issued)).status_code == 200


async def test_without_a_page_the_message_is_sent_without_a_secret(
    offered: Offered, deliver: Deliver, provider: Provider, desk: Desk
) -> None:
    _, _, notice = await offered()

    await deliver(notice)

    assert [message["text"] for message in provider.messages] == [notice.body]
    assert await desk.run(KEPT) == []


async def test_nobody_is_invited_to_a_time_that_is_gone(
    *, offered: Offered, deliver: Deliver, provider: Provider, scheduler: ClientFactory
) -> None:
    _, offer, notice = await offered()
    client = scheduler(Role.FRONT_DESK)
    assert (await client.post(f"/v1/offer_batches/{offer['batch_id']}:withdraw")).status_code == 200

    await deliver(notice, page=PAGE)

    shown = (await client.get(f"/v1/notices/{notice.id}")).json()
    assert (provider.messages, shown["status"], shown["reason"]) == ([], "cancelled", "session_gone")


@pytest.mark.parametrize(("heard", "is_stopped"), [(True, False), (False, False), (False, True)])
async def test_only_who_has_heard_of_an_offer_is_told_that_it_is_gone(
    *,
    desk: Desk,
    deliver: Deliver,
    provider: Provider,
    scheduler: ClientFactory,
    new_patient: Make,
    site: Json,
    kim: PatientId,
    heard: bool,
    is_stopped: bool,
) -> None:
    """Be it that the desk has stopped the notice of the offer, or that it was never handed over in time."""
    client, other = scheduler(Role.FRONT_DESK), await new_patient(site)
    [seat] = await desk.publish(group(capacity=1))
    for patient_id in (str(kim), other["id"]):
        entry = {"patient_id": patient_id, "service": "process_group"}
        assert (await client.post(f"/v1/sites/{site['id']}/waitlist_entries", json=entry)).status_code == 201
    batch = (await client.post(f"/v1/appointments/{seat['id']}/offer_batches", json={"minutes": 600})).json()
    told = f"/v1/patients/{kim}/notices"
    [invitation] = (await client.get(told)).json()["items"]
    if heard:
        await deliver(Notice.model_validate(invitation))
    if is_stopped:
        assert (await client.post(f"/v1/notices/{invitation['id']}:cancel")).status_code == 200
    [taken] = [offer for offer in batch["offers"] if offer["patient_id"] == other["id"]]
    assert (await client.post(f"/v1/offers/{taken['id']}:accept")).status_code == 200

    [_, farewell] = (await client.get(told)).json()["items"]
    await deliver(Notice.model_validate(farewell))

    assert farewell["kind"] == "seat_filled"
    texts = [message["text"] for message in provider.messages]
    assert texts == ([invitation["body"], farewell["body"]] if heard else [])
    [_, shown] = (await client.get(told)).json()["items"]
    assert (shown["status"], shown["reason"]) == (("sent", None) if heard else ("cancelled", "nothing_changed"))


def test_a_secret_belongs_to_one_offer_of_one_organization_and_to_one_key() -> None:
    here, there = (OrganizationId(UUID(int=number)) for number in (1, 2))
    key, other = (SealingKey("k", bytes([number] * 32)) for number in (1, 2))
    place = Place(here, "offer_tokens", "token_hash", UUID(int=7))
    places = [place, Place(there, *_rest(place)), Place(here, "offer_tokens", "token_hash", UUID(int=8))]

    made = [key.token(one) for one in places] + [other.token(place)]

    assert key.token(place) == made[0]
    assert len({*made}) == len(made)
    assert {len(token) for token in made} == {22}


def _rest(place: Place) -> tuple[Any, ...]:
    return place.table, place.column, place.row


@pytest.mark.parametrize(
    "url", ["http://times.example/a", "https://times.example/a?for=1", "https://u:p@times.example/", PAGE + "#x"]
)
def test_a_page_is_https_and_leaves_the_fragment_to_the_secret(url: str, tmp_path: Any) -> None:
    key = tmp_path / "key"
    key.touch()
    others = dict.fromkeys(("gateway_url", "records_url", "scheduler_url"), "http://127.0.0.1:1")
    given = {"database_url": "postgresql://a@127.0.0.1/b", "root_key_file": key, **others}

    assert str(SchedulerSettings.model_validate(given | {"offered_times_url": PAGE}).offered_times_url) == PAGE
    with pytest.raises(ValidationError, match="must be an https URL"):
        SchedulerSettings.model_validate(given | {"offered_times_url": url})
