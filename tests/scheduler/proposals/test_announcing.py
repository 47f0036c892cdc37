"""Publishing tells those whose own sessions change, in the words that were shown before, and nobody else."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json
from tests.scheduler.proposals.conftest import Propose, Publish
from tests.scheduler.weekly import Week

Bodies = dict[str, list[str]]
Outbox = Callable[[], Awaitable[Bodies]]


@pytest.fixture
def queued(scheduler: ClientFactory, week: Week) -> Outbox:
    """What each patient of the week has in the outbox."""

    async def read() -> Bodies:
        desk = scheduler(Role.FRONT_DESK)
        found: Bodies = {}
        for patient_id in week.ids:
            items = (await desk.get(f"/v1/patients/{patient_id}/notices")).json()["items"]
            if items:
                found[patient_id] = [notice["body"] for notice in items if notice["status"] == "queued"]
        return found

    return read


@pytest.fixture
def preview(scheduler: ClientFactory) -> Callable[..., Awaitable[Any]]:
    async def ask(proposal: Json, role: Role = Role.FRONT_DESK) -> Any:
        return await scheduler(role).post(f"/v1/proposals/{proposal['id']}:preview_notices")

    return ask


def bodies_of(previews: Json) -> Bodies:
    found: Bodies = {}
    for item in previews["items"]:
        found.setdefault(item["patient_id"], []).append(item["body"])
    return found


async def test_who_hears_of_a_first_week_hears_of_its_first_session_once(
    week: Week, propose: Propose, publish: Publish, queued: Outbox
) -> None:
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [week.visit(2, 8, 0)])

    assert (await publish(proposal, notify=True)).status_code == 200

    first = "Your appointments are set. The first one is on Monday, October 5 at 9:00 AM."
    assert await queued() == {week.ids[member]: [first] for member in (0, 1, 2)}


async def test_a_change_is_told_as_it_was_shown_to_those_whom_it_touches(
    *, week: Week, proposed: Json, publish: Publish, queued: Outbox, preview: Any, scheduler: ClientFactory
) -> None:
    agreed = {"channel": "sms", "address": "+12065550199", "language": "es", "opted_in": True}
    await scheduler(Role.FRONT_DESK).put(f"/v1/patients/{week.ids[1]}/notice_preference", json=agreed)

    shown = await preview(proposed)
    nothing_yet = await queued()
    answer = await publish(proposed, reason="staff_absence", notify=True)

    assert (shown.status_code, answer.status_code, nothing_yet) == (200, 200, {})
    assert await queued() == bodies_of(shown.json())
    assert bodies_of(shown.json()) == {
        week.ids[0]: [
            "Your appointment on Tuesday, October 6 at 9:00 AM has been moved to Wednesday, October 7 at 10:30 AM.",
            "Your appointment on Wednesday, October 7 at 9:00 AM has been moved to Thursday, October 8 at 9:00 AM.",
        ],
        week.ids[1]: [
            "Su cita del martes 6 de octubre a las 9:00 a. m. cambia al miércoles 7 de octubre a las 10:30 a. m."
        ],
        week.ids[2]: [
            "Your appointment on Tuesday, October 6 at 9:00 AM has been moved to Wednesday, October 7 at 10:30 AM."
        ],
        week.ids[3]: ["You have an appointment on Monday, October 5 at 9:00 AM."],
    }
    assert shown.json()["told"] == 1


async def test_who_keeps_everything_hears_nothing(
    *, week: Week, published: Json, propose: Propose, publish: Publish, queued: Outbox, preview: Any
) -> None:
    assert published
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)]
    proposal = await propose(groups, [week.visit(3, 8, 0)])

    shown = (await preview(proposal)).json()
    await publish(proposal, reason="clinical", notify=True)

    assert set(bodies_of(shown)) == {week.ids[0]}
    assert await queued() == bodies_of(shown)


async def test_nobody_is_told_unless_it_is_asked_for(proposed: Json, publish: Publish, queued: Outbox) -> None:
    assert (await publish(proposed, reason="clinical")).status_code == 200

    assert await queued() == {}


async def test_what_was_never_sent_is_told_as_one_with_what_comes_after(
    *, week: Week, published: Json, propose: Propose, publish: Publish, queued: Outbox, preview: Any
) -> None:
    assert published
    groups = [week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)]
    await publish(await propose(groups, [week.visit(3, 8, 0)]), reason="clinical", notify=True)
    again = await propose(groups, [week.visit(4, 8, 0)])

    shown = (await preview(again)).json()
    await publish(again, reason="clinical", notify=True)

    told = "Your appointment on Wednesday, October 7 at 9:00 AM has been moved to Friday, October 9 at 9:00 AM."
    assert bodies_of(shown) == {week.ids[0]: [told]}
    assert await queued() == {week.ids[0]: [told]}


async def test_going_back_to_an_earlier_version_tells_too(
    *, week: Week, proposed: Json, publish: Publish, queued: Outbox, clinic: Clinic, scheduler: ClientFactory
) -> None:
    await publish(proposed, reason="clinical")
    body = {"to_version": 1, "reason": "entered_in_error", "notify": True}
    path = f"/v1/sites/{clinic.site['id']}/timetables/2026-10-05:revert"

    answer = await scheduler(Role.FRONT_DESK).post(path, json=body, headers={"if-match": '"2"'})

    assert answer.status_code == 200, answer.text
    assert (await queued())[week.ids[3]] == ["Your appointment on Monday, October 5 at 9:00 AM is cancelled."]


async def test_a_preview_is_for_the_desk_of_the_organization_and_of_what_is_not_published(
    *, proposed: Json, published: Json, preview: Any, scheduler: ClientFactory
) -> None:
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await preview(proposed, Role.COUNSELLOR)).status_code == 403
    assert (await stranger.post(f"/v1/proposals/{proposed['id']}:preview_notices")).status_code == 404
    assert (await preview(published)).json()["code"] == "already-published"
