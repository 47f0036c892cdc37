"""A programme closes: each record is transferred by consent, kept by law, or destroyed, and nobody reads it then."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from services.contracts.records.programme_closings import ProgrammeClosing
from services.policy.routes import BY_OPERATION
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import NewConsent, code_of, hospital, new_consent, new_recipient, terms
from tests.records.consents.test_consents import without_instance
from tests.records.disclosures.conftest import Disclose, body, disclose
from tests.records.draw_programmes.conftest import At, at
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.own_record.test_own_record import claim, link, linked_to
from tests.records.referrals.conftest import ADMISSION, Act, act, referral_body
from tests.records.test_audit import events
from tests.records.test_replays import KEY

__all__ = [
    "act",
    "at",
    "body",
    "disclose",
    "events",
    "hospital",
    "new_consent",
    "new_recipient",
    "referral_body",
    "tell",
    "terms",
]

Json = dict[str, Any]
Decide = Callable[..., Awaitable[httpx2.Response]]
CLOSINGS = "/v1/programme_closings"
LAW: Json = {"citation": "Synthetic Code 9-1", "keep_until": "2033-10-02"}
ENDS: Json = {
    "programme": "Harbour Street programme",
    "reason": "discontinued",
    "ends_on": "2026-10-02",
    "responsible_person": "Rae Keeper",
    "responsible_contact": "12 Harbour Street",
    "retention": LAW,
}
GIVEN = ["demographics", "consents"]
AFTER = "2026-10-04T12:30:00Z"
"""The last day is over everywhere."""


@pytest.fixture
def admin(records: ClientFactory) -> httpx2.AsyncClient:
    return records(Role.ORGANIZATION_ADMIN)


async def opened(admin: httpx2.AsyncClient, **changes: Any) -> Json:
    answer = await admin.post(CLOSINGS, json={**ENDS, **changes})
    assert answer.status_code == 201, answer.text
    closing: Json = answer.json()
    return closing


async def decide(client: httpx2.AsyncClient, closing: Json, *patients: Json, **said: Any) -> httpx2.Response:
    asked = {"patient_ids": [one["id"] for one in patients], "kind": "keep", **said}
    return await client.post(f"{CLOSINGS}/{closing['id']}/dispositions", json=asked)


async def seal(at: At, closing: Json, now: str = AFTER) -> httpx2.Response:
    return await at(now, Role.ORGANIZATION_ADMIN).post(f"{CLOSINGS}/{closing['id']}:seal")


async def listed(client: httpx2.AsyncClient, closing: Json) -> list[Json]:
    answer = await client.get(f"{CLOSINGS}/{closing['id']}/dispositions")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def test_each_record_is_decided_on_before_any_is_sealed_and_none_before_the_last_day_is_over(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At
) -> None:
    closing = await opened(admin)
    first, second = await new_patient(), await new_patient(given_name="John")
    undecided = await seal(at, closing)
    one = await decide(director, closing, first)
    half = await seal(at, closing)
    both = await decide(director, closing, first, second)
    too_early = await seal(at, closing, "2026-10-03T11:59:00Z")
    sealed = await seal(at, closing)

    assert [(answer.status_code, code_of(answer)) for answer in (undecided, half, too_early)] == [
        (409, "undecided"), (409, "undecided"), (409, "programme-goes-on"),
    ]  # fmt: skip
    assert (one.json()["undecided"], both.json()["undecided"], both.json()["kept"]) == (1, 0, 2)
    assert sealed.status_code == 200, sealed.text
    told = sealed.json()
    assert (told["status"], told["kept"], told["undecided"]) == ("sealed", 2, 0)
    assert told["label"] == (
        "Records of Harbour Street programme required to be maintained under Synthetic Code 9-1 until a date not later"
        " than October 2, 2033"
    )
    assert [(one["kind"], one["destroy_from"], one["is_destroyed"]) for one in await listed(director, closing)] == [
        ("keep", "2033-10-02", False)
    ] * 2


async def test_once_sealed_nobody_reads_or_discloses_it_and_it_looks_as_if_it_had_never_been(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    new_consent: NewConsent, disclose: Disclose, at: At, referral_body: Json, act: Act, site_id: UUID,
) -> None:  # fmt: skip
    patient, mine, author = await new_patient(), uuid4(), uuid4()
    admission = {**ADMISSION, "patient_id": patient["id"]}
    referred = await director.post("/v1/referrals", json=referral_body, headers=KEY)
    referral = (await act(referred.json(), "admit", admission)).json()
    await new_consent(patient)
    await linked_to(director, records, patient, mine)
    herself, counsellor = records(Role.PATIENT, account=mine), records(Role.COUNSELLOR, account=author)
    desk = records(Role.FRONT_DESK)
    team = f"/v1/patients/{patient['id']}/care_team_members"
    await director.post(team, json={"account_id": str(author)})
    notes = f"/v1/patients/{patient['id']}/counselling_notes"
    note = (await counsellor.post(notes, json={"text": "Apart"})).json()
    asked = [
        (director, f"/v1/patients/{patient['id']}"), (director, f"/v1/patients/{patient['id']}/chart?zone=UTC"),
        (counsellor, f"/v1/counselling_notes/{note['id']}"), (herself, "/v1/me/record?information=demographics"),
        (desk, f"/v1/referrals/{referral['id']}"), (desk, f"/v1/referrals/{referral['id']}/contacts"),
    ]  # fmt: skip
    admitted = f"/v1/referrals?site_id={site_id}&status=admitted"
    among = [one["id"] for one in (await desk.get(admitted)).json()["items"]]
    before = [(await client.get(path)).status_code for client, path in asked]
    closing = await opened(admin)
    await decide(director, closing, patient)
    assert (await seal(at, closing)).status_code == 200

    after = [(await client.get(path)).status_code for client, path in asked]
    broken = f"/v1/patients/{patient['id']}/emergency_accesses"
    glass = await records(Role.NURSE).post(broken, json={"nature": "overdose", "reason": "Found unconscious"})
    disclosed, of_nobody = await disclose(patient["id"], information=["demographics"]), await disclose(uuid4())

    assert (before, after) == ([200] * 6, [404] * 6)
    assert (among, (await desk.get(admitted)).json()["items"]) == ([referral["id"]], [])
    assert (await director.get("/v1/patients")).json()["items"] == []
    assert (glass.status_code, disclosed.status_code) == (404, 404)
    replayed = await director.post("/v1/referrals", json=referral_body, headers=KEY)
    assert (referred.status_code, replayed.status_code) == (201, 404)
    assert without_instance(disclosed) == without_instance(of_nobody)


async def test_once_sealed_nobody_is_planned_for_tells_of_attendance_or_claims_the_record(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    serving: httpx2.AsyncClient, put_plan: PlanFactory, tell: Tell, at: At, site_id: UUID,
) -> None:  # fmt: skip
    patient, account = await new_patient(), uuid4()
    await put_plan(patient["id"])
    handed = await link(director, patient, account)
    planning = f"/v1/week_requirements?site_id={site_id}&week=2026-10-05"
    before = (await serving.get(planning)).text, (await tell(event(patient))).status_code
    closing = await opened(admin)
    await decide(director, closing, patient)
    assert (await seal(at, closing)).status_code == 200

    after = (await serving.get(planning)).text, (await tell(event(patient))).status_code
    claimed = await claim(records(Role.PATIENT, account=account), patient, handed)

    assert [patient["id"] in told for told, _ in (before, after)] == [True, False]
    assert (before[1], after[1]) == (200, 404)
    assert (claimed.status_code, code_of(claimed)) == (404, "claim-refused")


async def test_who_is_sealed_does_not_end_the_list_of_those_who_are_not(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At
) -> None:
    closing = await opened(admin)
    await decide(director, closing, await new_patient(), await new_patient())
    assert (await seal(at, closing)).status_code == 200
    later = await new_patient()

    listed = (await director.get("/v1/patients?page_size=1")).json()["items"]

    assert [one["id"] for one in listed] == [later["id"]]


async def test_a_record_goes_to_another_programme_by_the_patient_s_consent_alone(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose, hospital: Json, at: At,
) -> None:  # fmt: skip
    patient, other = await new_patient(), await new_patient(given_name="John")
    await new_consent(patient, information=GIVEN)
    early = (await disclose(patient["id"], information=GIVEN)).json()["disclosure"]["id"]
    closing = await opened(admin, reason="acquired", acquired_by=hospital["id"], retention=None)
    given = (await disclose(patient["id"], information=GIVEN)).json()["disclosure"]["id"]

    refused = [
        await decide(director, closing, other, kind="transfer", disclosure_id=given),
        await decide(director, closing, patient, kind="transfer", disclosure_id=str(uuid4())),
        await decide(director, closing, patient, kind="transfer", disclosure_id=early),
    ]
    transferred = await decide(director, closing, patient, kind="transfer", disclosure_id=given)
    await decide(director, closing, other, kind="destroy")
    sealed = await seal(at, closing)

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in refused] == [(422, "/disclosure_id")] * 3
    assert (transferred.status_code, transferred.json()["transferred"]) == (200, 1)
    assert (sealed.json()["label"], sealed.json()["to_destroy"]) == (None, 1)
    assert {one["kind"]: one["destroy_from"] for one in await listed(director, closing)} == {
        "transfer": "2026-10-04", "destroy": "2026-10-04",
    }  # fmt: skip


async def test_a_record_is_transferred_by_disclosures_that_together_give_all_there_is_of_all_days(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose, tell: Tell,
) -> None:  # fmt: skip
    patient = await new_patient()
    assert (await tell(event(patient))).status_code == 200
    await new_consent(patient, information=[*GIVEN, "attendance"])
    closing = await opened(admin)

    async def transferred(*information: str, **days: str) -> httpx2.Response:
        given = await disclose(patient["id"], information=list(information), **days)
        assert given.status_code == 201, given.text
        return await decide(director, closing, patient, kind="transfer", disclosure_id=given.json()["disclosure"]["id"])

    without, some_days = await transferred(*GIVEN), await transferred("attendance", records_from="2026-09-01")
    whole = await transferred("attendance")

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in (without, some_days)] == [
        (422, "/disclosure_id")
    ] * 2
    assert without.json()["errors"][0]["detail"].endswith("Not given: attendance")
    assert (whole.status_code, whole.json()["transferred"]) == (200, 1), whole.text


async def test_a_consent_that_names_a_class_transfers_no_record(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose,
) -> None:  # fmt: skip
    patient = await new_patient()
    await new_consent(patient, information=GIVEN, recipient_ids=[], recipient_kinds=["treating_provider"])
    closing = await opened(admin)
    given = await disclose(patient["id"], information=GIVEN)
    assert given.status_code == 201, given.text

    answer = await decide(director, closing, patient, kind="transfer", disclosure_id=given.json()["disclosure"]["id"])

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/disclosure_id")


@pytest.mark.parametrize(("retention", "kind"), [(None, "keep"), (LAW, "destroy")])
async def test_what_the_law_says_otherwise_of_is_refused_with_the_remedy(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, retention: Json | None,
    kind: str,
) -> None:  # fmt: skip
    closing, patient = await opened(admin, retention=retention), await new_patient()

    answer = await decide(director, closing, patient, kind=kind)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kind")
    assert [one["kind"] for one in await listed(director, closing)] == [None]


async def test_until_it_is_sealed_it_can_be_decided_otherwise_or_the_programme_goes_on(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose,
) -> None:  # fmt: skip
    closing, patient = await opened(admin), await new_patient()
    await new_consent(patient, information=GIVEN)
    given = (await disclose(patient["id"], information=GIVEN)).json()["disclosure"]["id"]
    await decide(director, closing, patient)
    otherwise = await decide(director, closing, patient, kind="transfer", disclosure_id=given)
    twice = await admin.post(CLOSINGS, json=ENDS)
    cancelled = await admin.post(f"{CLOSINGS}/{closing['id']}:cancel")
    late = await decide(director, closing, patient)
    again = await admin.post(CLOSINGS, json=ENDS)

    assert (otherwise.json()["kept"], otherwise.json()["transferred"]) == (0, 1)
    assert (twice.status_code, cancelled.json()["status"], late.status_code, again.status_code) == (
        409, "cancelled", 409, 201,
    )  # fmt: skip
    assert (await director.get(f"/v1/patients/{patient['id']}")).status_code == 200
    assert [one["status"] for one in (await admin.get(CLOSINGS)).json()["items"]] == ["cancelled", "open"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reason": "acquired"}, ""),
        ({"acquired_by": str(UUID(int=1))}, ""),
        ({"retention": {"citation": "C", "keep_until": "2026-10-02"}}, ""),
        ({"reason": "acquired", "acquired_by": str(UUID(int=1))}, "/acquired_by"),
        ({"ends_on": "2026-09-30"}, "/ends_on"),
        ({"responsible_person": ""}, "/responsible_person"),
    ],
)
async def test_a_closing_without_what_it_needs_is_refused(
    admin: httpx2.AsyncClient, changes: Json, pointer: str
) -> None:
    answer = await admin.post(CLOSINGS, json={**ENDS, **changes})

    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_the_administrator_opens_and_seals_and_sees_no_patient_and_others_are_refused(
    *, admin: httpx2.AsyncClient, records: ClientFactory, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
) -> None:  # fmt: skip
    closing, patient = await opened(admin), await new_patient()
    path = f"{CLOSINGS}/{closing['id']}"

    refused = [
        await admin.get(f"{path}/dispositions"), await decide(admin, closing, patient),
        await director.post(CLOSINGS, json=ENDS), await director.post(f"{path}:seal"),
        await records(Role.COUNSELLOR).get(path), await records(Role.FRONT_DESK).post(f"{path}:cancel"),
    ]  # fmt: skip
    of_another, of_none = await stranger.get(path), await stranger.get(f"{CLOSINGS}/{uuid4()}")

    assert [one.status_code for one in refused] == [403] * 6
    assert patient["id"] not in (await admin.get(path)).text
    assert of_another.status_code == 404
    assert without_instance(of_another) == without_instance(of_none)
    assert (await decide(director, closing, {"id": str(uuid4())})).status_code == 422


async def test_who_decided_what_is_on_the_trail(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At, events: Any
) -> None:
    closing, patient = await opened(admin), await new_patient()
    await decide(director, closing, patient)
    await seal(at, closing)
    await director.get(f"/v1/patients/{patient['id']}")

    told = {one["operation"]: one for one in await events()}

    assert told["create_dispositions"]["outcome"] == "permitted"
    assert told["seal_programme_closing"]["programme_closing"] == closing["id"]
    assert (told["read_patient"]["outcome"], told["read_patient"]["rule"]) == ("denied", "record-sealed")


async def test_the_remedy_of_a_sealed_record_leads_to_the_person_who_answers_for_it(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, new_patient: PatientFactory,
    at: At,
) -> None:  # fmt: skip
    """Before, it named a person whom nobody who was told of it could find."""
    closing, patient, auditor = await opened(admin), await new_patient(), records(Role.AUDITOR)
    await decide(director, closing, patient)
    await seal(at, closing)
    assert (await director.get(f"/v1/patients/{patient['id']}")).status_code == 404

    denials = (await auditor.get("/v1/access_denials")).json()["items"]

    [remedy] = [one["remedy"] for one in denials if one["rule"] == "record-sealed"]
    [operation] = [one for one in BY_OPERATION if one in remedy.split()]
    [member] = [one for one in ProgrammeClosing.model_fields if one in remedy.split()]
    assert Role.AUDITOR in BY_OPERATION[operation].roles
    found = (await auditor.get(BY_OPERATION[operation].path)).json()["items"]
    assert [one[member] for one in found] == [ENDS["responsible_person"]]
