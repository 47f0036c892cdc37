"""Once a programme is sealed, the accounts of its patients and of those close to them are free."""

from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import code_of
from tests.records.consents.test_consents import without_instance
from tests.records.draw_programmes.conftest import At, at
from tests.records.own_record.test_own_record import claim, link, linked_to
from tests.records.programme_closings.test_programme_closings import admin, decide, opened, seal
from tests.records.test_races import SISTER, close_to

__all__ = ["admin", "at"]

LATER = "2026-10-05T12:00:00Z"


async def test_the_account_of_who_was_close_to_a_sealed_patient_is_free_for_another(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    at: At,
) -> None:  # fmt: skip
    account = uuid4()
    recipient = (await director.post("/v1/recipients", json=SISTER)).json()["id"]
    sealed = await new_patient()
    await close_to(director, sealed, recipient, account)
    closing = await opened(admin)
    await decide(director, closing, sealed)
    assert (await seal(at, closing)).status_code == 200
    later = await new_patient()

    handed = await close_to(director, later, recipient, account)

    body = {"code": handed["code"], "birth_date": later["birth_date"]}
    claimed = await records(Role.FAMILY, account=account).post("/v1/me/related_persons:claim", json=body)
    assert claimed.status_code == 200, claimed.text


@pytest.mark.parametrize("is_claimed", [True, False])
async def test_the_account_of_a_sealed_patient_is_as_one_without_a_link_and_free_for_another(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    at: At, is_claimed: bool,
) -> None:  # fmt: skip
    """Before, it stayed linked to a record that nobody reads, and could be linked to none elsewhere."""
    sealed, account, stranger_s = await new_patient(), uuid4(), uuid4()
    own, stranger = records(Role.PATIENT, account=account), records(Role.PATIENT, account=stranger_s)
    if is_claimed:
        await linked_to(director, records, sealed, account)
        assert (await own.get("/v1/me/record?information=demographics")).status_code == 200
    else:
        await link(director, sealed, account)
    closing = await opened(admin)
    await decide(director, closing, sealed)
    assert (await seal(at, closing)).status_code == 200

    asked, of_none = await own.get("/v1/me/consents"), await stranger.get("/v1/me/consents")
    later = await new_patient()
    handed = await link(at(LATER), later, account)
    claimed = await claim(at(LATER, Role.PATIENT, account=account), later, handed)

    assert (asked.status_code, code_of(asked)) == (404, "no-own-record")
    assert without_instance(asked) == without_instance(of_none)
    assert (handed.status_code, claimed.status_code) == (201, 200), handed.text
    assert (await own.get("/v1/me/record?information=demographics")).json()["patient_id"] == later["id"]
