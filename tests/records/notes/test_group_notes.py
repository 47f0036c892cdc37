from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.notes.conftest import TEXT, Draft, Json, Seat, etag

Members = Callable[..., Awaitable[list[Json]]]


@pytest.fixture
def appointment_id() -> str:
    return str(uuid4())


@pytest.fixture
def members(
    new_patient: PatientFactory, join_team: JoinTeam, seat: Seat, account: UUID, appointment_id: str
) -> Members:
    async def make(*names: tuple[str, str], **changes: Any) -> list[Json]:
        made = []
        for given, family in names:
            one = await new_patient(given_name=given, family_name=family)
            await join_team(one, account)
            one["encounter_id"] = await seat(one, appointment_id=appointment_id, **changes)
            made.append(one)
        return made

    return make


def body(appointment_id: str, members: list[Json], **changes: Any) -> Json:
    parts = [{"patient_id": one["id"], "response": f"Listened, {number}."} for number, one in enumerate(members)]
    return {
        "appointment_id": appointment_id,
        "topic": "Saying no",
        "interventions": "Role play in pairs.",
        "parts": parts,
        **changes,
    }


async def test_a_group_note_becomes_one_note_for_each_member_with_nobody_else_in_it(
    counsellor: httpx2.AsyncClient, members: Members, appointment_id: str, sign: Draft
) -> None:
    anna, boris, chloe = await members(("Anna", "Adler"), ("Boris", "Brandt"), ("Chloe", "Costa"))

    answer = await counsellor.post("/v1/group_notes", json=body(appointment_id, [anna, boris]))

    assert answer.status_code == 201, answer.text
    first, second = answer.json()["notes"]
    assert answer.json()["without_part"] == [chloe["id"]]
    assert [(one["patient_id"], one["encounter_id"]) for one in (first, second)] == [
        (one["id"], one["encounter_id"]) for one in (anna, boris)
    ]
    assert first["text"] == {
        "topic": "Saying no",
        "interventions": "Role play in pairs.",
        "response": "Listened, 0.",
        "plan": None,
    }
    await sign(first)
    notes = (await counsellor.get(f"/v1/patients/{anna['id']}/notes")).json()
    assert [one["id"] for one in notes["items"]] == [first["id"]]
    for other in (boris, chloe):
        assert not any(other[name] in str(notes) for name in ("id", "given_name", "family_name"))


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"topic": "What brandt brought"}, ["/topic"]),
        ({"interventions": "Asked ANNA to lead."}, ["/interventions"]),
        ({"parts": [{"response": "Laughed with Boris's story."}, {"response": "Was quiet."}]}, ["/parts/0/response"]),
        (
            {"parts": [{"response": "Was quiet.", "plan": "Call Adler."}, {"response": "x", "plan": "See Ann\u0061."}]},
            ["/parts/1/plan"],
        ),
    ],
)
async def test_who_names_another_member_is_told_where_and_not_whom(
    counsellor: httpx2.AsyncClient, members: Members, appointment_id: str, changes: Json, pointers: list[str]
) -> None:
    both = await members(("Anna", "Adler"), ("Boris", "Brandt"))
    asked = body(appointment_id, both)
    parts = [{**kept, **part} for kept, part in zip(asked["parts"], changes.get("parts", [{}, {}]), strict=True)]

    answer = await counsellor.post("/v1/group_notes", json={**asked, **changes, "parts": parts})

    assert (answer.status_code, answer.json()["code"]) == (422, "others-named")
    assert [field["pointer"] for field in answer.json()["errors"]] == pointers
    assert not any(name.casefold() in answer.text.casefold() for name in ("Anna", "Adler", "Boris", "Brandt"))
    for one in both:
        assert (await counsellor.get(f"/v1/patients/{one['id']}/notes")).json()["items"] == []


async def test_a_name_is_refused_in_a_single_note_its_new_draft_its_signature_and_its_amendment(
    counsellor: httpx2.AsyncClient, members: Members, draft: Draft, sign: Draft
) -> None:
    (anna,) = await members(("Anna", "Adler"))
    naming = {**TEXT, "response": "Argued with Boris Brandt."}
    # Alone in the session, the name is nobody's yet.
    note = await draft(anna["encounter_id"], **naming)
    path = f"/v1/notes/{note['id']}"
    boris, _ = await members(("Boris", "Brandt"), ("Chloe", "Costa"))

    signing = await counsellor.post(f"{path}:sign", headers=etag(note))
    redrafting = await counsellor.put(path, json=naming, headers=etag(note))
    drafting = await counsellor.post(
        f"/v1/encounters/{boris['encounter_id']}/notes", json={**TEXT, "plan": "As for Anna."}
    )
    clean = (await counsellor.put(path, json={**TEXT, "response": "Anna argued."}, headers=etag(note))).json()
    signed = await sign(clean)
    amending = await counsellor.post(
        f"{path}:amend", json={"text": naming, "reason": "It was Chloe who said so."}, headers=etag(signed)
    )

    refused = (signing, redrafting, drafting, amending)
    assert {(one.status_code, one.json()["code"]) for one in refused} == {(422, "others-named")}
    assert [field["pointer"] for field in amending.json()["errors"]] == ["/text/response", "/reason"]
    assert [field["pointer"] for field in drafting.json()["errors"]] == ["/plan"]


async def test_a_refused_name_is_on_the_trail_so_that_nobody_guesses_who_is_in_a_group(
    records_database: Database,
    organization_id: UUID,
    counsellor: httpx2.AsyncClient,
    members: Members,
    appointment_id: str,
) -> None:
    both = await members(("Anna", "Adler"), ("Boris", "Brandt"))
    await counsellor.post("/v1/group_notes", json=body(appointment_id, both, topic="Boris"))

    async with records_database.read(OrganizationId(organization_id)) as read:
        events = [row["event"] for row in await read.connection.fetch("select event from audit_events")]

    assert any("others-named" in event and appointment_id in event for event in events)
    assert not any("Boris" in event for event in events)


async def test_a_part_is_for_somebody_who_attended(
    *,
    counsellor: httpx2.AsyncClient,
    members: Members,
    new_patient: PatientFactory,
    join_team: JoinTeam,
    account: UUID,
    appointment_id: str,
) -> None:
    (anna,) = await members(("Anna", "Adler"))
    (absent,) = await members(("Boris", "Brandt"), status="noshow")
    elsewhere = await new_patient(given_name="Chloe", family_name="Costa")
    await join_team(elsewhere, account)

    answer = await counsellor.post("/v1/group_notes", json=body(appointment_id, [anna, absent, elsewhere]))
    nowhere = await counsellor.post("/v1/group_notes", json=body(str(uuid4()), [anna]))
    twice = await counsellor.post("/v1/group_notes", json=body(appointment_id, [anna, anna]))

    assert (answer.status_code, answer.json()["code"]) == (422, "not-in-session")
    assert [field["pointer"] for field in answer.json()["errors"]] == ["/parts/1/patient_id", "/parts/2/patient_id"]
    assert (nowhere.status_code, twice.status_code) == (422, 422)


async def test_who_does_not_treat_a_member_writes_no_part_for_them_and_is_told_of_no_other(
    records: ClientFactory,
    stranger: httpx2.AsyncClient,
    members: Members,
    join_team: JoinTeam,
    appointment_id: str,
) -> None:
    anna, boris = await members(("Anna", "Adler"), ("Boris", "Brandt"))
    account = uuid4()
    other = records(Role.COUNSELLOR, account=account)
    await join_team(anna, account)

    own = await other.post("/v1/group_notes", json=body(appointment_id, [anna]))
    both = await other.post("/v1/group_notes", json=body(appointment_id, [anna, boris]))
    foreign = await stranger.post("/v1/group_notes", json=body(appointment_id, [anna]))

    assert (own.status_code, own.json()["without_part"]) == (201, [])
    assert (both.status_code, foreign.status_code) == (404, 404)
    assert (await records(Role.FRONT_DESK).post("/v1/group_notes", json={})).status_code == 403


async def test_a_note_of_a_session_alone_names_nobody_of_the_group_either(
    *, counsellor: httpx2.AsyncClient, patient: Json, new_patient: PatientFactory, seat: Seat, draft: Draft
) -> None:
    alone = await seat(patient)
    note = await draft(alone, plan="Call Zebulon.")
    shared = str(uuid4())
    for one in (patient, await new_patient(given_name="Zebulon", family_name="Quimby")):
        await seat(one, appointment_id=shared)

    signed = await counsellor.post(f"/v1/notes/{note['id']}:sign", headers=etag(note))
    named = {**TEXT, "response": "Zebulon from the group offered pills."}
    redrafted = await counsellor.put(f"/v1/notes/{note['id']}", json=named, headers=etag(note))

    assert [(one.status_code, one.json()["code"]) for one in (signed, redrafted)] == [(422, "others-named")] * 2
    assert [one.json()["errors"][0]["pointer"] for one in (signed, redrafted)] == ["/plan", "/response"]
