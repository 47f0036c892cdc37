"""A notice is queued in the transaction of what it tells, once a fact, and the newest word is the one that counts."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice, NoticeKind, NoticeReason, NoticeStatus
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import NoticeFacts
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json
from tests.scheduler.notices.conftest import Outbox, local, sitting

Facts = Callable[..., NoticeFacts]
Queue = Callable[..., Awaitable[Notice]]
SIX, SEVEN, EIGHT = (sitting(local(7, hour)) for hour in (18, 19, 20))


@pytest.fixture
def queue(outbox: Outbox, patient_id: PatientId, facts: Facts) -> Queue:
    async def put(kind: NoticeKind, *, key: str | None = None, **given: object) -> Notice:
        async with outbox() as notices:
            return await notices.queue(kind, patient_id, facts(**given), dedupe_key=key or str(uuid4()))

    return put


async def read(scheduler: ClientFactory, patient_id: UUID) -> list[Json]:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{patient_id}/notices")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_notice_is_shown_to_the_front_desk_as_it_will_be_sent(
    queue: Queue, scheduler: ClientFactory, site: Json
) -> None:
    await queue(NoticeKind.SESSION_CHANGED, before=SIX, after=SEVEN)

    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/notices", params={"day": "2026-10-02"})

    (notice,) = answer.json()["items"]
    assert notice["body"] == (
        "Your appointment on Wednesday, October 7 at 6:00 PM has been moved to Wednesday, October 7 at 7:00 PM."
    )
    assert (notice["status"], notice["kind"], notice["attempts"]) == ("queued", "session_changed", 0)
    assert notice["expires_at"] == "2026-10-07T19:00:00-04:00"


async def test_a_notice_is_listed_on_its_day_and_by_its_status(
    queue: Queue, scheduler: ClientFactory, site: Json
) -> None:
    await queue(NoticeKind.SESSION_CANCELLED, before=SIX)
    desk = scheduler(Role.FRONT_DESK)

    async def listed(**params: str) -> int:
        answer = await desk.get(f"/v1/sites/{site['id']}/notices", params=params)
        return len(answer.json()["items"])

    assert await listed(day="2026-10-02") == 1
    assert await listed(day="2026-10-02", status="queued") == 1
    assert await listed(day="2026-10-02", status="delivered") == 0
    assert await listed(day="2026-10-01") == 0
    assert await listed(day="2026-10-03") == 0


async def test_what_is_asked_for_twice_is_queued_once(
    queue: Queue, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    first = await queue(NoticeKind.SESSION_CANCELLED, before=SIX, key="cancelled:1")
    second = await queue(NoticeKind.SESSION_CANCELLED, before=SIX, key="cancelled:1")

    assert first.id == second.id
    assert len(await read(scheduler, patient_id)) == 1


async def test_a_newer_notice_takes_the_place_of_one_that_was_not_sent_and_tells_the_whole_way(
    queue: Queue, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    await queue(NoticeKind.SESSION_CHANGED, before=SIX, after=SEVEN)
    newer = await queue(NoticeKind.SESSION_CHANGED, before=SEVEN, after=EIGHT)

    older, kept = await read(scheduler, patient_id)
    assert (older["status"], older["reason"], older["superseded_by"]) == ("cancelled", "superseded", str(newer.id))
    assert kept["body"].startswith("Your appointment on Wednesday, October 7 at 6:00 PM has been moved to Wednesday")
    assert kept["body"].endswith("8:00 PM.")


async def test_who_never_heard_of_a_session_does_not_hear_that_it_is_cancelled(
    queue: Queue, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    await queue(NoticeKind.SESSION_ADDED, after=SIX)
    cancelled = await queue(NoticeKind.SESSION_CANCELLED, before=SIX)

    assert (cancelled.status, cancelled.reason) == (NoticeStatus.CANCELLED, NoticeReason.NOTHING_CHANGED)
    assert {notice["status"] for notice in await read(scheduler, patient_id)} == {"cancelled"}


async def test_two_appointments_are_two_notices(
    queue: Queue, facts: Facts, outbox: Outbox, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    await queue(NoticeKind.SESSION_CANCELLED, before=SIX)
    other = NoticeFacts(facts().site_id, None, before=SEVEN)
    async with outbox() as notices:
        await notices.queue(NoticeKind.SESSION_CANCELLED, patient_id, other, dedupe_key="other")

    assert [notice["status"] for notice in await read(scheduler, patient_id)] == ["queued", "queued"]


async def test_a_transaction_that_fails_tells_nobody(
    outbox: Outbox, facts: Facts, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    async def queue_and_fail() -> None:
        async with outbox() as notices:
            await notices.queue(NoticeKind.SESSION_CANCELLED, patient_id, facts(before=SIX), dedupe_key="a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await queue_and_fail()

    assert await read(scheduler, patient_id) == []


async def test_what_has_begun_is_told_to_nobody(queue: Queue) -> None:
    late = await queue(NoticeKind.SESSION_CANCELLED, before=sitting(local(2, 7)))

    assert (late.status, late.reason) == (NoticeStatus.EXPIRED, NoticeReason.TOO_LATE)


async def test_a_switch_to_video_says_so(queue: Queue) -> None:
    by_video = sitting(local(7, 18), Modality.TELEHEALTH)

    notice = await queue(NoticeKind.SESSION_CHANGED, before=SIX, after=by_video)

    assert notice.body == "Your appointment on Wednesday, October 7 at 6:00 PM will be by video."


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.PATIENT, Role.FAMILY, Role.BILLING, Role.AUDITOR])
async def test_the_outbox_of_a_site_is_for_the_front_desk(role: Role, scheduler: ClientFactory, site: Json) -> None:
    answer = await scheduler(role).get(f"/v1/sites/{site['id']}/notices", params={"day": "2026-10-02"})

    assert answer.status_code == 403


async def test_another_organization_sees_nothing(
    queue: Queue, scheduler: ClientFactory, site: Json, patient_id: PatientId
) -> None:
    await queue(NoticeKind.SESSION_CANCELLED, before=SIX)
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    of_site = await stranger.get(f"/v1/sites/{site['id']}/notices", params={"day": "2026-10-02"})
    of_nobody = await stranger.get(f"/v1/sites/{uuid4()}/notices", params={"day": "2026-10-02"})
    of_patient = await stranger.get(f"/v1/patients/{patient_id}/notices")

    assert (of_site.status_code, of_nobody.status_code) == (404, 404)
    assert {k: v for k, v in of_site.json().items() if k != "instance"} == {
        k: v for k, v in of_nobody.json().items() if k != "instance"
    }
    assert of_patient.json() == {"items": [], "next_page_token": None}


async def test_a_day_is_required_and_must_be_one(scheduler: ClientFactory, site: Json) -> None:
    desk = scheduler(Role.FRONT_DESK)

    assert (await desk.get(f"/v1/sites/{site['id']}/notices")).status_code == 422
    assert (await desk.get(f"/v1/sites/{site['id']}/notices", params={"day": "today"})).status_code == 422


async def test_pages_follow_each_other(
    facts: Facts, outbox: Outbox, scheduler: ClientFactory, patient_id: PatientId
) -> None:
    async with outbox() as notices:
        for number in range(3):
            other = NoticeFacts(facts().site_id, None, before=SIX)
            await notices.queue(NoticeKind.SESSION_CANCELLED, patient_id, other, dedupe_key=str(number))
    desk = scheduler(Role.FRONT_DESK)

    first = (await desk.get(f"/v1/patients/{patient_id}/notices", params={"page_size": 2})).json()
    token = first["next_page_token"]
    second = (await desk.get(f"/v1/patients/{patient_id}/notices", params={"page_token": token})).json()

    assert (len(first["items"]), len(second["items"]), second["next_page_token"]) == (2, 1, None)
