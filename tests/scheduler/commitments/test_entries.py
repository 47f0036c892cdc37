"""Commitments entered by hand, through the routes."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.commitments.conftest import Sources
from tests.scheduler.conftest import Json

SCHOOL = {
    "weekly": [
        {"weekday": "MO", "start": "09:00", "end": "11:50"},
        {"weekday": "TH", "start": "22:00", "end": "06:00"},
    ],
    "exceptions": [
        {"first_day": "2026-10-12", "last_day": "2026-10-16"},
        {"first_day": "2026-10-19", "windows": [{"start": "13:00", "end": "14:00"}]},
    ],
    "effective_from": "2026-10-05",
    "effective_until": "2026-10-25",
}


async def test_a_usual_week_is_busy_time_on_the_site_s_wall_clock_but_for_the_days_that_differ(
    sources: Sources,
) -> None:
    entered = await sources.post(":enter", json=SCHOOL)

    assert entered.status_code == 201, entered.text
    assert (entered.json()["kind"], entered.json()["events_read"]) == ("manual", 4)
    assert [(item["start"][:16], item["end"][:16]) for item in await sources.busy()] == [
        ("2026-10-05T13:00", "2026-10-05T15:50"),
        ("2026-10-09T02:00", "2026-10-09T10:00"),
        ("2026-10-19T17:00", "2026-10-19T18:00"),
        ("2026-10-23T02:00", "2026-10-23T10:00"),
    ]
    assert {item["source_version"] for item in await sources.busy()} == {entered.json()["version"]}


async def test_what_was_entered_is_read_and_replaced_on_its_revision(
    scheduler: ClientFactory, sources: Sources
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    path = (await sources.post(":enter", json=SCHOOL)).headers["location"]
    read = await desk.get(f"{path}/entry")
    assert read.json()["weekly"][0] == {"weekday": "MO", "start": "09:00:00", "end": "11:50:00"}
    changed = {"weekly": [{"weekday": "FR", "start": "08:00", "end": "09:00"}], "effective_until": "2026-10-10"}

    replaced = await desk.put(f"{path}/entry", json=changed, headers={"if-match": read.headers["etag"]})
    late = await desk.put(f"{path}/entry", json=SCHOOL, headers={"if-match": read.headers["etag"]})
    blind = await desk.put(f"{path}/entry", json=SCHOOL)

    assert (replaced.status_code, replaced.json()["revision"]) == (200, 2)
    assert (late.status_code, late.json()["code"], blind.status_code) == (412, "source-moved", 428)
    assert [item["start"] for item in await sources.busy()] == ["2026-10-02T12:00:00Z", "2026-10-09T12:00:00Z"]
    assert [item["id"] for item in await sources.listed()] == [replaced.json()["id"]]


async def test_a_file_has_no_entry_to_replace(scheduler: ClientFactory, sources: Sources) -> None:
    document = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
    path = (await sources.post(content=document, headers={"content-type": "text/calendar"})).headers["location"]

    answer = await scheduler(Role.FRONT_DESK).put(f"{path}/entry", json=SCHOOL, headers={"if-match": '"1"'})

    assert answer.status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(f"{path}/entry")).status_code == 404


async def test_a_disabled_source_does_not_count_until_it_is_enabled(scheduler: ClientFactory, sources: Sources) -> None:
    desk = scheduler(Role.FRONT_DESK)
    path = (await sources.post(":enter", json=SCHOOL)).headers["location"]

    disabled = await desk.post(f"{path}:disable")
    while_disabled = await sources.busy()
    again = await desk.post(f"{path}:disable")
    enabled = await desk.post(f"{path}:enable")

    assert (disabled.status_code, disabled.json()["status"], while_disabled) == (200, "disabled", [])
    assert (again.json()["revision"], enabled.json()["status"], enabled.json()["revision"]) == (2, "active", 3)
    assert len(await sources.busy()) == 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"weekly": [], "exceptions": []}, ""),
        ({"weekly": [{"weekday": "MO", "start": "09:00", "end": "09:00"}]}, "/weekly/0"),
        ({"weekly": [{"weekday": "MO", "start": "09:00:30", "end": "10:00"}]}, "/weekly/0"),
        ({"weekly": [{"weekday": "MO", "start": "09:00Z", "end": "10:00"}]}, "/weekly/0"),
        ({"weekly": [{"weekday": "XX", "start": "09:00", "end": "10:00"}]}, "/weekly/0/weekday"),
        ({"effective_from": "2026-11-01"}, ""),
        ({"exceptions": [{"first_day": "2026-10-06", "last_day": "2026-10-05"}]}, "/exceptions/0"),
        ({"exceptions": [{"first_day": "2026-10-06", "last_day": "2026-10-08"}, {"first_day": "2026-10-08"}]}, ""),
        ({"title": "Chemistry"}, "/title"),
    ],
)
async def test_an_entry_that_makes_no_sense_is_named_and_not_kept(sources: Sources, change: Json, pointer: str) -> None:
    refused = await sources.post(":enter", json={**SCHOOL, **change})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "Chemistry" not in refused.text
    assert await sources.listed() == []


async def test_a_preview_of_an_entry_keeps_nothing(sources: Sources) -> None:
    preview = await sources.post(":preview_entry", json=SCHOOL)

    assert preview.status_code == 200
    assert (preview.json()["series"], preview.json()["busy_intervals"]) == (2, 4)
    assert preview.json()["busy"][1]["start"] == "2026-10-08T22:00:00-04:00"
    assert await sources.listed() == []


@pytest.mark.parametrize("role", [Role.NURSE, Role.ORGANIZATION_ADMIN, Role.PATIENT])
async def test_who_may_not_import_may_not_enter_preview_or_disable(sources: Sources, role: Role) -> None:
    path = (await sources.post(":enter", json=SCHOOL)).headers["location"]
    tail = path.removeprefix(sources.path)

    answers = [
        await sources.post(":enter", json=SCHOOL, role=role),
        await sources.post(":preview_entry", json=SCHOOL, role=role),
        await sources.post(f"{tail}:disable", role=role),
        await sources.post(f"{tail}:enable", role=role),
    ]

    assert {answer.status_code for answer in answers} == {403}


async def test_a_source_of_another_organization_is_as_unknown_as_none(
    scheduler: ClientFactory, sources: Sources
) -> None:
    path = (await sources.post(":enter", json=SCHOOL)).headers["location"]
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    nothing = f"{sources.path}/{uuid4()}"

    def without_instance(answer: Any) -> tuple[int, Json]:
        return answer.status_code, {**answer.json(), "instance": ""}

    for method, tail in (("GET", ""), ("GET", "/entry"), ("POST", ":disable"), ("DELETE", "")):
        foreign = without_instance(await stranger.request(method, f"{path}{tail}"))
        missing = without_instance(await stranger.request(method, f"{nothing}{tail}"))
        assert foreign == missing
        assert foreign[0] == 404
    assert [source["status"] for source in await sources.listed()] == ["active"]
