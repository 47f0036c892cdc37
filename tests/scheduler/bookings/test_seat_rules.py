"""A seat is given where the plan allows it and the patient's day has room; the refusal names the rule."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.database import Database, OpenDatabase
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.postgres.provision import DatabaseUrls
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, group, plan_of, problem

HOUR = timedelta(hours=1)
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
PLAN = plan_of(COUNSELLOR, modalities=["on_site"])


@pytest.fixture
async def ann(new_patient: Make, site: Json) -> Json:
    return await new_patient(site, PLAN)


@pytest.mark.parametrize("verb", ["book", "hold"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"track": "youth"}, "other-track"),
        ({"language": "es"}, "other-language"),
        ({"modality": Modality.TELEHEALTH}, "modality-not-planned"),
        ({"service": ServiceKind.SKILLS_GROUP}, "service-not-planned"),
    ],
)
async def test_what_the_plan_does_not_allow_is_refused_by_its_name(
    desk: Desk, ann: Json, verb: str, changes: dict[str, Any], code: str
) -> None:
    [appointment] = await desk.publish(group(**changes))

    answer = await desk.ask(verb, appointment, ann)

    assert problem(answer) == (409, "rules-broken", code)
    assert len(answer.json()["errors"]) == 1
    assert ann["id"] not in answer.text
    assert await desk.seats() == [(0, set())]


async def test_what_the_plan_allows_is_booked(desk: Desk, ann: Json) -> None:
    [appointment] = await desk.publish(group(track=None, language=None))

    assert (await desk.ask("book", appointment, ann)).status_code == 200


async def test_before_there_is_a_plan_no_plan_is_in_the_way(desk: Desk, new_patient: Make, site: Json) -> None:
    [appointment] = await desk.publish(group(track="youth", language="es"))

    assert (await desk.ask("book", appointment, await new_patient(site))).status_code == 200


async def test_one_service_comes_once_a_day_by_the_site_s_clock(desk: Desk, ann: Json) -> None:
    late = TUESDAY_NINE + 11 * HOUR  # 20:00 in New York, and Wednesday in UTC
    _, same_day, next_day = await desk.publish(
        group(ann), group(start=late), group(start=TUESDAY_NINE + timedelta(days=1))
    )

    assert problem(await desk.ask("book", same_day, ann)) == (409, "rules-broken", "service-twice-a-day")
    assert (await desk.ask("book", next_day, ann)).status_code == 200


async def test_a_day_has_so_many_hours_of_sessions_and_no_more(desk: Desk, ann: Json) -> None:
    def individual(minutes: int) -> Any:
        start = TUESDAY_NINE + 6 * HOUR
        return group(service=ServiceKind.INDIVIDUAL, start=start, end=start + timedelta(minutes=minutes))

    long = group(ann, end=TUESDAY_NINE + 3 * HOUR)
    for minutes, status in ((105, 409), (90, 200)):
        _, second = await desk.publish(long, individual(minutes))
        answer = await desk.ask("book", second, ann)
        assert answer.status_code == status, answer.text
        assert status == 200 or problem(answer) == (409, "rules-broken", "day-too-long")


@pytest.mark.parametrize(("days", "status"), [(-1, 409), (1, 409), (2, 200)])
async def test_specimen_days_are_not_adjacent(
    desk: Desk, new_patient: Make, site: Json, days: int, status: int
) -> None:
    services = [
        {"service": "process_group", "minutes_per_week": 540},
        {"service": "nurse_visit", "minutes_per_week": 15},
    ]
    patient = await new_patient(site, plan_of(COUNSELLOR, required_services=services))
    wednesday = TUESDAY_NINE + timedelta(days=1)

    def visit(start: Any, *seated: Json) -> Any:
        return group(*seated, service=ServiceKind.NURSE_VISIT, start=start, end=start + HOUR / 4)

    appointments = await desk.publish(visit(wednesday, patient), visit(wednesday + timedelta(days=days)))
    [free] = [one for one in appointments if not one["patient_ids"]]

    answer = await desk.ask("book", free, patient)

    assert answer.status_code == status, answer.text
    assert status == 200 or problem(answer) == (409, "rules-broken", "nurse-visits-too-close")


class TestRaces:
    """With real commits."""

    pytestmark = pytest.mark.committed

    @pytest.fixture
    async def scheduler_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["scheduler"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    @pytest.fixture
    async def records_database(self, databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
        opened = OpenDatabase(databases["records"].app, pool_size=8)
        yield await opened.open()
        await opened.close()

    async def test_who_is_booked_into_two_sessions_of_one_day_at_once_gets_one(self, desk: Desk, ann: Json) -> None:
        hours = [TUESDAY_NINE + number * 2 * HOUR for number in range(4)]
        appointments = await desk.publish(*(group(start=start) for start in hours))

        answers = await asyncio.gather(*(desk.ask("book", appointment, ann) for appointment in appointments))

        won = [answer.status_code for answer in answers].count(200)
        assert won <= 1
        # A machine under load may let a request fail for another reason; what it may not do is seat somebody twice.
        lost = {problem(answer) for answer in answers if answer.status_code == 409}
        assert lost <= {(409, "rules-broken", "service-twice-a-day")}
        if not won:
            assert (await desk.ask("book", appointments[0], ann)).status_code == 200
        assert sorted(taken for taken, _ in await desk.seats()) == [0, 0, 0, 1]
