"""Previews of calendars: what was understood, what was not, what it is in the way of; nothing is kept."""

from uuid import uuid4

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.commitments.conftest import Sources
from tests.scheduler.conftest import Desk, Json, calendar, group

WEEKLY = calendar("20261006T090000/20261006T120000", "20261008T110000/20261008T113000").replace(
    b"DTEND:20261006T120000", b"DTEND:20261006T120000\r\nRRULE:FREQ=WEEKLY;COUNT=6\r\nTHIS IS NO LINE\r\nRDATE:nonsense"
)


async def test_a_preview_tells_what_was_understood_and_names_the_line_of_what_was_not(sources: Sources) -> None:
    preview = await sources.preview(WEEKLY)

    assert preview.status_code == 200, preview.text
    told = preview.json()
    assert (told["zone"], told["first_day"], told["last_day"]) == ("America/New_York", "2026-09-25", "2027-10-06")
    assert (told["events_read"], told["series"], told["occurrences"], told["busy_intervals"]) == (2, 1, 7, 7)
    assert told["busy"][0] == {
        "start": "2026-10-06T09:00:00-04:00",
        "end": "2026-10-06T12:00:00-04:00",
        "tentative": False,
        "line": 4,
    }
    # After the change of the clocks it is nine o'clock still.
    assert told["busy"][-1]["start"] == "2026-11-10T09:00:00-05:00"
    lines = WEEKLY.split(b"\r\n")
    assert {lines[warning["line"] - 1].split(b":")[0] for warning in told["warnings"]} == {b"THIS IS NO LINE", b"RDATE"}
    assert "secret" not in preview.text


async def test_a_preview_keeps_nothing(sources: Sources) -> None:
    await sources.preview(WEEKLY)

    assert (await sources.listed(), await sources.busy()) == ([], [])


async def test_a_preview_tells_which_published_session_is_in_the_way(
    sources: Sources, desk: Desk, patient: Json
) -> None:
    [session] = await desk.publish(group(patient))

    [collision] = (await sources.preview(WEEKLY)).json()["collisions"]

    assert collision["busy"] == {"start": "2026-10-06T09:00:00-04:00", "end": "2026-10-06T12:00:00-04:00"}
    [appointment] = collision["appointments"]
    assert appointment["appointment_id"] == session["id"]
    assert (appointment["start"], appointment["week"]) == (session["start"], "2026-10-05")


async def test_what_is_no_calendar_is_refused_as_an_import_would_be(sources: Sources) -> None:
    refused = await sources.preview(b"<html>secret</html>")

    assert (refused.status_code, refused.json()["code"]) == (422, "not-icalendar")
    assert "secret" not in refused.text


async def test_a_preview_is_for_those_who_may_import_and_for_their_own_patients(
    scheduler: ClientFactory, sources: Sources
) -> None:
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    stranger.headers["content-type"] = "text/calendar"

    foreign = await stranger.post(f"{sources.path}:preview", content=WEEKLY)
    missing = await stranger.post(f"/v1/patients/{uuid4()}/commitment_sources:preview", content=WEEKLY)

    assert (await sources.preview(WEEKLY, role=Role.NURSE)).status_code == 403
    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
