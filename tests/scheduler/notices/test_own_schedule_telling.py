"""Practitioners hear of their schedules: once for all that has changed, whatever changed it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, RoomId
from services.contracts.identity import Role
from services.contracts.scheduler.own_schedules import SessionPart
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.dispatch import NoticeRound
from services.scheduler.notice_providers.logic import ReminderTurns
from services.scheduler.notices.own_schedule_rules import OwnSitting, span_of_changes
from services.scheduler.notices.reminding import ReminderRounds
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Desk, Json, Make, People, group
from tests.scheduler.notices.conftest import (
    NUMBER,
    Deliver,
    Hears,
    Provider,
    Report,
    Round,
    led_by,
    local,
    send,
)

TUESDAY, WEDNESDAY, THURSDAY = (local(day, 9) for day in (6, 7, 8))


def bodies(notices: list[Json], status: str = "queued") -> list[str]:
    return [notice["body"] for notice in notices if notice["status"] == status]


SET = "Your schedule is set until Wednesday, October 7. It begins on Tuesday, October 6 at 9:00 AM."


@pytest.fixture
async def told(*, desk: Desk, people: People, alex: Json, round_: Round, deliver: Deliver, provider: Provider) -> Json:
    """The notice that told the practitioner of two sessions; it has left."""
    await desk.publish(
        group(people.ann, start=TUESDAY, **led_by(alex)), group(people.ben, start=WEDNESDAY, **led_by(alex))
    )
    (notice,) = await round_()
    await send(deliver, notice)
    assert len(provider.got) == 1
    return notice


async def test_a_practitioner_is_told_once_that_the_schedule_is_set(
    told: Json, round_: Round, provider: Provider, alex: Json
) -> None:
    again = await round_()

    assert (told["body"], told["practitioner_id"], told["patient_id"]) == (SET, alex["id"], None)
    assert (told["kind"], told["language"]) == ("own_schedule_set", "en")
    assert [message["to"] for message in provider.messages] == [NUMBER]
    assert [notice["id"] for notice in again] == [told["id"]]


async def test_one_message_tells_of_all_that_has_changed(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round
) -> None:
    moved = group(people.ann, start=TUESDAY + timedelta(hours=2), **led_by(alex))
    await desk.publish(moved, group(people.cleo, start=THURSDAY, **led_by(alex)))

    notices = await round_()

    changed = "Your schedule has changed, first on Tuesday, October 6 at 9:00 AM and last on Thursday, October 8."
    assert told["id"] in {notice["id"] for notice in notices}
    assert bodies(notices) == [changed]


async def test_a_room_or_the_way_of_a_session_is_a_change_and_who_comes_is_none(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round, new_room: Make, site: Json
) -> None:
    assert told
    room = RoomId(UUID((await new_room(site))["id"]))
    tuesday = group(people.ann, start=TUESDAY, **led_by(alex))
    wednesday = group(people.ben, start=WEDNESDAY, **led_by(alex))

    await desk.publish(group(people.ann, people.cleo, start=TUESDAY, **led_by(alex)), wednesday)
    others = bodies(await round_())
    await desk.publish(tuesday, wednesday.model_copy(update={"room_id": room}))
    roomed = bodies(await round_())

    assert others == []
    assert roomed == [
        "Your schedule has changed, first on Wednesday, October 7 at 9:00 AM and last on Wednesday, October 7."
    ]


async def test_a_session_that_is_gone_or_somebody_else_s_is_told_to_whom_it_concerns(
    *, desk: Desk, people: People, alex: Json, hears: Hears, told: Json, round_: Round
) -> None:
    sam = await hears(language="es")
    await desk.publish(
        group(people.ann, start=TUESDAY, **led_by(alex)), group(people.ben, start=WEDNESDAY, **led_by(sam))
    )

    notices = await round_()

    told_now = {one["practitioner_id"]: one["body"] for one in notices if one["id"] != told["id"]}
    assert told_now == {
        alex[
            "id"
        ]: "Your schedule has changed, first on Wednesday, October 7 at 9:00 AM and last on Wednesday, October 7.",
        sam[
            "id"
        ]: "Su horario está listo hasta el miércoles 7 de octubre. Empieza el miércoles 7 de octubre a las 9:00 a. m.",
    }


async def test_a_visit_that_its_patient_calls_out_of_is_told(
    *, desk: Desk, people: People, alex: Json, round_: Round, deliver: Deliver, provider: Provider
) -> None:
    alone = group(people.ann, start=TUESDAY, service="individual", capacity=1, **led_by(alex))
    (visit,) = await desk.publish(alone)
    (notice,) = await round_()
    await send(deliver, notice)

    released = await desk.ask("release", visit, people.ann, reason="patient_request")

    assert released.status_code == 204, released.text
    assert [one["kind"] for one in await round_()] == ["own_schedule_set", "own_schedule_changed"]
    assert len(provider.got) == 1


async def test_what_is_taken_back_before_anybody_heard_of_it_is_never_told(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round
) -> None:
    two = [group(people.ann, start=TUESDAY, **led_by(alex)), group(people.ben, start=WEDNESDAY, **led_by(alex))]
    await desk.publish(two[0])
    assert len(bodies(await round_())) == 1

    await desk.publish(*two)
    _, taken_back = await round_()

    assert (taken_back["status"], taken_back["reason"]) == ("cancelled", "nothing_changed")
    await desk.publish(two[0])
    assert len(bodies(await round_())) == 1
    assert told


async def test_a_newer_change_takes_the_place_of_one_that_has_not_left_and_tells_of_both(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round
) -> None:
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(alex)))
    await round_()

    await desk.publish(group(people.ann, start=THURSDAY, **led_by(alex)))
    _, older, newer = await round_()

    assert (older["status"], older["reason"], older["superseded_by"]) == ("cancelled", "superseded", newer["id"])
    assert newer["body"] == (
        "Your schedule has changed, first on Tuesday, October 6 at 9:00 AM and last on Thursday, October 8."
    )
    assert told


async def test_what_has_begun_is_not_told_any_more(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round
) -> None:
    assert told
    await desk.publish(group(people.ben, start=WEDNESDAY, **led_by(alex)))

    assert bodies(await round_(TUESDAY + timedelta(minutes=1))) == []
    assert len(bodies(await round_(TUESDAY - timedelta(minutes=1)))) == 1


@pytest.mark.parametrize("is_named", [False, True])
async def test_nobody_hears_who_has_not_asked_to(
    *,
    desk: Desk,
    people: People,
    hears: Hears,
    round_: Round,
    new_practitioner: Make,
    site: Json,
    is_named: bool,
) -> None:
    silent = await hears(opted_in=False) if is_named else await new_practitioner(site)
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(silent)))

    assert await round_() == []


async def test_who_takes_the_agreement_back_before_the_message_leaves_is_not_written_to(
    *,
    desk: Desk,
    people: People,
    alex: Json,
    round_: Round,
    deliver: Deliver,
    provider: Provider,
    scheduler: ClientFactory,
) -> None:
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(alex)))
    (notice,) = await round_()
    body = {"channel": "sms", "address": NUMBER, "opted_in": False}
    me = scheduler(Role.COUNSELLOR, account=alex["account"])
    await me.put("/v1/me/notice_preference", json=body, headers={"if-match": '"1"'})

    await send(deliver, notice)

    (unsent,) = await round_()
    assert (unsent["status"], unsent["reason"], provider.got) == ("cancelled", "not_opted_in", [])

    await me.put("/v1/me/notice_preference", json={**body, "opted_in": True}, headers={"if-match": '"2"'})
    _, anew = await round_()
    await send(deliver, anew)

    assert (anew["kind"], len(provider.got)) == ("own_schedule_set", 1)
    assert [notice["id"] for notice in await round_()] == [unsent["id"], anew["id"]]


async def test_what_could_not_be_delivered_is_told_with_the_next_change_and_not_in_every_round(
    *, desk: Desk, people: People, alex: Json, told: Json, round_: Round, report: Report
) -> None:
    assert (await report(told["id"], "failed")).status_code == 204
    again = await round_()
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(alex)))

    _, anew = await round_()

    assert [(notice["id"], notice["status"]) for notice in again] == [(told["id"], "failed")]
    assert anew["kind"] == "own_schedule_set"


async def test_quiet_hours_are_the_practitioner_s_too(
    *, desk: Desk, people: People, hears: Hears, round_: Round, deliver: Deliver, provider: Provider
) -> None:
    alex = await hears(quiet_from="12:00", quiet_until="14:00")
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(alex)))
    (notice,) = await round_()

    await send(deliver, notice, local(2, 13))
    (held,) = await round_()
    await send(deliver, notice, local(2, 14))

    assert (held["status"], held["deliver_after"]) == ("held", "2026-10-02T14:00:00-04:00")
    assert len(provider.got) == 1


async def test_a_practitioner_who_answers_stop_hears_nothing_more(
    *, scheduler: ClientFactory, alex: Json, told: Json, report: Report
) -> None:
    answer = await report(told["id"], "opted_out")

    assert answer.status_code == 204
    preference = (await scheduler(Role.COUNSELLOR, account=alex["account"]).get("/v1/me/notice_preference")).json()
    assert (preference["opted_in"], preference["version"]) == (False, 2)


async def test_a_round_of_reminders_tells_practitioners_too(
    *,
    desk: Desk,
    people: People,
    alex: Json,
    provider: Provider,
    scheduler_database: Database,
    organization_id: UUID,
    clock: Clock,
    round_: Round,
) -> None:
    organization = OrganizationId(organization_id)
    await desk.publish(group(people.ann, start=TUESDAY, **led_by(alex)))
    async with scheduler_database.command(organization) as db:
        turn = await ReminderTurns(db).begin(after=None)
    assert turn is not None

    await ReminderRounds(scheduler_database, clock).plan(NoticeRound(organization, turn))

    async with scheduler_database.command(organization) as db:
        rows = await db.execute(text("select kind from notices where practitioner_id is not null"))
        assert [row.kind for row in rows] == ["own_schedule_set"]
    assert len(await round_()) == 1
    assert provider.got == []


NOW = local(5, 12)
sittings = st.builds(
    lambda service, hour, modality, part: OwnSitting(
        service, NOW + timedelta(hours=hour), NOW + timedelta(hours=hour + 1), modality, None, part
    ),
    st.sampled_from(ServiceKind),
    st.integers(-4, 6),
    st.sampled_from(Modality),
    st.sampled_from(SessionPart),
)
schedules = st.frozensets(sittings, max_size=6)


@given(before=schedules, after=schedules)
def test_there_is_something_to_tell_exactly_where_what_lies_ahead_differs(
    before: frozenset[OwnSitting], after: frozenset[OwnSitting]
) -> None:
    span = span_of_changes(before, after, NOW)

    ahead = [{one for one in schedule if one.start > NOW} for schedule in (before, after)]
    assert (span is None) is (ahead[0] == ahead[1])
    assert span == span_of_changes(after, before, NOW)
    if span is not None:
        differing = ahead[0] ^ ahead[1]
        assert all(span.start <= one.start and one.end <= span.end for one in differing)
        assert NOW < span.start < span.end


@given(schedule=st.frozensets(sittings, min_size=1, max_size=6))
def test_every_part_of_a_sitting_counts(schedule: frozenset[OwnSitting]) -> None:
    first, *rest = sorted(schedule, key=lambda one: (one.start, str(one)))
    later = NOW + timedelta(days=1)
    ahead = replace(first, start=later, end=later + timedelta(hours=1))
    others = (
        replace(ahead, service=next(kind for kind in ServiceKind if kind is not ahead.service)),
        replace(ahead, end=ahead.end + timedelta(minutes=15)),
        replace(ahead, room_id=UUID(int=7)),
    )
    for other in others:
        assert span_of_changes({ahead, *rest}, {other, *rest}, NOW) is not None
