"""Discharge summaries: signed and answered for when the episode has ended, amended, and never overwritten."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import NewConsent, code_of, hospital, new_consent, new_recipient, terms
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import Disclose, body, disclose
from tests.records.encounters.conftest import Tell, event, tell

__all__ = ["body", "disclose", "hospital", "new_consent", "new_recipient", "tell", "terms"]

Json = dict[str, Any]

TEXT: Json = {
    "presenting": "Daily drinking.",
    "course": "Three groups a week, and family sessions.",
    "progress": "Two of three goals.",
    "condition_at_discharge": "Sober for five weeks.",
    "recommendations": "Weekly outpatient groups.",
    "referrals": ["Harbour outpatient"],
}


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def counsellor(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    return records(Role.COUNSELLOR, account=account)


@pytest.fixture
async def episode(
    director: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam, account: UUID
) -> Json:
    """Return an open episode of somebody whom the counsellor treats."""
    patient = await new_patient()
    await join_team(patient, account)
    body = {
        "programme": "evening-iop",
        "admitted_on": "2026-08-03",
        "initial": {"criteria_edition": "asam-3", "level": "2.1"},
    }
    answer = await director.post(f"/v1/patients/{patient['id']}/episodes", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
async def ended(director: httpx2.AsyncClient, episode: Json) -> Json:
    body = {"discharged_on": "2026-09-30", "reason": "completed"}
    headers = {"if-match": f'"{episode["version"]}"'}
    answer = await director.post(f"/v1/episodes/{episode['id']}:discharge", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def path(episode: Json) -> str:
    return f"/v1/episodes/{episode['id']}/discharge_summary"


async def test_a_summary_is_signed_by_who_writes_it_and_read_as_it_was_signed(
    counsellor: httpx2.AsyncClient, ended: Json, account: UUID
) -> None:
    written = await counsellor.post(path(ended), json=TEXT)
    read = await counsellor.get(path(ended))

    assert written.status_code == 201, written.text
    summary = read.json()
    assert summary == written.json()
    assert (summary["text"], summary["signed_by"], summary["version"]) == (TEXT, str(account), 1)
    assert (summary["admitted_on"], summary["discharged_on"], summary["discharge_reason"]) == (
        "2026-08-03", "2026-09-30", "completed",
    )  # fmt: skip
    signed = {"episode_id": ended["id"], "version": 1, "text": TEXT, "reason": None, "signed_by": str(account)}
    assert summary["sha256"] == hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def test_an_amendment_stands_beside_what_was_signed(counsellor: httpx2.AsyncClient, ended: Json) -> None:
    first = (await counsellor.post(path(ended), json=TEXT)).json()
    change = {"text": {**TEXT, "progress": "All three goals."}, "reason": "A goal was overlooked."}

    stale = await counsellor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"2"'})
    amended = await counsellor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"1"'})

    assert (stale.status_code, amended.status_code, amended.headers["etag"]) == (412, 200, '"2"')
    assert amended.json()["reason"] == "A goal was overlooked."
    versions = (await counsellor.get(f"{path(ended)}/versions")).json()["items"]
    assert versions == [amended.json(), first]
    assert first["sha256"] != amended.json()["sha256"]


async def test_an_open_episode_has_no_summary_and_one_that_ended_has_one(
    counsellor: httpx2.AsyncClient, episode: Json
) -> None:
    missing, early = await counsellor.get(path(episode)), await counsellor.post(path(episode), json=TEXT)

    assert (missing.status_code, early.status_code, code_of(early)) == (404, 409, "episode-open")


async def test_a_second_summary_is_refused(counsellor: httpx2.AsyncClient, ended: Json) -> None:
    await counsellor.post(path(ended), json=TEXT)

    second = await counsellor.post(path(ended), json=TEXT)

    assert (second.status_code, code_of(second)) == (409, "summary-signed")


@pytest.fixture
async def supervisor(records: ClientFactory, director: httpx2.AsyncClient, account: UUID) -> httpx2.AsyncClient:
    """Return who supervises the counsellor."""
    supervisor = uuid4()
    body = {"supervisee_id": str(account), "supervisor_id": str(supervisor)}
    assert (await director.post("/v1/supervisions", json=body)).status_code == 201
    return records(Role.SUPERVISOR, account=supervisor)


async def cosign(client: httpx2.AsyncClient, episode: Json, version: int = 1) -> httpx2.Response:
    return await client.post(f"{path(episode)}:cosign", headers={"if-match": f'"{version}"'})


async def test_who_is_supervised_signs_what_who_supervises_them_answers_for(
    *, records: ClientFactory, counsellor: httpx2.AsyncClient, supervisor: httpx2.AsyncClient, ended: Json
) -> None:
    written = await counsellor.post(path(ended), json=TEXT)
    others = [await cosign(one, ended) for one in (counsellor, records(Role.SUPERVISOR))]
    stale = await cosign(supervisor, ended, 2)
    cosigned, again = await cosign(supervisor, ended), await cosign(supervisor, ended)

    assert (written.status_code, written.json()["status"]) == (201, "awaiting_cosignature")
    assert [(one.status_code, code_of(one)) for one in (*others, again)] == [(409, "cosignature-not-awaited")] * 3
    assert (stale.status_code, cosigned.status_code, cosigned.json()["status"]) == (412, 200, "signed")
    assert cosigned.json()["cosigned_at"] is not None
    assert cosigned.json()["cosigned_by"] != cosigned.json()["signed_by"] == written.json()["signed_by"]
    assert (await counsellor.get(path(ended))).json() == cosigned.json()


async def test_what_nobody_has_to_answer_for_awaits_no_cosignature(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, ended: Json
) -> None:
    written = await counsellor.post(path(ended), json=TEXT)

    assert (written.json()["status"], written.json()["cosigned_by"]) == ("signed", None)
    assert code_of(await cosign(director, ended)) == "cosignature-not-awaited"


async def test_a_summary_is_disclosed_once_all_who_must_have_signed_it(
    *, counsellor: httpx2.AsyncClient, supervisor: httpx2.AsyncClient, ended: Json, new_consent: NewConsent,
    disclose: Disclose,
) -> None:  # fmt: skip
    patient = {"id": ended["patient_id"]}
    await new_consent(patient, information=["discharge_summary"])

    async def told() -> list[Json]:
        answer = await disclose(patient["id"], information=["discharge_summary"])
        if answer.status_code == 422:
            assert code_of(answer) == "nothing-to-disclose"
            return []
        assert answer.status_code == 201, answer.text
        summaries: list[Json] = answer.json()["discharge_summary"]
        return summaries

    await counsellor.post(path(ended), json=TEXT)
    before = await told()
    await cosign(supervisor, ended)
    after = await told()
    change = {"text": {**TEXT, "progress": "All three goals."}, "reason": "A goal was overlooked."}
    await counsellor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"1"'})
    amended = await told()
    await cosign(supervisor, ended, 2)

    assert (before, [one["version"] for one in after], amended) == ([], [1], after)
    assert after[0]["cosigned_at"] is not None
    assert [one["version"] for one in await told()] == [2]


async def test_who_supervises_the_author_amends_a_summary(
    counsellor: httpx2.AsyncClient, supervisor: httpx2.AsyncClient, ended: Json
) -> None:
    first = (await counsellor.post(path(ended), json=TEXT)).json()
    change = {"text": {**TEXT, "progress": "All three goals."}, "reason": "A goal was overlooked."}

    amended = await supervisor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"1"'})

    assert amended.status_code == 200, amended.text
    assert (amended.json()["version"], amended.json()["status"]) == (2, "signed")
    assert amended.json()["signed_by"] != first["signed_by"]
    assert (await counsellor.get(f"{path(ended)}/versions")).json()["items"] == [amended.json(), first]


async def test_who_neither_wrote_a_summary_nor_supervises_its_author_does_not_amend_it(
    director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, ended: Json
) -> None:
    await counsellor.post(path(ended), json=TEXT)

    answer = await director.post(
        f"{path(ended)}:amend", json={"text": TEXT, "reason": "Better so."}, headers={"if-match": '"1"'}
    )

    assert answer.status_code == 404


async def test_strangers_cannot_tell_whether_there_is_one(
    *, records: ClientFactory, stranger: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, ended: Json
) -> None:
    await counsellor.post(path(ended), json=TEXT)
    nobody = {"id": str(uuid4())}

    for client in (stranger, records(Role.COUNSELLOR)):
        for answer, other in (
            (await client.get(path(ended)), await client.get(path(nobody))),
            (await client.post(path(ended), json=TEXT), await client.post(path(nobody), json=TEXT)),
        ):
            assert answer.status_code == 404
            assert without_instance(answer) == without_instance(other)


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.BILLING, Role.PATIENT, Role.LAB])
async def test_whose_duties_do_not_need_it_reads_none(records: ClientFactory, ended: Json, role: Role) -> None:
    assert (await records(role).get(path(ended))).status_code == 403


@pytest.mark.parametrize(
    ("changes", "pointer"), [({"progress": ""}, "/progress"), ({"course": None}, "/course"), ({"other": "x"}, "/other")]
)
async def test_what_does_not_fit_is_refused_by_its_name(
    counsellor: httpx2.AsyncClient, ended: Json, changes: Json, pointer: str
) -> None:
    answer = await counsellor.post(path(ended), json={**TEXT, **changes})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_summary_names_nobody_who_sat_beside_the_patient(
    *, counsellor: httpx2.AsyncClient, ended: Json, new_patient: PatientFactory, tell: Tell
) -> None:
    other, shared = await new_patient(given_name="Zebulon", family_name="Quimby"), str(uuid4())
    for one in ({**other, "id": ended["patient_id"]}, other):
        assert (await tell(event(one, appointment_id=shared))).status_code == 200
    named = {**TEXT, "referrals": ["Lives with Zebulon."]}

    refused = await counsellor.post(path(ended), json=named)
    assert (await counsellor.post(path(ended), json=TEXT)).status_code == 201
    change = {"text": named, "reason": "Quimby asked."}
    amended = await counsellor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"1"'})

    assert [(one.status_code, code_of(one)) for one in (refused, amended)] == [(422, "others-named")] * 2
    pointers = [[error["pointer"] for error in one.json()["errors"]] for one in (refused, amended)]
    assert pointers == [["/referrals/0"], ["/text/referrals/0", "/reason"]]


async def lacking(client: httpx2.AsyncClient, site_id: UUID) -> list[Json]:
    answer = await client.get(f"/v1/sites/{site_id}/due_discharge_summaries", params={"zone": "America/New_York"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["practice"]["days"], answer.json()["practice"]["mark"]) == (30, "likely")
    items: list[Json] = answer.json()["items"]
    return items


async def test_a_site_s_summaries_are_due_until_all_who_must_have_signed(
    *, counsellor: httpx2.AsyncClient, supervisor: httpx2.AsyncClient, ended: Json, site_id: UUID
) -> None:
    (nothing,) = await lacking(counsellor, site_id)
    await counsellor.post(path(ended), json=TEXT)
    (unanswered,) = await lacking(supervisor, site_id)
    await cosign(supervisor, ended)
    whole = await lacking(supervisor, site_id)
    change = {"text": {**TEXT, "progress": "All three goals."}, "reason": "A goal was overlooked."}
    await counsellor.post(f"{path(ended)}:amend", json=change, headers={"if-match": '"1"'})
    (amended,) = await lacking(supervisor, site_id)

    # The clock stands on 2 October, and the patient was discharged on 30 September.
    assert nothing == {
        "episode_id": ended["id"],
        "patient_id": ended["patient_id"],
        "programme": "evening-iop",
        "discharged_on": "2026-09-30",
        "version": None,
        "awaits": "summary",
        "due_on": "2026-10-30",
        "is_overdue": False,
    }
    assert (unanswered["version"], unanswered["awaits"], whole) == (1, "cosignature", [])
    assert (amended["version"], amended["awaits"]) == (2, "cosignature")


async def test_an_open_episode_lacks_no_summary_and_nobody_else_s_is_listed(
    *, records: ClientFactory, stranger: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, episode: Json,
    director: httpx2.AsyncClient, site_id: UUID,
) -> None:  # fmt: skip
    before = await lacking(counsellor, site_id)
    end = {"discharged_on": "2026-08-20", "reason": "completed"}
    headers = {"if-match": f'"{episode["version"]}"'}
    await director.post(f"/v1/episodes/{episode['id']}:discharge", json=end, headers=headers)

    (overdue,) = await lacking(counsellor, site_id)
    assert (before, overdue["due_on"], overdue["is_overdue"]) == ([], "2026-09-19", True)
    assert (await lacking(stranger, site_id), await lacking(records(Role.COUNSELLOR), site_id)) == ([], [])
    here = f"/v1/sites/{site_id}/due_discharge_summaries"
    assert (await records(Role.BILLING).get(here, params={"zone": "UTC"})).status_code == 403
    assert (await director.get(here, params={"zone": "Nowhere"})).status_code == 422
