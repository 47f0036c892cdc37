"""Commitments that lie over published sessions."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from services.contracts.vocabulary import Modality
from tests.conftest import ClientFactory
from tests.scheduler.commitments.conftest import Sources
from tests.scheduler.conftest import AT_HOME, TUESDAY_NINE, Clinic, Desk, Json, Make, calendar, group, plan_of

MORNING = calendar("20261006T080000/20261006T093000")
Import = Callable[..., Awaitable[Any]]


@pytest.fixture
async def other(clinic: Clinic, new_patient: Make) -> Json:
    return await new_patient(clinic.site)


async def open_at(scheduler: ClientFactory, path: str, **parameters: Any) -> list[Json]:
    answer = await scheduler(Role.FRONT_DESK).get(f"{path}/collisions", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_an_import_says_which_published_session_it_is_in_the_way_of(
    scheduler: ClientFactory, desk: Desk, patient: Json, other: Json, import_calendar: Import
) -> None:
    [session] = await desk.publish(group(patient, other))

    imported = await import_calendar(patient, MORNING)

    [collision] = imported.json()["collisions"]
    assert collision["busy"] == {"start": "2026-10-06T08:00:00-04:00", "end": "2026-10-06T09:30:00-04:00"}
    assert [found["appointment_id"] for found in collision["appointments"]] == [session["id"]]
    for path in (f"/v1/sites/{session['site_id']}", f"/v1/patients/{patient['id']}"):
        [listed] = await open_at(scheduler, path)
        assert (listed["patient_id"], listed["source_id"]) == (patient["id"], imported.json()["id"])
        assert (listed["busy"], listed["appointments"]) == (collision["busy"], collision["appointments"])
    # The same document for somebody who sits elsewhere collides with nothing; who sits beside is not told.
    assert await open_at(scheduler, f"/v1/patients/{other['id']}") == []
    assert other["id"] not in imported.text


@pytest.mark.parametrize("minutes", [-90, 30])
async def test_what_only_touches_is_no_collision(
    desk: Desk, patient: Json, import_calendar: Import, minutes: int
) -> None:
    await desk.publish(group(patient, start=TUESDAY_NINE + timedelta(minutes=minutes)))

    imported = await import_calendar(patient, calendar("20261006T090000/20261006T093000"))

    assert imported.json()["collisions"] == []


@pytest.mark.parametrize(
    ("busy", "modality", "codes"),
    [
        ("20261006T074500/20261006T083100", Modality.ON_SITE, ["travel-too-short"]),
        ("20261006T105900/20261006T120000", Modality.ON_SITE, ["travel-too-short"]),
        ("20261006T074500/20261006T090100", Modality.ON_SITE, ["commitment-overlaps"]),
        ("20261006T074500/20261006T083000", Modality.ON_SITE, []),
        ("20261006T110000/20261006T120000", Modality.ON_SITE, []),
        ("20261006T074500/20261006T090000", Modality.TELEHEALTH, []),
    ],
)
async def test_what_leaves_too_little_time_for_the_way_is_told_with_a_code_of_its_own(
    clinic: Clinic, new_patient: Make, desk: Desk, import_calendar: Import, *, busy: str, modality: Modality, codes: Any
) -> None:
    far = await new_patient(clinic.site, plan_of(clinic.counsellor, travel_minutes=30, **AT_HOME))
    await desk.publish(group(far, modality=modality))

    imported = await import_calendar(far, calendar(busy))

    told = imported.json()["collisions"]
    assert [session["code"] for collision in told for session in collision["appointments"]] == codes


async def test_an_entry_and_a_preview_are_told_of_the_way_and_a_list_of_what_lies_over_is_not(
    clinic: Clinic, new_patient: Make, desk: Desk, scheduler: ClientFactory
) -> None:
    far = await new_patient(clinic.site, plan_of(clinic.counsellor, travel_minutes=30))
    sources, path = Sources(scheduler, far), f"/v1/patients/{far['id']}"
    await desk.publish(group(far))
    entry = {"exceptions": [{"first_day": "2026-10-06", "windows": [{"start": "07:00", "end": "08:45"}]}]}

    answers = [
        await sources.preview(calendar("20261006T070000/20261006T084500")),
        await sources.post(":preview_entry", json=entry),
        await sources.post(":enter", json=entry),
    ]

    told = [[one["code"] for one in met["appointments"]] for each in answers for met in each.json()["collisions"]]
    assert told == [["travel-too-short"]] * 3
    assert await open_at(scheduler, path) == []


async def test_a_collision_is_gone_with_the_book_with_the_source_and_while_it_is_disabled(
    scheduler: ClientFactory, clinic: Clinic, desk: Desk, patient: Json, import_calendar: Import
) -> None:
    site = f"/v1/sites/{clinic.site['id']}"
    client = scheduler(Role.FRONT_DESK)
    await desk.publish(group(patient))
    source = (await import_calendar(patient, MORNING)).headers["location"]
    seen = [len(await open_at(scheduler, site))]
    await client.post(f"{source}:disable")
    seen.append(len(await open_at(scheduler, site)))
    await client.post(f"{source}:enable")
    seen.append(len(await open_at(scheduler, site)))
    await desk.publish(group(patient, start=TUESDAY_NINE + timedelta(hours=4)))
    seen.append(len(await open_at(scheduler, site)))
    await desk.publish(group(patient))
    seen.append(len(await open_at(scheduler, site)))
    await client.delete(source)
    seen.append(len(await open_at(scheduler, site)))

    assert seen == [1, 0, 1, 0, 1, 0]


async def test_a_released_or_merely_held_seat_collides_with_nothing(
    scheduler: ClientFactory, desk: Desk, patient: Json, other: Json, import_calendar: Import
) -> None:
    [session] = await desk.publish(group(patient))
    assert (await desk.ask("release", session, patient, reason="illness")).status_code == 204
    assert (await desk.ask("hold", session, other)).status_code == 200

    for person in (patient, other):
        assert (await import_calendar(person, MORNING)).json()["collisions"] == []
        assert await open_at(scheduler, f"/v1/patients/{person['id']}") == []


async def test_collisions_come_by_pages(
    scheduler: ClientFactory, clinic: Clinic, desk: Desk, patient: Json, import_calendar: Import
) -> None:
    await desk.publish(*(group(patient, start=TUESDAY_NINE + timedelta(days=day)) for day in range(3)))
    await import_calendar(patient, calendar(*(f"2026100{day}T080000/2026100{day}T093000" for day in (6, 7, 8))))
    path = f"/v1/sites/{clinic.site['id']}/collisions"
    client = scheduler(Role.FRONT_DESK)

    first = (await client.get(path, params={"page_size": 2})).json()
    rest = (await client.get(path, params={"page_size": 2, "page_token": first["next_page_token"]})).json()

    days = [item["busy"]["start"][:10] for item in first["items"] + rest["items"]]
    assert days == ["2026-10-06", "2026-10-07", "2026-10-08"]
    assert rest["next_page_token"] is None


async def test_another_organization_sees_no_collision_and_no_site(
    scheduler: ClientFactory, clinic: Clinic, desk: Desk, patient: Json, import_calendar: Import
) -> None:
    await desk.publish(group(patient))
    await import_calendar(patient, MORNING)
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    foreign = await stranger.get(f"/v1/sites/{clinic.site['id']}/collisions")
    missing = await stranger.get(f"/v1/sites/{uuid4()}/collisions")

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await stranger.get(f"/v1/patients/{patient['id']}/collisions")).json()["items"] == []
    admin = await scheduler(Role.ORGANIZATION_ADMIN).get(f"/v1/sites/{clinic.site['id']}/collisions")
    assert admin.status_code == 403


async def test_an_entry_is_told_its_collisions_too(sources: Sources, desk: Desk, patient: Json) -> None:
    await desk.publish(group(patient))

    entered = await sources.post(":enter", json={"weekly": [{"weekday": "TU", "start": "08:00", "end": "09:01"}]})

    assert len(entered.json()["collisions"]) == 1
