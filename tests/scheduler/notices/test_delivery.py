"""Messages leave at least once, signed, to those who agreed, at hours when they may."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.webhooks import verify
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice, NoticeKind
from services.scheduler.notices.channel import Carriage
from services.scheduler.notices.facts import NoticeFacts
from services.scheduler.notices.quiet import MOST_ATTEMPTS, pause_after
from services.scheduler.sealed_patients.storage import remember
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json
from tests.scheduler.notices.conftest import NEW_YORK, SECRET, Deliver, Outbox, Provider, local, sitting

Queue = Callable[..., Awaitable[Notice]]
SIX, SEVEN = sitting(local(7, 18)), sitting(local(7, 19))


@pytest.fixture
def queue(outbox: Outbox, kim: PatientId, facts: Callable[..., NoticeFacts]) -> Queue:
    async def put(**given: Any) -> Notice:
        told = given or {"before": SIX, "after": SEVEN}
        async with outbox() as notices:
            return await notices.queue(NoticeKind.SESSION_CHANGED, kim, facts(**told), dedupe_key=str(uuid4()))

    return put


@pytest.fixture
def shown(scheduler: ClientFactory) -> Callable[[Notice], Awaitable[Json]]:
    async def read(notice: Notice) -> Json:
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{notice.id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return read


Shown = Callable[[Notice], Awaitable[Json]]


def standing(shown: Json) -> tuple[str, str | None, int]:
    return shown["status"], shown["reason"], shown["attempts"]


async def test_a_message_reaches_the_provider_signed_and_says_nothing_but_what_it_must(
    *,
    queue: Queue,
    deliver: Deliver,
    provider: Provider,
    shown: Shown,
    organization_id: UUID,
    kim: PatientId,
    clock: Clock,
) -> None:
    notice = await queue()

    await deliver(notice)

    ((headers, body),) = provider.got
    verify(SECRET, headers, clock.now(), body)
    assert headers["webhook-id"] == str(notice.id)
    assert orjson.loads(body)["data"] == {
        "id": str(notice.id),
        "channel": "sms",
        "to": "+12065550199",
        "language": "en",
        "text": (await shown(notice))["body"],
    }
    assert str(kim) not in body.decode()
    assert str(organization_id) not in body.decode()
    assert standing(await shown(notice)) == ("sent", None, 1)


async def test_what_was_sent_is_not_sent_again(queue: Queue, deliver: Deliver, provider: Provider) -> None:
    notice = await queue()

    for _ in range(3):
        await deliver(notice)

    assert len(provider.got) == 1


async def test_who_has_not_agreed_is_not_written_to(
    deliver: Deliver, provider: Provider, shown: Shown, outbox: Outbox, facts: Callable[..., NoticeFacts]
) -> None:
    async with outbox() as notices:
        notice = await notices.queue(
            NoticeKind.SESSION_CANCELLED, PatientId(uuid4()), facts(before=SIX), dedupe_key="a"
        )

    await deliver(notice)

    assert standing(await shown(notice)) == ("cancelled", "not_opted_in", 0)
    assert provider.got == []


async def test_who_takes_the_agreement_back_is_not_written_to(
    *, queue: Queue, deliver: Deliver, provider: Provider, shown: Shown, scheduler: ClientFactory, kim: PatientId
) -> None:
    notice = await queue()
    body = {"channel": "sms", "address": "+12065550199", "opted_in": False}
    path = f"/v1/patients/{kim}/notice_preference"
    await scheduler(Role.FRONT_DESK).put(path, json=body, headers={"if-match": '"1"'})

    await deliver(notice)

    assert standing(await shown(notice)) == ("cancelled", "not_opted_in", 0)
    assert provider.got == []


async def test_without_a_provider_a_notice_fails_and_can_be_tried_again(
    queue: Queue, deliver: Deliver, shown: Shown
) -> None:
    notice = await queue()

    await deliver(notice)

    assert standing(await shown(notice)) == ("failed", "no_provider", 0)


async def test_quiet_hours_hold_a_message_until_the_morning(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue()

    await deliver(notice, at=local(2, 23))
    held = await shown(notice)
    await deliver(notice, at=local(3, 7, 59))
    assert provider.got == []
    await deliver(notice, at=local(3, 8))

    assert (held["status"], held["reason"], held["deliver_after"]) == (
        "held", "quiet_hours", "2026-10-03T08:00:00-04:00"
    )  # fmt: skip
    assert len(provider.got) == 1


async def test_quiet_hours_over_a_change_of_the_clocks_end_at_eight_by_the_new_clock(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    monday = datetime(2026, 11, 2, 18, tzinfo=NEW_YORK)
    notice = await queue(before=sitting(monday), after=sitting(monday + timedelta(hours=1)))

    await deliver(notice, at=datetime(2026, 10, 31, 22, tzinfo=NEW_YORK))
    held = await shown(notice)
    await deliver(notice, at=datetime(2026, 11, 1, 12, 30, tzinfo=UTC))
    assert provider.got == []
    await deliver(notice, at=datetime(2026, 11, 1, 13, tzinfo=UTC))

    assert held["deliver_after"] == "2026-11-01T08:00:00-05:00"
    assert len(provider.got) == 1


async def test_what_the_morning_is_too_late_for_is_said_at_once(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue(before=sitting(local(3, 6)), after=sitting(local(3, 7)))

    await deliver(notice, at=local(2, 22))

    assert standing(await shown(notice)) == ("expired", "quiet_hours", 0)
    assert provider.got == []


async def test_what_has_begun_meanwhile_is_not_told(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue()

    await deliver(notice, at=local(7, 19))

    assert standing(await shown(notice)) == ("expired", "too_late", 0)
    assert provider.got == []


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_provider_that_is_down_is_asked_again_later_with_the_same_id(
    *, status: int, queue: Queue, deliver: Deliver, provider: Provider, shown: Shown, clock: Clock
) -> None:
    notice = await queue()
    provider.status = status
    await deliver(notice)
    waiting = await shown(notice)
    await deliver(notice)
    assert len(provider.got) == 1
    provider.status = 204

    await deliver(notice, at=clock.now() + timedelta(minutes=1))

    assert standing(waiting) == ("queued", "provider_unreachable", 1)
    assert [headers["webhook-id"] for headers, _ in provider.got] == [str(notice.id)] * 2
    assert provider.messages[0] == provider.messages[1]
    assert standing(await shown(notice)) == ("sent", None, 2)


async def test_a_provider_that_stays_away_is_given_up_and_a_person_may_try_again(
    *, queue: Queue, deliver: Deliver, provider: Provider, shown: Shown, scheduler: ClientFactory, clock: Clock
) -> None:
    notice = await queue()
    provider.status = 500
    later = clock.now()
    for number in range(1, MOST_ATTEMPTS + 1):
        await deliver(notice, at=later)
        later += pause_after(number) + timedelta(minutes=1)
    given_up = await shown(notice)
    provider.status = 200

    retried = await scheduler(Role.FRONT_DESK).post(f"/v1/notices/{notice.id}:retry")
    await deliver(notice)

    assert standing(given_up) == ("failed", "provider_unreachable", MOST_ATTEMPTS)
    assert retried.json()["status"] == "queued"
    assert standing(await shown(notice)) == ("sent", None, MOST_ATTEMPTS + 1)


@pytest.mark.parametrize("status", [302, 400, 401, 410])
async def test_a_provider_that_refuses_is_not_asked_again(
    status: int, queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue()
    provider.status = status

    for _ in range(2):
        await deliver(notice, at=local(2, 9))

    assert standing(await shown(notice)) == ("failed", "provider_refused", 1)
    assert len(provider.got) == 1


class Dying:
    """A courier that dies while it hands a message over."""

    def check(self, url: str) -> None:
        del url

    async def carry(self, *_: Any) -> Carriage:
        raise ConnectionResetError


async def test_a_courier_that_dies_on_the_way_leaves_a_message_that_the_next_one_takes(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue()
    with pytest.raises(ConnectionResetError):
        await deliver(notice, channel=Dying())
    left = await shown(notice)

    await deliver(notice)

    assert standing(left) == ("sending", None, 1)
    assert standing(await shown(notice)) == ("sent", None, 2)
    assert [headers["webhook-id"] for headers, _ in provider.got] == [str(notice.id)]


async def test_an_attempt_that_was_overtaken_writes_nothing(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown
) -> None:
    notice = await queue()

    class Overtaken(Dying):
        @override
        async def carry(self, *_: Any) -> Carriage:
            await deliver(notice)
            return Carriage.REFUSED

    await deliver(notice, channel=Overtaken())

    assert standing(await shown(notice)) == ("sent", None, 2)
    assert len(provider.got) == 1


async def test_a_queued_notice_is_stopped_by_hand_and_then_not_sent(
    queue: Queue, deliver: Deliver, provider: Provider, shown: Shown, scheduler: ClientFactory
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    notice = await queue()

    retry = await desk.post(f"/v1/notices/{notice.id}:retry")
    first = await desk.post(f"/v1/notices/{notice.id}:cancel")
    await deliver(notice)
    again = await desk.post(f"/v1/notices/{notice.id}:cancel")

    assert (first.status_code, first.json()["reason"]) == (200, "cancelled_by_staff")
    assert provider.got == []
    assert [(a.status_code, a.json()["code"]) for a in (retry, again)] == [
        (409, "notice-not-failed"),
        (409, "notice-gone"),
    ]
    assert standing(await shown(notice)) == ("cancelled", "cancelled_by_staff", 0)


async def test_what_has_left_cannot_be_stopped(
    queue: Queue, deliver: Deliver, provider: Provider, scheduler: ClientFactory
) -> None:
    notice = await queue()
    await deliver(notice)
    assert len(provider.got) == 1

    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/notices/{notice.id}:cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "notice-gone")


@pytest.mark.parametrize("verb", ["retry", "cancel"])
async def test_only_the_desk_of_the_organization_stops_or_repeats(
    verb: str, queue: Queue, scheduler: ClientFactory
) -> None:
    notice = await queue()
    path = f"/v1/notices/{notice.id}:{verb}"

    assert (await scheduler(Role.COUNSELLOR).post(path)).status_code == 403
    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).post(path)).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).post(f"/v1/notices/{uuid4()}:{verb}")).status_code == 404


async def test_the_database_keeps_what_was_delivered(
    queue: Queue, deliver: Deliver, provider: Provider, scheduler_database: Database, organization_id: UUID
) -> None:
    notice = await queue()
    await deliver(notice)
    assert len(provider.got) == 1

    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        kept = (await db.execute(text("select sent_at, delivered_at from notices"))).one()

    assert kept.sent_at is not None
    assert kept.delivered_at is None


async def test_what_was_on_its_way_when_the_record_was_sealed_does_not_leave_again(
    *, queue: Queue, deliver: Deliver, provider: Provider, shown: Shown, scheduler_database: Database,
    organization_id: UUID, kim: PatientId, clock: Clock,
) -> None:  # fmt: skip
    """The seal cancels what waits; what is under way then, and does not arrive, waits again afterwards."""
    notice = await queue()
    provider.status = 503
    await deliver(notice)
    tried = (await shown(notice))["status"]
    async with scheduler_database.command(OrganizationId(organization_id)) as db:
        await remember(db, OrganizationId(organization_id), kim, clock.now())
    provider.status = 202

    await deliver(notice, at=clock.now() + pause_after(1) + timedelta(minutes=1))

    assert tried == "queued"
    assert len(provider.got) == 1
    assert standing(await shown(notice)) == ("cancelled", "record_sealed", 1)
