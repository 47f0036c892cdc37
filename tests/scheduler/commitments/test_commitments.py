"""Calendars in, through the routes, with the real records service beside."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json, calendar

Import = Callable[..., Awaitable[Any]]
TWO_EVENTS = calendar("20261006T090000/20261006T120000", "20261006T110000/20261006T130000")
WEEK = {"start": "2026-10-05T00:00:00-04:00", "end": "2026-10-12T00:00:00-04:00"}


async def listed(client: Any, patient: Json, **parameters: Any) -> list[Json]:
    answer = await client.get(f"/v1/patients/{patient['id']}/commitments", params={**WEEK, **parameters})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_calendar_becomes_merged_busy_time_in_the_site_s_zone(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    imported = await import_calendar(patient, TWO_EVENTS)

    assert imported.status_code == 201
    assert imported.json()["events_read"] == 2
    assert imported.json()["busy_intervals"] == 1
    [commitment] = await listed(scheduler(Role.COUNSELLOR), patient)
    assert (commitment["start"], commitment["end"]) == ("2026-10-06T13:00:00Z", "2026-10-06T17:00:00Z")
    assert commitment["source_id"] == imported.json()["id"]


async def test_no_title_is_kept_anywhere(
    patient: Json, import_calendar: Import, scheduler_database: Any, organization_id: UUID
) -> None:
    imported = await import_calendar(patient, TWO_EVENTS)

    async with scheduler_database.read(organization_id) as read:
        rows = await read._connection.fetch(
            "select s::text from commitment_sources s union all select c::text from commitments c"
        )
    assert len(rows) == 2
    assert "secret" not in imported.text + str(rows)


async def test_the_same_document_again_is_the_same_source(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    first = await import_calendar(patient, TWO_EVENTS)

    second = await import_calendar(patient, TWO_EVENTS)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.headers["location"] == first.headers["location"]
    assert len(await listed(scheduler(Role.COUNSELLOR), patient)) == 1


async def test_one_connection_imports_as_often_as_it_is_asked_to(patient: Json, import_calendar: Import) -> None:
    # Bug: from the sixth time on PostgreSQL kept a plan in which a parameter matched no partial index: a 500.
    answers = [await import_calendar(patient, TWO_EVENTS) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [201] + [200] * 7


async def test_a_second_calendar_adds_to_the_first_and_goes_without_it(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    await import_calendar(patient, TWO_EVENTS)
    second = await import_calendar(patient, calendar("20261008T090000/20261008T100000"))
    client = scheduler(Role.FRONT_DESK)
    assert len(await listed(client, patient)) == 2

    deleted = await client.delete(second.headers["location"])

    assert deleted.status_code == 204
    assert len(await listed(client, patient)) == 1
    assert (await client.delete(second.headers["location"])).status_code == 404


async def test_only_what_meets_the_asked_time_is_listed(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    await import_calendar(patient, calendar("20261006T090000/20261006T100000", "20261013T090000/20261013T100000"))

    found = await listed(scheduler(Role.COUNSELLOR), patient, end="2026-10-06T13:00:01Z")
    before = await listed(scheduler(Role.COUNSELLOR), patient, end="2026-10-06T13:00:00Z")

    assert (len(found), before) == (1, [])


async def test_commitments_come_by_pages_in_order_of_time(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    await import_calendar(patient, calendar(*(f"202610{day:02}T090000/202610{day:02}T100000" for day in range(5, 10))))
    client = scheduler(Role.COUNSELLOR)
    path = f"/v1/patients/{patient['id']}/commitments"

    first = (await client.get(path, params={**WEEK, "page_size": 3})).json()
    rest = (await client.get(path, params={**WEEK, "page_size": 3, "page_token": first["next_page_token"]})).json()

    starts = [item["start"] for item in first["items"] + rest["items"]]
    assert starts == [f"2026-10-{day:02}T13:00:00Z" for day in range(5, 10)]
    assert rest["next_page_token"] is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "empty"),
        (b"<html>not a calendar</html>", "not-icalendar"),
        (
            calendar("20261006T090000/20261006T090001").replace(b"SUMMARY", b"RRULE:FREQ=SECONDLY\r\nSUMMARY"),
            "recurrence-bomb",
        ),
    ],
)
async def test_what_is_no_calendar_is_refused_by_code_and_nothing_is_written(
    scheduler: ClientFactory, patient: Json, import_calendar: Import, document: bytes, code: str
) -> None:
    refused = await import_calendar(patient, document)

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:eventide:problem:calendar-refused"
    assert refused.json()["code"] == code
    assert b"html" not in refused.content
    sources = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{patient['id']}/commitment_sources")
    assert sources.json()["items"] == []


async def test_warnings_come_with_the_import_and_stay_with_the_source(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    document = TWO_EVENTS.replace(b"DTEND:20261006T120000\r\n", b"")

    imported = await import_calendar(patient, document)

    assert [warning["code"] for warning in imported.json()["warnings"]] == ["event-without-end"]
    sources = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{patient['id']}/commitment_sources")
    assert [{**source, "collisions": []} for source in sources.json()["items"]] == [imported.json()]


async def test_another_media_type_is_415(patient: Json, import_calendar: Import) -> None:
    assert (await import_calendar(patient, TWO_EVENTS, media_type="application/json")).status_code == 415
    assert (await import_calendar(patient, TWO_EVENTS, media_type="text/calendar; charset=utf-8")).status_code == 201


async def test_a_calendar_beyond_five_mebibytes_is_413(patient: Json, import_calendar: Import) -> None:
    answer = await import_calendar(patient, b" " * (5 * 1024 * 1024 + 1))

    assert answer.status_code == 413


async def test_a_patient_of_another_organization_is_as_unknown_as_one_who_is_nobody(
    scheduler: ClientFactory, patient: Json, import_calendar: Import
) -> None:
    await import_calendar(patient, TWO_EVENTS)
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())
    stranger.headers["content-type"] = "text/calendar"
    path = "/v1/patients/{}/commitment_sources"

    foreign = await stranger.post(path.format(patient["id"]), content=TWO_EVENTS)
    missing = await stranger.post(path.format(uuid4()), content=TWO_EVENTS)

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await stranger.get(path.format(patient["id"]))).json()["items"] == []
    assert await listed(stranger, patient) == []


async def test_a_calendar_is_imported_by_desk_and_planners_only(patient: Json, import_calendar: Import) -> None:
    assert (await import_calendar(patient, TWO_EVENTS, role=Role.NURSE)).status_code == 403


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"start": "2026-10-06T09:00:00"}, "start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "end"),
        ({"start": "2026-10-13T00:00:00Z", "end": "2026-10-06T00:00:00Z"}, "end"),
    ],
)
async def test_a_wrong_time_is_named(
    scheduler: ClientFactory, patient: Json, parameters: dict[str, str], name: str
) -> None:
    answer = await scheduler(Role.COUNSELLOR).get(
        f"/v1/patients/{patient['id']}/commitments", params={**WEEK, **parameters}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == name


async def test_without_records_nothing_is_imported(scheduler_app: Any, patient: Json, import_calendar: Import) -> None:
    class AbsentRecords:
        async def patient_presence(self, *_: object) -> None:
            raise UpstreamUnavailableError("records")

    scheduler_app.state.records = AbsentRecords()

    answer = await import_calendar(patient, TWO_EVENTS)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
