"""A seat by telehealth asks for consent and for a licence, whichever way it is given."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.contracts.identifiers import PractitionerId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, TUESDAY_NINE, Clinic, Desk, Json, Make, group, plan_of, problem

LACKING = [
    ({"telehealth_consented_on": None}, "telehealth-not-consented"),
    ({"telehealth_consented_on": "2026-10-07"}, "telehealth-not-consented"),
    ({"telehealth_jurisdiction": None}, "jurisdiction-unknown"),
    ({"telehealth_jurisdiction": "US-NJ"}, "practitioner-not-licensed"),
]
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def admit(new_patient: Make, clinic: Clinic) -> Callable[..., Awaitable[Json]]:
    """Admit somebody who may be seen at home, but for what the test changes."""

    async def make(**changes: Any) -> Json:
        return await new_patient(clinic.site, plan_of(clinic.counsellor, **{**AT_HOME, **changes}))

    return make


def by_video(clinic: Clinic, *seated: Json, **changes: Any) -> Session:
    lead = PractitionerId(UUID(clinic.counsellor["id"]))
    return group(*seated, **{"practitioner_id": lead, "modality": Modality.TELEHEALTH, "capacity": 4, **changes})


@pytest.mark.parametrize("verb", ["book", "hold"])
@pytest.mark.parametrize(("plan", "code"), LACKING)
async def test_nobody_is_seated_by_telehealth_without_consent_by_that_day_and_a_licence_for_where_they_are(
    *, desk: Desk, clinic: Clinic, admit: Make, new_licence: Make, verb: str, plan: Json, code: str
) -> None:
    await new_licence(clinic.counsellor)
    ann, ben = await admit(), await admit(**plan)
    [session] = await desk.publish(by_video(clinic))

    refused = await desk.ask(verb, session, ben)
    given = await desk.ask(verb, session, ann)

    assert problem(refused) == (409, "rules-broken", code)
    assert len(refused.json()["errors"]) == 1
    assert ben["id"] not in refused.text
    assert given.status_code == 200, given.text


@pytest.mark.parametrize(
    ("licence", "status"),
    [
        ({"valid_until": "2026-10-05"}, 409),
        ({"valid_until": "2026-10-06"}, 200),
        ({"valid_from": "2026-10-07"}, 409),
        ({"jurisdiction": "US-NJ"}, 409),
    ],
)
async def test_a_licence_counts_on_its_days_and_where_it_is_of(
    *, desk: Desk, clinic: Clinic, admit: Make, new_licence: Make, licence: Json, status: int
) -> None:
    await new_licence(clinic.counsellor, **licence)
    [session] = await desk.publish(by_video(clinic))

    answer = await desk.ask("book", session, await admit())

    assert answer.status_code == status, answer.text
    assert status == 200 or problem(answer) == (409, "rules-broken", "practitioner-not-licensed")


async def test_whoever_helps_is_licensed_too(desk: Desk, clinic: Clinic, admit: Make, new_licence: Make) -> None:
    await new_licence(clinic.counsellor)
    helper = PractitionerId(UUID(clinic.therapist["id"]))
    [session] = await desk.publish(by_video(clinic, co_facilitator_id=helper))
    ann = await admit()

    assert problem(await desk.ask("book", session, ann)) == (409, "rules-broken", "practitioner-not-licensed")
    await new_licence(clinic.therapist)
    assert (await desk.ask("book", session, ann)).status_code == 200


async def test_a_session_that_nobody_leads_has_no_licence_to_look_at(desk: Desk, clinic: Clinic, admit: Make) -> None:
    [session] = await desk.publish(by_video(clinic, practitioner_id=None))

    answer = await desk.ask("book", session, await admit())

    assert problem(answer) == (409, "rules-broken", "practitioner-missing")


async def test_on_site_nothing_of_it_is_asked(desk: Desk, clinic: Clinic, admit: Make) -> None:
    [session] = await desk.publish(by_video(clinic, modality=Modality.ON_SITE))

    answer = await desk.ask("book", session, await admit(telehealth_consented_on=None, telehealth_jurisdiction=None))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("plan", "code"), LACKING)
async def test_an_exchange_asks_the_same_of_the_new_seat(
    *, desk: Desk, clinic: Clinic, admit: Make, new_licence: Make, scheduler: ClientFactory, plan: Json, code: str
) -> None:
    await new_licence(clinic.counsellor)
    ann = await admit(**plan)
    here, there = await desk.publish(
        by_video(clinic, ann, modality=Modality.ON_SITE),
        by_video(clinic, start=TUESDAY_NINE.replace(day=7)),
    )
    seats = {
        "first": {"appointment_id": here["id"], "patient_id": ann["id"]},
        "second": {"appointment_id": there["id"]},
    }
    # The day of the second one is a day later, on which the consent of one of them counts.
    expected = None if plan.get("telehealth_consented_on") == "2026-10-07" else code

    preview = await scheduler(Role.FRONT_DESK).post("/v1/swaps:preview", json={**seats, "reason": "illness"})

    codes = [one["code"] for one in preview.json()["broken"]]
    assert codes == ([] if expected is None else [expected])


async def test_nobody_is_asked_for_a_seat_that_they_may_not_have(
    *, desk: Desk, clinic: Clinic, admit: Make, new_licence: Make, scheduler: ClientFactory
) -> None:
    await new_licence(clinic.counsellor)
    ann, ben = await admit(telehealth_consented_on=None), await admit()
    client = scheduler(Role.FRONT_DESK)
    for patient in (ann, ben):
        path = f"/v1/sites/{clinic.site['id']}/waitlist_entries"
        body = {"patient_id": patient["id"], "service": "process_group", "since": "2026-09-01"}
        assert (await client.post(path, json=body)).status_code == 201
    [session] = await desk.publish(by_video(clinic))

    batch = (await client.post(f"/v1/appointments/{session['id']}/offer_batches", json={"people": 5})).json()

    assert [offer["patient_id"] for offer in batch["offers"]] == [ben["id"]]
    [offer] = batch["offers"]
    assert (await client.post(f"/v1/offers/{offer['id']}:accept")).status_code == 200


@pytest.mark.parametrize(("consented_on", "found"), [(None, 0), ("2026-09-01", 1)])
async def test_a_make_up_is_recommended_and_booked_where_telehealth_may_be(
    *,
    desk: Desk,
    clinic: Clinic,
    admit: Make,
    new_licence: Make,
    scheduler: ClientFactory,
    consented_on: str | None,
    found: int,
) -> None:
    await new_licence(clinic.counsellor)
    ann = await admit(telehealth_consented_on=consented_on)
    individual: Json = {"service": ServiceKind.INDIVIDUAL, "capacity": 1}
    missed, other = await desk.publish(
        by_video(clinic, ann, modality=Modality.ON_SITE, **individual),
        by_video(clinic, start=TUESDAY_NINE.replace(day=7), **individual),
    )
    client = scheduler(Role.FRONT_DESK)
    body = {"patient_id": ann["id"], "excused": True, "reason": "illness"}
    called_out = await client.post(f"/v1/appointments/{missed['id']}:call_out", json=body)
    assert called_out.status_code == 201, called_out.text
    path = f"/v1/sites/{clinic.site['id']}/make_ups"
    [make_up] = (await client.get(path, params={"week": "2026-10-05"})).json()["items"]

    seats = (await client.get(f"/v1/make_ups/{make_up['id']}:recommend")).json()["seats"]
    booked = await client.post(f"/v1/make_ups/{make_up['id']}:book", json={"appointment_id": other["id"]})

    assert len(seats) == found
    assert booked.status_code == (200 if found else 409), booked.text
    assert found or problem(booked) == (409, "rules-broken", "telehealth-not-consented")
