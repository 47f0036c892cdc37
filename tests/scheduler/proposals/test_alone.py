"""Nobody is seated in a meeting with one practitioner beyond what it allows without a co-facilitator."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from services.contracts.identifiers import PractitionerId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, NO_SEAT, TUESDAY_NINE, Clinic, Desk, Json, Make, group, problem
from tests.scheduler.proposals.conftest import Propose, Publish
from tests.scheduler.weekly import Week

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
async def meetings(
    *, clinic: Clinic, week: Week, new_offering: Make, propose: Propose, publish: Publish, scheduler: ClientFactory
) -> tuple[Json, Json]:
    """Two meetings of two members each, above which a second practitioner sits in: one without, and one with one."""
    kind = await new_offering(clinic.site, minutes=60, co_facilitator_above=2)
    alone, led_by_two = [
        week.group(day, 8, 0, 1) | {"kind": kind["id"], "co": co}
        for day, co in ((0, None), (1, clinic.therapist["id"]))
    ]
    assert (await publish(await propose([alone, led_by_two], []))).status_code == 200
    path = f"/v1/sites/{clinic.site['id']}/appointments"
    booked = (await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"]
    return booked[0], booked[1]


@pytest.fixture
def ask(scheduler: ClientFactory) -> Ask:
    async def post(path: str, **body: Any) -> Any:
        return await scheduler(Role.FRONT_DESK).post(f"/v1/{path}", json=body)

    return post


async def _waits(ask: Ask, clinic: Clinic, patient_id: str) -> None:
    waiting = await ask(f"sites/{clinic.site['id']}/waitlist_entries", patient_id=patient_id, service="process_group")
    assert waiting.status_code == 201, waiting.text


async def test_it_has_as_many_seats_as_it_may_have_members(meetings: tuple[Json, Json]) -> None:
    assert [meeting["capacity"] for meeting in meetings] == [2, 12]


@pytest.mark.parametrize(("verb", "more"), [("book", {}), ("hold", {"minutes": 5})])
async def test_no_further_member_is_booked(
    meetings: tuple[Json, Json], week: Week, ask: Ask, verb: str, more: Json
) -> None:
    alone, led_by_two = [
        await ask(f"appointments/{meeting['id']}:{verb}", patient_id=week.ids[2], **more) for meeting in meetings
    ]

    assert problem(alone) == NO_SEAT
    assert led_by_two.status_code == 200, led_by_two.text


async def test_no_further_seat_is_offered(meetings: tuple[Json, Json], clinic: Clinic, week: Week, ask: Ask) -> None:
    await _waits(ask, clinic, week.ids[2])

    alone, led_by_two = [await ask(f"appointments/{meeting['id']}/offer_batches") for meeting in meetings]

    assert alone.status_code == 409, alone.text
    assert led_by_two.status_code == 201, led_by_two.text


async def test_nobody_moves_in_or_makes_up_for_another_session_there(
    meetings: tuple[Json, Json], week: Week, ask: Ask, scheduler: ClientFactory
) -> None:
    alone, led_by_two = meetings
    third = {"patient_id": week.ids[2]}
    assert (await ask(f"appointments/{led_by_two['id']}:book", **third)).status_code == 200

    moved = await ask(
        "swaps",
        first={"appointment_id": led_by_two["id"], **third},
        second={"appointment_id": alone["id"], "patient_id": None},
        reason="work_or_school",
    )
    called_out = await ask(f"appointments/{led_by_two['id']}:call_out", **third, excused=True, reason="illness")
    assert called_out.status_code == 201, called_out.text
    owed = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{week.ids[2]}/owed_hours", params={"week": MONDAY})
    [make_up] = owed.json()["make_ups"]
    found = await scheduler(Role.FRONT_DESK).get(f"/v1/make_ups/{make_up['id']}:recommend")
    made_up = await ask(f"make_ups/{make_up['id']}:book", appointment_id=alone["id"])

    assert problem(moved) == (409, "rules-broken", "no-seat")
    assert problem(made_up) == NO_SEAT
    assert found.json()["seats"] == []


async def test_meetings_published_before_lose_the_seats_that_nobody_has(desk: Desk, clinic: Clinic, week: Week) -> None:
    def meeting(years: int, *seated: str, co: Json | None = None) -> Session:
        return group(
            *({"id": one} for one in seated),
            start=TUESDAY_NINE + timedelta(days=364 * years),
            capacity=12,
            practitioner_id=PractitionerId(UUID(clinic.counsellor["id"])),
            co_facilitator_id=co and PractitionerId(UUID(co["id"])),
        )

    await desk.publish(
        meeting(0, week.ids[0]),
        meeting(20, week.ids[0]),
        meeting(21, week.ids[0], co=clinic.therapist),
    )
    statement = import_module("migrations.scheduler.versions.20261130_0648_seats_without_co_facilitator").LOWER

    await desk.run(f"{statement} returning meeting.id")

    assert [one["capacity"] for one in await desk.read()] == [12, 8, 12]
