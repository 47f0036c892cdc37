"""Who is in treatment and was given no notice of privacy practices is listed, to whoever gives it."""

from typing import Any
from uuid import UUID, uuid4

import httpx2

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import DOCUMENT
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.privacy_notices.test_privacy_notices import GIVEN, Activate, new_notice
from tests.records.test_audit import events

__all__ = ["events", "new_notice", "tell"]

ADMISSION = {"programme": "evening-iop", "admitted_on": "2026-09-01"}


async def test_who_was_given_none_is_listed_and_overdue_once_they_came(
    *,
    director: httpx2.AsyncClient,
    new_patient: PatientFactory,
    new_notice: Activate,
    tell: Tell,
    site_id: UUID,
    events: Any,
) -> None:
    notice = await new_notice("2026-10-02")
    given, came, awaited, left, never_admitted = [await new_patient() for _ in range(5)]
    episodes = {}
    for patient in (given, came, awaited, left):
        answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json=ADMISSION)
        assert answer.status_code == 201, answer.text
        episodes[patient["id"]] = answer.json()["id"]
    over = {"discharged_on": "2026-09-20", "reason": "completed"}
    path = f"/v1/episodes/{episodes[left['id']]}:discharge"
    assert (await director.post(path, json=over, headers={"if-match": '"1"'})).status_code == 200
    acknowledged = GIVEN | {"notice_id": notice["id"], "document_sha256": DOCUMENT}
    receipt = await director.post(f"/v1/patients/{given['id']}/privacy_notice_receipts", json=acknowledged)
    assert receipt.status_code == 201, receipt.text
    assert (await tell(event(came))).status_code == 200

    listed = await director.get(f"/v1/sites/{site_id}/unnotified_patients")

    assert listed.status_code == 200, listed.text
    assert {one["patient_id"]: one["is_overdue"] for one in listed.json()["items"]} == {
        came["id"]: True,
        awaited["id"]: False,
    }
    assert never_admitted["id"] not in listed.text
    shown = [set(one["subjects"]) for one in await events() if one["operation"] == "list_unnotified_patients"]
    assert {came["id"], awaited["id"]} in shown


async def test_nobody_is_listed_to_who_may_not_see_their_consents(
    *, records: ClientFactory, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, site_id: UUID,
    new_patient: PatientFactory, join_team: JoinTeam,
) -> None:  # fmt: skip
    patient, account = await new_patient(), uuid4()
    assert (await director.post(f"/v1/patients/{patient['id']}/episodes", json=ADMISSION)).status_code == 201
    path = f"/v1/sites/{site_id}/unnotified_patients"
    counsellor = records(Role.COUNSELLOR, account=account)

    before = [(await one.get(path)).json()["items"] for one in (counsellor, stranger)]
    await join_team(patient, account)

    assert before == [[], []]
    assert [one["patient_id"] for one in (await counsellor.get(path)).json()["items"]] == [patient["id"]]
    assert (await records(Role.LAB).get(path)).status_code == 403
