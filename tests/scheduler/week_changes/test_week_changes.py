"""Who asks again and again hears of every week that is not as it was, whenever that was committed, and of no other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.chassis.database import Database, OpenDatabase
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.week_changes import rules
from services.scheduler.week_changes.facts import Seen, SeenWeek
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of
from tests.scheduler.weekly import ByHand, Week

NEXT_MONDAY = "2026-10-12"
NOTHING: list[Json] = []


class Desk:
    """A front desk that asks what has changed since it last asked."""

    def __init__(self, client: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand) -> None:
        self._client = client(Role.FRONT_DESK)
        self._path = f"/v1/sites/{clinic.site['id']}"
        self._by_hand = by_hand
        self.week = week
        self.cursor: str | None = None

    async def ask(self) -> list[Json]:
        answer = await self._client.get(f"{self._path}/changes", params={"since": self.cursor} if self.cursor else {})
        assert answer.status_code == 200, answer.text
        assert not any(patient in answer.text for patient in self.week.ids)
        self.cursor = answer.json()["cursor"]
        return list(answer.json()["items"])

    async def publish(self, monday: str, *members: int, **more: Any) -> None:
        await self._by_hand.publish(monday, [self.week.group(0, 8, *members)], **more)

    async def post(self, path: str, body: Json) -> None:
        answer = await self._client.post(path, json=body)
        assert answer.status_code < 300, answer.text

    async def group(self, monday: str = MONDAY) -> str:
        answer = await self._client.get(f"{self._path}/appointments", params={"week": monday})
        return str(answer.json()["items"][0]["id"])

    async def seat(self, verb: str, patient: int, monday: str = MONDAY, **more: Any) -> None:
        body = {"patient_id": self.week.ids[patient], **more}
        await self.post(f"/v1/appointments/{await self.group(monday)}:{verb}", body)

    async def close(self) -> None:
        day = {"start": "2026-10-05T00:00:00-04:00", "end": "2026-10-06T00:00:00-04:00"}
        await self.post(f"{self._path}/closures", {**day, "reason": "weather", "policy": "cancel"})


@pytest.fixture
async def desk(scheduler: ClientFactory, clinic: Clinic, new_patient: Make, by_hand: ByHand) -> Desk:
    """A front desk with a group of three on two Mondays, and a fourth patient."""
    week = Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])
    desk = Desk(scheduler, clinic, week, by_hand)
    for monday in (MONDAY, NEXT_MONDAY):
        await desk.publish(monday, 0, 1, 2)
    return desk


def changed(week: str, base_version: int = 1, version: int = 1) -> Json:
    return {"week": week, "base_version": base_version, "version": version, "is_book_changed": True}


async def test_without_a_cursor_every_published_week_is_told_and_then_nothing(desk: Desk) -> None:
    assert await desk.ask() == [changed(MONDAY, 0), changed(NEXT_MONDAY, 0)]
    assert await desk.ask() == NOTHING


WRITES: Mapping[str, Callable[[Desk], Awaitable[None]]] = {
    "booked": lambda desk: desk.seat("book", 3),
    "held": lambda desk: desk.seat("hold", 3, minutes=5),
    "given back": lambda desk: desk.seat("release", 0, reason="patient_request"),
    "closed": lambda desk: desk.close(),
}


@pytest.mark.parametrize("what", WRITES)
async def test_what_is_changed_by_hand_is_told_of_its_week_alone_and_once(desk: Desk, what: str) -> None:
    await desk.ask()

    await WRITES[what](desk)

    assert await desk.ask() == [changed(MONDAY)]
    assert await desk.ask() == NOTHING


async def test_a_week_that_is_published_anew_is_told_with_both_versions(desk: Desk) -> None:
    await desk.ask()

    await desk.publish(NEXT_MONDAY, 0, 1, 2, 3, reason="admission")
    await desk.publish(NEXT_MONDAY, 0, 1, 2, reason="discharge")

    assert await desk.ask() == [changed(NEXT_MONDAY, 1, 3)]


async def test_that_a_hold_has_lapsed_is_told_although_nobody_wrote_anything(
    desk: Desk, clock: Any, at: Callable[[datetime], None]
) -> None:
    await desk.seat("hold", 3, minutes=5)
    await desk.ask()

    at(clock.now() + timedelta(minutes=5))

    assert await desk.ask() == [changed(MONDAY)]


async def test_a_week_that_is_over_is_told_no_more(desk: Desk, at: Callable[[datetime], None]) -> None:
    await desk.ask()
    at(datetime(2026, 10, 12, 12, tzinfo=UTC))

    assert await desk.ask() == NOTHING
    desk.cursor = None
    assert await desk.ask() == [changed(NEXT_MONDAY, 0)]


async def test_a_cursor_of_another_site_or_of_nothing_is_refused(
    desk: Desk, scheduler: ClientFactory, clinic: Clinic, new_site: Make
) -> None:
    await desk.ask()
    client, other = scheduler(Role.FRONT_DESK), await new_site()

    answers = [
        await client.get(f"/v1/sites/{site['id']}/changes", params={"since": since})
        for site, since in (
            (other, desk.cursor),
            (clinic.site, "soon"),
            (clinic.site, "é" * 24),
            (clinic.site, "A" * 2000),
        )
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert {error["pointer"] for answer in answers for error in answer.json()["errors"]} == {"since"}


async def test_what_has_changed_is_not_for_everybody(scheduler: ClientFactory, clinic: Clinic) -> None:
    path = f"/v1/sites/{clinic.site['id']}/changes"

    assert (await scheduler(Role.PATIENT).get(path)).status_code == 403
    assert (await scheduler(Role.BILLING).get(path)).status_code == 403
    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)).status_code == 404


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

    async def test_what_was_written_first_and_committed_last_is_not_passed_over(
        self, desk: Desk, scheduler_database: Database, organization_id: UUID
    ) -> None:
        await desk.ask()
        leave = text("delete from appointment_patients where appointment_id = :session and patient_id = :patient")

        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(leave, {"session": UUID(await desk.group()), "patient": UUID(desk.week.ids[0])})
            await desk.seat("book", 3, NEXT_MONDAY)
            meanwhile = await desk.ask()

        assert meanwhile == [changed(NEXT_MONDAY)]
        assert await desk.ask() == [changed(MONDAY)]


MONDAYS = st.integers(0, 60).map(lambda week: date(2026, 10, 5) + timedelta(weeks=week))
SEEN = st.dictionaries(
    MONDAYS, st.builds(SeenWeek, st.integers(1, 2**31 - 1), st.integers(0, 2**64 - 1)), max_size=rules.MOST_WEEKS
)
SITE = SiteId(UUID(int=7))


@given(seen=SEEN)
def test_a_cursor_tells_what_was_seen_and_of_which_site(seen: Seen) -> None:
    cursor = rules.written(SITE, seen)

    assert rules.read(cursor, SITE) == seen
    assert rules.read(cursor, SiteId(UUID(int=8))) is None
    assert len(cursor) <= rules.LONGEST_CURSOR


@given(cursor=st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: (SITE.bytes + raw).hex()))
def test_whatever_is_sent_as_a_cursor_is_read_or_refused(cursor: str) -> None:
    found = rules.read(cursor, SITE)

    assert found is None or rules.read(rules.written(SITE, found), SITE) == found


@given(before=SEEN, now=SEEN)
def test_a_week_is_told_exactly_where_it_is_not_as_it_was(before: Seen, now: Seen) -> None:
    told = rules.changes(before, now)

    assert [one.week for one in told] == sorted(week for week in now if before.get(week) != now[week])
    assert all(one.is_book_changed or one.version != one.base_version for one in told)
