"""A related person reads by an account of theirs: what an active consent names them for, and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.policy.decisions.notices import NOTICES
from services.records.own_record.rules import MOST_ATTEMPTS, fits
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import DOCUMENT, SIGNED, code_of
from tests.records.consents.test_beside import RULE, parent_of, signed_by
from tests.records.consents.test_consents import without_instance
from tests.records.draw_programmes.conftest import At, at
from tests.records.encounters.conftest import Tell, event
from tests.records.family.conftest import Consent, Json
from tests.records.family.test_participations import SESSION, agree
from tests.records.own_record.test_own_record import revoke
from tests.records.test_audit import events

__all__ = ["at", "events"]

OWN = "/v1/me/related_persons"
WRONG = "00000-00000"
AFTER_THREE_DAYS = "2026-10-06T12:00:00Z"
Claimed = Callable[[], Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def own(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    """Return a client of somebody who signs in as family."""
    return records(Role.FAMILY, account=account)


async def link(client: httpx2.AsyncClient, person: Json, account: UUID) -> httpx2.Response:
    return await client.post(f"/v1/related_persons/{person['id']}/accounts", json={"account_id": str(account)})


async def claim(
    own: httpx2.AsyncClient, handed: httpx2.Response, birth_date: str = "1990-02-28", **changes: str
) -> Any:
    body = {"code": handed.json().get("code", WRONG), "birth_date": birth_date, **changes}
    return await own.post(f"{OWN}:claim", json=body)


async def read(own: httpx2.AsyncClient, person: Json, *information: str, **asked: str) -> httpx2.Response:
    return await own.get(f"{OWN}/{person['id']}/record", params={"information": list(information), **asked})


async def sessions(own: httpx2.AsyncClient, person: Json) -> httpx2.Response:
    return await own.get(f"{OWN}/{person['id']}/family_sessions")


@pytest.fixture
async def signed(consent: Consent) -> Json:
    return await consent(information=["attendance", "demographics"])


@pytest.fixture
async def handed(director: httpx2.AsyncClient, sister: Json, signed: Json, account: UUID) -> httpx2.Response:
    answer = await link(director, sister, account)
    assert (answer.status_code, signed["status"]) == (201, "active"), answer.text
    return answer


@pytest.fixture
async def claimed(own: httpx2.AsyncClient, handed: httpx2.Response) -> httpx2.AsyncClient:
    """Return a client of the sister, who has claimed who she is."""
    answer = await claim(own, handed)
    assert answer.status_code == 200, answer.text
    return own


@pytest.fixture
async def attended(tell: Tell, patient: Json) -> None:
    group = {"start": "2026-09-29T18:00:00Z", "end": "2026-09-29T21:00:00Z"}
    family = {"start": "2026-09-30T18:00:00Z", "end": "2026-09-30T19:00:00Z", "service": "family"}
    for told in (group, family):
        assert (await tell(event(patient, **told))).status_code == 200


async def test_somebody_is_given_an_account_only_where_a_consent_names_them_in_person(
    director: httpx2.AsyncClient, sister: Json, consent: Consent, account: UUID
) -> None:
    alone = await link(director, sister, account)
    await consent(recipient_ids=[], recipient_kinds=["family_or_friend"])
    by_class = await link(director, sister, account)
    await consent(purposes=["treatment"])
    for_another_purpose = await link(director, sister, account)
    await consent()
    named = await link(director, sister, account)

    refused = [alone, by_class, for_another_purpose]
    assert [(one.status_code, code_of(one)) for one in refused] == [
        (403, "no-consent"), (403, "consent-does-not-name-recipient"), (403, "consent-for-another-purpose"),
    ]  # fmt: skip
    assert named.status_code == 201, named.text


async def test_nothing_is_read_until_it_is_claimed_and_the_code_is_kept_by_its_digest_alone(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, sister: Json, handed: httpx2.Response,
    records_database: Database, organization_id: UUID,
) -> None:  # fmt: skip
    before, listed = await read(own, sister, "demographics"), await own.get(OWN)
    answer = await claim(own, handed)
    after = await read(own, sister, "demographics")

    assert (before.status_code, code_of(before), listed.json()["items"]) == (404, "nothing-to-read", [])
    assert (answer.status_code, answer.json()["related_person_id"]) == (200, sister["id"])
    assert after.status_code == 200, after.text
    async with records_database.read(OrganizationId(organization_id)) as reading:
        row = await reading.connection.fetchrow(
            "select code_sha256, related_person_accounts::text as all from related_person_accounts"
        )
    code = handed.json()["code"]
    assert fits(UUID(handed.json()["id"]), code, row["code_sha256"])
    assert code not in row["all"]
    (kept,) = (await director.get(f"/v1/related_persons/{sister['id']}/accounts")).json()["items"]
    assert "code" not in kept
    assert kept["claimed_at"] == answer.json()["claimed_at"]


@pytest.mark.parametrize("changes", [{"code": WRONG}, {"birth_date": "1991-01-01"}])
async def test_a_claim_that_does_not_fit_is_refused_as_where_there_is_nothing_to_claim(
    records: ClientFactory, own: httpx2.AsyncClient, handed: httpx2.Response, changes: dict[str, str]
) -> None:
    refused = await claim(own, handed, **changes)
    nobody = await claim(records(Role.FAMILY), handed)

    assert (refused.status_code, code_of(refused)) == (404, "claim-refused")
    assert without_instance(refused) == without_instance(nobody)
    assert (await own.get(OWN)).json()["items"] == []


async def test_after_the_last_attempt_the_right_code_is_too_late_and_another_is_handed_out(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, sister: Json, handed: httpx2.Response, account: UUID
) -> None:
    for _ in range(MOST_ATTEMPTS):
        assert (await claim(own, handed, code=WRONG)).status_code == 404

    late, another = await claim(own, handed), await link(director, sister, account)

    assert (late.status_code, code_of(late)) == (404, "claim-refused")
    assert (await claim(own, another)).status_code == 200


async def test_a_code_is_good_for_three_days(at: At, handed: httpx2.Response, account: UUID) -> None:
    late = await claim(at(AFTER_THREE_DAYS, Role.FAMILY, account=account), handed)

    assert (late.status_code, code_of(late)) == (404, "claim-refused")


async def test_a_code_claims_nothing_once_the_consent_is_revoked(
    director: httpx2.AsyncClient, own: httpx2.AsyncClient, signed: Json, handed: httpx2.Response
) -> None:
    await director.post(f"/v1/consents/{signed['id']}:revoke", json={"document_sha256": DOCUMENT})

    assert (await claim(own, handed)).status_code == 404


async def test_a_person_has_one_account_and_an_account_one_person_to_claim_at_a_time(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, sister: Json, handed: httpx2.Response, account: UUID
) -> None:
    twice = await link(director, sister, uuid4())
    own_self = await director.post(f"/v1/related_persons/{sister['id']}/accounts", json={"account_id": "x"})
    ended = await director.post(f"/v1/related_person_accounts/{handed.json()['id']}:end")
    again = await director.post(f"/v1/related_person_accounts/{handed.json()['id']}:end")
    another = await link(director, sister, account)

    assert (twice.status_code, code_of(twice)) == (409, "account-linked")
    assert own_self.status_code == 422
    assert (ended.status_code, again.status_code, another.status_code) == (200, 409, 201)
    assert (await claim(own, handed)).status_code == 404
    assert (await claim(own, another)).status_code == 200


@pytest.mark.usefixtures("attended")
async def test_a_related_person_reads_what_the_consent_names_with_the_notice_and_each_look_is_accounted(
    *, director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, patient: Json, sister: Json, signed: Json,
    account: UUID,
) -> None:  # fmt: skip
    listed = await claimed.get(OWN)
    answers = [await read(claimed, sister, part) for part in ("demographics", "attendance")]

    assert listed.json()["items"] == [
        {"related_person_id": sister["id"], "information": ["demographics", "attendance"], "has_family_sessions": False}
    ]
    assert [one.status_code for one in answers] == [200, 200], answers[1].text
    whole = answers[0].json()
    assert (whole["demographics"], whole["attendance"]) == (patient, None)
    assert whole["notice"]["text"] == NOTICES[whole["notice"]["version"]]
    assert (whole["consent"]["id"], whole["disclosure"]["redisclosure"]) == (signed["id"], "not_without_new_consent")
    assert {"NORDSCLCD", "42CFRPart2"} <= {one["code"] for one in whole["labels"][0]["security"]}
    assert [one["start"] for one in answers[1].json()["attendance"]] == ["2026-09-29T18:00:00Z", "2026-09-30T18:00:00Z"]
    accounted = (await director.get(f"/v1/patients/{patient['id']}/disclosures")).json()["items"]
    assert accounted == [one.json()["disclosure"] for one in answers]
    assert {(one["purpose"], one["disclosed_by"], one["recipient"]["id"]) for one in accounted} == {
        ("family_involvement", str(account), sister["recipient_id"])
    }


async def test_what_is_not_named_not_there_and_of_nobody_is_one_answer_and_each_denial_is_kept(
    *, director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, records: ClientFactory, sister: Json, account: UUID
) -> None:
    not_named = await read(claimed, sister, "drug_tests")
    beside_what_is = await read(claimed, sister, "demographics", "drug_tests")
    not_there = await read(claimed, sister, "attendance")
    nobody = await read(claimed, {"id": str(uuid4())}, "demographics")
    by_another = await read(records(Role.FAMILY), sister, "demographics")

    answers = [not_named, beside_what_is, not_there, nobody, by_another]
    assert {one.status_code for one in answers} == {404}
    assert len({str(without_instance(one)) for one in answers}) == 1
    denials = (await director.get("/v1/disclosure_denials")).json()["items"]
    assert [(one["information"], one["rule"], one["denied_to"]) for one in denials] == [
        ("drug_tests", "consent-without-information", str(account))
    ] * 2
    assert all(one["remedy"] for one in denials)


async def test_claims_are_not_listed_as_they_cannot_be_asked_for(
    *, director: httpx2.AsyncClient, own: httpx2.AsyncClient, sister: Json, consent: Consent, account: UUID
) -> None:
    await consent(information=["claims"])
    of_nothing_else = await link(director, sister, account)
    await consent(information=["claims", "demographics"])
    handed = await link(director, sister, account)
    await claim(own, handed)

    assert (of_nothing_else.status_code, handed.status_code) == (403, 201)
    assert [one["information"] for one in (await own.get(OWN)).json()["items"]] == [["demographics"]]


@pytest.mark.parametrize("end", ["revoked", "person", "account"])
@pytest.mark.usefixtures("attended")
async def test_it_ends_with_the_next_request_everywhere(
    *, director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, sister: Json, signed: Json,
    handed: httpx2.Response, end: str,
) -> None:  # fmt: skip
    await agree(director, sister, SESSION)
    before = [await read(claimed, sister, "attendance"), await sessions(claimed, sister)]
    path, body = {
        "revoked": (f"/v1/consents/{signed['id']}:revoke", {"document_sha256": DOCUMENT}),
        "person": (f"/v1/related_persons/{sister['id']}:end", None),
        "account": (f"/v1/related_person_accounts/{handed.json()['id']}:end", None),
    }[end]
    ended = await director.post(path, json=body)
    after = [await read(claimed, sister, "attendance"), await sessions(claimed, sister)]

    assert [one.status_code for one in before] == [200, 200], before[1].text
    assert ended.status_code == 200, ended.text
    assert [(one.status_code, code_of(one)) for one in after] == [(404, "nothing-to-read")] * 2
    assert (await claimed.get(OWN)).json()["items"] == []


async def test_the_patient_ends_it_alone_and_sees_each_look(
    *, director: httpx2.AsyncClient, records: ClientFactory, claimed: httpx2.AsyncClient, patient: Json, sister: Json,
    signed: Json,
) -> None:  # fmt: skip
    mine = uuid4()
    handed = await director.post(f"/v1/patients/{patient['id']}/patient_accounts", json={"account_id": str(mine)})
    herself = records(Role.PATIENT, account=mine)
    body = {"code": handed.json()["code"], "birth_date": patient["birth_date"]}
    assert (await herself.post("/v1/me/record:claim", json=body)).status_code == 200
    looked = await read(claimed, sister, "demographics")

    seen = (await herself.get("/v1/me/disclosures")).json()["items"]
    revoked = await revoke(herself, signed)

    assert seen == [looked.json()["disclosure"]]
    assert revoked.status_code == 200, revoked.text
    assert (await read(claimed, sister, "demographics")).status_code == 404


@pytest.mark.usefixtures("attended")
async def test_family_sessions_are_read_by_who_takes_part_in_them_and_no_other_session(
    director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, sister: Json
) -> None:
    alone = await sessions(claimed, sister)
    agreed = (await agree(director, sister, SESSION)).json()
    taking_part = await sessions(claimed, sister)
    listed = (await claimed.get(OWN)).json()["items"]
    await director.post(f"/v1/family_participations/{agreed['id']}:end")
    after = await sessions(claimed, sister)

    assert (alone.status_code, taking_part.status_code, after.status_code) == (404, 200, 404)
    assert [(one["service"], one["start"]) for one in taking_part.json()["attendance"]] == [
        ("family", "2026-09-30T18:00:00Z")
    ]
    assert taking_part.json()["notice"]["version"]
    assert [one["has_family_sessions"] for one in listed] == [True]
    accounted = (await director.get(f"/v1/patients/{sister['patient_id']}/disclosures")).json()["items"]
    assert [one["id"] for one in accounted] == [taking_part.json()["disclosure"]["id"]]


@pytest.mark.usefixtures("signed")
async def test_a_mother_of_two_reads_of_each_what_each_lets_her_and_of_one_nothing(
    *, director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, sister: Json, new_patient: PatientFactory,
    account: UUID,
) -> None:  # fmt: skip
    other = await new_patient(given_name="John", birth_date="1992-01-01")
    body = {"recipient_id": sister["recipient_id"], "relationship": "parent"}
    made = (await director.post(f"/v1/patients/{other['id']}/related_persons", json=body)).json()
    refused = await link(director, made, account)
    drafted = await director.post(f"/v1/patients/{other['id']}/consents", json=_terms(sister, ["attendance"]))
    assert drafted.status_code == 201, drafted.text
    await director.post(f"/v1/consents/{drafted.json()['id']}:activate", headers={"if-match": '"1"'})
    second = await link(director, made, account)
    assert (await claim(claimed, second, other["birth_date"])).status_code == 200

    items = {one["related_person_id"]: one["information"] for one in (await claimed.get(OWN)).json()["items"]}
    of_john = await read(claimed, made, "demographics")
    of_jane = await read(claimed, sister, "demographics")

    # Jane's consent names the same recipient, and says nothing of John.
    assert refused.status_code == 403
    assert items == {sister["id"]: ["demographics", "attendance"], made["id"]: ["attendance"]}
    assert (of_john.status_code, of_jane.status_code) == (404, 200)


def _terms(person: Json, information: list[str]) -> Json:
    return {
        "kind": "specific",
        "disclosing_party": "Harbour Street programme",
        "information": information,
        "recipient_ids": [person["recipient_id"]],
        "purposes": ["family_involvement"],
        "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
        "expires_on": "2026-12-31",
        "signatures": [SIGNED],
    }


@pytest.mark.usefixtures("signed")
async def test_who_works_here_and_is_family_too_reads_as_family_and_no_more(
    *, records: ClientFactory, director: httpx2.AsyncClient, sister: Json, account: UUID
) -> None:
    both = records(Role.FAMILY, Role.SUPERVISOR, account=account)
    assert (await claim(both, await link(director, sister, account))).status_code == 200

    answers = [await read(both, sister, part) for part in ("demographics", "drug_tests")]

    assert [one.status_code for one in answers] == [200, 404]


async def test_a_parent_reads_nothing_of_a_minor_who_may_consent_alone_and_signed_nothing(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, sister: Json, site_id: UUID
) -> None:
    minor = await new_patient(birth_date="2011-06-01")
    made = await director.post("/v1/minor_consent_rules", json={**RULE, "site_id": str(site_id)})
    assert made.status_code == 201, made.text
    body = {"recipient_id": sister["recipient_id"], "relationship": "parent"}
    mother = (await director.post(f"/v1/patients/{minor['id']}/related_persons", json=body)).json()
    path = f"/v1/patients/{minor['id']}/consents"
    by_mother = signed_by("parent_or_guardian", await parent_of(director, minor))
    terms = _terms(sister, ["attendance"])
    activated = []
    for signatures in ([by_mother], [SIGNED]):
        drafted = await director.post(path, json={**terms, "signatures": signatures})
        assert drafted.status_code == 201, drafted.text
        url = f"/v1/consents/{drafted.json()['id']}:activate"
        activated.append((await director.post(url, headers={"if-match": '"1"'})).status_code)
        activated.append((await link(director, mother, uuid4())).status_code)

    assert activated == [422, 403, 200, 201]


async def test_the_trail_has_an_event_of_each_look_and_of_each_refusal(
    *, claimed: httpx2.AsyncClient, own: httpx2.AsyncClient, patient: Json, sister: Json, account: UUID, events: Any
) -> None:
    await own.get(OWN)
    await read(claimed, sister, "demographics")
    await read(claimed, sister, "drug_tests")
    await read(claimed, {"id": str(uuid4())}, "demographics")

    told = [one for one in await events() if one["account"] == str(account)]

    assert [(one["operation"], one["outcome"], one["subjects"]) for one in told] == [
        ("claim_related_person", "permitted", [patient["id"]]),
        ("list_own_related_persons", "permitted", [patient["id"]]),
        ("read_record_as_related_person", "permitted", [patient["id"]]),
        ("read_record_as_related_person", "denied", [patient["id"]]),
        ("read_record_as_related_person", "denied", []),
    ]
    assert "Canary" not in orjson.dumps(told).decode()


async def test_staff_of_other_patients_and_other_organizations_cannot_tell_an_account_from_none(
    *, records: ClientFactory, stranger: httpx2.AsyncClient, sister: Json, handed: httpx2.Response, account: UUID
) -> None:
    answers = []
    for client in (stranger, records(Role.COUNSELLOR)):
        for person, link_id in ((sister["id"], handed.json()["id"]), (str(uuid4()), str(uuid4()))):
            answers.append([
                without_instance(await link(client, {"id": person}, account)),
                without_instance(await client.get(f"/v1/related_persons/{person}/accounts")),
                without_instance(await client.post(f"/v1/related_person_accounts/{link_id}:end")),
            ])  # fmt: skip

    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert answers[0] == answers[2]
    elsewhere = records(Role.FAMILY, account=account, organization=uuid4())
    assert (await claim(elsewhere, handed)).status_code == 404


@pytest.mark.parametrize("role", [Role.BILLING, Role.AUDITOR, Role.NURSE, Role.PATIENT, Role.FAMILY])
@pytest.mark.usefixtures("signed")
async def test_an_account_is_given_by_the_desk_or_the_counsellor_and_by_nobody_for_themselves(
    *, records: ClientFactory, sister: Json, join_team: JoinTeam, account: UUID, role: Role
) -> None:
    counsellor = uuid4()
    await join_team({"id": sister["patient_id"]}, counsellor)

    refused = await link(records(role), sister, account)
    for_themselves = await link(records(Role.COUNSELLOR, account=counsellor), sister, counsellor)
    by_counsellor = await link(records(Role.COUNSELLOR, account=counsellor), sister, account)

    assert refused.status_code == 403
    assert (for_themselves.status_code, for_themselves.json()["errors"][0]["pointer"]) == (422, "/account_id")
    assert by_counsellor.status_code == 201, by_counsellor.text


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({}, "information"),
        ({"information": ["anything"]}, "information"),
        ({"information": ["attendance", "attendance"]}, "information"),
        ({"information": "attendance", "records_from": "2026-09-02", "records_until": "2026-09-01"}, "records_until"),
    ],
)
async def test_a_question_that_names_no_part_or_no_days_is_refused_with_its_place(
    claimed: httpx2.AsyncClient, sister: Json, asked: dict[str, Any], pointer: str
) -> None:
    answer = await claimed.get(f"{OWN}/{sister['id']}/record", params=asked)

    assert answer.status_code == 422, answer.text
    assert pointer in str(answer.json()["errors"])
