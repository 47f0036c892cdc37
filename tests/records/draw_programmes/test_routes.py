"""Draw programmes through their routes: what is committed to, what is told when, and to whom."""

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.contracts.records.draw_programmes import DrawEvidence
from services.records.draw_programmes.verifier import verify
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.draw_programmes.conftest import EVERY_DAY, TERMS, At, Json, NewProgramme

ROOT = Path(__file__).resolve().parents[3]
BEFORE, RELEASED, MUCH_LATER = "2026-10-19T08:59:59Z", "2026-10-19T09:00:00Z", "2027-03-01T12:00:00Z"


async def evidence_at(client: httpx2.AsyncClient, programme: Json) -> Json:
    answer = await client.get(f"/v1/draw_programmes/{programme['id']}/versions/{programme['version']}/evidence")
    assert answer.status_code == 200, answer.text
    evidence: Json = answer.json()
    return evidence


async def test_a_programme_commits_before_its_first_day_and_prints_how_predictable_it_is(
    new_patient: PatientFactory, new_programme: NewProgramme
) -> None:
    programme = await new_programme(await new_patient())

    assert programme["commitment"] == hashlib.sha256(programme["document"].encode()).hexdigest()
    assert programme["predictability"] == {
        "tests_per_week": 2.07,
        "forced_percent": 4.8,
        "gaps_over_7_days_percent": 9.5,
        "gaps_over_14_days_percent": 0.0,
        "safe_days": [],
    }
    assert (programme["version"], programme["ended_on"]) == (1, None)


async def test_evidence_reaches_to_the_day_that_was_released_and_not_further(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At
) -> None:
    programme = await new_programme(await new_patient())

    begun = await evidence_at(at("2026-10-03T12:00:00Z"), programme)
    before, after = [await evidence_at(at(instant), programme) for instant in (BEFORE, RELEASED)]

    assert (begun["revealed_day"], begun["revealed_key"], begun["draws"]) == (None, None, [])
    assert (before["revealed_day"], after["revealed_day"]) == ("2026-10-18", "2026-10-19")
    assert after["draws"][:-1] == before["draws"]
    for evidence in (begun, before, after):
        assert verify(DrawEvidence.model_validate(evidence), programme["commitment"]) == []


async def test_before_a_release_no_answer_depends_on_what_is_drawn(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At
) -> None:
    # That all of them have a test on the first day, or none has, is as likely as 23 throws of a coin alike.
    even = {"hazard": {"tests": 1, "opportunities": 2}}
    programmes = [await new_programme(await new_patient(), **even) for _ in range(24)]
    early, late = at("2026-10-05T08:59:59Z"), at("2026-10-05T09:00:00Z")

    told = [await evidence_at(early, programme) for programme in programmes]
    drawn = [(await evidence_at(late, programme))["draws"][0]["is_drawn"] for programme in programmes]

    assert {True, False} == set(drawn)
    own = {"programme_id", "document", "commitment"}
    assert len({json.dumps({name: one[name] for name in one if name not in own}) for one in told}) == 1
    for programme in programmes:
        listed = await early.get(f"/v1/patients/{programme['patient_id']}/draw_programmes")
        assert listed.json()["items"] == [programme]


async def test_the_documented_script_verifies_the_evidence_of_the_route_and_refuses_a_changed_one(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At, tmp_path: Path
) -> None:
    programme = await new_programme(await new_patient(), cap_days=None, call_days=["MO", "WE", "FR"])
    evidence = await evidence_at(at(MUCH_LATER), programme)
    changed = {**evidence, "draws": [evidence["draws"][0] | {"is_drawn": not evidence["draws"][0]["is_drawn"]}]}
    changed["draws"] += evidence["draws"][1:]
    script = tmp_path / "verify.py"
    script.write_text((ROOT / "docs/draws.md").read_text().split("```python\n")[1].split("```")[0])

    ended = []
    for number, one in enumerate((evidence, changed)):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(one))
        command = [sys.executable, "-I", "-W", "ignore", str(script), str(file), programme["commitment"]]
        ended.append(subprocess.run(command, capture_output=True, text=True, check=False))  # noqa: ASYNC221 - the page's own script

    assert (ended[0].returncode, ended[1].returncode) == (0, 1), ended[0].stderr
    assert ended[0].stdout.startswith(f"{len(evidence['draws'])} draws verified")


async def test_neither_seed_nor_draw_stands_in_the_database(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At, records_database: Database, organization_id: UUID
) -> None:
    programme = await new_programme(await new_patient())
    evidence = await evidence_at(at(MUCH_LATER), programme)

    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetchval("select draw_programmes::text from draw_programmes")

    # The last day's key is the seed.
    assert evidence["revealed_day"] == TERMS["ends_on"]
    assert evidence["revealed_key"] not in stored
    assert "is_drawn" not in stored


async def test_a_change_is_a_new_version_under_a_new_key_and_ends_the_one_before(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_programme: NewProgramme, at: At
) -> None:
    programme = await new_programme(await new_patient())
    path = f"/v1/draw_programmes/{programme['id']}"
    body = {**TERMS, "starts_on": "2026-10-19", "cap_days": 14}

    unversioned = await director.put(path, json=body)
    changed = await director.put(path, json=body, headers={"if-match": '"1"'})
    stale = await director.put(path, json=body, headers={"if-match": '"1"'})

    assert [answer.status_code for answer in (unversioned, changed, stale)] == [428, 200, 412]
    listed = (await director.get(f"/v1/patients/{programme['patient_id']}/draw_programmes")).json()["items"]
    assert [(one["version"], one["ended_on"]) for one in listed] == [(1, "2026-10-18"), (2, None)]
    old, new = [await evidence_at(at(MUCH_LATER), one) for one in listed]
    assert (old["revealed_day"], new["revealed_day"]) == ("2026-10-18", "2026-12-31")
    assert verify(DrawEvidence.model_validate(new), changed.json()["commitment"]) == []
    assert old["document"].split("anchor=")[1] != new["document"].split("anchor=")[1]


async def test_a_version_that_never_began_leaves_its_days_to_the_next(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_programme: NewProgramme, at: At
) -> None:
    programme = await new_programme(await new_patient(), starts_on="2026-10-19")

    changed = await director.put(f"/v1/draw_programmes/{programme['id']}", json=TERMS, headers={"if-match": '"1"'})

    assert changed.status_code == 200
    assert (await evidence_at(at(MUCH_LATER), programme))["draws"] == []


async def test_one_programme_at_a_time(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_programme: NewProgramme
) -> None:
    patient = await new_patient()
    programme = await new_programme(patient)
    path = f"/v1/patients/{patient['id']}/draw_programmes"

    second = await director.post(path, json={**TERMS, "starts_on": "2026-12-31"})
    ended = await director.post(f"/v1/draw_programmes/{programme['id']}:end", json={"last_day": "2026-10-30"})
    again = await director.post(f"/v1/draw_programmes/{programme['id']}:end", json={"last_day": "2026-10-30"})
    after = await director.post(path, json={**TERMS, "starts_on": "2026-10-31"})

    assert (second.status_code, second.json()["code"]) == (409, "programme-overlaps")
    assert (ended.status_code, ended.json()["ended_on"]) == (200, "2026-10-30")
    assert (again.status_code, after.status_code) == (409, 201)


async def test_what_has_been_drawn_stands(new_patient: PatientFactory, new_programme: NewProgramme, at: At) -> None:
    programme = await new_programme(await new_patient())
    path = f"/v1/draw_programmes/{programme['id']}"

    over = await at(RELEASED).post(f"{path}:end", json={"last_day": "2026-10-18"})
    back = await at(RELEASED).put(path, json={**TERMS, "starts_on": "2026-10-19"}, headers={"if-match": '"1"'})

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in (over, back)] == [
        (422, "/last_day"),
        (422, "/starts_on"),
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"hazard": {"tests": 7, "opportunities": 7}}, "/hazard"),
        ({"call_days": []}, "/call_days"),
        ({"call_days": ["MO"], "cap_days": 6}, ""),
        ({"call_days": ["MO", "WE", "FR"], "cap_days": 2}, ""),
        ({"ends_on": "2026-10-04"}, ""),
        ({"ends_on": "2027-10-06"}, ""),
        ({"zone": "Nowhere/Land"}, "/zone"),
        ({"release_at": "05:00Z"}, ""),
        ({"starts_on": "2026-10-01"}, "/starts_on"),
        ({"patient": "Jane"}, "/patient"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_where_they_are_wrong(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, pointer: str
) -> None:
    patient = await new_patient()

    answer = await director.post(f"/v1/patients/{patient['id']}/draw_programmes", json={**TERMS, **changes})

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_a_preview_keeps_nothing(director: httpx2.AsyncClient) -> None:
    answer = await director.post(
        "/v1/draw_programmes:preview",
        json={**TERMS, "call_days": ["MO", "WE", "FR"], "hazard": {"tests": 1, "opportunities": 3}, "cap_days": 7},
    )

    assert answer.json()["predictability"]["forced_percent"] == 44.4
    assert answer.json()["predictability"]["safe_days"] == ["TU", "TH", "SA", "SU"]
    # 1.42 tests a week: weekly at the start, and no treatment court's twice a week; six a month are more than are paid.
    assert {one["standard"]["code"]: one["is_kept"] for one in answer.json()["standards"]} == {
        "asam-2017-start": True,
        "asam-2017-stable": True,
        "all-rise-treatment-court": False,
        "us-medicare-presumptive-early": True,
        "us-medicare-presumptive-later": False,
    }


async def test_a_court_s_standard_is_kept_by_draws_on_every_day_alone_and_is_of_urine_alone(
    director: httpx2.AsyncClient,
) -> None:
    every_day = {**TERMS, "call_days": EVERY_DAY, "hazard": {"tests": 2, "opportunities": 7}, "cap_days": None}
    kept = []
    for changes in (
        {},
        {"call_days": EVERY_DAY[:6], "hazard": {"tests": 2, "opportunities": 6}},
        {"specimen": "oral_fluid"},
    ):
        answer = await director.post("/v1/draw_programmes:preview", json=every_day | changes)
        found = {one["standard"]["code"]: one["is_kept"] for one in answer.json()["standards"]}
        kept.append(found.get("all-rise-treatment-court"))

    assert kept == [True, False, None]


async def test_a_stranger_cannot_tell_a_programme_from_none(
    stranger: httpx2.AsyncClient, new_patient: PatientFactory, new_programme: NewProgramme
) -> None:
    programme = await new_programme(await new_patient())
    bodies = []
    for patient_id, programme_id in ((programme["patient_id"], programme["id"]), (uuid4(), uuid4())):
        answers = [
            await stranger.get(f"/v1/patients/{patient_id}/draw_programmes"),
            await stranger.post(f"/v1/patients/{patient_id}/draw_programmes", json=TERMS),
            await stranger.get(f"/v1/draw_programmes/{programme_id}/versions/1/evidence"),
            await stranger.put(f"/v1/draw_programmes/{programme_id}", json=TERMS, headers={"if-match": '"1"'}),
            await stranger.post(f"/v1/draw_programmes/{programme_id}:end", json={"last_day": "2026-10-30"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]


async def test_the_treating_team_and_the_laboratory_of_the_site_see_it_and_the_desk_does_not(
    records: ClientFactory, new_patient: PatientFactory, new_programme: NewProgramme, join_team: JoinTeam
) -> None:
    patient, nurse = await new_patient(), uuid4()
    await new_programme(patient)
    path = f"/v1/patients/{patient['id']}/draw_programmes"
    await join_team(patient, nurse)

    seen = {
        "nurse": (await records(Role.NURSE, account=nurse).get(path)).status_code,
        "another nurse": (await records(Role.NURSE).get(path)).status_code,
        "a laboratory of another site": (await records(Role.LAB).get(path)).status_code,
        "desk": (await records(Role.FRONT_DESK).get(path)).status_code,
        "patient": (await records(Role.PATIENT).get(path)).status_code,
        "laboratory that begins one": (await records(Role.LAB, account=nurse).post(path, json=TERMS)).status_code,
    }

    assert seen == {
        "nurse": 200,
        "another nurse": 404,
        "a laboratory of another site": 404,
        "desk": 403,
        "patient": 403,
        "laboratory that begins one": 403,
    }


async def test_a_version_that_does_not_exist_is_not_found(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_programme: NewProgramme
) -> None:
    programme = await new_programme(await new_patient())

    assert (await director.get(f"/v1/draw_programmes/{programme['id']}/versions/2/evidence")).status_code == 404
    assert date.fromisoformat(programme["terms"]["starts_on"]) == date(2026, 10, 5)


async def test_who_is_drawn_is_listed_from_the_release_on_and_as_the_evidence_says(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At, site_id: UUID
) -> None:
    programme = await new_programme(await new_patient(), hazard={"tests": 1, "opportunities": 2})
    path = f"/v1/sites/{site_id}/drawn"
    client = at(MUCH_LATER)
    draws = (await evidence_at(client, programme))["draws"]
    drawn = next(one for one in draws[3:] if one["is_drawn"])

    listed = {}
    for name, instant in (("before", "T08:59:59Z"), ("after", "T10:00:00Z")):
        items = (await at(drawn["day"] + instant).get(path, params={"day": drawn["day"]})).json()["items"]
        listed[name] = [(one["patient_id"], one["version"], one["is_forced"]) for one in items]
    spared = [one["day"] for one in draws if not one["is_drawn"]][:10]
    others = [(await client.get(path, params={"day": day})).json()["items"] for day in spared]

    # Before the first of November five o'clock is nine in UTC, then ten: at one second to nine it is before either.
    assert listed == {"before": [], "after": [(programme["patient_id"], 1, drawn["is_forced"])]}
    assert others == [[]] * len(others)


async def test_who_was_discharged_was_listed_as_drawn_for_as_long_as_the_programme_ran(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At, site_id: UUID
) -> None:
    often = {"tests": 998, "opportunities": 999}
    staying, leaving = [await new_programme(await new_patient(), hazard=often) for _ in range(2)]
    director = at(MUCH_LATER)
    drawn = [
        {one["day"] for one in (await evidence_at(director, each))["draws"] if one["is_drawn"]}
        for each in (staying, leaving)
    ]
    _, last_day, *after = sorted(set.intersection(*drawn))
    admission = {
        "programme": "iop",
        "admitted_on": "2026-10-01",
        "initial": {"criteria_edition": "asam-3", "level": "1"},
    }
    admitted = [
        await director.post(f"/v1/patients/{one['patient_id']}/episodes", json=admission) for one in (staying, leaving)
    ]
    assert [one.status_code for one in admitted] == [201, 201]
    left = await director.post(
        f"/v1/episodes/{admitted[1].json()['id']}:discharge",
        json={"discharged_on": last_day, "reason": "completed"},
        headers={"if-match": '"1"'},
    )
    assert left.status_code == 200, left.text

    listed = [
        {
            one["patient_id"]
            for one in (await director.get(f"/v1/sites/{site_id}/drawn", params={"day": day})).json()["items"]
        }
        for day in (last_day, *after[:3])
    ]

    assert listed == [{staying["patient_id"], leaving["patient_id"]}, *([{staying["patient_id"]}] * 3)]


async def test_who_is_drawn_is_listed_to_nobody_who_may_not_see_them(
    new_patient: PatientFactory, new_programme: NewProgramme, at: At, join_team: JoinTeam, site_id: UUID
) -> None:
    patient, nurse = await new_patient(), uuid4()
    await join_team(patient, nurse)
    programme = await new_programme(patient, hazard={"tests": 998, "opportunities": 999})
    draws = (await evidence_at(at(MUCH_LATER), programme))["draws"]
    path = f"/v1/sites/{site_id}/drawn?day=" + next(one["day"] for one in draws if one["is_drawn"])

    seen = {
        "her nurse": await at(MUCH_LATER, Role.NURSE, account=nurse).get(path),
        "another nurse": await at(MUCH_LATER, Role.NURSE).get(path),
        "a stranger": await at(MUCH_LATER, organization=uuid4()).get(path),
        "the desk": await at(MUCH_LATER, Role.FRONT_DESK).get(path),
    }

    assert [len(answer.json().get("items", [])) for answer in seen.values()] == [1, 0, 0, 0]
    assert [answer.status_code for answer in seen.values()] == [200, 200, 200, 403]
