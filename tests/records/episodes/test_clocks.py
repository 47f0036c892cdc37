"""The clocks of quality measures: when each is due, and what meets it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import EpisodeClockId, EpisodeId, PatientId
from services.contracts.identity import Role
from services.contracts.records.episodes import ClockMetBy, ClockStatus
from services.records.episodes.clocks import clocks
from services.records.episodes.rules import reading
from services.records.episodes.runs import ClockRun
from tests.conftest import ClientFactory
from tests.records.encounters import conftest as encounters
from tests.records.episodes.conftest import Act, Admit, Json

tell = encounters.tell
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


async def start(director: httpx2.AsyncClient, episode: Json, code: str, day: str) -> httpx2.Response:
    return await director.post(f"/v1/episodes/{episode['id']}/clocks", json={"code": code, "starts_on": day})


async def statuses(director: httpx2.AsyncClient, episode: Json) -> dict[str, tuple[str, str]]:
    answer = await director.get(f"/v1/episodes/{episode['id']}/clocks")
    return {clock["code"]: (clock["due_on"], clock["status"]) for clock in answer.json()["items"]}


async def test_the_first_session_meets_what_asks_for_it_within_its_days(
    director: httpx2.AsyncClient, admit: Admit, act: Act
) -> None:
    episode = await admit()
    for code, day in (("fui-7", "2026-08-30"), ("fui-30", "2026-08-30"), ("iet-engagement", "2026-09-05")):
        assert (await start(director, episode, code, day)).status_code == 201
    before = await statuses(director, episode)
    await act(episode, "record_first_session", {"attended_on": "2026-09-07"})

    assert before == {
        "fui-7": ("2026-09-06", "missed"),
        "fui-30": ("2026-09-29", "missed"),
        "iet-engagement": ("2026-10-09", "running"),
    }
    assert await statuses(director, episode) == before | {"fui-30": ("2026-09-29", "met")}


async def test_a_clock_was_missed_where_attendance_alone_told_of_the_first_session(
    director: httpx2.AsyncClient, admit: Admit, act: Act, tell: encounters.Tell, site_id: UUID
) -> None:
    episode = await admit()
    patient = {"id": episode["patient_id"], "site_id": str(site_id)}
    for code, day in (("fui-7", "2026-08-30"), ("iet-initiation", "2026-08-30")):
        assert (await start(director, episode, code, day)).status_code == 201

    for changes in (
        {"start": "2026-09-01T02:00:00Z", "end": "2026-09-01T03:00:00Z"},  # still the day before the admission
        {"start": "2026-09-03T18:00:00Z", "end": "2026-09-03T21:00:00Z", "status": "noshow"},
        {"start": "2026-09-08T02:00:00Z", "end": "2026-09-08T03:00:00Z"},  # the evening of the seventh in New York
    ):
        assert (await tell(encounters.event(patient, week="2026-08-31", **changes))).status_code == 200
    late = await act(episode, "record_first_session", {"attended_on": "2026-09-08"})
    listed = await statuses(director, episode)
    made = (await start(director, episode, "fui-30", "2026-08-30")).json()
    early = await act(episode, "record_first_session", {"attended_on": "2026-09-05"})

    assert listed == {"fui-7": ("2026-09-06", "missed"), "iet-initiation": ("2026-09-13", "met")}
    assert (made["met_on"], made["status"]) == ("2026-09-07", "met")
    assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/attended_on")
    # What no scheduler knows of may have been before.
    assert early.status_code == 200
    assert (await statuses(director, episode))["fui-7"] == ("2026-09-06", "met")


async def test_a_session_after_the_discharge_is_of_another_episode(
    director: httpx2.AsyncClient, admit: Admit, act: Act, tell: encounters.Tell, site_id: UUID
) -> None:
    episode = await admit()
    assert (await start(director, episode, "fui-30", "2026-09-01")).status_code == 201
    assert (await act(episode, "discharge", {"discharged_on": "2026-09-03", "reason": "other"})).status_code == 200
    patient = {"id": episode["patient_id"], "site_id": str(site_id)}

    again = encounters.event(patient, start="2026-09-10T18:00:00Z", end="2026-09-10T21:00:00Z", week="2026-09-07")
    assert (await tell(again)).status_code == 200

    assert await statuses(director, episode) == {"fui-30": ("2026-10-01", "missed")}


async def test_a_clock_is_met_once(director: httpx2.AsyncClient, admit: Admit) -> None:
    clock = (await start(director, await admit(), "iet-engagement", "2026-09-05")).json()
    path = f"/v1/episode_clocks/{clock['id']}:meet"

    early = await director.post(path, json={"met_on": "2026-09-04"})
    ahead = await director.post(path, json={"met_on": "2026-10-04"})
    met = await director.post(path, json={"met_on": "2026-10-01"})
    again = await director.post(path, json={"met_on": "2026-10-02"})

    assert [one.status_code for one in (early, ahead, met, again)] == [422, 422, 200, 409]
    assert met.json()["status"] == "met"


async def test_a_clock_runs_once_from_a_day(director: httpx2.AsyncClient, admit: Admit) -> None:
    episode = await admit()

    answers = [
        await start(director, episode, code, day)
        for code, day in (
            ("fua-7", "2026-09-01"),
            ("fua-7", "2026-09-01"),
            ("fua-7", "2026-09-20"),
            ("fua-8", "2026-09-01"),
            ("fua-7", "2026-10-04"),
            ("fua-7", "2025-12-31"),
        )
    ]

    assert [one.status_code for one in answers] == [201, 409, 201, 422, 422, 422]


async def test_clocks_are_closed_to_strangers_and_other_roles(
    records: ClientFactory, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, admit: Admit
) -> None:
    episode = await admit()
    clock = (await start(director, episode, "pod-180", "2026-09-05")).json()

    hidden = [
        await stranger.get(f"/v1/episodes/{episode['id']}/clocks"),
        await start(stranger, episode, "pod-180", "2026-09-06"),
        await stranger.post(f"/v1/episode_clocks/{clock['id']}:meet", json={"met_on": "2026-10-01"}),
        await director.post(f"/v1/episode_clocks/{uuid4()}:meet", json={"met_on": "2026-10-01"}),
    ]
    refused = await start(records(Role.BILLING), episode, "pod-180", "2026-09-07")

    assert [one.status_code for one in hidden] == [404] * 4
    assert refused.status_code == 403
    listed = await records(Role.NURSE).get("/v1/clocks")
    assert {one["code"]: one["days"] for one in listed.json()["items"]} == {
        "iet-initiation": 14,
        "iet-engagement": 34,
        "fui-7": 7,
        "fui-30": 30,
        "fua-7": 7,
        "fua-30": 30,
        "pod-180": 180,
        "us-va-consultation-by-telephone": 0,
        "us-va-consultation-in-person": 2,
        "us-wa-report-of-noncompliance": 3,
        "us-wa-report-of-absences": 10,
    }


@pytest.mark.parametrize(
    ("code", "starts", "due"),
    [
        # Whatever the hour, the whole of the due day lies within 24 or 72 hours.
        ("us-va-consultation-by-telephone", "2026-09-25", "2026-09-25"),
        ("us-va-consultation-in-person", "2026-09-25", "2026-09-27"),
        # From a Wednesday, a Friday and a Saturday on.
        ("us-wa-report-of-noncompliance", "2026-09-23", "2026-09-28"),
        ("us-wa-report-of-noncompliance", "2026-09-25", "2026-09-30"),
        ("us-wa-report-of-noncompliance", "2026-09-26", "2026-09-30"),
        ("us-wa-report-of-absences", "2026-09-18", "2026-10-02"),
    ],
)
async def test_what_a_state_wants_done_is_due_by_its_days(
    director: httpx2.AsyncClient, admit: Admit, code: str, starts: str, due: str
) -> None:
    made = await start(director, await admit(), code, starts)

    assert (made.status_code, made.json()["due_on"]) == (201, due)


def test_a_deadline_of_a_state_is_certain_or_says_that_it_is_to_be_checked() -> None:
    """Of Washington's statute another wording holds since 1 January 2026, which nobody has read for this."""
    marks = {one.code: one.mark for one in clocks() if one.code.startswith("us-")}

    assert {code: mark.value for code, mark in marks.items()} == {
        "us-va-consultation-by-telephone": "certain",
        "us-va-consultation-in-person": "certain",
        "us-wa-report-of-noncompliance": "check",
        "us-wa-report-of-absences": "check",
    }


@given(index=st.integers(0, len(clocks()) - 1), starts=DAYS, first=st.none() | DAYS, met=st.none() | DAYS, today=DAYS)
def test_a_clock_is_met_if_and_only_if_something_met_it_in_time(
    index: int, starts: date, first: date | None, met: date | None, today: date
) -> None:
    clock, nobody = clocks()[index], UUID(int=1)
    run = ClockRun(
        EpisodeClockId(nobody), EpisodeId(nobody), PatientId(nobody), clock.code, starts, met,
        datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    read = reading(clock, run, first, today)

    by_session = first is not None and first >= starts and clock.met_by is ClockMetBy.FIRST_SESSION
    happened = met or (first if by_session else None)
    days = [starts + timedelta(days=number) for number in range(1, (read.due_on - starts).days + 1)]
    last = read.due_on
    assert len([day for day in days if not clock.working_days or day.weekday() < 5]) == clock.days
    assert not (clock.working_days and last.weekday() >= 5)
    assert (read.status is ClockStatus.MET) is (happened is not None and happened <= last)
    assert (read.status is ClockStatus.RUNNING) is (happened is None and today <= last)


@pytest.mark.parametrize("clock", clocks(), ids=lambda clock: clock.code)
def test_a_clock_says_where_it_is_written(clock: object) -> None:
    assert getattr(clock, "citation", "").startswith(("HEDIS", "12VAC30-130-5090", "WAC 246-341-0740"))
