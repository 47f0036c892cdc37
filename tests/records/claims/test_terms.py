"""Payers' terms and authorizations, and who may see them."""

from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.claims.conftest import Json, agree, price
from tests.records.conftest import JoinTeam

AUTHORIZATION: Json = {
    "payer": "payer-1",
    "number": "Canary-17",
    "code": "H0015",
    "units": 24,
    "from_on": "2026-09-01",
    "until_on": "2026-10-31",
}
ASKED = {"payer": "payer-1", "from_on": "2026-09-28", "until_on": "2026-10-04", "zone": "UTC"}


async def test_terms_are_dated_and_never_rewritten(biller: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    await agree(biller, "h0015_per_diem")
    await agree(biller, "service_level", effective_from="2026-06-01")
    await price(biller, "H0015", 25_000)
    contract = {
        "payer": "payer-1",
        "method": "s9480_per_diem",
        "requires_authorization": True,
        "effective_from": "2026-06-01",
        "source": "S",
    }
    rate = {
        "payer": "payer-1",
        "code": "H0015",
        "amount_cents": 1,
        "effective_from": "2026-01-01",
        "source": "S",
    }

    again = [
        (await biller.post("/v1/payer_contracts", json=contract)).status_code,
        (await biller.post("/v1/charge_rates", json=rate)).status_code,
    ]

    assert again == [409, 409]
    contracts = (await biller.get("/v1/payer_contracts")).json()["items"]
    assert [one["method"] for one in contracts] == ["h0015_per_diem", "service_level"]
    assert [one["amount_cents"] for one in (await biller.get("/v1/charge_rates")).json()["items"]] == [25_000]
    assert (await stranger.get("/v1/payer_contracts")).json()["items"] == []
    assert (await stranger.get("/v1/charge_rates")).json()["items"] == []


async def test_codes_are_told_with_citation_and_mark_and_without_a_price_or_a_cpt_number(
    biller: httpx2.AsyncClient,
) -> None:
    answer = await biller.get("/v1/charge_codes")

    codes = answer.json()["codes"]
    assert {"H0015", "S9480", "G0137", "H0004", "5851"} <= {one["code"] for one in codes}
    assert all(one["citation"] and one["mark"] for one in codes)
    # HCPCS level II begins with a letter; an APC is four digits. Five digits would be the AMA's.
    assert not [one["code"] for one in codes if len(one["code"]) == 5 and one["code"].isdecimal()]
    assert not [one for one in codes if any("amount" in key for key in one)]


@pytest.mark.parametrize("code", ["H9999", "99213"])
async def test_a_code_of_which_no_line_is_made_is_refused(biller: httpx2.AsyncClient, patient: Json, code: str) -> None:
    rate = {"payer": "p", "code": code, "amount_cents": 1, "effective_from": "2026-01-01", "source": "S"}

    answers = [
        await biller.post("/v1/charge_rates", json=rate),
        await biller.post(f"/v1/patients/{patient['id']}/payer_authorizations", json=AUTHORIZATION | {"code": code}),
    ]

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in answers] == [(422, "/code")] * 2


async def test_what_is_authorized_is_sealed(
    biller: httpx2.AsyncClient, patient: Json, records_database: Database, organization_id: UUID
) -> None:
    path = f"/v1/patients/{patient['id']}/payer_authorizations"
    made = await biller.post(path, json=AUTHORIZATION)

    assert (await biller.get(path)).json()["items"] == [made.json()]
    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetchval("select payer_authorizations::text from payer_authorizations")
    for secret in ("Canary", "payer-1", "H0015"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_a_stranger_cannot_tell_a_patient_from_none(stranger: httpx2.AsyncClient, patient: Json) -> None:
    bodies = []
    for patient_id in (patient["id"], uuid4()):
        path = f"/v1/patients/{patient_id}"
        answers = [
            await stranger.get(f"{path}/payer_authorizations"),
            await stranger.post(f"{path}/payer_authorizations", json=AUTHORIZATION),
            await stranger.get(f"{path}/partial_stays"),
            await stranger.post(f"{path}/partial_stays", json={"from_on": "2026-09-01", "until_on": "2026-09-02"}),
            await stranger.get(f"{path}/charge_lines", params=ASKED),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]


async def test_who_treats_does_not_bill(records: ClientFactory, patient: Json, join_team: JoinTeam) -> None:
    counsellor = uuid4()
    await join_team(patient, counsellor)
    path = f"/v1/patients/{patient['id']}"

    for caller in (records(Role.COUNSELLOR, account=counsellor), records(Role.FRONT_DESK), records(Role.AUDITOR)):
        seen = [
            (await caller.get(f"{path}/charge_lines", params=ASKED)).status_code,
            (await caller.get(f"{path}/payer_authorizations")).status_code,
            (await caller.get("/v1/charge_rates")).status_code,
        ]
        assert seen == [403, 403, 403]


@pytest.mark.parametrize(
    "changes", [{"until_on": "2026-08-31"}, {"until_on": "2027-09-02"}, {"units": 0}, {"number": ""}]
)
async def test_an_authorization_that_is_none_is_refused(
    biller: httpx2.AsyncClient, patient: Json, changes: Json
) -> None:
    path = f"/v1/patients/{patient['id']}/payer_authorizations"

    assert (await biller.post(path, json=AUTHORIZATION | changes)).status_code == 422
