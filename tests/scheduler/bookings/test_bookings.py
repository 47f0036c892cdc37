"""A patient gets a seat, or a refusal that says what to do and nothing of anybody else."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import PractitionerId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import (
    AT_HOME,
    COMMITMENT,
    NO_SEAT,
    PATIENT_BOOKED,
    TUESDAY_NINE,
    Desk,
    Json,
    Make,
    People,
    calendar,
    group,
    plan_of,
    problem,
)
from tests.support.tokens import Tokens

HOUR = timedelta(hours=1)


@pytest.fixture
def busy_patient(new_patient: Make, import_calendar: Any, site: Json) -> Callable[[str], Awaitable[Json]]:
    """Admit somebody who lives half an hour away and has one commitment."""

    async def admit(event: str) -> Json:
        plan = plan_of({"id": str(uuid4())}, travel_minutes=30, **AT_HOME)
        patient = await new_patient(site, plan)
        assert (await import_calendar(patient, calendar(event))).status_code == 201
        return patient

    return admit


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.PROGRAMME_DIRECTOR])
async def test_a_patient_gets_a_free_seat(desk: Desk, people: People, role: Role) -> None:
    [appointment] = await desk.publish(group(people.ann))

    answer = await desk.ask("book", appointment, people.ben, role=role)

    assert answer.status_code == 200
    assert answer.json() == {
        "appointment_id": appointment["id"],
        "patient_id": people.ben["id"],
        "status": "booked",
        "held_until": None,
    }
    assert await desk.seats() == [(2, {people.ann["id"], people.ben["id"]})]


async def test_a_full_group_has_no_seat_and_does_not_say_who_sits_there(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann, people.ben))

    answer = await desk.ask("book", appointment, people.cleo)

    assert problem(answer) == NO_SEAT
    assert people.ann["id"] not in answer.text
    assert await desk.seats() == [(2, {people.ann["id"], people.ben["id"]})]


@pytest.mark.parametrize("verb", ["book", "hold"])
async def test_whom_to_keep_apart_is_refused_in_the_words_of_a_full_group(
    desk: Desk, people: People, records: ClientFactory, verb: str
) -> None:
    pair = {"patient_ids": [people.ben["id"], people.ann["id"]]}
    assert (await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)).status_code == 201
    roomy, full = await desk.publish(group(people.ann), group(people.cleo, start=TUESDAY_NINE + 2 * HOUR, capacity=1))

    apart = await desk.ask(verb, roomy, people.ben)
    taken = await desk.ask(verb, full, people.ben)

    assert problem(apart) == NO_SEAT
    assert {**apart.json(), "instance": ""} == {**taken.json(), "instance": ""}


async def test_whom_to_keep_apart_counts_while_a_seat_is_only_held(
    desk: Desk, people: People, records: ClientFactory
) -> None:
    pair = {"patient_ids": [people.ann["id"], people.ben["id"]]}
    await records(Role.PROGRAMME_DIRECTOR).post("/v1/no_contacts", json=pair)
    [appointment] = await desk.publish(group())
    await desk.ask("hold", appointment, people.ann, minutes=5)

    assert problem(await desk.ask("book", appointment, people.ben)) == NO_SEAT


async def test_nobody_sits_in_two_groups_at_once(desk: Desk, people: People) -> None:
    first, second = await desk.publish(group(people.ann), group(people.ben, start=TUESDAY_NINE + HOUR))

    assert problem(await desk.ask("book", second, people.ann)) == PATIENT_BOOKED
    assert problem(await desk.ask("book", first, people.ann)) == PATIENT_BOOKED
    assert await desk.seats() == [(1, {people.ann["id"]}), (1, {people.ben["id"]})]


async def test_a_group_that_begins_when_another_ends_is_no_collision(desk: Desk, people: People) -> None:
    skills = group(service=ServiceKind.SKILLS_GROUP, start=TUESDAY_NINE + timedelta(minutes=90))
    _, second = await desk.publish(group(people.ann), skills)

    assert (await desk.ask("book", second, people.ann)).status_code == 200


@pytest.mark.parametrize(
    ("event", "modality", "status"),
    [
        ("20261006T100000/20261006T110000", Modality.TELEHEALTH, 409),
        ("20261006T103000/20261006T110000", Modality.TELEHEALTH, 200),
        ("20261006T080000/20261006T090000", Modality.TELEHEALTH, 200),
        ("20261006T104500/20261006T110000", Modality.ON_SITE, 409),
        ("20261006T110000/20261006T120000", Modality.ON_SITE, 200),
    ],
    ids=["within", "touching the end", "touching the start", "on the way home", "after the way home"],
)
async def test_a_commitment_counts_with_the_way(
    *,
    desk: Desk,
    busy_patient: Callable[[str], Awaitable[Json]],
    site: Json,
    new_practitioner: Make,
    new_licence: Make,
    event: str,
    modality: Modality,
    status: int,
) -> None:
    patient, lead = await busy_patient(event), await new_practitioner(site)
    await new_licence(lead)
    [appointment] = await desk.publish(group(modality=modality, practitioner_id=PractitionerId(UUID(lead["id"]))))

    answer = await desk.ask("book", appointment, patient)

    assert answer.status_code == status
    assert status == 200 or problem(answer) == COMMITMENT


async def test_a_session_that_was_published_away_cannot_be_booked_or_released(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann))
    await desk.publish()

    booking = await desk.ask("book", appointment, people.ben)
    release = await desk.ask("release", appointment, people.ann, reason="illness")

    assert [problem(booking), problem(release)] == [(409, "conflict", "appointment-cancelled")] * 2


async def test_a_session_that_is_over_cannot_be_booked_or_released(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann, start=TUESDAY_NINE - timedelta(weeks=1)))

    booking = await desk.ask("book", appointment, people.ben)
    release = await desk.ask("release", appointment, people.ann, reason="illness")

    assert [problem(booking), problem(release)] == [(409, "conflict", "appointment-over")] * 2


async def test_what_is_not_there_and_who_is_not_there_are_refused_in_the_same_words(
    desk: Desk, people: People, scheduler: ClientFactory
) -> None:
    [appointment] = await desk.publish(group(people.ann))
    nobody, nothing = {"id": str(uuid4())}, {"id": str(uuid4())}

    answers = [
        await desk.ask("book", nothing, people.ann),
        await desk.ask("book", appointment, nobody),
        await desk.ask("release", nothing, people.ann, reason="clinical"),
        await desk.ask("release", appointment, nobody, reason="clinical"),
        await scheduler(Role.FRONT_DESK, organization=uuid4()).post(
            f"/v1/appointments/{appointment['id']}:release", json={"patient_id": people.ann["id"], "reason": "clinical"}
        ),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize(("verb", "role"), [("book", Role.NURSE), ("hold", Role.BILLING), ("release", Role.PATIENT)])
async def test_seats_are_not_for_everybody(desk: Desk, people: People, verb: str, role: Role) -> None:
    [appointment] = await desk.publish(group(people.ann))

    assert (await desk.ask(verb, appointment, people.ben, role=role)).status_code == 403


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("book", {}, "/patient_id"),
        ("book", {"patient_id": "4711-secret"}, "/patient_id"),
        ("hold", {"patient_id": str(uuid4())}, "/minutes"),
        ("hold", {"patient_id": str(uuid4()), "minutes": 0}, "/minutes"),
        ("hold", {"patient_id": str(uuid4()), "minutes": 16}, "/minutes"),
        ("release", {"patient_id": str(uuid4())}, "/reason"),
        ("release", {"patient_id": str(uuid4()), "reason": "4711-secret"}, "/reason"),
    ],
)
async def test_a_wrong_request_is_refused_by_name_without_its_value(
    scheduler: ClientFactory, verb: str, body: Json, pointer: str
) -> None:
    answer = await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{uuid4()}:{verb}", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_a_booking_sent_twice_with_one_key_is_one_booking(
    desk: Desk, scheduler: ClientFactory, people: People
) -> None:
    [appointment] = await desk.publish(group())
    client = scheduler(Role.FRONT_DESK)

    answers = [
        await client.post(
            f"/v1/appointments/{appointment['id']}:book",
            json={"patient_id": people.ann["id"]},
            headers={"idempotency-key": "one"},
        )
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await desk.seats() == [(1, {people.ann["id"]})]


async def test_a_released_seat_is_free_again_and_its_reason_is_kept(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann, capacity=1))

    released = await desk.ask("release", appointment, people.ann, reason="work_or_school")
    again = await desk.ask("release", appointment, people.ann, reason="work_or_school")

    assert (released.status_code, released.content) == (204, b"")
    assert again.status_code == 404
    assert (await desk.ask("book", appointment, people.ben)).status_code == 200
    assert await desk.seats() == [(1, {people.ben["id"]})]
    assert await desk.run("select patient_id::text, reason from releases") == [(people.ann["id"], "work_or_school")]


async def test_releases_can_be_added_and_not_changed(desk: Desk, people: People) -> None:
    [appointment] = await desk.publish(group(people.ann))
    await desk.ask("release", appointment, people.ann, reason="illness")

    for statement in ("update releases set reason = 'clinical'", "delete from releases"):
        with pytest.raises(Exception, match="permission denied"):
            await desk.run(statement)


async def test_while_records_is_away_seats_are_given_back_and_not_given(
    desk: Desk, people: People, scheduler_app: Any, tokens: Tokens
) -> None:
    [appointment] = await desk.publish(group(people.ann))
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    booking = await desk.ask("book", appointment, people.ben)
    release = await desk.ask("release", appointment, people.ann, reason="illness")
    await http.close()

    assert problem(booking) == (503, "upstream-unavailable", "")
    assert release.status_code == 204
    assert await desk.seats() == [(0, set())]
