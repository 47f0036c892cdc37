"""Plans of care through their routes."""

from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import Tell, event, tell
from tests.records.plans_of_care.conftest import CONTENTS, REVIEW, Act, Json, match

__all__ = ["tell"]

ACTS: list[tuple[str, Json | None]] = [
    ("sign", None),
    ("attest", {"manner": "on_paper", "signed_at": "2026-10-02T12:00:00Z"}),
    ("review", REVIEW),
    ("amend", {"contents": CONTENTS, "reason": "More."}),
]


def answered(at: datetime, manner: str = "on_paper", **changes: Any) -> Json:
    return {"manner": manner, "signed_at": at.isoformat(), **changes}


def test_of_a_plan(draft: Json) -> None:
    expected = deepcopy(CONTENTS)
    expected["problems"][0]["deferred_because"] = expected["problems"][1]["diagnosis"] = None
    # There is no treatment plan yet.
    expected |= {"required_services": None, "services_from": None}

    assert draft["contents"] == expected
    assert (draft["version"], draft["status"], draft["reason"], draft["acts"]) == (1, "draft", None, [])


async def test_a_draft_is_written_anew_and_every_version_is_kept(
    counsellor: httpx2.AsyncClient, path: str, draft: Json
) -> None:
    changed = CONTENTS | {"strengths": []}
    second = await counsellor.put(path, json=changed, headers=match(draft))

    refused = [
        (await counsellor.put(path, json=changed)).status_code,
        (await counsellor.put(path, json=changed, headers=match(draft))).status_code,
    ]

    assert (second.status_code, second.json()["version"], second.headers["etag"]) == (200, 2, '"2"')
    assert refused == [428, 412]
    read = await counsellor.get(path)
    assert (read.json(), read.headers["etag"]) == (second.json(), '"2"')
    assert (await counsellor.get(f"{path}/versions")).json()["items"] == [second.json(), draft]


async def test_a_signed_plan_is_locked_and_only_amended(
    counsellor: httpx2.AsyncClient, path: str, signed: Json, act: Act
) -> None:
    anew = await counsellor.put(path, json=CONTENTS, headers=match(signed))
    agreed = await act(signed, "attest", answered(signed_at(signed)))
    amendment = {"contents": CONTENTS | {"strengths": ["A job."]}, "reason": "He found work."}

    amended = await act(agreed, "amend", amendment)

    assert (anew.status_code, anew.json()["code"]) == (409, "plan-locked")
    assert (signed["status"], agreed["status"], amended["status"]) == ("awaiting_patient", "signed", "draft")
    assert (amended["version"], amended["reason"], amended["acts"]) == (2, "He found work.", [])
    assert amended["contents"]["strengths"] == ["A job."]
    assert (await counsellor.get(f"{path}/versions")).json()["items"] == [amended, agreed]


def signed_at(plan: Json) -> datetime:
    return datetime.fromisoformat(plan["acts"][-1]["recorded_at"])


async def test_a_draft_is_not_attested_reviewed_certified_or_amended(
    counsellor: httpx2.AsyncClient, prescriber: httpx2.AsyncClient, path: str, draft: Json
) -> None:
    refused = [await counsellor.post(f"{path}:{verb}", json=body, headers=match(draft)) for verb, body in ACTS[1:]]
    refused.append(await prescriber.post(f"{path}:certify", headers=match(draft)))

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "plan-unsigned")] * 4


async def test_each_signs_once(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, path: str, signed: Json, act: Act
) -> None:
    again = await counsellor.post(f"{path}:sign", headers=match(signed))
    beside = await director.post(f"{path}:sign", headers=match(signed))
    agreed = await act(signed, "attest", answered(signed_at(signed)))
    twice = await counsellor.post(f"{path}:attest", json=answered(signed_at(signed)), headers=match(signed))

    assert beside.status_code == 200
    assert [(one.status_code, one.json()["code"]) for one in (again, twice)] == [(409, "signed-already")] * 2
    assert [one["kind"] for one in agreed["acts"]] == ["clinician_signed", "clinician_signed", "patient_signed"]
    assert [one["number"] for one in agreed["acts"]] == [1, 2, 3]


@pytest.fixture
async def supervisor(director: httpx2.AsyncClient, records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    """Somebody who supervises the counsellor."""
    supervising = uuid4()
    body = {"supervisee_id": str(account), "supervisor_id": str(supervising)}
    assert (await director.post("/v1/supervisions", json=body)).status_code == 201
    return records(Role.SUPERVISOR, account=supervising)


async def test_a_plan_that_is_signed_under_supervision_awaits_the_supervisor_and_then_the_patient(
    supervisor: httpx2.AsyncClient, path: str, draft: Json, act: Act
) -> None:
    early = await supervisor.post(f"{path}:cosign", headers=match(draft))
    signed = await act(draft, "sign")
    cosigned = await supervisor.post(f"{path}:cosign", headers=match(signed))
    agreed = await act(signed, "attest", answered(signed_at(signed)))

    assert (early.status_code, early.json()["code"]) == (409, "plan-unsigned")
    assert (signed["status"], signed["acts"][0]["needs_cosignature"]) == ("awaiting_cosignature", True)
    assert (cosigned.status_code, cosigned.json()["status"]) == (200, "awaiting_patient")
    assert [(one["kind"], one["needs_cosignature"]) for one in agreed["acts"]] == [
        ("clinician_signed", True),
        ("cosigned", False),
        ("patient_signed", False),
    ]
    assert agreed["status"] == "signed"


async def test_the_patient_may_agree_before_the_supervisor_signs(
    supervisor: httpx2.AsyncClient, path: str, draft: Json, act: Act
) -> None:
    signed = await act(draft, "sign")
    agreed = await act(signed, "attest", answered(signed_at(signed)))
    cosigned = await supervisor.post(f"{path}:cosign", headers=match(agreed))

    assert (agreed["status"], cosigned.json()["status"]) == ("awaiting_cosignature", "signed")


async def test_who_has_taken_over_since_signs_beside_the_clinician_too(
    *, supervisor: httpx2.AsyncClient, director: httpx2.AsyncClient, records: ClientFactory, account: UUID,
    path: str, draft: Json, act: Act,
) -> None:  # fmt: skip
    del supervisor
    signed, successor = await act(draft, "sign"), uuid4()
    body = {"supervisee_id": str(account), "supervisor_id": str(successor)}
    taken_over = await director.post("/v1/supervisions", json=body)

    cosigned = await records(Role.SUPERVISOR, account=successor).post(f"{path}:cosign", headers=match(signed))

    assert (taken_over.status_code, cosigned.status_code, cosigned.json()["status"]) == (201, 200, "awaiting_patient")


async def test_an_amendment_is_cosigned_anew(supervisor: httpx2.AsyncClient, path: str, draft: Json, act: Act) -> None:
    signed = await act(draft, "sign")
    await supervisor.post(f"{path}:cosign", headers=match(signed))
    amended = await act(signed, "amend", {"contents": CONTENTS, "reason": "More."})

    again = await act(amended, "sign")

    assert (amended["status"], again["status"]) == ("draft", "awaiting_cosignature")
    assert (await supervisor.post(f"{path}:cosign", headers=match(again))).status_code == 200


async def test_only_who_supervises_the_clinician_signs_beside_them_and_once(
    *,
    supervisor: httpx2.AsyncClient,
    counsellor: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    records: ClientFactory,
    path: str,
    draft: Json,
    act: Act,
) -> None:
    signed = await act(draft, "sign")
    others = [counsellor, director, records(Role.SUPERVISOR)]

    refused = [await client.post(f"{path}:cosign", headers=match(signed)) for client in others]
    hidden = [await records(Role.COUNSELLOR).post(f"{path}:cosign", headers=match(signed))]
    done = await supervisor.post(f"{path}:cosign", headers=match(signed))
    refused.append(await supervisor.post(f"{path}:cosign", headers=match(signed)))

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "cosignature-not-awaited")] * 4
    assert [one.status_code for one in hidden] == [404]
    assert done.status_code == 200


async def test_who_is_not_supervised_needs_nobody_beside_them(
    supervisor: httpx2.AsyncClient, director: httpx2.AsyncClient, path: str, draft: Json
) -> None:
    signed = await director.post(f"{path}:sign", headers=match(draft))
    refused = await supervisor.post(f"{path}:cosign", headers=match(draft))

    assert signed.json()["status"] == "awaiting_patient"
    assert (refused.status_code, refused.json()["code"]) == (409, "cosignature-not-awaited")


async def test_who_declined_may_sign_later(signed: Json, act: Act) -> None:
    at = signed_at(signed)
    declined = await act(signed, "attest", answered(at, "declined", reason="Wants to think it over."))

    agreed = await act(declined, "attest", answered(at, "verbal", reason="By telehealth."))

    assert (declined["status"], agreed["status"]) == ("signed", "signed")
    assert [(one["kind"], one["manner"], one["reason"]) for one in agreed["acts"][1:]] == [
        ("patient_declined", "declined", "Wants to think it over."),
        ("patient_signed", "verbal", "By telehealth."),
    ]


async def test_a_prescriber_certifies_and_nobody_else(
    counsellor: httpx2.AsyncClient, prescriber: httpx2.AsyncClient, path: str, signed: Json
) -> None:
    certified = [await prescriber.post(f"{path}:certify", headers=match(signed)) for _ in range(2)]
    refused = await counsellor.post(f"{path}:certify", headers=match(signed))

    assert [one.status_code for one in certified] == [200, 200]
    assert [one["kind"] for one in certified[1].json()["acts"]] == ["clinician_signed", "certified", "certified"]
    assert refused.status_code == 403


async def test_a_review_is_kept_with_what_it_came_to(signed: Json, act: Act, account: UUID) -> None:
    reviewed = await act(signed, "review", REVIEW)

    done = reviewed["acts"][1]
    assert (done["kind"], done["review"], done["recorded_by"]) == ("reviewed", REVIEW, str(account))
    assert (reviewed["version"], reviewed["status"]) == (1, "awaiting_patient")


async def test_a_version_that_was_not_read_is_acted_on_by_nobody(
    counsellor: httpx2.AsyncClient, path: str, draft: Json
) -> None:
    await counsellor.put(path, json=CONTENTS, headers=match(draft))

    stale = [await counsellor.post(f"{path}:{verb}", json=body, headers=match(draft)) for verb, body in ACTS]
    unnamed = [await counsellor.post(f"{path}:{verb}", json=body) for verb, body in ACTS]

    assert [one.status_code for one in stale] == [412] * 4
    assert [one.status_code for one in unnamed] == [428] * 4


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"manner": "verbal"}, ""),
        ({"manner": "declined"}, ""),
        ({"manner": "nodded"}, "/manner"),
        ({"signed_at": "2026-10-01T00:00:00Z"}, "/signed_at"),
        ({"signed_at": "2026-11-01T00:00:00Z"}, "/signed_at"),
        ({"signed_at": "2026-10-02T12:00:00"}, "/signed_at"),
        ({"reason": "Canary\u0000"}, "/reason"),
    ],
)
async def test_a_signature_that_cannot_be_is_refused(
    counsellor: httpx2.AsyncClient, path: str, signed: Json, changes: Json, pointer: str
) -> None:
    body = answered(signed_at(signed)) | changes

    refused = await counsellor.post(f"{path}:attest", json=body, headers=match(signed))

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "Canary" not in refused.text


def without_work(contents: Json) -> None:
    contents["problems"][1]["deferred_because"] = None


def with_a_key_twice(contents: Json) -> None:
    contents["problems"][1]["key"] = "sober"


def without_an_objective(contents: Json) -> None:
    contents["problems"][0]["goals"][0]["objectives"] = []


def with_no_code(contents: Json) -> None:
    contents["problems"][0]["diagnosis"] = "Canary"


def with_a_control_character(contents: Json) -> None:
    contents["problems"][0]["description"] = "Canary\u0000"


@pytest.mark.parametrize(
    "spoil", [without_work, with_a_key_twice, without_an_objective, with_no_code, with_a_control_character]
)
async def test_what_is_no_plan_is_refused(counsellor: httpx2.AsyncClient, path: str, spoil: Any) -> None:
    contents = deepcopy(CONTENTS)
    spoil(contents)

    refused = await counsellor.put(path, json=contents)

    assert refused.status_code == 422
    assert "Canary" not in refused.text
    assert (await counsellor.get(path)).status_code == 404


async def test_after_discharge_nothing_is_written(
    counsellor: httpx2.AsyncClient, director: httpx2.AsyncClient, path: str, episode: Json, signed: Json
) -> None:
    left = await director.post(
        f"/v1/episodes/{episode['id']}:discharge",
        json={"discharged_on": "2026-10-01", "reason": "completed"},
        headers=match(episode),
    )
    assert left.status_code == 200

    refused = [await counsellor.post(f"{path}:{verb}", json=body, headers=match(signed)) for verb, body in ACTS]
    refused.append(await counsellor.put(path, json=CONTENTS, headers=match(signed)))

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "episode-over")] * 5
    assert (await counsellor.get(path)).json() == signed


@pytest.mark.usefixtures("signed")
async def test_who_does_not_treat_the_patient_sees_and_does_nothing(
    records: ClientFactory, stranger: httpx2.AsyncClient, path: str, signed: Json
) -> None:
    # The front desk of another duty plans everybody's weeks, which does not open what is treated.
    outsiders = [records(Role.COUNSELLOR), records(Role.COUNSELLOR, Role.FRONT_DESK), stranger]
    unknown = f"/v1/episodes/{uuid4()}/plan_of_care"

    refused = [
        answer
        for client in outsiders
        for answer in (
            await client.get(path),
            await client.get(f"{path}/versions"),
            await client.put(path, json=CONTENTS),
            *[await client.post(f"{path}:{verb}", json=body, headers=match(signed)) for verb, body in ACTS],
        )
    ]
    missing = await stranger.get(unknown)
    desk = await records(Role.FRONT_DESK).get(path)

    assert {one.status_code for one in refused} == {404}
    assert {one.json()["detail"] for one in refused} == {missing.json()["detail"]}
    assert desk.status_code == 403


@pytest.mark.usefixtures("signed")
async def test_nothing_a_plan_says_lies_open_in_the_database(
    act: Act, signed: Json, records_database: Database, organization_id: UUID
) -> None:
    await act(signed, "review", REVIEW)

    async with records_database.read(OrganizationId(organization_id)) as read:
        stored = "".join(
            [
                str(await read.connection.fetch(f"select {table}::text from {table}"))  # noqa: S608
                for table in ("plans_of_care", "plan_of_care_acts")
            ]
        )
    for secret in ("Canary", "continue", "alcohol"):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    assert "clinician_signed" in stored


async def sit_together(tell: Tell, *patients: Json) -> None:
    shared = str(uuid4())
    for one in patients:
        assert (await tell(event(one, appointment_id=shared))).status_code == 200


async def test_a_plan_names_nobody_who_sat_beside_the_patient_and_says_which_text_does(
    *, counsellor: httpx2.AsyncClient, patient: Json, path: str, new_patient: PatientFactory, tell: Tell,
    signed: Json,
) -> None:  # fmt: skip
    """What is no text names nobody, even where the digits of an account read as a name."""
    await sit_together(tell, patient, await new_patient(given_name="Bea", family_name="Quimby"))
    contents = deepcopy(CONTENTS)
    contents["problems"][0]["goals"][0]["objectives"][0]["interventions"][0]["responsible_id"] = str(UUID(int=0xBEA))
    named = {**contents, "discharge_criteria": "Stays away from Quimby."}
    deep = deepcopy(contents)
    deep["problems"][0]["goals"][0]["statement"] = "To move in with bea."

    refused = [
        await counsellor.post(f"{path}:amend", json={"contents": one, "reason": reason}, headers=match(signed))
        for one, reason in ((named, "Longer."), (deep, "Longer."), (contents, "Quimby said so."))
    ]
    amended = await counsellor.post(
        f"{path}:amend", json={"contents": contents, "reason": "Longer."}, headers=match(signed)
    )
    redrafted = await counsellor.put(path, json=named, headers=match(amended.json()))

    assert {(one.status_code, one.json()["code"]) for one in (*refused, redrafted)} == {(422, "others-named")}
    assert [one.json()["errors"][0]["pointer"] for one in (*refused, redrafted)] == [
        "/contents/discharge_criteria",
        "/contents/problems/0/goals/0/statement",
        "/reason",
        "/discharge_criteria",
    ]
    assert "Quimby" not in redrafted.text
    assert amended.status_code == 200, amended.text


async def test_a_draft_that_names_somebody_who_came_meanwhile_is_not_signed(
    *, counsellor: httpx2.AsyncClient, patient: Json, path: str, new_patient: PatientFactory, tell: Tell
) -> None:
    drafted = await counsellor.put(path, json={**CONTENTS, "strengths": ["Walks home with Zebulon."]})
    await sit_together(tell, patient, await new_patient(given_name="Zebulon", family_name="Quimby"))

    refused = await counsellor.post(f"{path}:sign", headers=match(drafted.json()))
    written = await counsellor.put(path, json=CONTENTS, headers=match(drafted.json()))
    signed = await counsellor.post(f"{path}:sign", headers=match(written.json()))

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/strengths/0")
    assert (written.status_code, signed.status_code) == (200, 200)
