"""What records tells the scheduler when one patient is to be given a seat."""

from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory


def path_of(patient_id: str) -> str:
    return f"/v1/patients/{patient_id}/seating"


async def test_a_seat_depends_on_the_way_and_on_both_sides_of_every_pair(
    records: ClientFactory, serving: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory
) -> None:
    ann, ben, cleo, dan = [(await new_patient(given_name="Canaryjane"))["id"] for _ in range(4)]
    telehealth = {"telehealth_consented_on": "2026-09-01", "telehealth_jurisdiction": "US-NY"}
    plan = await put_plan(ann, travel_minutes=45, needs_transport=True, **telehealth)
    for pair in ([ann, ben], [cleo, ann], [ben, dan]):
        await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json={"patient_ids": pair})

    answer = await serving.get(path_of(ann))

    seating = answer.json()
    assert (answer.status_code, set(seating)) == (
        200,
        {"patient_id", "travel_minutes", "no_contact", "plan", "left_on"},
    )
    assert (seating["patient_id"], seating["travel_minutes"]) == (ann, 45)
    assert set(seating["no_contact"]) == {ben, cleo}
    assert seating["plan"] == {
        "services": [required["service"] for required in plan["required_services"]],
        **{member: plan[member] for member in ("track", "languages", "modalities")},
        "telehealth_consented_on": "2026-09-01",
        "telehealth_jurisdiction": "US-NY",
        "needs_transport": True,
    }


async def test_a_patient_without_a_plan_has_no_way_that_is_known(
    serving: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()

    seating = (await serving.get(path_of(patient["id"]))).json()
    assert (seating["travel_minutes"], seating["plan"], seating["left_on"]) == (0, None, None)


async def test_a_stranger_and_nobody_are_the_same(records: ClientFactory, new_patient: PatientFactory) -> None:
    patient = await new_patient()
    stranger = records(Role.FRONT_DESK, organization=uuid4(), acting=Microservice.SCHEDULER)

    answers = [await stranger.get(path_of(one)) for one in (patient["id"], str(uuid4()))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("role", "acting"),
    [
        (Role.FRONT_DESK, None),
        (Role.NURSE, Microservice.SCHEDULER),
        (Role.FRONT_DESK, Microservice.RECORDS),
    ],
)
async def test_only_the_scheduler_for_someone_who_may_book_asks(
    records: ClientFactory, role: Role, acting: Microservice | None
) -> None:
    assert (await records(role, acting=acting).get(path_of(str(uuid4())))).status_code == 403
