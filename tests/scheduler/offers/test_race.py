"""People accept one seat at the same moment, on connections of their own: one of them has it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from services.chassis.database import Database, OpenDatabase
from services.operator.postgres.provision import DatabaseUrls
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, group, problem
from tests.scheduler.offers.conftest import Offers, Wait

pytestmark = pytest.mark.committed

_ROUNDS = 4
_PEOPLE = 6


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=_PEOPLE)
    yield await opened.open()
    await opened.close()


async def test_one_accept_wins_whoever_answers_and_the_others_hear_that_the_time_is_gone(
    desk: Desk, offers: Offers, new_patient: Make, site: Json, wait: Wait
) -> None:
    people = [await new_patient(site) for _ in range(_PEOPLE)]
    for patient in people:
        await wait(patient)
    # Two seats are free and one is offered: only the counter of the batch can tell the second winner to go.
    sessions = [group(capacity=2, start=TUESDAY_NINE + number * timedelta(hours=2)) for number in range(_ROUNDS)]
    for number, seat in enumerate(await desk.publish(*sessions)):
        batch = await offers.made(seat, people=_PEOPLE)
        tokens = [await offers.token(offer) for offer in batch["offers"]]

        answers = await asyncio.gather(*(offers.answer(token, "accept") for token in tokens))

        won = [answer for answer in answers if answer.status_code == 200]
        lost = [problem(answer) for answer in answers if answer.status_code != 200]
        assert len(won) == 1
        assert set(lost) <= {(409, "conflict", "time-gone"), (409, "conflict", "")}
        assert (await desk.seats())[number][0] == 1
        assert sorted(await offers.statuses(batch)) == ["accepted", *["filled"] * (_PEOPLE - 1)]
