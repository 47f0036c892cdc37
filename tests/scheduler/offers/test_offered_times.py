"""Whoever holds a secret may take a time or leave it, and learns nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduler.offers.rules import hash_of
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, group, problem
from tests.scheduler.offers.conftest import Offers, Three
from tests.support.gateways import PlayedGateway, held_while_asked


async def test_a_secret_tells_a_time_and_nothing_else(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat, minutes=60)
    token = await offers.token(batch["offers"][0])

    found = await offers.look(token)

    assert found.status_code == 200
    assert found.json() == {
        "status": "open",
        "start": "2026-10-06T13:00:00Z",
        "end": "2026-10-06T14:30:00Z",
        "answer_by": batch["expires_at"],
    }
    assert len(three) == 3


async def test_a_secret_is_kept_as_its_hash_alone(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    token = await offers.token((await offers.made(seat))["offers"][0])

    rows = await desk.run("select token_hash, offer_tokens::text from offer_tokens")

    # The table spans organizations: it may hold what others of this run have made.
    assert [bytes(row[0]) for row in rows].count(hash_of(token)) == 1
    assert not any(token in row[1] or three.ann.patient["id"] in row[1] for row in rows)


async def test_the_first_to_accept_with_a_secret_has_the_seat_and_hears_so_again(
    desk: Desk, three: Three, offers: Offers
) -> None:
    [seat] = await desk.publish(group(capacity=1))
    batch = await offers.made(seat)
    ann, ben = [await offers.token(offer) for offer in batch["offers"][:2]]

    accepted = await offers.answer(ben, "accept")
    again = await offers.answer(ben, "accept")
    late = await offers.answer(ann, "accept")
    second_thoughts = await offers.answer(ben, "decline")

    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    assert (again.status_code, again.json()) == (200, accepted.json())
    assert problem(late) == problem(second_thoughts) == (409, "conflict", "time-gone")
    assert (await offers.look(ann)).json()["status"] == "filled"
    assert await desk.seats() == [(1, {three.ben.patient["id"]})]


async def test_a_secret_can_decline(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    batch = await offers.made(seat, people=1)
    token = await offers.token(batch["offers"][0])

    answers = [await offers.answer(token, "decline") for _ in range(2)]

    assert [answer.json()["status"] for answer in answers] == ["declined"] * 2
    assert await offers.statuses(batch) == ["declined"]
    assert await desk.seats() == [(0, set())]
    assert len(three) == 3


async def test_whatever_stands_in_the_way_the_words_are_the_same(
    *, desk: Desk, three: Three, offers: Offers, new_patient: Make, site: Json, later: Callable[[timedelta], None]
) -> None:
    full, expiring = await desk.publish(group(capacity=1), group(start=TUESDAY_NINE + timedelta(days=1)))
    first = await offers.token((await offers.made(full, minutes=600))["offers"][0])
    second = await offers.token((await offers.made(expiring, minutes=10))["offers"][0])
    await desk.ask("book", full, await new_patient(site))
    later(timedelta(minutes=11))

    answers = [await offers.answer(token, "accept") for token in (first, second)]

    assert [problem(answer) for answer in answers] == [(409, "conflict", "time-gone")] * 2
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert len(three) == 3


async def test_a_new_secret_shuts_the_one_before(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    offer = (await offers.made(seat))["offers"][0]
    old, new = await offers.token(offer), await offers.token(offer)

    assert (await offers.look(old)).status_code == 404
    assert (await offers.look(new)).status_code == 200
    assert len(three) == 3


@pytest.mark.parametrize("token", ["x", "A" * 43, "\u00e9", "", "a" * 128])
async def test_what_opens_nothing_is_not_there(offers: Offers, token: str) -> None:
    looked, answered = await offers.look(token), await offers.answer(token, "accept")

    assert {looked.status_code, answered.status_code} <= {404, 422}
    assert {**looked.json(), "instance": ""} == {**answered.json(), "instance": ""}


async def test_a_decided_offer_gets_no_secret(desk: Desk, three: Three, offers: Offers) -> None:
    [seat] = await desk.publish(group())
    offer = (await offers.made(seat))["offers"][0]
    await offers.ask("decline", offer)

    assert problem(await offers.ask("issue_link", offer)) == (409, "conflict", "offer-declined")
    assert len(three) == 3


async def test_a_secret_of_a_closed_organization_opens_nothing(
    *, desk: Desk, three: Three, offers: Offers, played_gateway: PlayedGateway, organization_id: UUID
) -> None:
    [seat] = await desk.publish(group())
    token = await offers.token((await offers.made(seat))["offers"][0])
    played_gateway.closed.add(organization_id)

    looked, answered = await offers.look(token), await offers.answer(token, "accept")
    never = await offers.look("A" * 43)

    assert {answer.status_code for answer in (looked, answered, never)} == {404}
    assert {**looked.json(), "instance": ""} == {**never.json(), "instance": ""}
    assert await desk.seats() == [(0, set())]
    assert len(three) == 3


async def test_no_connection_is_held_while_the_gateway_is_asked_about_a_secret(
    *,
    desk: Desk,
    three: Three,
    offers: Offers,
    scheduler_app: Any,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [seat] = await desk.publish(group())
    token = await offers.token((await offers.made(seat))["offers"][0])
    held = held_while_asked(scheduler_app, played_gateway, monkeypatch)

    answers = [await offers.look(token), await offers.answer(token, "decline")]

    assert ([answer.status_code for answer in answers], held) == ([200, 200], [0, 0])
    assert len(three) == 3
