"""A plan's hours and the level of care: a warning where they do not fit, and never more."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from services.contracts.identity import Role
from services.contracts.rule_packs import Population
from services.operator.postgres.provision import DatabaseUrls
from services.records.placement_reviews.criteria import edition_of, editions
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.test_races import Committing, beside

__all__ = ["beside"]

Json = dict[str, Any]
SIX_HOURS = [{"service": "process_group", "minutes_per_week": 360}]
SITE_LISTS = (
    "due_assessments", "due_injections", "due_discharge_summaries", "aftercare_contacts", "recovery_group_members",
)  # fmt: skip
LEVELS = {"asam-3": "2.1", "asam-4": "2.1"}


@pytest.fixture
def here(site_id: UUID) -> str:
    return f"/v1/sites/{site_id}/level_findings?zone=America/New_York"


async def admit(client: httpx2.AsyncClient, patient: Json, level: str, edition: str = "asam-3") -> Json:
    body = {
        "programme": "evening-iop",
        "admitted_on": "2026-09-01",
        "initial": {"criteria_edition": edition, "level": level},
    }
    answer = await client.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def found(client: httpx2.AsyncClient, path: str) -> list[Json]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["week"] == "2026-09-28"
    items: list[Json] = answer.json()["items"]
    return items


async def test_nine_hours_fit_level_two_one_and_not_one_or_two_five(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, here: str
) -> None:
    stays = {}
    for level in ("1", "2.1", "2.5", "3.1"):
        patient = await new_patient()
        await put_plan(patient["id"], effective_from="2026-09-01")
        stays[level] = await admit(director, patient, level)

    items = {one["level"]: one for one in await found(director, here)}

    assert set(items) == {"1", "2.5"}
    outpatient = items["1"]
    assert (outpatient["patient_id"], outpatient["episode_id"]) == (stays["1"]["patient_id"], stays["1"]["id"])
    assert (outpatient["required_minutes"], outpatient["fewer_than_hours"], outpatient["mark"]) == (540, 9, "certain")
    assert (items["2.5"]["fewest_hours"], items["2.5"]["most_hours"]) == (20, None)
    assert outpatient["citation"]


async def test_the_level_that_holds_today_decides_and_a_taper_continues_it(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, here: str
) -> None:
    patient = await new_patient()
    episode = await admit(director, patient, "2.1")
    await put_plan(patient["id"], effective_from="2026-09-01")
    before = await found(director, here)
    await put_plan(patient["id"], read=1, effective_from="2026-09-28", phase="taper", required_services=SIX_HOURS)
    tapering = await found(director, here)
    await put_plan(patient["id"], read=2, effective_from="2026-09-28")
    change = {"from_on": "2026-10-01", "decision": {"criteria_edition": "asam-3", "level": "1"}}
    answer = await director.post(
        f"/v1/episodes/{episode['id']}:change_level", json=change, headers={"if-match": f'"{episode["version"]}"'}
    )

    assert answer.status_code == 200, answer.text
    assert (before, tapering, [one["level"] for one in await found(director, here)]) == ([], [], ["1"])


async def test_a_taper_that_goes_on_for_longer_than_the_level_allows_is_found(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, here: str
) -> None:
    """Before, a plan that stayed in taper fitted for ever. The week is that of 28 September."""
    begun = {}
    for since in ("2026-09-21", "2026-09-14", "2026-08-03"):
        patient = begun[since] = await new_patient()
        await admit(director, patient, "2.1")
        await put_plan(patient["id"], effective_from="2026-07-06")
        await put_plan(patient["id"], read=1, effective_from=since, phase="taper", required_services=SIX_HOURS)
    # Another version is no other taper, and enough hours are none.
    longer, enough = begun["2026-09-14"], await new_patient()
    await put_plan(longer["id"], read=2, effective_from="2026-09-28", phase="taper", required_services=SIX_HOURS)
    await admit(director, enough, "2.1")
    await put_plan(enough["id"], effective_from="2026-08-03", phase="taper")

    items = await found(director, here)

    assert {one["patient_id"] for one in items} == {begun["2026-09-14"]["id"], begun["2026-08-03"]["id"]}
    assert {(one["required_minutes"], one["fewest_hours"]) for one in items} == {(360, 9)}


async def test_weeks_of_more_hours_begin_a_taper_anew(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, here: str
) -> None:
    patient = await new_patient()
    await admit(director, patient, "2.1")
    await put_plan(patient["id"], effective_from="2026-09-01", phase="taper", required_services=SIX_HOURS)
    await put_plan(patient["id"], read=1, effective_from="2026-09-21")
    await put_plan(patient["id"], read=2, effective_from="2026-09-28", phase="taper", required_services=SIX_HOURS)

    assert await found(director, here) == []


async def test_whoever_s_key_was_destroyed_is_in_no_list_of_a_site_and_hides_nobody_else(
    *, beside: Committing, records_urls: DatabaseUrls, organization_id: UUID, patient_body: Json, plan_body: Json
) -> None:
    director, site = beside.call(Role.PROGRAMME_DIRECTOR), patient_body["site_id"]
    patients = [(await director.post("/v1/patients", json=patient_body)).json() for _ in range(2)]
    for patient in patients:
        await admit(director, patient, "1")
        body = {**plan_body, "effective_from": "2026-09-01"}
        assert (await director.put(f"/v1/patients/{patient['id']}/treatment_plan", json=body)).status_code == 201
    here = f"/v1/sites/{site}/level_findings?zone=America/New_York"
    before = await found(director, here)
    settings = {"eventide.organization_id": str(organization_id)}
    owner = await asyncpg.connect(records_urls.owner, server_settings=settings)
    try:
        await owner.execute("delete from patient_keys where patient_id = $1", UUID(patients[0]["id"]))
    finally:
        await owner.close()

    after = await found(director, here)
    lists = {
        name: await director.get(f"/v1/sites/{site}/{name}", params={"zone": "America/New_York", "group": "peer"})
        for name in SITE_LISTS
    }

    assert {one["patient_id"] for one in before} == {one["id"] for one in patients}
    assert [one["patient_id"] for one in after] == [patients[1]["id"]]
    assert {name: answer.status_code for name, answer in lists.items()} == dict.fromkeys(SITE_LISTS, 200)
    assert not any(patients[0]["id"] in answer.text for answer in lists.values())


async def test_an_adolescent_s_hours_are_fewer_and_a_fourth_edition_is_marked_as_it_is_known(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, here: str
) -> None:
    adolescent, adult = await new_patient(birth_date="2010-02-28"), await new_patient()
    await put_plan(adolescent["id"], effective_from="2026-09-01", required_services=SIX_HOURS)
    await put_plan(adult["id"], effective_from="2026-09-01")
    await admit(director, adolescent, "2.1")
    await admit(director, adult, "2.5", "asam-4")

    (item,) = await found(director, here)

    assert (item["patient_id"], item["criteria_edition"], item["mark"]) == (adult["id"], "asam-4", "likely")
    assert "birth" not in str(item)


async def test_what_does_not_fit_is_told_to_whoever_treats_them(
    *, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    put_plan: PlanFactory, here: str,
) -> None:  # fmt: skip
    patient = await new_patient()
    await put_plan(patient["id"], effective_from="2026-09-01")
    await admit(director, patient, "1")

    assert len(await found(director, here)) == 1
    assert (await found(records(Role.COUNSELLOR), here), await found(stranger, here)) == ([], [])
    assert (await records(Role.BILLING).get(here)).status_code == 403
    assert (await director.get(here.replace("America/New_York", "Nowhere"))).status_code == 422
    assert await found(director, here.replace(here.split("/")[3], str(uuid4()))) == []


@pytest.mark.parametrize(
    ("population", "minutes", "fits"),
    [
        (Population.ADULTS, 539, False),
        (Population.ADULTS, 540, True),
        (Population.ADULTS, 1140, True),
        (Population.ADULTS, 1141, False),
        (Population.ADOLESCENTS, 359, False),
        (Population.ADOLESCENTS, 360, True),
    ],
)
def test_level_two_one_is_nine_to_nineteen_hours_and_six_for_adolescents(
    population: Population, minutes: int, *, fits: bool
) -> None:
    edition = edition_of("asam-3")
    assert edition is not None
    hours = edition.hours_of("2.1", population)

    assert hours is not None
    assert hours.fits(minutes) is fits


def test_every_edition_has_the_hours_of_intensive_outpatient_treatment_of_adults() -> None:
    for edition in editions():
        hours = edition.hours_of(LEVELS[edition.id], Population.ADULTS)

        assert hours is not None
        assert (hours.fewest, hours.most) == (9, 19)
