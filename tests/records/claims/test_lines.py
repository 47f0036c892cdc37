"""Lines through the route: what attended and signed sessions come to, and what each line lacks."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import Attend, Certify, Json, Lines, agree, price
from tests.records.conftest import JoinTeam
from tests.records.notes.conftest import TEXT, etag

THREE_DAYS = ("2026-09-28", "2026-09-29", "2026-10-01")


def told(found: Json) -> list[tuple[Any, ...]]:
    return [(line["first_on"], line["code"], line["units"], line["gaps"]) for line in found["items"]]


async def test_three_days_of_three_hours_are_three_days_of_the_code(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines, certify: Certify
) -> None:
    await certify("2026-09-01T12:00:00Z")
    await agree(biller, "h0015_per_diem")
    await price(biller, "H0015", 25_000)
    await price(biller, "H0015", 30_000, effective_from="2026-10-01")
    for day in THREE_DAYS:
        await attend(day)

    found = await lines()

    assert told(found) == [(day, "H0015", 1, []) for day in THREE_DAYS]
    assert [line["amount_cents"] for line in found["items"]] == [25_000, 25_000, 30_000]
    assert found["billable_cents"] == 80_000
    assert {(line["revenue_code"], line["condition_code"], line["mark"]) for line in found["items"]} == {
        ("0906", None, "certain")
    }


async def test_a_short_day_and_a_week_of_two_days_say_so(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines, certify: Certify
) -> None:
    await certify("2026-09-01T12:00:00Z")
    await agree(biller, "h0015_per_diem")
    await price(biller, "H0015", 25_000)
    await attend("2026-09-28")
    await attend("2026-09-29", minutes_late=1)
    await attend("2026-10-01")

    assert told(await lines()) == [
        ("2026-09-28", "H0015", 1, ["fewer_days_than_asked"]),
        ("2026-09-29", "H0015", 1, ["day_too_short", "fewer_days_than_asked"]),
        ("2026-10-01", "H0015", 1, ["fewer_days_than_asked"]),
    ]


async def test_the_day_is_the_site_s_and_not_utc_s(biller: httpx2.AsyncClient, attend: Attend, lines: Lines) -> None:
    await agree(biller, "s9480_per_diem")
    # 18:00 to 21:00 in New York is 22:00 to 01:00 in UTC; the second session begins on the next day of UTC.
    await attend("2026-09-29", "22:00", "23:30")
    await attend("2026-09-30", "00:00", "01:30")

    assert [(line["first_on"], line["minutes"]) for line in (await lines())["items"]] == [("2026-09-29", 180)]


async def test_the_caller_chooses_no_zone_of_charges(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines, patient: Json
) -> None:
    """Before, another zone made two days of one, and each of them could be charged for."""
    await agree(biller, "s9480_per_diem")
    await attend("2026-09-29", "22:00", "23:30")
    await attend("2026-09-30", "00:00", "01:30")
    days = {"payer": "payer-1", "from_on": "2026-09-28", "until_on": "2026-10-04"}

    elsewhere = await biller.get(f"/v1/patients/{patient['id']}/charge_lines", params={**days, "zone": "UTC"})

    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["pointer"]) == (422, "zone")
    assert len((await lines())["items"]) == 1


async def test_a_session_is_of_the_day_that_it_was_at_its_own_site(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    """A patient of New York who went to a site in Los Angeles: there it was still the 29th."""
    await agree(biller, "s9480_per_diem")
    await attend("2026-09-30", "05:00", "08:00", site_id=str(uuid4()), zone="America/Los_Angeles")
    await attend("2026-10-01", "17:00", "20:00")

    assert [line["first_on"] for line in (await lines())["items"]] == ["2026-09-29", "2026-10-01"]


async def test_an_unsigned_note_is_no_service_and_a_missed_session_no_attendance(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "service_level")
    await price(biller, "H0005", 6_000)
    await attend("2026-09-28")
    await attend("2026-09-29", signs=False)
    await attend("2026-09-30", status="noshow")
    await attend("2026-10-01", status="arrived")
    await attend("2026-10-02", service="education_group")

    found = await lines()

    assert told(found) == [
        ("2026-09-28", "H0005", 1, []),
        ("2026-09-29", "H0005", 0, ["note_unsigned"]),
        ("2026-09-30", "H0005", 0, ["not_attended"]),
        ("2026-10-01", "H0005", 0, ["attendance_open"]),
        ("2026-10-02", None, 0, ["no_code"]),
    ]
    assert found["billable_cents"] == 6_000


async def test_a_note_that_waits_for_a_cosignature_is_not_signed(
    *,
    biller: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    records: ClientFactory,
    attend: Attend,
    lines: Lines,
    patient: Json,
    join_team: JoinTeam,
) -> None:
    trainee, supervisor = uuid4(), uuid4()
    await join_team(patient, trainee)
    supervision = {"supervisee_id": str(trainee), "supervisor_id": str(supervisor)}
    made = await director.post("/v1/supervisions", json=supervision)
    assert made.status_code == 201, made.text
    await agree(biller, "service_level")
    await price(biller, "H0005", 6_000)
    encounter = await attend("2026-09-28", signs=False)
    author = records(Role.COUNSELLOR, account=trainee)
    note = (await author.post(f"/v1/encounters/{encounter}/notes", json=TEXT)).json()
    signed = (await author.post(f"/v1/notes/{note['id']}:sign", headers=etag(note))).json()

    before = await lines()
    cosigner = records(Role.SUPERVISOR, account=supervisor)
    cosigned = await cosigner.post(f"/v1/notes/{note['id']}:cosign", headers=etag(signed))
    after = await lines()

    assert (signed["status"], cosigned.status_code) == ("awaiting_cosignature", 200)
    assert told(before) == [("2026-09-28", "H0005", 0, ["note_unsigned"])]
    assert told(after) == [("2026-09-28", "H0005", 1, [])]


async def test_counselling_is_counted_in_quarter_hours_from_the_eighth_minute_on(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "service_level")
    await price(biller, "H0004", 2_000)
    await attend("2026-09-28", "15:00", "16:00", service="individual", minutes_late=7)
    await attend("2026-09-29", "15:00", "16:00", service="individual", minutes_late=8)

    assert [(line["units"], line["amount_cents"]) for line in (await lines())["items"]] == [(4, 8_000), (3, 6_000)]


@pytest.mark.parametrize(
    ("services", "code", "gaps"),
    [
        (["process_group", "skills_group", "individual"], "5851", []),
        (["process_group", "skills_group", "individual", "medication"], "5852", []),
        (["process_group", "skills_group"], "5851", ["fewer_services_than_asked"]),
        (["skills_group", "education_group", "medication"], "5851", ["no_primary_therapy"]),
    ],
)
async def test_a_medicare_day_is_paid_by_its_services_with_condition_code_92(
    *,
    biller: httpx2.AsyncClient,
    attend: Attend,
    lines: Lines,
    certify: Certify,
    services: list[str],
    code: str,
    gaps: list[str],
) -> None:
    await certify("2026-09-01T12:00:00Z")
    await agree(biller, "cmhc_services_per_day")
    await price(biller, code, 10_000)
    for number, service in enumerate(services):
        await attend("2026-09-28", f"{13 + number}:00", f"{13 + number}:50", service=service)

    (line,) = (await lines())["items"]

    assert (line["code"], line["gaps"], line["services"]) == (code, gaps, len(services))
    assert (line["condition_code"], line["revenue_code"]) == ("92", "0906")


async def test_a_medicare_day_with_no_plan_and_no_certification_is_not_billable(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    """Before, it was: what a line lacked knew nothing of plans."""
    await agree(biller, "cmhc_services_per_day")
    await price(biller, "5851", 10_000)
    for hour in (13, 14, 15):
        await attend("2026-09-28", f"{hour}:00", f"{hour}:50")

    found = await lines()

    assert told(found) == [("2026-09-28", "5851", 1, ["plan_unsigned", "certification_lacking"])]
    assert found["billable_cents"] == 0


async def test_a_day_by_a_plan_that_nobody_signed_says_so_until_somebody_signs(
    *, biller: httpx2.AsyncClient, director: httpx2.AsyncClient, attend: Attend, lines: Lines, plan: str
) -> None:
    await agree(biller, "h0015_per_diem")
    await price(biller, "H0015", 25_000)
    for day in THREE_DAYS:
        await attend(day)

    drafted = await lines()
    signed = await director.post(f"{plan}:sign", headers={"if-match": '"1"'})
    after = await lines()

    assert signed.status_code == 200, signed.text
    assert told(drafted) == [(day, "H0015", 1, ["plan_unsigned"]) for day in THREE_DAYS]
    # The code asks for a plan, and for no certification.
    assert told(after) == [(day, "H0015", 1, []) for day in THREE_DAYS]


async def test_a_plan_that_waits_for_a_cosignature_is_not_signed(
    *,
    biller: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    records: ClientFactory,
    attend: Attend,
    lines: Lines,
    patient: Json,
    plan: str,
    join_team: JoinTeam,
) -> None:
    trainee, supervisor = uuid4(), uuid4()
    await join_team(patient, trainee)
    supervision = {"supervisee_id": str(trainee), "supervisor_id": str(supervisor)}
    assert (await director.post("/v1/supervisions", json=supervision)).status_code == 201
    await agree(biller, "h0015_per_diem")
    await price(biller, "H0015", 25_000)
    for day in THREE_DAYS:
        await attend(day)
    headers = {"if-match": '"1"'}

    signed = await records(Role.COUNSELLOR, account=trainee).post(f"{plan}:sign", headers=headers)
    waiting = await lines()
    cosigned = await records(Role.SUPERVISOR, account=supervisor).post(f"{plan}:cosign", headers=headers)

    assert (signed.json()["status"], cosigned.status_code) == ("awaiting_cosignature", 200)
    assert {gap for line in waiting["items"] for gap in line["gaps"]} == {"plan_unsigned"}
    assert told(await lines()) == [(day, "H0015", 1, []) for day in THREE_DAYS]


async def test_a_certification_holds_for_sixty_days_from_its_own_day_where_the_site_is(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines, certify: Certify
) -> None:
    await agree(biller, "cmhc_services_per_day")
    await price(biller, "5851", 10_000)
    days = ("2026-09-01", "2026-09-02", "2026-11-01", "2026-11-02", "2026-11-03")
    for day in days:
        for hour in (16, 17, 18):
            await attend(day, f"{hour}:00", f"{hour}:50")
    # In New York this is still the evening of the second.
    await certify("2026-09-03T02:00:00Z")
    first = await lines("2026-09-01", "2026-11-15")
    await certify("2026-11-03T12:00:00Z")
    again = await lines("2026-09-01", "2026-11-15")

    lacking = ["certification_lacking"]
    assert [(line["first_on"], line["gaps"]) for line in first["items"]] == list(
        zip(days, [lacking, [], [], lacking, lacking], strict=True)
    )
    assert [line["gaps"] for line in again["items"]] == [lacking, [], [], lacking, []]


async def test_a_week_of_an_opioid_programme_takes_nine_services_in_seven_days(
    biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "otp_weekly")
    await price(biller, "G0137", 50_000)
    # Wednesday to Tuesday: no calendar week, and still seven contiguous days.
    for day in ("2026-09-23", "2026-09-24", "2026-09-25", "2026-09-28"):
        await attend(day, "13:00", "14:00")
        await attend(day, "14:00", "15:00", service="individual")
    eight = await lines("2026-09-21", "2026-10-04")
    await attend("2026-09-29", "13:00", "14:00")
    await attend("2026-09-30", "13:00", "14:00")

    nine = await lines("2026-09-21", "2026-10-04")

    assert told(eight) == [("2026-09-23", "G0137", 1, ["fewer_services_than_asked"])]
    assert told(nine) == [
        ("2026-09-23", "G0137", 1, []),
        ("2026-09-30", "G0137", 1, ["fewer_services_than_asked"]),
    ]
    assert [line["last_on"] for line in nine["items"]] == ["2026-09-29", "2026-10-06"]
    # Whatever days are asked for, the weeks are the same.
    assert told(await lines("2026-09-26", "2026-09-28")) == told(nine)[:1]


async def test_units_are_used_up_in_the_order_of_days_also_by_lines_that_are_not_shown(
    *, biller: httpx2.AsyncClient, attend: Attend, lines: Lines, patient: Json
) -> None:
    await agree(biller, "service_level", requires_authorization=True)
    await price(biller, "H0005", 6_000)
    path = f"/v1/patients/{patient['id']}/payer_authorizations"
    body = {
        "payer": "payer-1",
        "number": "A-17",
        "code": "H0005",
        "units": 2,
        "from_on": "2026-09-15",
        "until_on": "2026-10-01",
    }
    granted = (await biller.post(path, json=body)).json()
    await biller.post(path, json=body | {"payer": "payer-2", "units": 99})
    await attend("2026-09-16")
    await attend("2026-09-28", signs=False)
    for day in ("2026-09-29", "2026-09-30", "2026-10-02"):
        await attend(day)

    found = await lines()

    assert told(found) == [
        ("2026-09-28", "H0005", 0, ["note_unsigned"]),
        ("2026-09-29", "H0005", 1, []),
        ("2026-09-30", "H0005", 1, ["authorization_used_up"]),
        ("2026-10-02", "H0005", 1, ["authorization_lacking"]),
    ]
    assert found["items"][1]["authorization_id"] == granted["id"]


async def test_a_session_outside_of_an_episode_or_without_a_rate_or_a_contract_is_not_billable(
    *, biller: httpx2.AsyncClient, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "service_level", effective_from="2026-08-31")
    await attend("2026-08-28")
    await attend("2026-08-31")
    await attend("2026-09-01")

    found = await lines("2026-08-24", "2026-09-06")

    assert told(found) == [
        ("2026-08-28", None, 0, ["no_contract", "episode_not_open"]),
        ("2026-08-31", "H0005", 1, ["episode_not_open", "no_rate"]),
        ("2026-09-01", "H0005", 1, ["no_rate"]),
    ]


async def test_a_line_within_seven_days_of_partial_hospitalization_says_so(
    *, biller: httpx2.AsyncClient, attend: Attend, lines: Lines, patient: Json
) -> None:
    await agree(biller, "service_level")
    await price(biller, "H0005", 6_000)
    for day in ("2026-09-22", "2026-09-29", "2026-09-30"):
        await attend(day)
    stay = {"from_on": "2026-09-15", "until_on": "2026-09-22"}
    made = await biller.post(f"/v1/patients/{patient['id']}/partial_stays", json=stay)
    assert made.status_code == 201, made.text

    found = await lines("2026-09-21", "2026-10-04")

    # The seventh day after it still counts, the eighth does not.
    assert [line["gaps"] for line in found["items"]] == [
        ["near_partial_hospitalization"],
        ["near_partial_hospitalization"],
        [],
    ]
    listed = await biller.get(f"/v1/patients/{patient['id']}/partial_stays")
    assert listed.json()["items"] == [made.json()]


@pytest.mark.parametrize(
    "changes", [{"until_on": "2026-09-27"}, {"until_on": "2026-12-30"}, {"zone": "Nowhere/At_All"}, {"payer": "a b"}]
)
async def test_days_that_cannot_be_asked_for_are_refused(
    biller: httpx2.AsyncClient, patient: Json, changes: Json
) -> None:
    asked = {"payer": "payer-1", "from_on": "2026-09-28", "until_on": "2026-10-04", "zone": "UTC"} | changes

    assert (await biller.get(f"/v1/patients/{patient['id']}/charge_lines", params=asked)).status_code == 422


async def test_a_payer_without_a_contract_is_a_gap_and_no_error(attend: Attend, lines: Lines) -> None:
    """Before, this was a 500."""
    await attend("2026-09-28")

    assert told(await lines()) == [("2026-09-28", None, 0, ["no_contract"])]
