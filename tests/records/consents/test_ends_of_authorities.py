"""Somebody's authority to sign for a patient ends before its time, or is found never to have held."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, SIGNED, Json, NewConsent, code_of
from tests.records.consents.test_beside import parent_of, signed_by
from tests.records.consents.test_consents import activate

APPOINTED = "2026-09-01T00:00:00Z"
REVOKED = "2026-09-15T00:00:00Z"
ENDING = "1e" * 32


async def guardian_of(director: httpx2.AsyncClient, patient: Json, **changes: Any) -> Json:
    return await parent_of(director, patient, kind="guardian_of_adult", authority_from=APPOINTED, **changes)


async def end(client: httpx2.AsyncClient, guardian: Json, until: str = REVOKED, **changes: Any) -> httpx2.Response:
    body = {"until": until, "document_sha256": ENDING, **changes}
    return await client.post(f"/v1/representatives/{guardian['id']}:end", json=body)


def signed_on(signature: Json, day: str) -> list[Json]:
    return [signature | {"signed_at": f"{day}T10:00:00Z"}]


async def test_once_a_guardianship_was_revoked_the_patient_signs_again(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent
) -> None:
    patient = await new_patient()
    guardian = await guardian_of(director, patient)
    by_patient = await new_consent(patient, activate=False)
    before = await activate(director, by_patient)

    ended = await end(director, guardian)

    after = await activate(director, by_patient)
    by_guardian = signed_by("personal_representative", guardian)
    answers = [
        await activate(director, await new_consent(patient, activate=False, signatures=signatures))
        for signatures in (
            signed_on(by_guardian, "2026-09-14"),
            signed_on(by_guardian, "2026-09-16"),
            signed_on(SIGNED, "2026-09-14"),
            signed_on(SIGNED, "2026-09-16"),
        )
    ]
    standing = await director.get(f"/v1/patients/{patient['id']}/consent_standing")
    assert (before.status_code, ended.status_code, after.status_code) == (422, 200, 200)
    assert [one.status_code for one in answers] == [200, 422, 422, 200]
    assert standing.json()["signers"] == ["patient"]


async def test_what_was_signed_by_an_authority_that_never_held_discloses_nothing_more(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent, hospital: Json
) -> None:
    patient = await new_patient()
    guardian = await guardian_of(director, patient)
    await new_consent(patient, signatures=[signed_by("personal_representative", guardian)])
    asked = {"recipient_id": hospital["id"], "purpose": "treatment", "information": ["demographics"]}
    path = f"/v1/patients/{patient['id']}/disclosures"

    before = await director.post(path, json=asked)
    ended = await end(director, guardian, APPOINTED)
    after = await director.post(path, json=asked)

    assert (before.status_code, ended.status_code, after.status_code) == (201, 200, 403)
    assert code_of(after) == "patient-has-not-signed"


async def test_an_authority_ends_once_and_says_by_what(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()
    guardian = await guardian_of(director, patient, name="Synthetic Guardian")

    ended = (await end(director, guardian)).json()
    again = await end(director, guardian, APPOINTED)

    assert (guardian["end"], guardian["name"], again.status_code) == (None, "Synthetic Guardian", 409)
    assert {name: ended["end"][name] for name in ("until", "document_sha256")} == {
        "until": REVOKED,
        "document_sha256": ENDING,
    }
    assert (await director.get(f"/v1/patients/{patient['id']}/representatives")).json()["items"] == [ended]
    assert {**ended, "end": None} == guardian


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"until": "2026-08-31T23:59:59Z"}, "/until"),
        ({"until": "2026-12-01T00:00:01Z"}, "/until"),
        ({"until": "2026-09-15"}, "/until"),
        ({"document_sha256": "x"}, "/document_sha256"),
    ],
)
async def test_an_end_lies_within_the_time_of_the_authority(
    director: httpx2.AsyncClient, new_patient: PatientFactory, changes: Json, pointer: str
) -> None:
    guardian = await guardian_of(director, await new_patient(), authority_until="2026-12-01T00:00:00Z")

    refused = await end(director, guardian, **changes)
    to_the_last = await end(director, guardian, "2026-12-01T00:00:00Z")

    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, [pointer])
    assert to_the_last.status_code == 200


async def test_who_may_not_see_the_patient_cannot_tell_an_authority_from_none(
    records: ClientFactory, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    patient = await new_patient()
    guardian, nobody = await guardian_of(director, patient), {"id": str(uuid4())}

    of_stranger = [await end(stranger, one) for one in (guardian, nobody)]
    untreated = [await end(records(Role.COUNSELLOR), one) for one in (guardian, nobody)]
    forbidden = await end(records(Role.AUDITOR), guardian)

    assert [one.status_code for one in (*of_stranger, *untreated, forbidden)] == [404, 404, 404, 404, 403]
    bodies = [{**one.json(), "instance": ""} for one in (*of_stranger, *untreated)]
    assert bodies[1:] == bodies[:-1]
    assert (await end(director, guardian)).status_code == 200


async def test_who_signs_is_named_nowhere_in_the_clear(
    director: httpx2.AsyncClient, new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    guardian = await guardian_of(director, await new_patient(), name="Canary Guardian")
    nameless = {"kind": "parent", "authority_from": APPOINTED, "document_sha256": DOCUMENT}
    refused = await director.post(f"/v1/patients/{guardian['patient_id']}/representatives", json=nameless)

    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetch("select representatives::text as row from representatives")
    assert len(stored) == 1
    assert "Canary" not in stored[0]["row"]
    assert b"Canary".hex() not in stored[0]["row"]
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/name")
