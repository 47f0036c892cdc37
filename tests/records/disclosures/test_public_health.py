"""Public health is told counts of a year that tell of nobody (42 CFR 2.54, 45 CFR 164.514(b))."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Role
from services.records.public_health_reports.facts import Count
from services.records.public_health_reports.rules import FEWEST, told, total
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import NewRecipient
from tests.records.draw_programmes.conftest import At, at

__all__ = ["at"]

Json = dict[str, Any]
YEAR = 2025


@pytest.fixture
async def authority(new_recipient: NewRecipient) -> Json:
    return await new_recipient(name="County health", kind="public_health_authority", hipaa_bound=False)


async def report(client: httpx2.AsyncClient, recipient: Json, year: int = YEAR) -> httpx2.Response:
    return await client.get("/v1/public_health_report", params={"recipient_id": recipient["id"], "year": year})


async def admitted(client: httpx2.AsyncClient, patient: Json, *, level: str = "2.1", day: str = "2025-03-01") -> Json:
    body = {
        "programme": "evening-iop",
        "admitted_on": day,
        "initial": {"criteria_edition": "asam-3", "level": level},
    }
    answer = await client.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    episode: Json = answer.json()
    return episode


async def test_so_many_that_nobody_is_recognized_are_counted_and_fewer_are_not(
    director: httpx2.AsyncClient, new_patient: PatientFactory, authority: Json
) -> None:
    for _ in range(FEWEST):
        await admitted(director, await new_patient())
    await admitted(director, await new_patient(), day="2024-12-31")
    before = (await report(director, authority)).json()
    await admitted(director, await new_patient(), level="2.5")

    after = await report(director, authority)

    assert [(one["level"], one["admissions"]) for one in before["by_level"]] == [("2.1", FEWEST)]
    assert (before["admissions"], before["discharges"]) == (FEWEST, 0)
    assert [(one["level"], one["admissions"]) for one in after.json()["by_level"]] == [("2.1", FEWEST), ("2.5", None)]
    # With the sum, the one of level 2.5 could be told.
    assert after.json()["admissions"] is None


async def test_one_who_was_discharged_is_not_told(
    director: httpx2.AsyncClient, new_patient: PatientFactory, authority: Json
) -> None:
    episode = await admitted(director, await new_patient())
    end = {"discharged_on": "2025-04-01", "reason": "incarcerated"}
    ended = await director.post(
        f"/v1/episodes/{episode['id']}:discharge", json=end, headers={"if-match": f'"{episode["version"]}"'}
    )
    assert ended.status_code == 200, ended.text

    answer = (await report(director, authority)).json()

    counts = {one["reason"]: one["discharges"] for one in answer["by_reason"]}
    assert (counts["incarcerated"], counts["completed"], answer["discharges"]) == (None, 0, None)


async def test_one_patient_who_comes_again_is_one_patient(
    director: httpx2.AsyncClient, new_patient: PatientFactory, authority: Json
) -> None:
    """Before, eleven stays of ten patients were told, and eleven stays of one would have been."""
    patients = [await new_patient() for _ in range(FEWEST - 1)]
    first, *_ = [await admitted(director, patient) for patient in patients]
    end = {"discharged_on": "2025-04-01", "reason": "completed"}
    ended = await director.post(
        f"/v1/episodes/{first['id']}:discharge", json=end, headers={"if-match": f'"{first["version"]}"'}
    )
    assert ended.status_code == 200, ended.text
    await admitted(director, patients[0], day="2025-05-01")

    ten = (await report(director, authority)).json()
    await admitted(director, await new_patient())
    eleven = (await report(director, authority)).json()

    assert ([one["admissions"] for one in ten["by_level"]], ten["admissions"]) == ([None], None)
    assert ([one["admissions"] for one in eleven["by_level"]], eleven["admissions"]) == ([FEWEST + 1], FEWEST + 1)


async def test_a_year_is_over_where_it_ends_last(authority: Json, at: At) -> None:
    """Before, it was over by UTC, while somebody could still be admitted in it."""
    instants = ("2027-01-01T11:59:00Z", "2027-01-01T12:00:00Z")

    answers = [await report(at(instant), authority, 2026) for instant in instants]

    assert [one.status_code for one in answers] == [422, 200]


async def test_only_a_public_health_authority_is_told_and_only_of_a_year_that_is_over(
    director: httpx2.AsyncClient, hospital: Json, authority: Json
) -> None:
    others = [await report(director, hospital), await report(director, {"id": "0192f0c1-5f4e-7cc3-9d5e-000000000001"})]
    this_year = await report(director, authority, 2026)

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in others] == [(422, "recipient_id")] * 2
    assert (this_year.status_code, this_year.json()["errors"][0]["pointer"]) == (422, "year")


async def test_another_organization_is_not_counted_and_its_authority_is_not_known(
    *, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, new_patient: PatientFactory, authority: Json
) -> None:
    for _ in range(FEWEST):
        await admitted(director, await new_patient())
    theirs = {"name": "State health", "kind": "public_health_authority", "hipaa_bound": False}
    own = (await stranger.post("/v1/recipients", json=theirs)).json()

    elsewhere, not_theirs = await report(stranger, own), await report(stranger, authority)

    assert (elsewhere.json()["by_level"], elsewhere.json()["admissions"]) == ([], 0)
    assert not_theirs.status_code == 422


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.AUDITOR, Role.PATIENT])
async def test_who_does_not_direct_the_programme_reads_no_report(
    records: ClientFactory, authority: Json, role: Role
) -> None:
    assert (await report(records(role), authority)).status_code == 403


def counted(stays: int, again: int) -> Count:
    return Count(stays, max(1, stays - again) if stays else 0)


@given(st.lists(st.builds(counted, st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_no_count_that_is_withheld_can_be_told_by_the_others(counts: list[Count]) -> None:
    shown = [told(one) for one in counts]

    assert [one is None for one in shown] == [0 < one.patients < FEWEST for one in counts]
    assert total(counts) == (None if None in shown else sum(one.stays for one in counts))
