"""Family through its routes: who is close to a patient, and what may be said to whom."""

from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.consents.conftest import DOCUMENT
from tests.records.encounters.conftest import Tell, event
from tests.records.family.conftest import Consent, Json

COUNSELLING = {"zone": "America/New_York"}


async def permitted(caller: httpx2.AsyncClient, person: Json) -> dict[str, Json]:
    answer = await caller.get(f"/v1/related_persons/{person['id']}/permissions")
    assert answer.status_code == 200, answer.text
    return {one["information"]: one for one in answer.json()["items"]}


async def test_nothing_may_be_said_without_a_consent_and_the_answer_says_how_it_could_be(
    director: httpx2.AsyncClient, sister: Json
) -> None:
    found = await permitted(director, sister)

    assert not [name for name, one in found.items() if one["is_allowed"]]
    assert (found["attendance"]["rule"], found["attendance"]["consent_id"]) == ("no-consent", None)
    assert found["attendance"]["clause"]
    assert found["attendance"]["remedy"]


async def test_a_recipient_is_close_to_a_patient_once_at_a_time_so_that_no_second_entry_goes_on(
    director: httpx2.AsyncClient, sister: Json, new_patient: PatientFactory
) -> None:
    path = f"/v1/patients/{sister['patient_id']}/related_persons"
    body = {"recipient_id": sister["recipient_id"], "relationship": "parent"}

    twice = await director.post(path, json=body)
    of_another = await director.post(f"/v1/patients/{(await new_patient())['id']}/related_persons", json=body)
    await director.post(f"/v1/related_persons/{sister['id']}:end")
    anew = await director.post(path, json=body)

    assert (twice.status_code, twice.json()["type"].rsplit(":", 1)[-1]) == (409, "already-exists")
    assert (of_another.status_code, anew.status_code) == (201, 201), anew.text


async def test_what_a_consent_names_may_be_said_until_it_is_revoked(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    signed = await consent()

    found = await permitted(director, sister)
    await director.post(f"/v1/consents/{signed['id']}:revoke", json={"document_sha256": DOCUMENT})
    after = await permitted(director, sister)

    assert {name for name, one in found.items() if one["is_allowed"]} == {"scheduling", "attendance"}
    assert (found["attendance"]["consent_id"], found["attendance"]["rule"]) == (signed["id"], None)
    assert found["drug_tests"]["rule"] == "consent-without-information"
    assert found["counselling_notes"]["is_allowed"] is False
    assert not [name for name, one in after.items() if one["is_allowed"]]
    assert after["attendance"]["rule"] == "consent-revoked"


async def test_a_consent_for_somebody_else_or_for_another_purpose_is_none_for_the_sister(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    brother = await director.post("/v1/recipients", json={"name": "Brother", "kind": "family_or_friend"})
    await consent(recipient_ids=[brother.json()["id"]])
    other = await permitted(director, sister)
    await consent(purposes=["treatment"])
    purpose = await permitted(director, sister)

    assert other["attendance"]["rule"] == "consent-does-not-name-recipient"
    assert not [name for name, one in purpose.items() if one["is_allowed"]]


async def test_the_desk_is_told_that_it_may_not_say_it_itself(
    records: ClientFactory, director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    await consent()

    desk = await permitted(records(Role.FRONT_DESK), sister)

    assert (desk["attendance"]["is_allowed"], desk["attendance"]["rule"]) == (False, "may-not-disclose")
    assert (await permitted(director, sister))["attendance"]["is_allowed"] is True


async def test_who_is_close_is_listed_for_one_patient_and_told_to_no_other_family(
    director: httpx2.AsyncClient, sister: Json, new_patient: PatientFactory
) -> None:
    other = await new_patient(given_name="Other")

    own = await director.get(f"/v1/patients/{sister['patient_id']}/related_persons")
    theirs = await director.get(f"/v1/patients/{other['id']}/related_persons")

    assert own.json()["items"] == [sister]
    assert theirs.json()["items"] == []


async def test_somebody_is_close_no_longer_once(director: httpx2.AsyncClient, sister: Json) -> None:
    path = f"/v1/related_persons/{sister['id']}:end"

    ended, again = await director.post(path), await director.post(path)

    assert (ended.status_code, again.status_code) == (200, 409)
    listed = await director.get(f"/v1/patients/{sister['patient_id']}/related_persons")
    assert [one["ended_at"] for one in listed.json()["items"]] == [ended.json()["ended_at"]]


async def test_only_family_and_friends_are_close(director: httpx2.AsyncClient, patient: Json) -> None:
    employer = await director.post("/v1/recipients", json={"name": "Works", "kind": "employer"})
    path = f"/v1/patients/{patient['id']}/related_persons"

    answers = [
        await director.post(path, json={"recipient_id": recipient, "relationship": "friend"})
        for recipient in (employer.json()["id"], str(uuid4()))
    ]

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in answers] == [(422, "/recipient_id")] * 2


async def test_what_somebody_is_to_the_patient_is_sealed_and_asking_is_in_the_trail(
    *,
    director: httpx2.AsyncClient,
    patient: Json,
    sister: Json,
    records_database: Database,
    organization_id: UUID,
) -> None:
    await permitted(director, sister)
    await director.post(
        f"/v1/patients/{patient['id']}/family_exemptions",
        json={"month": "2026-09-10", "reason": "refused", "explanation": "Canary reason"},
    )

    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = await read.connection.fetchval(
            "select related_persons::text || family_exemptions::text from related_persons, family_exemptions"
        )
        rows = await read.connection.fetch("select event from audit_events")
    for secret in ("Canary", "sibling", "refused"):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    events = [orjson.loads(row["event"]) for row in rows]
    assert [event["subjects"] for event in events if event["operation"] == "read_family_permissions"] == [
        [patient["id"]]
    ]


async def test_a_stranger_cannot_tell_family_from_none(
    stranger: httpx2.AsyncClient, patient: Json, sister: Json
) -> None:
    body = {"recipient_id": sister["recipient_id"], "relationship": "friend"}
    exemption = {"month": "2026-09-10", "reason": "refused", "explanation": "E"}
    bodies = []
    for patient_id, person_id in ((patient["id"], sister["id"]), (uuid4(), uuid4())):
        answers = [
            await stranger.get(f"/v1/patients/{patient_id}/related_persons"),
            await stranger.post(f"/v1/patients/{patient_id}/related_persons", json=body),
            await stranger.get(f"/v1/related_persons/{person_id}/permissions"),
            await stranger.post(f"/v1/related_persons/{person_id}:end"),
            await stranger.post(f"/v1/patients/{patient_id}/family_exemptions", json=exemption),
            await stranger.get(f"/v1/patients/{patient_id}/family_counselling", params=COUNSELLING),
        ]
        assert [answer.status_code for answer in answers] == [404] * 6
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]


async def test_the_treating_team_sees_family_and_a_colleague_who_treats_others_does_not(
    records: ClientFactory, patient: Json, sister: Json, join_team: JoinTeam
) -> None:
    counsellor = uuid4()
    await join_team(patient, counsellor)
    path = f"/v1/related_persons/{sister['id']}/permissions"

    seen = [
        (await records(Role.COUNSELLOR, account=counsellor).get(path)).status_code,
        (await records(Role.COUNSELLOR).get(path)).status_code,
        (await records(Role.BILLING).get(path)).status_code,
        (await records(Role.FAMILY).get(path)).status_code,
    ]

    assert seen == [200, 404, 403, 403]


@pytest.mark.usefixtures("in_new_jersey")
async def test_family_counselling_is_due_each_month_of_the_admission_unless_it_was_held_or_refused(
    director: httpx2.AsyncClient, patient: Json, tell: Tell
) -> None:
    path = f"/v1/patients/{patient['id']}"
    before = (await director.get(f"{path}/family_counselling", params=COUNSELLING)).json()
    # 30 September in New York, and 1 October in UTC.
    times = {"start": "2026-10-01T01:00:00Z", "end": "2026-10-01T02:00:00Z", "service": "family"}
    held = await tell(event(patient, **times))
    after = (await director.get(f"{path}/family_counselling", params=COUNSELLING)).json()

    assert before["rule"]["citation"] == "N.J.A.C. 10:161B-10.1"
    # The clock stands on 2 October; the patient was admitted on 1 September.
    assert [(one["month"], one["status"]) for one in before["months"]] == [
        ("2026-09-01", "missed"),
        ("2026-10-01", "due"),
    ]
    assert [(one["status"], one["encounter_ids"]) for one in after["months"]] == [
        ("held", [held.json()["encounter_id"]]),
        ("due", []),
    ]


@pytest.mark.usefixtures("in_new_jersey")
async def test_a_month_that_was_refused_is_exempt_and_that_is_said_once(
    director: httpx2.AsyncClient, patient: Json
) -> None:
    path = f"/v1/patients/{patient['id']}/family_exemptions"
    body = {"month": "2026-09-10", "reason": "contraindicated", "explanation": "Protective order"}

    first, again = await director.post(path, json=body), await director.post(path, json=body | {"month": "2026-09-30"})

    assert (first.status_code, first.json()["month"], again.status_code) == (201, "2026-09-01", 409)
    found = await director.get(f"/v1/patients/{patient['id']}/family_counselling", params=COUNSELLING)
    assert [(one["status"], one["exempt_because"]) for one in found.json()["months"]] == [
        ("exempt", "contraindicated"),
        ("due", None),
    ]


@pytest.mark.parametrize("told", [{}, {"jurisdiction": "US-TX", "settings_version": 1}])
async def test_where_no_rule_is_known_nothing_is_due(
    director: httpx2.AsyncClient, patient: Json, tell_site: Tell, told: Json
) -> None:
    await tell_site({"id": patient["site_id"], "zone": "America/New_York"} | told)

    found = await director.get(f"/v1/patients/{patient['id']}/family_counselling", params=COUNSELLING)

    expected: Json = {"jurisdiction": told.get("jurisdiction"), "rule": None, "months": []}
    assert {name: found.json()[name] for name in expected} == expected


@pytest.mark.usefixtures("in_new_jersey")
async def test_who_asks_does_not_choose_the_state_whose_rule_counts(
    director: httpx2.AsyncClient, patient: Json, tell_site: Tell
) -> None:
    """Bug: the state came from the query, and a missed month was none for whoever named another one."""
    site = {"id": patient["site_id"], "zone": "America/New_York"}
    path = f"/v1/patients/{patient['id']}/family_counselling"
    # What was told before comes late, or again without a state: with an attendance, or at an upgrade.
    for late in ({}, {"jurisdiction": "US-TX", "settings_version": 1}):
        assert (await tell_site(site | late)).status_code == 200

    found = (await director.get(path, params=COUNSELLING | {"jurisdiction": "US-TX"})).json()
    await tell_site(site | {"jurisdiction": "US-TX", "settings_version": 2})
    moved = (await director.get(path, params=COUNSELLING)).json()

    assert found["jurisdiction"] == "US-NJ"
    assert [one["status"] for one in found["months"]] == ["missed", "due"]
    assert (moved["jurisdiction"], moved["months"]) == ("US-TX", [])
