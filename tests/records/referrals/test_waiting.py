"""Who waits for intake, whose clock is about to pass, and how long people waited."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import SiteId
from services.contracts.identity import Role
from services.contracts.records.referrals import ReferralRequest, ReferredPerson, WaitStanding
from services.records.referrals.logic import new_referral
from services.records.referrals.rules import in_order, waiting
from tests.conftest import ClientFactory
from tests.records.encounters import conftest as encounters
from tests.records.referrals.conftest import ADMISSION, PERSON, Act, Json, Refer

tell = encounters.tell
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)


async def test_who_is_about_to_pass_the_clock_stands_before_who_has_time(
    director: httpx2.AsyncClient, refer: Refer, act: Act, site_id: UUID
) -> None:
    made = {
        name: await refer(received_at=at)
        for name, at in (
            ("within", "2026-10-01T23:00:00Z"),
            ("overdue", "2026-09-30T11:00:00Z"),
            ("due_soon", "2026-09-30T20:00:00Z"),
            ("seen", "2026-09-30T10:00:00Z"),
            ("closed", "2026-09-30T10:00:00Z"),
        )
    }
    await act(made["seen"], "hold_intake", {"held_at": "2026-10-01T09:00:00Z"})
    await act(made["closed"], "close", {"reason": "declined"})
    params = {"site_id": str(site_id)}

    shown = (await director.get("/v1/admission_waitlist", params=params)).json()
    sooner = (await director.get("/v1/admission_waitlist", params=params | {"due_soon_hours": "1"})).json()

    assert [(one["waits_for"], one["standing"], one["referral"]["id"]) for one in shown["items"]] == [
        *(("intake", name, made[name]["id"]) for name in ("overdue", "due_soon", "within")),
        ("first_session", None, made["seen"]["id"]),
    ]
    assert [one["standing"] for one in sooner["items"]] == ["overdue", "within", "within", None]
    assert (shown["waiting"], shown["waiting_for_first_session"], shown["clock_hours"]) == (4, 1, 48)
    assert shown["items"][0]["hours_left"] < 0 < shown["items"][1]["hours_left"] <= 12
    assert shown["items"][3]["hours_left"] is None
    assert [int(one["hours_waited"]) for one in shown["items"]] == [49, 40, 13, 50]


async def test_between_intake_and_a_first_session_people_were_on_no_list(
    *,
    director: httpx2.AsyncClient,
    refer: Refer,
    act: Act,
    tell: encounters.Tell,
    site_id: UUID,
) -> None:
    """Who was seen, and who was admitted, waits until a session of that episode was attended."""

    async def waiting() -> dict[str, str]:
        answer = await director.get("/v1/admission_waitlist", params={"site_id": str(site_id)})
        return {one["referral"]["id"]: one["waits_for"] for one in answer.json()["items"]}

    async def admitted(name: str) -> Json:
        referral = await refer(person=PERSON | {"given_name": name})
        return (await act(referral, "admit", ADMISSION)).json()  # type: ignore[no-any-return] # as JSON has it

    seen = (await act(await refer(), "hold_intake", {"held_at": "2026-10-01T13:00:00Z"})).json()
    came, told, left, coming = [await admitted(name) for name in ("Bea", "Cleo", "Dora", "Eva")]
    here = f"/v1/episodes/{told['episode_id']}:record_first_session"
    missed = encounters.event({"id": coming["patient_id"], "site_id": str(site_id)}, status="noshow")
    assert (await tell(missed)).status_code == 200
    assert await waiting() == dict.fromkeys([one["id"] for one in (seen, came, told, left, coming)], "first_session")

    in_time = {"start": "2026-10-01T22:00:00Z", "end": "2026-10-02T01:00:00Z"}
    assert (await tell(encounters.event({"id": came["patient_id"], "site_id": str(site_id)}, **in_time))).is_success
    attended = await director.post(here, json={"attended_on": "2026-10-01"}, headers={"if-match": '"1"'})
    gone = await director.post(
        f"/v1/episodes/{left['episode_id']}:discharge",
        json={"discharged_on": "2026-10-02", "reason": "other"},
        headers={"if-match": '"1"'},
    )

    assert [one.status_code for one in (attended, gone)] == [200, 200]
    assert await waiting() == dict.fromkeys([seen["id"], coming["id"]], "first_session")


async def test_who_was_admitted_once_waited_where_they_had_been_referred_to(
    director: httpx2.AsyncClient, refer: Refer, act: Act, patient_body: Json, site_id: UUID
) -> None:
    """People of that site learned whether a patient of another had attended, and theirs did not."""
    elsewhere = uuid4()
    patient = await director.post("/v1/patients", json=patient_body | {"site_id": str(elsewhere)})
    referral = (await act(await refer(), "admit", ADMISSION | {"patient_id": patient.json()["id"]})).json()

    found = {}
    for site in (site_id, elsewhere):
        answer = await director.get("/v1/admission_waitlist", params={"site_id": str(site)})
        found[site] = [one["referral"]["id"] for one in answer.json()["items"]]

    assert found == {site_id: [], elsewhere: [referral["id"]]}


async def test_attendance_alone_once_said_of_nobody_that_they_had_begun(
    *, director: httpx2.AsyncClient, refer: Refer, act: Act, tell: encounters.Tell, site_id: UUID
) -> None:
    """Days are the site's: who asked at half past eight in New York had once asked on the next day."""
    params = {"site_id": str(site_id), "first_day": "2026-09-20", "last_day": "2026-09-20"}

    async def figures(**changes: str) -> Json:
        found: Json = (await director.get("/v1/intake_kpis", params={**params, **changes})).json()
        return found

    referral = await refer(received_at="2026-09-21T00:30:00Z")
    referral = (await act(referral, "admit", ADMISSION | {"admitted_on": "2026-09-24"})).json()
    patient = {"id": referral["patient_id"], "site_id": str(site_id)}
    evening = {"start": "2026-09-24T01:00:00Z", "end": "2026-09-24T02:00:00Z", "week": "2026-09-21"}
    await tell(encounters.event(patient, **evening))
    before = await figures()
    for day in (28, 27):
        start = f"2026-09-{day}T01:00:00Z"
        await tell(encounters.event(patient, start=start, end=f"2026-09-{day}T04:00:00Z", week="2026-09-21"))

    # A session before the admission, here on the evening of the twenty-third, is of no episode.
    assert (before["received"], before["began"], before["median_days_to_first_session"]) == (1, 0, None)
    after = await figures()
    assert (after["began"], after["median_days_to_first_session"]) == (1, 6.0)
    assert (await figures(first_day="2026-09-21", last_day="2026-09-21"))["received"] == 0


async def test_wait_times_are_counted_and_name_nobody(
    director: httpx2.AsyncClient, refer: Refer, act: Act, site_id: UUID
) -> None:
    for hours, begins in ((4, "2026-09-25"), (20, "2026-09-27"), (60, None)):
        referral = await refer(received_at="2026-09-20T00:00:00Z", person=PERSON | {"given_name": f"N{hours}"})
        path = f"/v1/referrals/{referral['id']}/contacts"
        body = {"channel": "email", "outcome": "reached", "at": "2026-09-20T01:00:00Z"}
        await director.post(path, json=body)
        held = datetime(2026, 9, 20, tzinfo=UTC) + timedelta(hours=hours)
        referral = (await act(referral, "hold_intake", {"held_at": held.isoformat()}, read=2)).json()
        if begins is not None:
            admission = ADMISSION | {"admitted_on": "2026-09-24"}
            referral = (await act(referral, "admit", admission)).json()
            await director.post(
                f"/v1/episodes/{referral['episode_id']}:record_first_session",
                json={"attended_on": begins},
                headers={"if-match": '"1"'},
            )
        else:
            await act(referral, "close", {"reason": "declined"})
    await act(await refer(received_at="2026-09-20T00:00:00Z"), "close", {"reason": "entered_in_error"})
    await refer(received_at="2026-09-22T00:00:00Z")
    await refer(received_at="2026-09-20T00:00:00Z", site_id=str(uuid4()))
    params = {"site_id": str(site_id), "first_day": "2026-09-20", "last_day": "2026-09-21"}

    figures = (await director.get("/v1/intake_kpis", params=params)).json()

    assert figures == {
        "site_id": str(site_id),
        "first_day": "2026-09-20",
        "last_day": "2026-09-21",
        "received": 3,
        "reached": 3,
        "intakes_held": 3,
        "intakes_within_clock": 2,
        "admitted": 2,
        "began": 2,
        "closed": {"declined": 1},
        "contacts_not_permitted": 3,
        "median_hours_to_intake": 20.0,
        "median_days_to_first_session": 6.0,
        "clock_hours": 48,
        "citation": figures["citation"],
    }


async def test_a_site_without_referrals_has_no_medians(
    director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, refer: Refer, site_id: UUID
) -> None:
    await refer()
    params = {"site_id": str(site_id), "first_day": "2026-09-01", "last_day": "2026-10-02"}

    theirs = (await stranger.get("/v1/intake_kpis", params=params)).json()
    backwards = await director.get("/v1/intake_kpis", params=params | {"last_day": "2026-08-31"})
    too_long = await director.get("/v1/intake_kpis", params=params | {"first_day": "2025-01-01"})

    assert (theirs["received"], theirs["median_hours_to_intake"]) == (0, None)
    assert [one.status_code for one in (backwards, too_long)] == [422, 422]


@pytest.mark.parametrize("path", ["admission_waitlist", "intake_kpis", "referrals"])
async def test_a_role_without_the_duty_is_refused(records: ClientFactory, path: str, site_id: UUID) -> None:
    answer = await records(Role.BILLING).get(
        f"/v1/{path}", params={"site_id": str(site_id), "first_day": "2026-09-01", "last_day": "2026-09-02"}
    )

    assert answer.status_code == 403


def request(received_at: datetime) -> ReferralRequest:
    person = ReferredPerson(given_name="Ada", family_name="Miller")
    return ReferralRequest(site_id=SiteId(uuid4()), person=person, source="self", received_at=received_at)  # type: ignore[arg-type] # as a body says it


@given(ago=st.lists(st.timedeltas(timedelta(), timedelta(days=365)), min_size=1, max_size=8), soon=st.integers(1, 720))
def test_standing_follows_from_what_is_left_and_order_too(ago: list[timedelta], soon: int) -> None:
    referrals = [new_referral(request(NOON - before), None, NOON) for before in ago]

    ordered = [waiting(referral, NOON, soon) for referral in in_order(referrals)]

    left = [timedelta(hours=48) - before for before in sorted(ago, reverse=True)]
    assert [one.standing for one in ordered] == [
        WaitStanding.OVERDUE
        if one <= timedelta()
        else (WaitStanding.DUE_SOON if one <= timedelta(hours=soon) else WaitStanding.WITHIN)
        for one in left
    ]


def test_a_body_is_what_the_contract_says(referral_body: Json) -> None:
    assert ReferralRequest.model_validate(referral_body).person.permissions.may_leave_message is False
