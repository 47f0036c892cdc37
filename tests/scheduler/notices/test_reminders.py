"""Reminders follow the book: at the hour that the patient asked for, once an occurrence, never of what is gone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import AppointmentId, NoticeId, OrganizationId, PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.dispatch import NoticeRound
from services.scheduler.notices.reminder_storage import Reminded
from services.scheduler.notices.reminding import ReminderRounds, Reminders, due_at
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Desk, Json, group
from tests.scheduler.notices.conftest import NEW_YORK, Deliver, Provider, clock_at, local, sitting

TUESDAY_SIX = local(6, 18)
MONDAY_SIX = local(5, 18)
SOON = MONDAY_SIX - timedelta(minutes=5)

Plan = Callable[[datetime], Awaitable[list[Json]]]


@pytest.fixture
def plan(scheduler_database: Database, organization_id: UUID, scheduler: ClientFactory, kim: PatientId) -> Plan:
    """Plans a round at an instant, and returns the patient's reminders."""

    async def run(at: datetime) -> list[Json]:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            await Reminders(db, organization, clock_at(at)).plan()
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{kim}/notices")
        return [notice for notice in answer.json()["items"] if notice["kind"] == "reminder"]

    return run


@pytest.fixture
def patient(kim: PatientId) -> Json:
    return {"id": str(kim)}


class Named:
    """What `deliver` needs of a notice."""

    def __init__(self, shown: Json) -> None:
        self.id = NoticeId(UUID(shown["id"]))


@pytest.fixture
def send(deliver: Deliver) -> Callable[..., Awaitable[None]]:
    async def run(shown: Json, at: datetime) -> None:
        named: Any = Named(shown)
        await deliver(named, at=at)

    return run


async def test_a_reminder_is_planned_for_the_hour_that_the_patient_asked_for(
    desk: Desk, patient: Json, plan: Plan
) -> None:
    await desk.publish(group(patient, start=TUESDAY_SIX))

    early = await plan(MONDAY_SIX - timedelta(minutes=31))
    (reminder,) = await plan(MONDAY_SIX - timedelta(minutes=29))

    assert early == []
    assert reminder["deliver_after"] == "2026-10-05T18:00:00-04:00"
    assert reminder["expires_at"] == "2026-10-06T18:00:00-04:00"
    assert reminder["body"] == "Reminder: you have an appointment on Tuesday, October 6 at 6:00 PM."


async def test_nobody_is_reminded_twice(
    *, desk: Desk, patient: Json, plan: Plan, send: Any, provider: Provider
) -> None:
    await desk.publish(group(patient, start=TUESDAY_SIX))
    await plan(SOON)
    (reminder,) = await plan(SOON)
    await send(reminder, MONDAY_SIX)

    again = await plan(MONDAY_SIX + timedelta(minutes=15))

    assert [one["status"] for one in again] == ["sent"]
    assert len(provider.got) == 1


async def test_the_database_lets_no_second_reminder_of_an_occurrence_in(
    *, desk: Desk, patient: Json, plan: Plan, scheduler_database: Database, organization_id: UUID
) -> None:
    await desk.publish(group(patient, start=TUESDAY_SIX))
    await plan(MONDAY_SIX)
    again = text(
        "insert into notices select organization_id, gen_random_uuid(), site_id, patient_id, appointment_id, kind, "
        "status, reason, language, body, facts, starts_at, 'another key', deliver_after, expires_at, attempts, "
        "superseded_by, created_at, sent_at, delivered_at from notices"
    )

    async def insert() -> None:
        async with scheduler_database.command(OrganizationId(organization_id)) as db:
            await db.execute(again)

    with pytest.raises(IntegrityError, match="notices_one_reminder_idx"):
        await insert()


async def test_a_reminder_moves_with_its_session(
    *, desk: Desk, patient: Json, plan: Plan, send: Any, provider: Provider
) -> None:
    (before,) = await desk.publish(group(patient, start=TUESDAY_SIX))
    await plan(MONDAY_SIX - timedelta(minutes=20))
    (after,) = await desk.publish(group(patient, start=TUESDAY_SIX + timedelta(hours=1)))
    old, new = await plan(MONDAY_SIX + timedelta(minutes=40))

    await send(old, MONDAY_SIX)
    await send(new, MONDAY_SIX + timedelta(hours=1))

    assert before["id"] == after["id"]
    assert (new["appointment_id"], new["deliver_after"]) == (after["id"], "2026-10-05T19:00:00-04:00")
    assert [message["text"] for message in provider.messages] == [
        "Reminder: you have an appointment on Tuesday, October 6 at 7:00 PM."
    ]
    assert [(one["status"], one["reason"]) for one in await plan(MONDAY_SIX)] == [
        ("cancelled", "session_gone"),
        ("sent", None),
    ]


async def test_nobody_is_reminded_of_what_is_cancelled_and_again_of_what_is_back(
    *, desk: Desk, patient: Json, plan: Plan, send: Any, provider: Provider
) -> None:
    (appointment,) = await desk.publish(group(patient, start=TUESDAY_SIX))
    (reminder,) = await plan(SOON)
    left = await desk.ask("release", appointment, patient, reason="illness")
    await send(reminder, MONDAY_SIX)
    assert (left.status_code, provider.got) == (204, [])

    back = await desk.ask("book", appointment, patient)
    (revived,) = await plan(MONDAY_SIX + timedelta(minutes=15))
    await send(revived, MONDAY_SIX + timedelta(minutes=15))

    assert back.status_code == 200
    assert revived["id"] == reminder["id"]
    assert len(provider.got) == 1


async def test_a_session_that_is_by_video_by_now_is_reminded_of_as_such(
    *, desk: Desk, patient: Json, plan: Plan, send: Any, provider: Provider
) -> None:
    await desk.publish(group(patient, start=TUESDAY_SIX))
    (reminder,) = await plan(SOON)
    await desk.publish(group(patient, start=TUESDAY_SIX, modality=Modality.TELEHEALTH))

    await send(reminder, MONDAY_SIX)

    said = "Reminder: you have an appointment by video on Tuesday, October 6 at 6:00 PM."
    assert [message["text"] for message in provider.messages] == [said]
    assert [one["body"] for one in await plan(MONDAY_SIX)] == [said]


async def test_a_day_before_is_the_same_hour_where_the_clocks_change_in_between(
    desk: Desk, patient: Json, plan: Plan
) -> None:
    sunday_six = datetime(2026, 11, 1, 18, tzinfo=NEW_YORK)
    await desk.publish(group(patient, start=sunday_six.astimezone(UTC)))

    (reminder,) = await plan(datetime(2026, 10, 31, 17, 45, tzinfo=NEW_YORK))

    assert reminder["deliver_after"] == "2026-10-31T18:00:00-04:00"


@pytest.mark.parametrize("change", [{"opted_in": False}, {"reminder_hours": None}])
async def test_who_wants_no_reminder_gets_none(
    *, change: Json, desk: Desk, patient: Json, plan: Plan, scheduler: ClientFactory
) -> None:
    body = {"channel": "sms", "address": "+12065550199", "opted_in": True, **change}
    path = f"/v1/patients/{patient['id']}/notice_preference"
    changed = await scheduler(Role.FRONT_DESK).put(path, json=body, headers={"if-match": '"1"'})
    await desk.publish(group(patient, start=TUESDAY_SIX))

    assert changed.status_code == 200
    assert await plan(MONDAY_SIX) == []


async def test_a_seat_that_is_only_held_is_not_reminded_of(desk: Desk, patient: Json, plan: Plan) -> None:
    (appointment,) = await desk.publish(group(start=TUESDAY_SIX))
    held = await desk.ask("hold", appointment, patient)

    assert held.status_code == 200
    assert await plan(MONDAY_SIX) == []


async def test_who_has_just_been_given_a_session_is_not_reminded_of_it(desk: Desk, patient: Json, plan: Plan) -> None:
    await desk.publish(group(patient, start=TUESDAY_SIX))

    assert await plan(TUESDAY_SIX - timedelta(hours=11)) == []
    assert len(await plan(TUESDAY_SIX - timedelta(hours=13))) == 1


async def test_of_several_jobs_one_plans_and_sends_the_next(
    *, scheduler_database: Database, organization_id: UUID, clock: Clock, provider: Provider
) -> None:
    assert provider.url
    organization = OrganizationId(organization_id)
    rounds = ReminderRounds(scheduler_database, clock)

    async def jobs() -> list[tuple[str, bool]]:
        async with scheduler_database.command(organization) as db:
            found = await db.execute(
                text(
                    "select convert_from(payload, 'utf8'), execute_after > now() from pgqueuer"
                    " where entrypoint = 'notice' order by id"
                )
            )
            return [(payload, is_later) for payload, is_later in found if str(organization) in payload]

    first = await jobs()
    for turn in (1, 1, 7):
        await rounds.plan(NoticeRound(organization, turn))

    assert first == [(f'["{organization}",1]', False)]
    assert await jobs() == [*first, (f'["{organization}",2]', True)]


def test_nothing_that_the_book_holds_is_a_test_that_nobody_may_foresee() -> None:
    # Days of random drug tests are revealed on the day; a service of the book is told of a day before.
    assert [kind for kind in ServiceKind if "test" in kind or "drug" in kind or "screen" in kind] == []


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(1, 168))  # noqa: DTZ001 - wall time
def test_so_many_hours_before_are_hours_of_the_clock_on_the_wall(wall: datetime, hours: int) -> None:
    start = wall.replace(tzinfo=NEW_YORK).astimezone(UTC)
    shown = start.astimezone(NEW_YORK).replace(tzinfo=None)
    seat = Reminded(
        AppointmentId(uuid4()),
        SiteId(uuid4()),
        PatientId(uuid4()),
        sitting(start),
        NEW_YORK.key,
        timedelta(hours=hours),
    )

    due = due_at(seat)

    wanted = shown - timedelta(hours=hours)
    met = due.astimezone(NEW_YORK).replace(tzinfo=None)
    # In the hour that a clock set forward leaves out, the next one stands for it.
    assert met - wanted in {timedelta(), timedelta(hours=1)}
    assert abs((start - due) - timedelta(hours=hours)) <= timedelta(hours=1)
