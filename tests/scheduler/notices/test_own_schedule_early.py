"""Practitioners hear in time of what changes shortly before it begins: it does not wait for the next round.

Bug: a change of what began before the next round of a quarter of an hour reached nobody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.dispatch import NoticeRound, enqueue_notice_round, read_notice_call
from services.scheduler.notice_providers.logic import ReminderTurns
from services.scheduler.notices.reminding import ReminderRounds
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, MONDAY, Desk, Json, Make, group, plan_of
from tests.scheduler.notices.conftest import Deliver, Hears, Provider, Round, clock_at, led_by, local, send

TUESDAY, THURSDAY = local(6, 9), local(8, 9)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = TUESDAY - 10 * MINUTE


@dataclass(frozen=True)
class House:
    """A front desk whose practitioner has one session on Tuesday that something happens to, and one on Thursday."""

    desk: Desk
    client: Any
    site: Json
    alex: Json
    sam: Json
    ann: Json
    ben: Json
    database: Database
    organization_id: OrganizationId

    def group(self, **changes: Any) -> Session:
        return group(self.ann, start=changes.pop("start", TUESDAY), **{**led_by(self.alex), **changes})

    def visit(self, **changes: Any) -> Session:
        return self.group(**{"service": "individual", "capacity": 1, **changes})

    async def publish(self, *sessions: Session) -> list[Json]:
        return await self.desk.publish(*sessions, group(self.ben, start=THURSDAY, **led_by(self.alex)))

    async def session(self) -> Json:
        return (await self.desk.read())[0]

    async def post(self, path: str, body: Json) -> None:
        answer = await self.client.post(path, json=body)
        assert answer.status_code < 300, answer.text

    async def close(self, policy: str) -> None:
        day = {"start": str(local(6, 0)), "end": str(local(7, 0)), "reason": "weather", "policy": policy}
        await self.post(f"/v1/sites/{self.site['id']}/closures", day)

    async def call_out(self) -> None:
        answer = await self.desk.ask("release", await self.session(), self.ann, reason="patient_request")
        assert answer.status_code == 204, answer.text

    async def fill(self) -> None:
        answer = await self.desk.ask("book", await self.session(), self.ann)
        assert answer.status_code == 200, answer.text

    async def hold(self) -> None:
        answer = await self.desk.ask("hold", await self.session(), self.ann)
        assert answer.status_code == 200, answer.text

    async def switch(self) -> None:
        path = f"/v1/appointments/{(await self.session())['id']}:change_modality"
        await self.post(path, {"modality": "telehealth", "reason": "weather"})

    async def move(self) -> None:
        here, there, _ = await self.desk.read()
        first = {"appointment_id": here["id"], "patient_id": self.ann["id"]}
        second = {"appointment_id": there["id"], "patient_id": None}
        await self.post("/v1/swaps", {"first": first, "second": second, "reason": "work_or_school"})

    async def add(self, session: Session) -> None:
        async with self.database.command(self.organization_id) as db:
            book = AppointmentsLogic(db, self.organization_id, self.desk.clock)
            await book.add(SiteId(UUID(self.site["id"])), date.fromisoformat(MONDAY), 1, [session])

    async def round_calls(self) -> list[NoticeRound]:
        """Return the organization's rounds that somebody has called for at once."""
        return [call for call, delay in await self._calls() if not delay]

    async def round_calls_ahead(self) -> list[tuple[NoticeRound, timedelta]]:
        """Return the organization's rounds that somebody has called for, and so long after."""
        return [(call, delay) for call, delay in await self._calls() if delay]

    async def _calls(self) -> list[tuple[NoticeRound, timedelta]]:
        jobs = await self.desk.run(
            "select payload, execute_after - created from pgqueuer where entrypoint = 'notice' order by id"
        )
        mine = NoticeRound(self.organization_id, None)
        return [(mine, delay) for payload, delay in jobs if read_notice_call(payload) == mine]


@pytest.fixture
async def house(
    *,
    desk: Desk,
    scheduler: ClientFactory,
    site: Json,
    hears: Hears,
    new_patient: Make,
    new_licence: Make,
    scheduler_database: Database,
    organization_id: UUID,
) -> House:
    alex, sam = await hears(), await hears(opted_in=False)
    await new_licence(alex)
    ann, ben = [await new_patient(site, plan_of(alex, **AT_HOME)) for _ in range(2)]
    client = scheduler(Role.FRONT_DESK)
    return House(desk, client, site, alex, sam, ann, ben, scheduler_database, OrganizationId(organization_id))


Cause = tuple[Callable[[House], list[Session]], Callable[[House], Awaitable[Any]]]
CAUSES: dict[str, Cause] = {
    "moved away": (lambda h: [h.group()], lambda h: h.publish(h.group(start=TUESDAY + 2 * HOUR))),
    "moved here": (lambda h: [h.group(start=TUESDAY + 2 * HOUR)], lambda h: h.publish(h.group())),
    "cancelled": (lambda h: [h.group()], lambda h: h.publish()),
    "added": (lambda _: [], lambda h: h.publish(h.group())),
    "given to another": (lambda h: [h.group()], lambda h: h.publish(h.group(**led_by(h.sam)))),
    "closed": (lambda h: [h.group()], lambda h: h.close("cancel")),
    "closed but for video": (lambda h: [h.group()], lambda h: h.close("telehealth")),
    "by video": (lambda h: [h.group()], lambda h: h.switch()),
    "called out": (lambda h: [h.visit()], lambda h: h.call_out()),
    "filled": (lambda h: [h.visit(patient_ids=[])], lambda h: h.fill()),
    "left for another": (
        lambda h: [h.visit(), h.visit(start=TUESDAY + 4 * HOUR, patient_ids=[], **led_by(h.sam))],
        lambda h: h.move(),
    ),
    "placed": (lambda _: [], lambda h: h.add(h.visit())),
}


@pytest.mark.parametrize("cause", CAUSES)
async def test_what_changes_shortly_before_it_begins_is_told_at_once_and_not_again_by_the_round(
    *, cause: str, house: House, round_: Round, deliver: Deliver, provider: Provider, at: Callable[..., None]
) -> None:
    before, change = CAUSES[cause]
    await house.publish(*before(house))
    (told,) = await round_()
    await send(deliver, told)
    in_good_time = await house.round_calls()
    at(NOW)

    await change(house)

    [call, *others] = await house.round_calls()
    for called in (call, *others):
        await ReminderRounds(house.database, clock_at(NOW)).plan(called)
    _, changed = await round_(TUESDAY + 5 * MINUTE)
    await send(deliver, changed, NOW + MINUTE)
    assert in_good_time == []
    assert call == NoticeRound(house.organization_id, None)
    assert (changed["kind"], changed["practitioner_id"]) == ("own_schedule_changed", house.alex["id"])
    assert changed["body"].startswith("Your schedule has changed, first on Tuesday, October 6 at 9:00 AM")
    assert len(provider.got) == 2


@pytest.mark.parametrize(("minutes", "calls"), [(31, 0), (30, 1)])
async def test_a_round_that_comes_in_time_is_waited_for(
    *, minutes: int, calls: int, house: House, at: Callable[..., None]
) -> None:
    await house.publish(house.group())
    at(TUESDAY - minutes * MINUTE)

    await house.publish()

    assert len(await house.round_calls()) == calls


async def test_who_comes_to_a_group_calls_no_round(*, house: House, at: Callable[..., None]) -> None:
    await house.publish(house.group())
    at(NOW)

    await house.call_out()
    await house.fill()

    assert await house.round_calls() == []


async def test_that_a_hold_has_lapsed_is_told_in_time_although_nobody_does_anything(
    *, house: House, round_: Round, deliver: Deliver, provider: Provider, at: Callable[..., None]
) -> None:
    """Bug: a hold had the practitioner come, and its seat counted until somebody touched it: nobody called off."""
    await house.publish(house.visit(patient_ids=[]))
    (told,) = await round_()
    await send(deliver, told)
    at(NOW)

    await house.hold()

    [(call, delay)] = await house.round_calls_ahead()
    _, come = await round_(NOW)
    await send(deliver, come, NOW + MINUTE)
    before_it_lapses = await round_(NOW + 4 * MINUTE)
    # The clock of the test goes on while the request is served: the call comes that much later.
    await ReminderRounds(house.database, clock_at(NOW + MINUTE + delay)).plan(call)
    _, _, stay = await round_(NOW + MINUTE + delay)
    await send(deliver, stay, NOW + 2 * MINUTE + delay)
    assert (await house.round_calls(), len(before_it_lapses)) == ([call], 2)
    assert 4 * MINUTE < delay < 6 * MINUTE
    assert [one["body"].split(" at ")[0] for one in (come, stay)] == [
        "Your schedule has changed, first on Tuesday, October 6"
    ] * 2
    assert len(provider.got) == 3


async def test_a_hold_that_is_booked_calls_nobody_again_and_its_lapse_tells_nothing(
    *, house: House, round_: Round, deliver: Deliver, provider: Provider, at: Callable[..., None]
) -> None:
    await house.publish(house.visit(patient_ids=[]))
    at(NOW)
    await house.hold()
    at_once, later = await house.round_calls(), await house.round_calls_ahead()

    await house.fill()

    (told,) = await round_(NOW)
    await send(deliver, told, NOW + MINUTE)
    [(call, delay)] = await house.round_calls_ahead()
    await ReminderRounds(house.database, clock_at(NOW + MINUTE + delay)).plan(call)
    assert (await house.round_calls(), [(call, delay)]) == (at_once, later)
    assert len(at_once) == 1
    assert [one["id"] for one in await round_(NOW + MINUTE + delay)] == [told["id"]]
    assert len(provider.got) == 1


@pytest.mark.parametrize(("minutes", "calls"), [(4, 0), (33, 1), (40, 0)])
async def test_a_lapse_calls_no_round_where_the_session_has_begun_or_a_round_comes_in_time(
    *, minutes: int, calls: int, house: House, at: Callable[..., None]
) -> None:
    await house.publish(house.visit(patient_ids=[]))
    at(TUESDAY - minutes * MINUTE)

    await house.hold()

    assert len(await house.round_calls_ahead()) == calls


async def test_a_round_that_another_organization_has_called_for_is_none_of_this_one_s(house: House) -> None:
    """Before, what another test had left in the queue, which knows no organizations, was counted here."""
    async with house.database.command(house.organization_id) as db:
        await enqueue_notice_round(db, NoticeRound(OrganizationId(uuid4()), None), timedelta())
        await enqueue_notice_round(db, NoticeRound(house.organization_id, None), timedelta())

    assert await house.round_calls() == [NoticeRound(house.organization_id, None)]


async def test_a_round_that_comes_early_takes_the_turn_of_the_next_one(*, house: House, provider: Provider) -> None:
    async with house.database.command(house.organization_id) as db:
        turn = await ReminderTurns(db).begin(after=None)
    rounds = ReminderRounds(house.database, clock_at(NOW))

    async def later() -> int:
        jobs = await house.desk.run(
            "select payload from pgqueuer where entrypoint = 'notice'"
            " and execute_after - created = interval '15 minutes'"
        )
        return [read_notice_call(payload).organization_id for (payload,) in jobs].count(house.organization_id)

    before = await later()
    await rounds.plan(NoticeRound(house.organization_id, None))
    once = await later()
    await rounds.plan(NoticeRound(house.organization_id, turn))

    assert (once - before, await later() - once) == (1, 0)
    assert provider.got == []
