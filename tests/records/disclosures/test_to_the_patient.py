"""A copy of a record goes to the patient whose record it is, and to no other patient."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import Json, NewConsent, NewRecipient, code_of
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import Disclose
from tests.records.disclosures.test_disclosures import accounted

OWN = {"name": "Jane Roe", "kind": "patient"}


async def enter(client: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    return await client.post("/v1/recipients", json={**OWN, **body})


async def test_a_patient_is_given_the_own_record_without_consent_or_notice_and_it_is_accounted(
    director: httpx2.AsyncClient, planned: Json, new_recipient: NewRecipient, disclose: Disclose
) -> None:
    own = await new_recipient(**OWN, hipaa_bound=False, patient_id=planned["id"])

    answer = await disclose(planned["id"], recipient_id=own["id"], purpose="patient_access")

    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["disclosure"]["basis"], sent["notice"], sent["demographics"]) == ("patient_access", None, planned)
    assert sent["disclosure"]["recipient"]["patient_id"] == planned["id"]
    assert await accounted(director, planned) == [sent["disclosure"]]


async def test_another_patient_is_given_nothing_of_it_and_the_denial_says_how(
    *,
    director: httpx2.AsyncClient,
    planned: Json,
    new_patient: PatientFactory,
    new_consent: NewConsent,
    new_recipient: NewRecipient,
    disclose: Disclose,
) -> None:
    other = await new_patient(given_name="John")
    other_s = await new_recipient(name="John Roe", kind="patient", hipaa_bound=False, patient_id=other["id"])
    await new_consent(planned, recipient_ids=[], recipient_kinds=["patient"])

    access = await disclose(planned["id"], recipient_id=other_s["id"], purpose="patient_access")
    by_class = await disclose(planned["id"], recipient_id=other_s["id"])

    assert (access.status_code, code_of(access)) == (403, "recipient-is-not-the-patient")
    field = access.json()["errors"][0]
    assert (field["pointer"], "patient_id" in field["detail"]) == ("/recipient_id", True)
    assert (by_class.status_code, code_of(by_class)) == (403, "consent-does-not-name-recipient")
    assert "Jane" not in access.text + by_class.text
    assert await accounted(director, planned) == []
    denials = (await director.get("/v1/disclosure_denials")).json()["items"]
    assert "42 CFR 2.23(a)" in {one["clause"] for one in denials}


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ({}, "must say which patient it is, where kind is patient"),
        ({"kind": "employer", "patient_id": str(uuid4())}, "must be left out but where kind is patient"),
        ({"patient_id": str(uuid4())}, "must be a patient whom you treat"),
    ],
)
async def test_a_recipient_says_which_patient_it_is_where_it_is_one(
    director: httpx2.AsyncClient, body: Json, remedy: str
) -> None:
    answer = await enter(director, **body)

    assert answer.status_code == 422
    assert [(one["pointer"], one["detail"]) for one in answer.json()["errors"]] == [("/patient_id", remedy)]
    assert (await director.get("/v1/recipients")).json()["items"] == []


async def test_who_may_not_know_a_patient_cannot_enter_them_nor_tell_them_from_nobody(
    *, records: ClientFactory, stranger: httpx2.AsyncClient, planned: Json, join_team: JoinTeam
) -> None:
    account = uuid4()
    await join_team(planned, account)
    counsellor = records(Role.COUNSELLOR)

    for client in (counsellor, stranger):
        theirs = await enter(client, patient_id=planned["id"])
        nobody = await enter(client, patient_id=str(uuid4()))
        assert (theirs.status_code, code_of(theirs)) == (422, "unknown-patient")
        assert without_instance(theirs) == without_instance(nobody)
    assert (await enter(records(Role.BILLING), patient_id=planned["id"])).status_code == 403
    assert (await enter(records(Role.COUNSELLOR, account=account), patient_id=planned["id"])).status_code == 201
