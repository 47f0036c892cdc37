"""A patient calls in to learn whether today is a day of a test: nothing tells it before, nor of any other day."""

from uuid import UUID

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.consents.conftest import code_of
from tests.records.draw_programmes.conftest import At, Json, NewProgramme, at, new_programme
from tests.records.draw_programmes.test_routes import evidence_at
from tests.records.own_record.test_own_record import account, linked_to, own
from tests.records.recovery.test_recovery import discharge
from tests.records.test_audit import events

__all__ = ["account", "at", "events", "new_programme", "own"]

PATH = "/v1/me/draws_of_today"
LATER = "2027-03-01T12:00:00Z"


@pytest.fixture
async def mine(director: httpx2.AsyncClient, records: ClientFactory, patient: Json, account: UUID) -> Json:
    await linked_to(director, records, patient, account)
    return patient


async def told(client: httpx2.AsyncClient) -> list[Json]:
    answer = await client.get(PATH)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def test_each_day_tells_from_its_release_on_what_the_evidence_proves(
    mine: Json, new_programme: NewProgramme, at: At, account: UUID
) -> None:
    programme = await new_programme(mine, hazard={"tests": 1, "opportunities": 2})
    draws = {one["day"]: one["is_drawn"] for one in (await evidence_at(at(LATER), programme))["draws"]}
    days = sorted(draws)[:24]
    assert {draws[day] for day in days} == {True, False}

    for day in days:
        before = await told(at(f"{day}T08:59:59Z", Role.PATIENT, account=account))
        after = await told(at(f"{day}T09:00:00Z", Role.PATIENT, account=account))
        same = {"programme_id": programme["id"], "day": day, "released_at": f"{day}T05:00:00-04:00"}
        same |= {"specimen": programme["terms"]["specimen"]}
        assert before == [same | {"is_drawn": None}]
        assert after == [same | {"is_drawn": draws[day]}]


async def test_before_a_release_every_answer_is_alike_whatever_is_drawn(
    mine: Json, new_programme: NewProgramme, at: At, account: UUID
) -> None:
    programme = await new_programme(mine, hazard={"tests": 1, "opportunities": 2})
    days = [one["day"] for one in (await evidence_at(at(LATER), programme))["draws"]][:24]

    answers = [await at(f"{day}T08:59:59Z", Role.PATIENT, account=account).get(PATH) for day in days]

    said = {answer.text.replace(day, "day") for day, answer in zip(days, answers, strict=True)}
    lengths = {answer.headers["content-length"] for answer in answers}
    assert (len(said), len(lengths)) == (1, 1)


async def test_outside_a_programme_and_after_a_discharge_nothing_is_told(
    director: httpx2.AsyncClient, mine: Json, new_programme: NewProgramme, at: At, account: UUID
) -> None:
    await new_programme(mine)
    before = await told(at("2026-10-04T12:00:00Z", Role.PATIENT, account=account))
    during = await told(at("2026-10-20T12:00:00Z", Role.PATIENT, account=account))
    over = await told(at("2027-01-01T12:00:00Z", Role.PATIENT, account=account))

    assert (before, len(during), over) == ([], 1, [])

    await discharge(director, mine, "2026-09-02")
    assert await told(at("2026-10-20T12:00:00Z", Role.PATIENT, account=account)) == []


async def test_nobody_reads_another_s_and_the_trail_tells_who_read(
    *, mine: Json, new_programme: NewProgramme, own: httpx2.AsyncClient, records: ClientFactory, events: object
) -> None:
    await new_programme(mine)

    unlinked = await records(Role.PATIENT).get(PATH)
    staff = await records(Role.COUNSELLOR).get(PATH)
    await own.get(PATH)

    assert (unlinked.status_code, code_of(unlinked)) == (404, "no-own-record")
    assert staff.status_code == 403
    written = [one for one in await events() if one["operation"] == "list_own_draws_of_today"]  # type: ignore[operator]
    assert [one["subjects"] for one in written if one["subjects"]] == [[mine["id"]]]
