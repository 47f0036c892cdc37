"""A snow day: shown first, then done all at once, and opened again without anything behind anybody's back."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database, Read, driver_connection
from services.contracts.identifiers import OrganizationId, PractitionerId, RoomId, SolveId
from services.contracts.identity import Role
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality
from services.scheduler.solves.logic import SolvesReader
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, TUESDAY_NINE, Clinic, Desk, Json, Make, group, plan_of

TUESDAY = {"start": "2026-10-06T00:00:00-04:00", "end": "2026-10-07T00:00:00-04:00", "reason": "weather"}
NINETY = 90


class Closing:
    """The front desk's requests about closures of one site."""

    def __init__(self, scheduler: ClientFactory, site: Json) -> None:
        self._scheduler = scheduler
        self._site = site

    async def ask(self, verb: str = "", role: Role = Role.FRONT_DESK, **changes: Any) -> Any:
        body = {**TUESDAY, "policy": "cancel", "notify": True, **changes}
        return await self._scheduler(role).post(f"/v1/sites/{self._site['id']}/closures{verb}", json=body)

    async def bodies(self, *patients: Json) -> dict[str, list[str]]:
        client = self._scheduler(Role.FRONT_DESK)
        found = {one["id"]: (await client.get(f"/v1/patients/{one['id']}/notices")).json()["items"] for one in patients}
        return {patient: [notice["body"] for notice in items] for patient, items in found.items()}


@pytest.fixture
def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def closing(scheduler: ClientFactory, site: Json) -> Closing:
    return Closing(scheduler, site)


@pytest.fixture
async def ann(new_patient: Make, new_licence: Make, clinic: Clinic) -> Json:
    """Who may be seen by video by the counsellor."""
    await new_licence(clinic.counsellor)
    return await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME))


@pytest.fixture
async def ben(new_patient: Make, clinic: Clinic) -> Json:
    """Whose plan does not."""
    return await new_patient(clinic.site, plan_of(clinic.counsellor))


def led(clinic: Clinic, *seated: Json, **changes: Any) -> Session:
    return group(*seated, **{"practitioner_id": PractitionerId(UUID(clinic.counsellor["id"])), **changes})


def shown(previews: Json) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in previews["notices"]["items"]:
        found.setdefault(item["patient_id"], []).append(item["body"])
    return found


@pytest.mark.parametrize("policy", ["cancel", "reschedule", "telehealth"])
async def test_what_is_shown_is_what_is_told_to_the_byte_and_showing_stores_nothing(
    *, policy: str, desk: Desk, ann: Json, ben: Json, clinic: Clinic, closing: Closing
) -> None:
    before = await desk.publish(led(clinic, ann, ben))

    preview = await closing.ask(":preview", policy=policy)
    untouched = (await desk.read(), await closing.bodies(ann, ben))
    closed = await closing.ask(policy=policy)

    assert (preview.status_code, closed.status_code) == (200, 201), closed.text
    assert untouched == (before, {ann["id"]: [], ben["id"]: []})
    assert await closing.bodies(ann, ben) == shown(preview.json())
    off = "We are closed on Tuesday, October 6. Your appointment at 9:00 AM is cancelled."
    by_video = "We are closed on Tuesday, October 6. Your appointment at 9:00 AM will be by video."
    assert shown(preview.json()) == {ann["id"]: [by_video if policy == "telehealth" else off], ben["id"]: [off]}


async def test_a_session_goes_on_by_video_for_those_whose_plans_allow_it(
    desk: Desk, ann: Json, ben: Json, clinic: Clinic, closing: Closing
) -> None:
    room = RoomId(UUID(clinic.room["id"]))
    (before,) = await desk.publish(led(clinic, ann, ben, room_id=room))

    closed = await closing.ask(policy="telehealth")

    (after,) = await desk.read()
    assert (after["id"], after["modality"], after["room_id"]) == (before["id"], "telehealth", None)
    assert (after["taken"], after["patient_ids"]) == (1, [ann["id"]])
    assert after["sequence"] == before["sequence"] + 1
    assert closed.json()["status"] == "closed"


LACKING: list[Json] = [
    {"telehealth_consented_on": None},
    {"telehealth_consented_on": "2026-10-07"},
    {"telehealth_jurisdiction": None},
    {"telehealth_jurisdiction": "US-NJ"},
]


@pytest.mark.parametrize("plan", LACKING)
async def test_nobody_goes_on_by_video_without_consent_by_that_day_and_a_licence_for_where_they_are(
    *, plan: Json, desk: Desk, ann: Json, new_patient: Make, clinic: Clinic, closing: Closing
) -> None:
    other = await new_patient(clinic.site, plan_of(clinic.counsellor, **{**AT_HOME, **plan}))
    await desk.publish(led(clinic, ann, other))

    preview = (await closing.ask(":preview", policy="telehealth")).json()
    closed = await closing.ask(policy="telehealth")

    assert closed.status_code == 201, closed.text
    (session,) = preview["sessions"]
    assert (session["kept_patient_ids"], session["lost_patient_ids"]) == ([ann["id"]], [other["id"]])
    assert [one["patient_id"] for one in preview["shortfalls"]] == [other["id"]]
    assert [(one["modality"], one["patient_ids"]) for one in await desk.read()] == [("telehealth", [ann["id"]])]


async def test_a_session_whose_lead_or_helper_is_not_licensed_or_that_nobody_leads_is_off(
    *, desk: Desk, ann: Json, new_patient: Make, clinic: Clinic, closing: Closing, new_licence: Make
) -> None:
    cleo = await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME))
    helper = PractitionerId(UUID(clinic.therapist["id"]))
    afternoon = {"start": TUESDAY_NINE + timedelta(hours=4), "end": TUESDAY_NINE + timedelta(hours=5, minutes=30)}
    await desk.publish(led(clinic, ann, co_facilitator_id=helper), group(cleo, **afternoon))

    before = (await closing.ask(":preview", policy="telehealth")).json()
    await new_licence(clinic.therapist)
    after = (await closing.ask(":preview", policy="telehealth")).json()

    assert [session["outcome"] for session in before["sessions"]] == ["cancelled", "cancelled"]
    assert [session["outcome"] for session in after["sessions"]] == ["telehealth", "cancelled"]


@pytest.mark.parametrize("policy", ["telehealth", "cancel"])
async def test_nobody_keeps_a_seat_on_the_way_to_where_nobody_goes(
    *, policy: str, desk: Desk, ann: Json, ben: Json, clinic: Clinic, closing: Closing, scheduler: ClientFactory
) -> None:
    [session] = await desk.publish(led(clinic, ann, ben))
    setup, site_path = scheduler(Role.PROGRAMME_DIRECTOR), f"/v1/sites/{clinic.site['id']}"
    van = (await setup.post(f"{site_path}/vehicles", json={"name": "Van", "seats": 2})).json()
    planned = {"direction": "to_site", "start": "2026-10-06T08:00:00-04:00", "end": "2026-10-06T08:45:00-04:00"}
    run = (await setup.post(f"/v1/vehicles/{van['id']}/runs", json=planned)).json()
    for patient in (ann, ben):
        ride = {"appointment_id": session["id"], "patient_id": patient["id"], "stop_at": run["start"], "area": "5th"}
        assert (await setup.post(f"/v1/runs/{run['id']}/rides", json=ride)).status_code == 201

    assert (await closing.ask(policy=policy)).status_code == 201

    runs = (await setup.get(f"{site_path}/runs", params={"day": "2026-10-06"})).json()["items"]
    assert [one["taken"] for one in runs] == [0]


async def test_what_is_by_video_already_is_left_alone_where_only_the_building_is_closed(
    desk: Desk, ann: Json, closing: Closing
) -> None:
    before = await desk.publish(group(ann, modality=Modality.TELEHEALTH))

    preview = (await closing.ask(":preview", policy="telehealth")).json()
    await closing.ask(policy="telehealth")
    kept = await desk.read()

    assert (preview["sessions"], preview["notices"]["items"]) == ([], [])
    assert kept == before


async def test_everything_is_off_where_nobody_works_and_each_is_shown_what_is_missing(
    desk: Desk, ann: Json, ben: Json, closing: Closing
) -> None:
    await desk.publish(group(ann, modality=Modality.TELEHEALTH), group(ben))

    preview = (await closing.ask(":preview")).json()
    await closing.ask()

    assert [session["outcome"] for session in preview["sessions"]] == ["cancelled", "cancelled"]
    assert preview["shortfalls"] == [
        {
            "patient_id": patient,
            "week": "2026-10-05",
            "required_minutes": 600,
            "minutes_before": NINETY,
            "minutes_after": 0,
            "shortfall_minutes": 600,
        }
        for patient in sorted([ann["id"], ben["id"]])
    ]
    assert await desk.read() == []
    assert len(await desk.read("cancelled")) == 2


async def test_sessions_of_other_hours_stay(desk: Desk, ann: Json, closing: Closing) -> None:
    before = await desk.publish(group(ann))

    wednesday: Json = {"start": "2026-10-07T00:00:00-04:00", "end": "2026-10-08T00:00:00-04:00"}
    early: Json = {"start": "2026-10-06T06:00:00-04:00", "end": "2026-10-06T09:00:00-04:00"}
    answers = [await closing.ask(**wednesday), await closing.ask(**early)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert await desk.read() == before


async def instance_of(database: Database, organization_id: UUID, solve_id: str) -> Json:
    async with database.command(OrganizationId(organization_id)) as db:
        return await SolvesReader(Read(await driver_connection(db))).instance(SolveId(UUID(solve_id)))


async def test_rescheduling_asks_for_a_week_in_which_the_site_is_not_open_then(
    *, desk: Desk, ann: Json, closing: Closing, scheduler_database: Database, organization_id: UUID
) -> None:
    await desk.publish(group(ann))

    closed = (await closing.ask(policy="reschedule")).json()

    (solve_id,) = closed["solve_ids"]
    instance = await instance_of(scheduler_database, organization_id, solve_id)
    assert sorted({day for day, _, _ in instance["site_open"]}) == [0, 2, 3, 4, 5]
    assert all(sorted({day for day, _, _ in one["shifts"]}) == [0, 2, 3, 4, 5] for one in instance["practitioners"])


@pytest.mark.parametrize(("policy", "staff"), [("telehealth", [0, 1, 2, 3, 4, 5]), ("cancel", [0, 2, 3, 4, 5])])
async def test_later_solves_know_the_closure_until_the_site_is_open_again(
    *,
    policy: str,
    staff: list[int],
    ann: Json,
    closing: Closing,
    scheduler: ClientFactory,
    site: Json,
    scheduler_database: Database,
    organization_id: UUID,
) -> None:
    assert ann
    client = scheduler(Role.FRONT_DESK)
    closed = (await closing.ask(policy=policy)).json()

    async def days() -> tuple[list[int], list[int]]:
        solve = (await client.post("/v1/solves", json={"site_id": site["id"], "week": "2026-10-05"})).json()
        await client.post(f"/v1/solves/{solve['id']}:cancel")
        instance = await instance_of(scheduler_database, organization_id, solve["id"])
        shifts = instance["practitioners"][0]["shifts"]
        return sorted({day for day, _, _ in instance["site_open"]}), sorted({day for day, _, _ in shifts})

    known = await days()
    reopened = await client.post(f"/v1/closures/{closed['id']}:reopen")

    assert known == ([0, 2, 3, 4, 5], staff)
    assert reopened.status_code == 200
    assert await days() == ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])


async def test_a_week_that_is_being_solved_is_closed_all_the_same_and_repaired_when_asked_again(
    desk: Desk, ann: Json, closing: Closing, scheduler: ClientFactory, site: Json
) -> None:
    await desk.publish(group(ann))
    client = scheduler(Role.FRONT_DESK)
    running = (await client.post("/v1/solves", json={"site_id": site["id"], "week": "2026-10-05"})).json()

    closed = (await closing.ask(policy="reschedule")).json()
    path = f"/v1/closures/{closed['id']}"
    early = await client.post(f"{path}:repair")
    await client.post(f"/v1/solves/{running['id']}:cancel")
    repaired = await client.post(f"{path}:repair")

    assert (closed["status"], closed["solve_ids"], await desk.read()) == ("closed", [], [])
    assert (early.status_code, early.json()["code"]) == (409, "solve-in-progress")
    [solve_id] = repaired.json()["solve_ids"]
    assert (await client.get(path)).json() == repaired.json()
    assert (await client.get(f"/v1/solves/{solve_id}")).json()["week"] == "2026-10-05"
    await client.post(f"{path}:reopen")
    assert (await client.get(f"/v1/solves/{solve_id}")).json()["status"] == "cancelled"
    assert (await client.post(f"{path}:repair")).json()["code"] == "closure-reopened"


async def test_opening_again_books_nothing_and_tells_nobody_but_lists_what_there_is_to_plan(
    desk: Desk, ann: Json, closing: Closing, scheduler: ClientFactory
) -> None:
    (appointment,) = await desk.publish(group(ann))
    closed = (await closing.ask()).json()
    told = await closing.bodies(ann)
    client = scheduler(Role.FRONT_DESK)

    reopened = await client.post(f"/v1/closures/{closed['id']}:reopen")
    again = await client.post(f"/v1/closures/{closed['id']}:reopen")
    sessions = (await client.get(f"/v1/closures/{closed['id']}/sessions")).json()["items"]

    assert (reopened.json()["status"], reopened.json()["reopened_at"] is not None) == ("reopened", True)
    assert (again.status_code, again.json()["code"]) == (409, "closure-reopened")
    assert (await desk.read(), await closing.bodies(ann)) == ([], told)
    assert [(one["appointment_id"], one["outcome"], one["lost_patient_ids"]) for one in sessions] == [
        (appointment["id"], "cancelled", [ann["id"]])
    ]


async def test_hours_that_are_closed_cannot_be_closed_twice_and_nothing_half_happens(
    desk: Desk, ann: Json, closing: Closing, scheduler: ClientFactory
) -> None:
    first = (await closing.ask(start="2026-10-06T12:00:00-04:00")).json()
    before = await desk.publish(group(ann))

    overlapping = await closing.ask()
    left = (await desk.read(), await closing.bodies(ann))
    await scheduler(Role.FRONT_DESK).post(f"/v1/closures/{first['id']}:reopen")
    free = await closing.ask()

    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "closure-overlaps")
    assert left == (before, {ann["id"]: []})
    assert free.status_code == 201


async def test_nobody_is_told_unless_it_is_asked_for(desk: Desk, ann: Json, closing: Closing) -> None:
    await desk.publish(group(ann))

    await closing.ask(notify=False)

    assert await closing.bodies(ann) == {ann["id"]: []}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"end": "2026-10-06T00:00:00-04:00"}, ""),
        ({"end": "2026-12-06T00:00:00-04:00"}, ""),
        ({"start": "2026-10-06T00:00:00"}, "/start"),
        ({"policy": "pretend"}, "/policy"),
        ({"reason": "lazy"}, "/reason"),
        ({"start": "2026-09-28T00:00:00-04:00", "end": "2026-09-29T00:00:00-04:00"}, "/end"),
        ({"start": "2027-10-04T00:00:00-04:00", "end": "2027-10-05T00:00:00-04:00"}, "/end"),
        ({"start": "9999-12-31T00:00:00-14:00", "end": "9999-12-31T23:59:59-14:00"}, "/end"),
        ({"start": "0001-01-01T00:00:00+14:00", "end": "0001-01-02T00:00:00+14:00"}, "/end"),
    ],
)
async def test_a_closure_that_cannot_be_is_refused(change: Json, pointer: str, closing: Closing) -> None:
    answers = [await closing.ask(**change), await closing.ask(":preview", **change)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all([error["pointer"] for error in answer.json()["errors"]] == [pointer] for answer in answers)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.PATIENT, Role.AUDITOR])
async def test_only_the_desk_closes(role: Role, closing: Closing, scheduler: ClientFactory) -> None:
    assert (await closing.ask(role=role)).status_code == 403
    assert (await closing.ask(":preview", role=role)).status_code == 403
    for verb in ("repair", "reopen"):
        assert (await scheduler(role).post(f"/v1/closures/{uuid4()}:{verb}")).status_code == 403


async def test_another_organization_finds_nothing(closing: Closing, scheduler: ClientFactory, site: Json) -> None:
    closed = (await closing.ask()).json()
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    body = {**TUESDAY, "policy": "cancel"}

    answers = [
        await stranger.post(f"/v1/sites/{site['id']}/closures", json=body),
        await stranger.get(f"/v1/sites/{site['id']}/closures"),
        await stranger.get(f"/v1/closures/{closed['id']}"),
        await stranger.get(f"/v1/closures/{closed['id']}/sessions"),
        await stranger.post(f"/v1/closures/{closed['id']}:repair"),
        await stranger.post(f"/v1/closures/{closed['id']}:reopen"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    mine = (await scheduler(Role.COUNSELLOR).get(f"/v1/sites/{site['id']}/closures")).json()
    assert [one["id"] for one in mine["items"]] == [closed["id"]]
    assert (await scheduler(Role.COUNSELLOR).get(f"/v1/closures/{closed['id']}")).json() == closed
