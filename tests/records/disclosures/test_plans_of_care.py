"""A plan of care leaves the programme only signed, only whole, and only where the consent covers all that it tells."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.chassis.root_keys import RootKeys
from services.contracts.identifiers import AccountId, OrganizationId, PatientId
from services.contracts.identity import Role
from services.records.patients.storage import PatientRows, Viewer
from services.records.plans_of_care.tables import PlanOfCareRow
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory, PlanFactory
from tests.records.consents.conftest import Json, NewConsent, code_of
from tests.records.disclosures.conftest import Disclose
from tests.records.disclosures.record import LATE, attended
from tests.records.encounters.conftest import Tell, tell
from tests.records.plans_of_care.conftest import (
    CONTENTS,
    REVIEW,
    Act,
    account,
    act,
    counsellor,
    draft,
    episode,
    match,
    path,
    patient,
    signed,
)

__all__ = ["account", "act", "counsellor", "draft", "episode", "path", "patient", "signed", "tell"]

WHOLE = ["treatment_plan", "diagnoses"]
CHANGED: Json = {**CONTENTS, "discharge_criteria": "Sixty days sober."}

Amend = Callable[[Json], Awaitable[Json]]


@pytest.fixture
async def covered(patient: Json, put_plan: PlanFactory, new_consent: NewConsent) -> Json:
    """Return the patient of the plan, who has a week of services and has consented to all but notes."""
    await put_plan(patient["id"])
    await new_consent(patient, information=["demographics", *WHOLE])
    return patient


@pytest.fixture
def amend(counsellor: httpx2.AsyncClient, path: str) -> Amend:
    async def do(plan: Json) -> Json:
        body = {"contents": CHANGED, "reason": "It needs longer."}
        answer = await counsellor.post(f"{path}:amend", json=body, headers=match(plan))
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    return do


async def test_what_a_clinician_signed_goes_with_notice_and_scope_and_is_accounted(
    director: httpx2.AsyncClient, covered: Json, signed: Json, act: Act, disclose: Disclose
) -> None:
    reviewed = await act(signed, "review", REVIEW)

    answer = await disclose(covered["id"], information=WHOLE)

    assert answer.status_code == 201, answer.text
    sent = answer.json()
    signed_at = reviewed["acts"][0]["took_place_at"]
    said = {"episode_id": signed["episode_id"], "version": 1, "contents": signed["contents"]}
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    assert sent["plan_of_care"] == [{**said, "signed_at": signed_at, "sha256": digest}]
    assert sent["treatment_plan"]["patient_id"] == covered["id"]
    assert sent["demographics"] is None
    assert sent["notice"]["text"].startswith("This record which has been disclosed to you is protected")
    assert sorted(sent["consent"]["information"]) == ["demographics", "diagnoses", "treatment_plan"]
    listed = (await director.get(f"/v1/patients/{covered['id']}/disclosures")).json()["items"]
    assert [(one["id"], one["information"]) for one in listed] == [(sent["disclosure"]["id"], WHOLE)]
    # What staff wrote of the review stays in the programme.
    assert REVIEW["progress"] not in answer.text


async def test_a_draft_is_nothing_to_disclose(covered: Json, draft: Json, disclose: Disclose) -> None:
    del draft

    answer = await disclose(covered["id"], information=WHOLE)

    assert (answer.status_code, code_of(answer)) == (422, "nothing-to-disclose")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/information/1"]


async def test_what_was_signed_before_an_amendment_holds_until_that_is_signed(
    covered: Json, signed: Json, amend: Amend, act: Act, disclose: Disclose
) -> None:
    amended = await amend(signed)
    (before,) = (await disclose(covered["id"], information=WHOLE)).json()["plan_of_care"]
    await act(amended, "sign")

    (after,) = (await disclose(covered["id"], information=WHOLE)).json()["plan_of_care"]

    assert (before["version"], before["contents"]) == (1, signed["contents"])
    assert (after["version"], after["contents"]["discharge_criteria"]) == (2, "Sixty days sober.")


async def test_what_a_supervised_clinician_signed_waits_for_who_supervises_them(
    *, records: ClientFactory, director: httpx2.AsyncClient, covered: Json, account: UUID, draft: Json, act: Act,
    path: str, disclose: Disclose,
) -> None:  # fmt: skip
    supervisor = uuid4()
    body = {"supervisee_id": str(account), "supervisor_id": str(supervisor)}
    made = await director.post("/v1/supervisions", json=body)
    assert made.status_code == 201, made.text
    plan = await act(draft, "sign")
    before = await disclose(covered["id"], information=WHOLE)
    cosigned = await records(Role.SUPERVISOR, account=supervisor).post(f"{path}:cosign", headers=match(plan))

    after = await disclose(covered["id"], information=WHOLE)

    assert (before.status_code, code_of(before)) == (422, "nothing-to-disclose")
    assert (cosigned.status_code, after.status_code) == (200, 201)


@pytest.mark.parametrize("information", [["diagnoses"], ["demographics", "diagnoses"]])
async def test_who_asks_for_less_than_it_tells_is_told_what_it_takes(
    covered: Json, signed: Json, disclose: Disclose, information: list[str]
) -> None:
    del signed

    answer = await disclose(covered["id"], information=information)

    assert (answer.status_code, code_of(answer)) == (422, "nothing-to-disclose")
    error = answer.json()["errors"][0]
    assert error["pointer"] == f"/information/{information.index('diagnoses')}"
    assert "together with treatment_plan" in error["detail"]


async def test_without_diagnoses_the_week_goes_and_the_plan_of_care_stays(
    covered: Json, signed: Json, disclose: Disclose
) -> None:
    del signed

    sent = (await disclose(covered["id"], information=["treatment_plan"])).json()

    assert (sent["treatment_plan"] is not None, sent["plan_of_care"]) == (True, None)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"information": ["treatment_plan"]}, "consent-without-information"),
        ({"information": ["diagnoses"]}, "consent-without-information"),
        ({"information": WHOLE, "records_from": "2026-10-03"}, "consent-of-other-days"),
        ({"information": WHOLE, "purposes": ["payment"]}, "consent-for-another-purpose"),
    ],
)
async def test_a_consent_that_does_not_cover_all_that_it_tells_gives_none_of_it(
    *, patient: Json, put_plan: PlanFactory, new_consent: NewConsent, signed: Json, disclose: Disclose,
    director: httpx2.AsyncClient, changes: Json, rule: str,
) -> None:  # fmt: skip
    del signed
    await put_plan(patient["id"])
    await new_consent(patient, **changes)

    answer = await disclose(patient["id"], information=WHOLE)

    assert (answer.status_code, code_of(answer)) == (403, rule)
    assert "F10.20" not in answer.text
    assert (await director.get(f"/v1/patients/{patient['id']}/disclosures")).json()["items"] == []


async def test_a_restriction_on_diagnoses_keeps_the_whole_plan_of_care(
    director: httpx2.AsyncClient, covered: Json, signed: Json, hospital: Json, disclose: Disclose
) -> None:
    del signed
    asked = {
        "information": ["diagnoses"],
        "purposes": ["treatment"],
        "recipient_ids": [hospital["id"]],
        "decision": "granted",
    }
    assert (await director.post(f"/v1/patients/{covered['id']}/restrictions", json=asked)).status_code == 201

    answer = await disclose(covered["id"], information=WHOLE)

    assert (answer.status_code, code_of(answer)) == (403, "restricted")


async def test_who_does_not_treat_the_patient_cannot_tell_whether_there_is_a_plan(
    records: ClientFactory, covered: Json, signed: Json, disclose: Disclose
) -> None:
    del signed
    stranger = records(Role.COUNSELLOR)

    known = await disclose(covered["id"], stranger, information=WHOLE)
    nobody = await disclose(uuid4(), stranger, information=WHOLE)

    assert (known.status_code, nobody.status_code) == (404, 404)


async def test_no_counselling_note_is_ever_part_of_it(
    *, patient: Json, put_plan: PlanFactory, new_consent: NewConsent, signed: Json,
    counsellor: httpx2.AsyncClient, disclose: Disclose,
) -> None:  # fmt: skip
    del signed
    await put_plan(patient["id"])
    await new_consent(patient, information=WHOLE)
    note = await counsellor.post(f"/v1/patients/{patient['id']}/counselling_notes", json={"text": "In confidence."})

    given = await disclose(patient["id"], information=WHOLE)
    asked = await disclose(patient["id"], information=[*WHOLE, "counselling_notes"])

    assert (note.status_code, given.status_code) == (201, 201)
    assert "In confidence" not in given.text
    assert (asked.status_code, code_of(asked)) == (403, "consent-of-another-kind")


async def test_a_plan_that_names_somebody_who_came_to_the_group_later_does_not_leave(
    *, covered: Json, counsellor: httpx2.AsyncClient, path: str, act: Act, new_patient: PatientFactory, tell: Tell,
    disclose: Disclose,
) -> None:  # fmt: skip
    other = await new_patient(given_name="Zebulon", family_name="Quimby")
    drafted = await counsellor.put(path, json={**CONTENTS, "strengths": ["Walks home with Zebulon."]})
    await act(drafted.json(), "sign")
    before = await disclose(covered["id"], information=WHOLE)
    for one in (covered, other):
        await attended(tell, one, LATE, appointment_id="0192f0c1-5f4e-7cc3-9d5e-00000000000b")

    after = await disclose(covered["id"], information=WHOLE)

    assert before.status_code == 201, before.text
    assert (after.status_code, code_of(after)) == (403, "names-others")
    assert "Zebulon" not in after.text


async def test_a_plan_is_of_the_day_at_the_patient_s_site_and_of_any_that_it_may_be_where_no_zone_is_known(
    *, patient: Json, put_plan: PlanFactory, new_consent: NewConsent, signed: Json, disclose: Disclose, tell: Tell
) -> None:
    """It was signed at noon in UTC, when the next day had begun on Kiritimati."""
    del signed
    await put_plan(patient["id"])
    await new_consent(patient, information=WHOLE, records_from="2026-10-03")

    anywhere = await disclose(patient["id"], information=WHOLE)
    await attended(tell, patient, LATE, zone="Pacific/Kiritimati")
    there = await disclose(patient["id"], information=WHOLE)

    assert there.status_code == 201, there.text
    assert (anywhere.status_code, code_of(anywhere)) == (403, "consent-of-other-days")


async def test_a_digest_is_of_what_was_written_though_plans_have_more_members_by_now(
    *, covered: Json, episode: Json, records_database: Database, organization_id: UUID, act: Act, disclose: Disclose
) -> None:
    """The version was written when a problem could not be deferred yet, so its problems say nothing of that."""
    problems = [{name: one[name] for name in one if name != "deferred_because"} for one in CONTENTS["problems"][:1]]
    contents = {**CONTENTS, "problems": problems}
    organization, patient_id = OrganizationId(organization_id), PatientId(UUID(covered["id"]))
    episode_id, now = UUID(episode["id"]), datetime(2026, 10, 2, 11, tzinfo=UTC)
    async with records_database.command(organization) as db:
        rows = PatientRows(db, RootKeys.of(bytes(32)), organization)
        seen = await rows.lock(patient_id, Viewer(AccountId(uuid4()), now))
        assert seen is not None
        written = orjson.dumps({"contents": contents, "reason": None})
        sealed = seen.row.seal.close(written, PlanOfCareRow.__tablename__, "details1", episode_id)
        of = {"organization_id": organization, "episode_id": episode_id, "version": 1}
        db.add(PlanOfCareRow(**of, details=sealed, written_by=uuid4(), written_at=now))
    await act({"version": 1}, "sign")

    (sent,) = (await disclose(covered["id"], information=WHOLE)).json()["plan_of_care"]

    said = {"episode_id": episode["id"], "version": 1, "contents": contents}
    assert sent["sha256"] == hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def test_beside_a_new_draft_the_plan_of_an_episode_that_is_over_does_not_go(
    *, covered: Json, director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, signed: Json, episode: Json,
    disclose: Disclose,
) -> None:  # fmt: skip
    stay = {
        "programme": "day-iop",
        "admitted_on": "2026-09-20",
        "initial": {"criteria_edition": "asam-3", "level": "2.5"},
    }
    other = (await director.post(f"/v1/patients/{covered['id']}/episodes", json=stay)).json()
    path = f"/v1/episodes/{other['id']}/plan_of_care"

    async def told() -> list[str] | None:
        sent = (await disclose(covered["id"], information=WHOLE)).json()
        return None if "plan_of_care" not in sent else [one["episode_id"] for one in sent["plan_of_care"]]

    alone = await told()
    drafted = (await counsellor.put(path, json=CONTENTS)).json()
    beside_a_draft = await told()
    discharge = {"discharged_on": "2026-10-01", "reason": "completed"}
    tag = {"if-match": f'"{episode["version"]}"'}
    over = await director.post(f"/v1/episodes/{episode['id']}:discharge", json=discharge, headers=tag)
    only_a_draft = await told()
    done = await counsellor.post(f"{path}:sign", headers=match(drafted))
    of_the_new_one = await told()

    assert (over.status_code, done.status_code) == (200, 200)
    assert (alone, beside_a_draft) == ([signed["episode_id"]], [signed["episode_id"]])
    assert (only_a_draft, of_the_new_one) == (None, [other["id"]])
