"""A seat is not given in a session that will not take place as it is published; the refusal says why."""

from typing import Any
from uuid import UUID

import pytest

from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality
from tests.conftest import ClientFactory
from tests.scheduler.conftest import (
    AT_HOME,
    MONDAY,
    TUESDAY_NINE,
    Clinic,
    Desk,
    Json,
    Make,
    group,
    plan_of,
    problem,
    windows,
)

TUESDAY = {"start": "2026-10-06T08:00:00-04:00", "end": "2026-10-06T12:00:00-04:00"}
EVENING = {"start": "2026-10-06T17:00:00-04:00", "end": "2026-10-06T21:00:00-04:00"}


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
async def patient(new_patient: Make, site: Json) -> Json:
    return await new_patient(site)


@pytest.fixture
async def session(desk: Desk, clinic: Clinic) -> Json:
    """A group on Tuesday at nine in the clinic's room; the counsellor leads and the therapist helps."""
    return (await desk.publish(planned(clinic)))[0]


def planned(clinic: Clinic, **changes: Any) -> Any:
    values = {
        "room_id": RoomId(UUID(clinic.room["id"])),
        "practitioner_id": PractitionerId(UUID(clinic.counsellor["id"])),
        "co_facilitator_id": PractitionerId(UUID(clinic.therapist["id"])),
    }
    return group(start=TUESDAY_NINE, **{**values, **changes})


async def report(scheduler: ClientFactory, clinic: Clinic, kind: str, **members: Any) -> Json:
    body = {"site_id": clinic.site["id"], "week": MONDAY, "kind": kind, "reason": "emergency", **members}
    answer = await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def what_happened(kind: str, clinic: Clinic, hours: Json) -> tuple[str, Json]:
    return {
        "lead out": ("practitioner_out", {**hours, "practitioner_id": clinic.counsellor["id"]}),
        "helper out": ("practitioner_out", {**hours, "practitioner_id": clinic.therapist["id"]}),
        "room lost": ("room_lost", {**hours, "room_id": clinic.room["id"]}),
        "site closed": ("site_closed", hours),
    }[kind]


KINDS = {
    "lead out": "practitioner-out",
    "helper out": "practitioner-out",
    "room lost": "room-lost",
    "site closed": "site-closed",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_no_seat_is_given_until_what_happened_is_taken_back(
    *, kind: str, desk: Desk, session: Json, patient: Json, clinic: Clinic, scheduler: ClientFactory
) -> None:
    what, members = what_happened(kind, clinic, TUESDAY)
    disruption = await report(scheduler, clinic, what, **members)

    refused = [await desk.ask(verb, session, patient) for verb in ("book", "hold")]
    seats = await desk.seats()
    await scheduler(Role.FRONT_DESK).post(f"/v1/disruptions/{disruption['id']}:withdraw")
    given = await desk.ask("book", session, patient)

    assert [problem(answer) for answer in refused] == [(409, "conflict", KINDS[kind])] * 2
    assert seats == [(0, set())]
    assert given.status_code == 200, given.text
    assert await desk.seats() == [(1, {patient["id"]})]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_happens_at_another_time_keeps_nobody_out(
    *, kind: str, desk: Desk, session: Json, patient: Json, clinic: Clinic, scheduler: ClientFactory
) -> None:
    what, members = what_happened(kind, clinic, EVENING)
    await report(scheduler, clinic, what, **members)

    assert (await desk.ask("book", session, patient)).status_code == 200


async def test_a_hold_does_not_become_a_booking_of_a_session_that_fell_out(
    *, desk: Desk, session: Json, patient: Json, clinic: Clinic, scheduler: ClientFactory
) -> None:
    assert (await desk.ask("hold", session, patient)).status_code == 200
    await report(scheduler, clinic, "room_lost", room_id=clinic.room["id"], **TUESDAY)

    assert problem(await desk.ask("book", session, patient)) == (409, "conflict", "room-lost")
    assert (await desk.ask("release", session, patient, reason="transport")).status_code == 204


@pytest.mark.parametrize(
    ("shift", "pause", "status"),
    [(("09:00", "12:00"), None, 200), (("09:00", "12:00"), ("10:00", "10:15"), 409), (("09:15", "17:00"), None, 409)],
)
async def test_changed_hours_must_cover_the_whole_session(
    *,
    shift: tuple[str, str],
    pause: tuple[str, str] | None,
    status: int,
    desk: Desk,
    session: Json,
    patient: Json,
    clinic: Clinic,
    scheduler: ClientFactory,
) -> None:
    hours = {"shifts": windows(*shift, "TU"), "breaks": [] if pause is None else windows(*pause, "TU")}
    await report(scheduler, clinic, "shift_changed", practitioner_id=clinic.counsellor["id"], **hours)

    answer = await desk.ask("book", session, patient)

    assert answer.status_code == status, answer.text
    assert status == 200 or answer.json()["code"] == "practitioner-out"


async def test_video_goes_on_while_only_the_building_is_closed(
    *, desk: Desk, new_patient: Make, new_licence: Make, clinic: Clinic, scheduler: ClientFactory
) -> None:
    for host in (clinic.counsellor, clinic.therapist):
        await new_licence(host)
    patient = await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME))
    [video] = await desk.publish(planned(clinic, room_id=None, modality=Modality.TELEHEALTH))
    await report(scheduler, clinic, "site_closed", **TUESDAY)

    booked = await desk.ask("book", video, patient)

    assert booked.status_code == 200, booked.text


async def test_another_site_s_trouble_is_its_own(
    *, desk: Desk, session: Json, patient: Json, new_site: Make, scheduler: ClientFactory, clinic: Clinic
) -> None:
    other = clinic._replace(site=await new_site())
    await report(scheduler, other, "site_closed", **TUESDAY)

    assert (await desk.ask("book", session, patient)).status_code == 200
