"""A patient claims the own record: by the code from the desk and the date of birth, and by no guessing."""

from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.records.own_record.rules import MOST_ATTEMPTS, digest_of, fits, fresh_code
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import code_of
from tests.records.consents.test_consents import without_instance
from tests.records.draw_programmes.conftest import At, at
from tests.records.own_record.test_own_record import READS, account, claim, link, own

__all__ = ["account", "at", "own"]

Json = dict[str, Any]
WRONG = "00000-00000"
AFTER_THREE_DAYS = "2026-10-06T12:00:00Z"


@pytest.fixture
async def patient(new_patient: PatientFactory) -> Json:
    return await new_patient()


@pytest.fixture
async def handed(director: httpx2.AsyncClient, patient: Json, account: UUID) -> httpx2.Response:
    """Return the answer with the code that was handed out."""
    answer = await link(director, patient, account)
    assert answer.status_code == 201, answer.text
    return answer


@pytest.mark.parametrize("path", READS)
async def test_nothing_is_read_until_the_record_is_claimed(
    own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response, path: str
) -> None:
    before = await own.get(path)
    claimed = await claim(own, patient, handed)
    after = await own.get(path)

    assert (before.status_code, code_of(before)) == (404, "no-own-record")
    assert (claimed.status_code, claimed.json()["claimed_at"] is None) == (200, False)
    assert after.status_code == 200, after.text


async def test_the_code_is_told_once_and_kept_by_its_digest_alone(
    director: httpx2.AsyncClient, patient: Json, handed: httpx2.Response, records_database: Database,
    organization_id: UUID,
) -> None:  # fmt: skip
    listed = await director.get(f"/v1/patients/{patient['id']}/patient_accounts")
    async with records_database.read(OrganizationId(organization_id)) as reading:
        row = await reading.connection.fetchrow(
            "select code_sha256, patient_accounts::text as all from patient_accounts"
        )

    code = handed.json()["code"]
    assert [one["claimed_at"] for one in listed.json()["items"]] == [None]
    assert "code" not in listed.json()["items"][0]
    assert fits(UUID(handed.json()["id"]), code, row["code_sha256"])
    assert code not in row["all"]


@pytest.mark.parametrize("changes", [{"code": WRONG}, {"birth_date": "1990-01-01"}])
async def test_what_does_not_fit_is_refused_as_where_there_is_nothing_to_claim(
    records: ClientFactory, own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response, changes: dict[str, str]
) -> None:
    refused = await claim(own, patient, handed, **changes)
    stranger = await claim(records(Role.PATIENT), patient, handed)

    assert (refused.status_code, code_of(refused)) == (404, "claim-refused")
    assert without_instance(refused) == without_instance(stranger)
    assert patient["birth_date"] not in refused.text
    assert (await own.get("/v1/me/record")).status_code == 404


async def test_after_the_last_attempt_the_right_code_is_too_late_and_the_desk_hands_out_another(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response, account: UUID
) -> None:
    for _ in range(MOST_ATTEMPTS):
        assert (await claim(own, patient, handed, code=WRONG)).status_code == 404

    late = await claim(own, patient, handed)
    another = await link(director, patient, account)

    assert (late.status_code, code_of(late)) == (404, "claim-refused")
    assert (await claim(own, patient, another)).status_code == 200


async def test_before_the_last_attempt_the_right_code_is_in_time(
    own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response
) -> None:
    for _ in range(MOST_ATTEMPTS - 1):
        await claim(own, patient, handed, code=WRONG)

    assert (await claim(own, patient, handed)).status_code == 200
    assert (await claim(own, patient, handed)).status_code == 404


async def test_a_code_is_good_for_three_days(at: At, patient: Json, handed: httpx2.Response, account: UUID) -> None:
    late = await claim(at(AFTER_THREE_DAYS, Role.PATIENT, account=account), patient, handed)

    assert (late.status_code, code_of(late)) == (404, "claim-refused")


async def test_another_account_claims_nothing_with_the_code(
    records: ClientFactory, own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response
) -> None:
    thief = records(Role.PATIENT, account=uuid4())

    taken = await claim(thief, patient, handed)

    assert (taken.status_code, (await thief.get("/v1/me/record")).status_code) == (404, 404)
    assert (await claim(own, patient, handed)).status_code == 200


async def test_each_attempt_is_on_the_trail_and_told_of_to_the_auditor(
    *, records: ClientFactory, own: httpx2.AsyncClient, patient: Json, handed: httpx2.Response, account: UUID,
    records_database: Database, organization_id: UUID,
) -> None:  # fmt: skip
    await claim(own, patient, handed, code=WRONG)
    await claim(own, patient, handed)

    async with records_database.read(OrganizationId(organization_id)) as reading:
        rows = await reading.connection.fetch("select event from audit_events order by lane, number")
    told = [event for row in rows if (event := orjson.loads(row["event"]))["operation"] == "claim_own_record"]
    assert {(one["outcome"], one["account"], tuple(one["subjects"])) for one in told} == {
        ("denied", str(account), (patient["id"],)),
        ("permitted", str(account), (patient["id"],)),
    }
    denials = (await records(Role.AUDITOR).get("/v1/access_denials")).json()["items"]
    assert [(one["rule"], one["clause"]) for one in denials] == [("claim-refused", "45 CFR 164.312(d)")]


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR])
async def test_staff_claims_no_record(
    records: ClientFactory, patient: Json, handed: httpx2.Response, role: Role
) -> None:
    assert (await claim(records(role), patient, handed)).status_code == 403


@given(code=st.builds(fresh_code), link_id=st.uuids(), other=st.uuids())
def test_a_code_fits_however_it_is_typed_and_fits_no_other_link(code: str, link_id: UUID, other: UUID) -> None:
    kept = digest_of(link_id, code)

    assert fits(link_id, code.lower().replace("-", " "), kept)
    assert fits(link_id, code.replace("0", "O").replace("1", "l"), kept)
    assert not fits(link_id, fresh_code(), kept)
    assert fits(other, code, kept) is (other == link_id)


async def test_a_link_that_nobody_claimed_opens_nothing_to_what_was_before(
    *, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory, own: httpx2.AsyncClient,
    patient: Json, handed: httpx2.Response, records_database: Database, organization_id: UUID,
) -> None:  # fmt: skip
    """Before, the downgrade left it, and what was before it takes a link without a claim for a reader."""
    other, account = await new_patient(), uuid4()
    waiting = await link(director, other, account)
    assert (await claim(own, patient, handed)).status_code == 200
    statement = import_module("migrations.records.versions.20261130_1342_claimed_records").END_UNCLAIMED

    async with records_database.command(OrganizationId(organization_id)) as db:
        await db.execute(text(statement))

    claimed = await claim(records(Role.PATIENT, account=account), other, waiting)
    listed = [
        (await director.get(f"/v1/patients/{one['id']}/patient_accounts")).json()["items"] for one in (patient, other)
    ]
    assert claimed.status_code == 404
    assert [[one["until_at"] is None for one in links] for links in listed] == [[True], [False]]
