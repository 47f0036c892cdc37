"""Who comes to a session that somebody else holds, or that is in another room, is told so where that is asked for."""

import pytest

from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Make, NoticesOf
from tests.scheduler.notices.conftest import Deliver, Provider, deliver, local, provider
from tests.scheduler.reassignments.conftest import Book, Reassign
from tests.scheduler.weekly import Week

__all__ = ["deliver", "provider"]

ON_MONDAY = "Your appointment on Monday, October 5 at 9:00 AM"


@pytest.fixture
async def opted_in(scheduler: ClientFactory, week: Week) -> None:
    """The first is written to in Spanish, the second in English; the third has not agreed to be written to."""
    for patient_id, language in zip(week.ids, ("es", "en"), strict=False):
        body = {"channel": "sms", "address": "+12065550199", "opted_in": True, "language": language}
        answer = await scheduler(Role.FRONT_DESK).put(f"/v1/patients/{patient_id}/notice_preference", json=body)
        assert answer.status_code == 200, answer.text


async def told(notices_of: NoticesOf, week: Week) -> list[list[str]]:
    """What each patient is to be told, of what is still to be sent."""
    return [[notice["body"] for notice in await notices_of(one) if notice["status"] == "queued"] for one in week.ids]


@pytest.mark.usefixtures("published", "opted_in")
async def test_a_reassignment_with_notify_tells_each_of_its_people_and_nobody_else(
    *, clinic: Clinic, week: Week, book: Book, reassign: Reassign, notices_of: NoticesOf
) -> None:
    monday = (await book())[0]

    answer = await reassign(monday, practitioner_id=clinic.therapist["id"], notify=True)

    assert answer.status_code == 200, answer.text
    english = f"{ON_MONDAY} will be with another person than planned."
    spanish = "Su cita del lunes 5 de octubre a las 9:00 a. m. será con otra persona de la prevista."
    assert await told(notices_of, week) == [[spanish], [english], [english], [], [], []]
    [notice] = await notices_of(week.ids[0])
    assert (notice["kind"], notice["appointment_id"], notice["language"]) == ("session_changed", monday["id"], "es")


@pytest.mark.usefixtures("published")
async def test_another_room_is_told_too_and_another_co_facilitator_is_not(
    *, clinic: Clinic, new_room: Make, week: Week, book: Book, reassign: Reassign, notices_of: NoticesOf
) -> None:
    elm = await new_room(clinic.site, name="Elm")
    monday, tuesday, *_ = await book()

    assert (await reassign(monday, room_id=elm["id"], notify=True)).status_code == 200
    co_facilitated = await reassign(tuesday, co_facilitator_id=clinic.therapist["id"], notify=True, version=2)

    assert co_facilitated.status_code == 200, co_facilitated.text
    assert (await told(notices_of, week))[:4] == [[f"{ON_MONDAY} will be in another room."]] * 3 + [[]]


@pytest.mark.usefixtures("published")
async def test_nobody_is_told_where_it_is_not_asked_for(
    clinic: Clinic, week: Week, book: Book, reassign: Reassign, notices_of: NoticesOf
) -> None:
    assert (await reassign((await book())[0], practitioner_id=clinic.therapist["id"])).status_code == 200

    assert await told(notices_of, week) == [[]] * 6


@pytest.mark.usefixtures("published")
async def test_there_and_back_again_before_anybody_heard_of_it_tells_nothing(
    clinic: Clinic, week: Week, book: Book, reassign: Reassign, notices_of: NoticesOf
) -> None:
    monday = (await book())[0]
    await reassign(monday, practitioner_id=clinic.therapist["id"], notify=True)
    back = await reassign(monday, practitioner_id=clinic.counsellor["id"], notify=True, version=2)

    assert back.status_code == 200, back.text
    assert await told(notices_of, week) == [[]] * 6
    assert [one["reason"] for one in await notices_of(week.ids[0])] == ["superseded", "nothing_changed"]


@pytest.mark.usefixtures("published", "opted_in")
async def test_the_notice_waits_for_the_morning_and_then_goes_out_as_it_stands(
    *, clinic: Clinic, week: Week, book: Book, reassign: Reassign, notices_of: NoticesOf, deliver: Deliver,
    provider: Provider,
) -> None:  # fmt: skip
    await reassign((await book())[0], practitioner_id=clinic.therapist["id"], notify=True)
    queued = Notice.model_validate((await notices_of(week.ids[1]))[0])

    await deliver(queued, at=local(2, 22))
    held = (await notices_of(week.ids[1]))[0]
    await deliver(queued, at=local(3, 9))
    sent = (await notices_of(week.ids[1]))[0]

    assert (held["status"], held["reason"]) == ("held", "quiet_hours")
    assert (sent["status"], sent["attempts"]) == ("sent", 1)
    assert [message["text"] for message in provider.messages] == [queued.body]
