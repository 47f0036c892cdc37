"""Who came: recorded around the session's time, corrected by one more record, and owed where it was missed."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Desk, Json, People, group, problem

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
END = TUESDAY_NINE + 90 * MINUTE
At = Callable[[datetime], None]
Record = Callable[..., Awaitable[Any]]
NOT_FOUND = (404, "not-found", "")


@pytest.fixture
async def session(desk: Desk, people: People) -> Json:
    [appointment] = await desk.publish(group(people.ann, people.ben))
    return appointment


@pytest.fixture
def record(scheduler: ClientFactory, session: Json, people: People) -> Record:
    async def post(status: str, *, role: Role = Role.FRONT_DESK, **more: Any) -> Any:
        path = f"/v1/appointments/{session['id']}/attendances"
        return await scheduler(role).post(path, json={"patient_id": people.ann["id"], "status": status, **more})

    return post


@pytest.fixture
def call_out(scheduler: ClientFactory, session: Json, people: People) -> Record:
    async def post(*, excused: bool = True, **more: Any) -> Any:
        body = {"patient_id": people.ann["id"], "excused": excused, "reason": "illness", **more}
        return await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{session['id']}:call_out", json=body)

    return post


@pytest.fixture
def amend(scheduler: ClientFactory) -> Record:
    async def post(attendance: Json, status: str, **more: Any) -> Any:
        body = {"status": status, "reason": "entered_in_error", **more}
        return await scheduler(Role.FRONT_DESK).post(f"/v1/attendances/{attendance['id']}:amend", json=body)

    return post


@pytest.fixture
def owed(scheduler: ClientFactory, site: Json) -> Callable[[], Awaitable[list[Json]]]:
    async def read() -> list[Json]:
        path = f"/v1/sites/{site['id']}/make_ups"
        return list((await scheduler(Role.FRONT_DESK).get(path, params={"week": MONDAY})).json()["items"])

    return read


@pytest.mark.parametrize(("passed", "late"), [(-HOUR, 0), (MINUTE * 0, 0), (MINUTE * 12.5, 12), (MINUTE * 89.5, 89)])
async def test_who_checks_in_is_late_by_the_clock(
    record: Record, at: At, owed: Any, passed: timedelta, late: int
) -> None:
    at(TUESDAY_NINE + passed)

    answer = await record("arrived")

    assert answer.status_code == 201, answer.text
    assert (answer.json()["status"], answer.json()["minutes_late"], answer.json()["revision"]) == ("arrived", late, 1)
    assert await owed() == []


async def test_who_arrived_stays_late_when_the_session_is_over(record: Record, at: At) -> None:
    at(TUESDAY_NINE + 10 * MINUTE)
    await record("arrived")
    at(END)

    answer = await record("fulfilled", minutes_left_early=15)

    kept = answer.json()
    assert (kept["revision"], kept["minutes_late"], kept["minutes_left_early"]) == (2, 10, 15)


@pytest.mark.parametrize(
    ("status", "moment", "code"),
    [
        ("arrived", TUESDAY_NINE - HOUR - MINUTE, "too-early"),
        ("arrived", END + MINUTE, "too-late"),
        ("noshow", TUESDAY_NINE - MINUTE, "too-early"),
        ("noshow", END + DAY + MINUTE, "too-late"),
        ("fulfilled", TUESDAY_NINE - MINUTE, "too-early"),
        ("fulfilled", END + DAY + MINUTE, "too-late"),
    ],
)
async def test_attendance_is_recorded_around_the_session_s_time(
    record: Record, at: At, status: str, moment: datetime, code: str
) -> None:
    at(moment)

    assert problem(await record(status)) == (409, "conflict", code)


async def test_who_did_not_come_owes_the_session_until_sunday(
    record: Record, at: At, owed: Any, session: Json, people: People
) -> None:
    at(END)

    assert (await record("noshow")).status_code == 201

    [make_up] = await owed()
    assert (make_up["patient_id"], make_up["missed_appointment_id"]) == (people.ann["id"], session["id"])
    assert (make_up["service"], make_up["minutes"], make_up["due"]) == ("process_group", 90, "2026-10-11")


async def test_a_call_out_frees_the_seat_is_owed_and_stays_out_of_the_next_version(
    desk: Desk, call_out: Record, owed: Any, people: People
) -> None:
    answer = await call_out(excused=False)

    assert (answer.status_code, answer.json()["status"], answer.json()["excused"]) == (201, "cancelled", False)
    assert answer.json()["call_out_reason"] == "illness"
    assert await desk.seats() == [(1, {people.ben["id"]})]
    assert [make_up["minutes"] for make_up in await owed()] == [90]
    assert [one["taken"] for one in await desk.publish(group(people.ann, people.ben))] == [1]


async def test_a_call_out_comes_before_the_start(call_out: Record, at: At, desk: Desk) -> None:
    at(TUESDAY_NINE)

    assert problem(await call_out()) == (409, "conflict", "session-begun")
    assert [taken for taken, _ in await desk.seats()] == [2]


async def test_who_called_out_has_no_seat_to_arrive_in_until_given_one_again(
    *, desk: Desk, call_out: Record, record: Record, at: At, session: Json, people: People, owed: Any
) -> None:
    await call_out()
    at(TUESDAY_NINE - MINUTE)

    assert problem(await record("arrived")) == NOT_FOUND
    assert (await desk.ask("book", session, people.ann)).status_code == 200
    assert (await record("arrived")).json()["revision"] == 2
    assert await owed() == []


async def test_what_was_recorded_is_amended_and_never_overwritten(
    *, record: Record, amend: Record, at: At, scheduler: ClientFactory, session: Json, owed: Any
) -> None:
    at(END)
    missed = (await record("noshow")).json()

    again = await record("arrived")
    amended = await amend(missed, "fulfilled", minutes_late=20)
    stale = await amend(missed, "noshow")

    assert problem(again) == (409, "conflict", "attendance-recorded")
    assert (amended.status_code, amended.json()["revision"]) == (201, 2)
    assert amended.json()["amendment_reason"] == "entered_in_error"
    assert problem(stale) == (412, "stale-version", "")
    assert await owed() == []
    listed = (await scheduler(Role.SUPERVISOR).get(f"/v1/appointments/{session['id']}/attendances")).json()["items"]
    assert [(one["status"], one["is_newest"]) for one in listed] == [("noshow", False), ("fulfilled", True)]


async def test_records_are_listed_a_page_at_a_time(
    *, record: Record, amend: Record, at: At, scheduler: ClientFactory, session: Json
) -> None:
    at(END)
    first = (await record("noshow")).json()
    second = (await amend(first, "fulfilled")).json()
    path, found, token = f"/v1/appointments/{session['id']}/attendances", [], None
    for _ in range(2):
        asked = {"page_size": 1, **({"page_token": token} if token else {})}
        page = (await scheduler(Role.SUPERVISOR).get(path, params=asked)).json()
        found += page["items"]
        token = page["next_page_token"]

    assert [one["id"] for one in found] == [first["id"], second["id"]]
    assert token is None


async def test_an_amendment_to_a_no_show_is_owed_again(record: Record, amend: Record, at: At, owed: Any) -> None:
    at(END)
    first = (await record("noshow")).json()
    second = (await amend(first, "fulfilled")).json()

    await amend(second, "noshow")

    assert len(await owed()) == 1


async def test_who_is_early_cannot_have_missed_what_is_ahead(record: Record, amend: Record, at: At, owed: Any) -> None:
    at(TUESDAY_NINE - HOUR / 2)
    early = (await record("arrived")).json()

    assert problem(await amend(early, "noshow")) == (409, "conflict", "too-early")
    assert (await amend(early, "arrived", minutes_late=5)).status_code == 201
    assert await owed() == []


async def test_records_can_be_corrected_for_thirty_days(record: Record, amend: Record, at: At) -> None:
    at(END)
    first = (await record("fulfilled")).json()
    at(END + 30 * DAY + MINUTE)

    assert problem(await amend(first, "noshow")) == (409, "conflict", "too-late")


async def test_revisions_can_be_added_and_not_changed(record: Record, at: At, desk: Desk) -> None:
    at(END)
    await record("noshow")

    for statement in ("update attendances set status = 'arrived'", "delete from attendances"):
        with pytest.raises(Exception, match="permission denied"):
            await desk.run(statement)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "cancelled"}, "/status"),
        ({"status": "4711-secret"}, "/status"),
        ({"status": "noshow", "minutes_late": 5}, ""),
        ({"status": "arrived", "minutes_left_early": 5}, ""),
        ({"status": "arrived", "minutes_late": -1}, "/minutes_late"),
        ({"status": "arrived", "note": "4711-secret"}, "/note"),
    ],
)
async def test_a_wrong_record_is_refused_by_name_without_its_value(record: Record, body: Json, pointer: str) -> None:
    answer = await record(**body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


async def test_what_is_not_there_and_who_has_no_seat_are_refused_in_the_same_words(
    *, scheduler: ClientFactory, session: Json, people: People, at: At
) -> None:
    at(TUESDAY_NINE)
    desk_client, stranger = scheduler(Role.FRONT_DESK), scheduler(Role.FRONT_DESK, organization=uuid4())
    mine, nothing = f"/v1/appointments/{session['id']}", f"/v1/appointments/{uuid4()}"
    seen = {"patient_id": people.ann["id"], "status": "arrived"}
    out = {"patient_id": people.ann["id"], "excused": True, "reason": "illness"}
    correction = {"status": "noshow", "reason": "entered_in_error"}
    answers = [
        await desk_client.post(f"{nothing}/attendances", json=seen),
        await desk_client.post(f"{mine}/attendances", json={**seen, "patient_id": people.cleo["id"]}),
        await stranger.post(f"{mine}/attendances", json=seen),
        await stranger.post(f"{mine}:call_out", json=out),
        await stranger.get(f"{mine}/attendances"),
        await desk_client.post(f"/v1/attendances/{uuid4()}:amend", json=correction),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_attendance_is_not_for_everybody(record: Record, at: At) -> None:
    at(TUESDAY_NINE)

    assert (await record("arrived", role=Role.BILLING)).status_code == 403
    assert (await record("arrived", role=Role.PATIENT)).status_code == 403
    assert (await record("arrived", role=Role.SUPERVISOR)).status_code == 201


async def test_a_record_sent_twice_with_one_key_is_one_record(
    scheduler: ClientFactory, session: Json, people: People, at: At
) -> None:
    at(TUESDAY_NINE)
    path = f"/v1/appointments/{session['id']}/attendances"
    body = {"patient_id": people.ann["id"], "status": "arrived"}

    client = scheduler(Role.FRONT_DESK)
    answers = [await client.post(path, json=body, headers={"idempotency-key": "one"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len((await scheduler(Role.FRONT_DESK).get(path)).json()["items"]) == 1
