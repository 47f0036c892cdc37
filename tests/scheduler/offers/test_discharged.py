"""Who has been discharged is asked for no seat, and given none, until somebody says that they come back."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.contracts.records.treatment_plans import PatientSeating
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import has_left
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, ZONE, Desk, Json, group, problem
from tests.scheduler.offers.conftest import Offers, Three

ADMISSION = {"programme": "evening-iop", "admitted_on": "2026-09-01"}
DISCHARGE = {"discharged_on": "2026-09-30", "reason": "left_against_advice"}
Discharge = Callable[[Json], Awaitable[None]]


@pytest.fixture
def discharge(records: ClientFactory) -> Discharge:
    async def send(patient: Json) -> None:
        director = records(Role.PROGRAMME_DIRECTOR)
        admitted = await director.post(f"/v1/patients/{patient['id']}/episodes", json=ADMISSION)
        assert admitted.status_code == 201, admitted.text
        path = f"/v1/episodes/{admitted.json()['id']}:discharge"
        over = await director.post(path, json=DISCHARGE, headers={"if-match": '"1"'})
        assert over.status_code == 200, over.text

    return send


def asked(batch: Json) -> list[str]:
    return [offer["patient_id"] for offer in batch["offers"]]


async def test_a_seat_was_offered_to_who_had_been_discharged(
    desk: Desk, three: Three, offers: Offers, discharge: Discharge
) -> None:
    await discharge(three.ann.patient)
    [seat] = await desk.publish(group(capacity=1))

    batch = await offers.made(seat, people=3)

    assert asked(batch) == [three.ben.patient["id"], three.cleo.patient["id"]]


async def test_a_seat_that_gets_free_was_offered_by_itself_to_who_had_been_discharged(
    *, desk: Desk, three: Three, offers: Offers, discharge: Discharge, scheduler: ClientFactory, site: Json
) -> None:
    await offers.put_rule(enabled=True, people=1)
    [seat] = await desk.publish(group(three.cleo.patient, capacity=1))
    await discharge(three.ann.patient)

    assert (await desk.ask("release", seat, three.cleo.patient, reason="illness")).status_code == 204

    found = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/offer_batches")
    assert [asked(batch) for batch in found.json()["items"]] == [[three.ben.patient["id"]]]


async def test_who_has_been_discharged_was_seated_by_an_offer_from_before_and_by_the_desk(
    desk: Desk, three: Three, offers: Offers, discharge: Discharge, scheduler: ClientFactory
) -> None:
    [seat] = await desk.publish(group(capacity=2))
    batch = await offers.made(seat, people=1)
    await discharge(three.ann.patient)
    director = scheduler(Role.PROGRAMME_DIRECTOR)
    kept = {"patient_id": three.ann.patient["id"], "reason": "court"}

    answers = [
        await offers.ask("accept", batch["offers"][0]),
        await desk.ask("book", seat, three.ann.patient),
        await desk.ask("hold", seat, three.ann.patient),
        await director.post(f"/v1/appointments/{seat['id']}:book_held_seat", json=kept),
    ]

    assert [problem(answer) for answer in answers] == [(409, "rules-broken", "discharged")] * 4
    assert await desk.seats() == [(0, set())]
    assert await offers.statuses(batch) == ["open"]


@pytest.mark.parametrize(("days", "left"), [(-1, True), (0, False), (1, False)])
def test_the_last_day_is_still_one_of_the_stay_by_the_site_s_clock(days: int, *, left: bool) -> None:
    late = group(start=TUESDAY_NINE + timedelta(hours=11))  # 20:00 in New York, and Wednesday in UTC
    seating = PatientSeating(
        patient_id=PatientId(UUID(int=1)),
        travel_minutes=0,
        no_contact=[],
        plan=None,
        left_on=date(2026, 10, 6) + timedelta(days=days),
    )
    zone = ZoneInfo(ZONE)
    facts = SessionFacts(late.service, late.modality, late.start, late.end, track=None, language=None, zone=zone)

    assert has_left(facts, seating) is left
