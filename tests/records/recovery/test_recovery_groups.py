"""Peer and alumni groups: by opt-in, out again at any time, after discharge too, and nothing depends on it."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from services.contracts.identifiers import AccountId, PatientId
from services.contracts.identity import Role
from services.contracts.records.recovery_groups import RecoveryGroup, RecoveryGroupChoice
from services.operator.postgres.provision import DatabaseUrls
from services.records.recovery_groups.rules import joined
from tests.conftest import FRIDAY, ClientFactory
from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.own_record.test_own_record import linked_to
from tests.records.patients.test_storage import Sql, sql
from tests.records.recovery.test_recovery import AGREED, ZONE, discharge
from tests.records.test_races import Committing, beside
from tests.records.treatment_plans.test_level_findings import admit

__all__ = ["beside", "patient", "sql"]

Json = dict[str, Any]


def path(patient: Json) -> str:
    return f"/v1/patients/{patient['id']}/recovery_group_choices"


async def choose(client: httpx2.AsyncClient, patient: Json, group: str, *, joins: bool = True) -> Json:
    answer = await client.post(path(patient), json={"group": group, "joins": joins})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def members(client: httpx2.AsyncClient, patient: Json, group: str = "alumni") -> list[str]:
    answer = await client.get(f"/v1/sites/{patient['site_id']}/recovery_group_members", params={"group": group})
    assert answer.status_code == 200, answer.text
    return [one["patient_id"] for one in answer.json()["items"]]


async def test_nobody_is_in_a_group_who_has_not_said_so(director: httpx2.AsyncClient, patient: Json) -> None:
    before = (await director.get(path(patient))).json()

    assert (before["joins"], before["items"], await members(director, patient)) == ([], [], [])


async def test_somebody_opts_in_and_out_and_every_choice_is_kept(director: httpx2.AsyncClient, patient: Json) -> None:
    peer, alumni = await choose(director, patient, "peer"), await choose(director, patient, "alumni")
    out = await choose(director, patient, "peer", joins=False)

    found = (await director.get(path(patient))).json()
    assert (found["joins"], found["items"]) == (["alumni"], [out, alumni, peer])
    assert (await members(director, patient), await members(director, patient, "peer")) == ([patient["id"]], [])


async def test_a_choice_is_made_after_discharge_as_well_and_changes_nothing_of_what_was_agreed(
    director: httpx2.AsyncClient, patient: Json
) -> None:
    episode = await discharge(director, patient, "2026-09-02")
    made = await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=AGREED, params=ZONE)
    assert made.status_code == 201, made.text
    at_discharge = await members(director, patient)
    await choose(director, patient, "alumni", joins=False)
    await choose(director, patient, "peer")

    assert (at_discharge, await members(director, patient)) == ([patient["id"]], [])
    assert await members(director, patient, "peer") == [patient["id"]]
    plans = (await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)).json()["items"]
    assert plans == [made.json()]


async def test_a_patient_opts_in_and_out_by_the_own_account(
    director: httpx2.AsyncClient, records: ClientFactory, patient: Json, new_patient: PatientFactory
) -> None:
    account, own_path = uuid4(), "/v1/me/recovery_group_choices"
    own, other = records(Role.PATIENT, account=account), await new_patient()
    unlinked = [await own.get(own_path), await own.post(own_path, json={"group": "peer", "joins": True})]
    await linked_to(director, records, patient, account)

    made = await own.post(own_path, json={"group": "peer", "joins": True})
    seen = await members(director, patient, "peer")
    await own.post(own_path, json={"group": "peer", "joins": False})

    assert [one.status_code for one in unlinked] == [404, 404]
    assert (made.status_code, made.json()["recorded_by"], made.json()["patient_id"]) == (
        201, str(account), patient["id"],
    )  # fmt: skip
    assert (seen, await members(director, patient, "peer")) == ([patient["id"]], [])
    assert (await own.get(own_path)).json() == (await director.get(path(patient))).json()
    assert (await director.get(path(other))).json()["items"] == []


async def test_staff_does_not_undo_that_a_patient_opted_out(
    director: httpx2.AsyncClient, records: ClientFactory, patient: Json
) -> None:
    """Before, a choice that staff entered stood above the patient's own."""
    account, own_path = uuid4(), "/v1/me/recovery_group_choices"
    own = records(Role.PATIENT, account=account)
    await linked_to(director, records, patient, account)
    await choose(director, patient, "alumni")
    out = await own.post(own_path, json={"group": "alumni", "joins": False})
    # What staff writes down in between lets nobody in again.
    await choose(director, patient, "alumni", joins=False)
    episode = await discharge(director, patient, "2026-09-02")

    refused = [
        await director.post(path(patient), json={"group": "alumni", "joins": True}),
        await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=AGREED, params=ZONE),
    ]
    seen = await members(director, patient)
    plan = {**AGREED, "joins_alumni_group": False}
    agreed = await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=plan, params=ZONE)
    again = await own.post(own_path, json={"group": "alumni", "joins": True})

    assert (out.json()["by_patient"], seen) == (True, [])
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "opted-out")] * 2
    assert "create_own_recovery_group_choice" in refused[0].json()["detail"]
    assert (agreed.status_code, again.status_code) == (201, 201)
    assert await members(director, patient) == [patient["id"]]
    # Of another group nothing was said, and what staff wrote down staff may undo.
    await choose(director, patient, "peer", joins=False)
    assert (await choose(director, patient, "peer"))["by_patient"] is False


async def test_what_aftercare_says_of_a_group_from_before_there_were_choices_is_no_choice(
    beside: Committing, records_urls: DatabaseUrls, patient_body: Json, organization_id: UUID
) -> None:
    director = beside.call(Role.PROGRAMME_DIRECTOR)
    patient = (await director.post("/v1/patients", json=patient_body)).json()
    await admit(director, patient, "2.1")
    episode = await discharge(director, patient, "2026-09-02")
    made = await director.post(f"/v1/episodes/{episode}/aftercare_plan", json=AGREED, params=ZONE)
    assert (made.status_code, await members(director, patient)) == (201, [patient["id"]])
    # As it was left by what knew no choices: the plan says so, and nobody has chosen.
    owner = await asyncpg.connect(
        records_urls.owner, server_settings={"eventide.organization_id": str(organization_id)}
    )
    try:
        await owner.execute("delete from recovery_group_choices")
    finally:
        await owner.close()

    found = (await director.get(path(patient))).json()
    plans = await director.get(f"/v1/patients/{patient['id']}/aftercare_plans", params=ZONE)
    assert plans.json()["items"][0]["joins_alumni_group"] is True
    assert (found["joins"], found["items"], await members(director, patient)) == ([], [], [])


async def test_whoever_does_not_treat_them_learns_of_no_choice(
    *, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, records: ClientFactory, patient: Json,
    join_team: JoinTeam,
) -> None:  # fmt: skip
    await choose(director, patient, "alumni")
    counsellor = uuid4()
    before = await members(records(Role.COUNSELLOR, account=counsellor), patient)
    await join_team(patient, counsellor)

    assert (before, await members(stranger, patient)) == ([], [])
    assert await members(records(Role.COUNSELLOR, account=counsellor), patient) == [patient["id"]]
    assert (await stranger.get(path(patient))).status_code == 404
    assert (await stranger.post(path(patient), json={"group": "peer", "joins": True})).status_code == 404
    assert (await records(Role.BILLING).get(path(patient))).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"), [({"group": "choir", "joins": True}, "/group"), ({"group": "peer"}, "/joins")]
)
async def test_what_is_no_choice_is_refused_by_its_name(
    director: httpx2.AsyncClient, patient: Json, body: Json, pointer: str
) -> None:
    answer = await director.post(path(patient), json=body)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "statement", ["update recovery_group_choices set joins = false", "delete from recovery_group_choices"]
)
async def test_no_choice_is_changed_or_deleted_by_the_application(sql: Sql, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await sql(statement)


@given(st.lists(st.tuples(st.sampled_from(RecoveryGroup), st.booleans()), max_size=8))
def test_the_newest_choice_about_a_group_stands(said: list[tuple[RecoveryGroup, bool]]) -> None:
    choices = [
        RecoveryGroupChoice(
            patient_id=PatientId(uuid4()),
            number=number,
            group=group,
            joins=joins,
            by_patient=False,
            recorded_by=AccountId(uuid4()),
            recorded_at=FRIDAY,
        )
        for number, (group, joins) in enumerate(said, 1)
    ]

    assert joined(reversed(choices)) == sorted(group for group, joins in dict(said).items() if joins)
