"""What a provider reports counts with its signature alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice, NoticeKind
from services.scheduler.notices.facts import NoticeFacts
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json
from tests.scheduler.notices.conftest import Deliver, Outbox, Provider, Report, local, sitting


@pytest.fixture
async def sent(
    outbox: Outbox, kim: PatientId, facts: Callable[..., NoticeFacts], deliver: Deliver, provider: Provider
) -> Notice:
    async with outbox() as notices:
        told = facts(before=sitting(local(7, 18)))
        notice = await notices.queue(NoticeKind.SESSION_CANCELLED, kim, told, dedupe_key="a")
    await deliver(notice)
    assert len(provider.got) == 1
    return notice


async def standing(scheduler: ClientFactory, notice: Notice) -> tuple[str, str | None]:
    found: Json = (await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{notice.id}")).json()
    assert (found["delivered_at"] is not None) is (found["status"] == "delivered")
    return found["status"], found["reason"]


async def test_a_delivered_message_is_known_to_be(report: Report, sent: Notice, scheduler: ClientFactory) -> None:
    answer = await report(sent.id)

    assert (answer.status_code, answer.content) == (204, b"")
    assert await standing(scheduler, sent) == ("delivered", None)


async def test_the_same_report_again_changes_nothing_and_a_delivered_fact_is_never_lost(
    report: Report, sent: Notice, scheduler: ClientFactory
) -> None:
    await report(sent.id)
    before = (await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{sent.id}")).json()

    assert (await report(sent.id)).status_code == 204
    assert (await report(sent.id, "failed")).status_code == 204

    assert (await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{sent.id}")).json() == before


async def test_what_could_not_be_delivered_is_shown_and_may_arrive_after_all(
    report: Report, sent: Notice, scheduler: ClientFactory
) -> None:
    await report(sent.id, "failed")
    failed = await standing(scheduler, sent)
    await report(sent.id)

    assert failed == ("failed", "undeliverable")
    assert await standing(scheduler, sent) == ("delivered", None)


async def test_who_answers_stop_is_not_written_to_again(
    report: Report, sent: Notice, scheduler: ClientFactory, kim: PatientId
) -> None:
    answer = await report(sent.id, "opted_out")

    preference = (await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{kim}/notice_preference")).json()
    assert answer.status_code == 204
    assert (preference["opted_in"], preference["recorded_by"], preference["version"]) == (False, None, 2)


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": bytes(32)},
        {"at": timedelta(minutes=-6)},
        {"at": timedelta(minutes=6)},
        {"webhook_id": "receipt-2"},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,AAAA"},
        {"webhook_timestamp": "0"},
    ],
)
async def test_a_forged_report_is_refused(
    forgery: dict[str, Any], report: Report, sent: Notice, scheduler: ClientFactory
) -> None:
    answer = await report(sent.id, **forgery)

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:eventide:problem:credentials-refused"
    assert await standing(scheduler, sent) == ("sent", None)


async def test_an_organization_that_does_not_exist_refuses_as_one_whose_secret_is_another(
    report: Report, sent: Notice
) -> None:
    answers = [
        await report(sent.id, secret=bytes(32)),
        await report(sent.id, to=uuid4()),
        await report(sent.id, to=uuid4(), secret=bytes(32)),
    ]

    assert len({orjson.dumps({k: v for k, v in a.json().items() if k != "instance"}) for a in answers}) == 1
    assert {answer.status_code for answer in answers} == {401}


async def test_what_was_never_handed_over_cannot_have_arrived(
    report: Report, outbox: Outbox, kim: PatientId, facts: Callable[..., NoticeFacts], provider: Provider
) -> None:
    async with outbox() as notices:
        told = facts(before=sitting(local(7, 18)))
        queued = await notices.queue(NoticeKind.SESSION_CANCELLED, kim, told, dedupe_key="a")

    answer = await report(queued.id)

    assert (answer.status_code, answer.json()["code"]) == (409, "notice-not-sent")
    assert provider.got == []


async def test_a_signed_report_of_nothing_of_ours_is_not_found(report: Report, sent: Notice) -> None:
    assert (await report(sent.id)).status_code == 204
    assert (await report(uuid4())).status_code == 404


async def test_a_report_must_be_one(report: Report, sent: Notice) -> None:
    assert (await report(sent.id, "read")).status_code == 422
    assert (await report("me")).status_code == 422
