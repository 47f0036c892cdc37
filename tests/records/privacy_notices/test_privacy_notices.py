"""Notices of privacy practices: whole before they hold, never changed after, and known of each patient."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.database import Database
from services.contracts.identifiers import AccountId, OrganizationId, PrivacyNoticeId
from services.contracts.identity import Role
from services.contracts.records.privacy_notices import NoticeElement, PrivacyNotice, PrivacyNoticeStatus
from services.records.privacy_notices.rules import REQUIRED, in_force_on, is_past, was_in_force
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, Json
from tests.records.draw_programmes.conftest import At, at

__all__ = ["at"]

NOTICES = "/v1/privacy_notices"
WHOLE = {one.value: f"What {one.value} says." for one in NoticeElement if one is not NoticeElement.FUNDRAISING}
GIVEN = {"method": "on_paper", "given_at": "2026-10-02T10:00:00Z", "outcome": "acknowledged"}
Activate = Callable[..., Awaitable[Json]]


@pytest.fixture
def new_notice(director: httpx2.AsyncClient) -> Activate:
    async def create(effective_on: str | None = "2026-10-02", **changes: Any) -> Json:
        body = {"language": "en", "passages": WHOLE, **changes}
        drafted = await director.post(NOTICES, json=body)
        assert drafted.status_code == 201, drafted.text
        notice: Json = drafted.json()
        if effective_on is not None:
            answer = await activate(director, notice, effective_on)
            assert answer.status_code == 200, answer.text
            notice = answer.json()
        return notice

    return create


async def activate(client: httpx2.AsyncClient, notice: Json, effective_on: str) -> httpx2.Response:
    headers = {"if-match": f'"{notice["version"]}"'}
    path = f"{NOTICES}/{notice['id']}:activate"
    return await client.post(path, json={"effective_on": effective_on}, headers=headers)


async def test_a_whole_notice_holds_from_its_day_on_and_patients_read_it(
    records: ClientFactory, new_notice: Activate
) -> None:
    notice = await new_notice("2026-10-05")

    patient = records(Role.PATIENT)
    before = await patient.get(f"{NOTICES}:in_force", params={"on": "2026-10-04"})
    read = await patient.get(f"{NOTICES}:in_force", params={"on": "2026-10-05"})

    assert (notice["status"], notice["version"], notice["effective_on"]) == ("active", 2, "2026-10-05")
    assert (before.status_code, read.status_code) == (404, 200)
    assert (read.json()["id"], read.json()["passages"]) == (notice["id"], WHOLE)


@pytest.mark.parametrize("element", sorted(WHOLE))
async def test_without_an_element_it_does_not_and_the_element_is_named(
    director: httpx2.AsyncClient, new_notice: Activate, element: str
) -> None:
    passages = {name: text for name, text in WHOLE.items() if name != element}
    draft = await new_notice(None, passages=passages)

    refused = await activate(director, draft, "2026-10-05")

    assert (refused.status_code, refused.json()["code"]) == (422, "notice-incomplete")
    (field,) = refused.json()["errors"]
    assert field["pointer"] == f"/passages/{element}"
    assert "CFR" in field["detail"]


async def test_who_raises_funds_says_so(director: httpx2.AsyncClient, new_notice: Activate) -> None:
    draft = await new_notice(None, fundraises=True)
    refused = await activate(director, draft, "2026-10-05")

    said = await new_notice("2026-10-05", fundraises=True, passages={**WHOLE, "fundraising": "We may ask you."})

    assert [field["pointer"] for field in refused.json()["errors"]] == ["/passages/fundraising"]
    assert said["status"] == "active"


@pytest.mark.parametrize(
    ("lacks", "fundraises"), [(element, False) for element in sorted(WHOLE)] + [("fundraising", True)]
)
async def test_not_even_the_application_makes_an_incomplete_notice_active_by_sql(
    records_database: Database, organization_id: UUID, lacks: str, *, fundraises: bool
) -> None:
    passages = {name: text for name, text in WHOLE.items() if name != lacks}
    insert = """
        insert into privacy_notices (organization_id, id, version, status, language, fundraises, passages, effective_on,
                                     changed_by, created_at)
        values ($1, $2, 1, 'active', 'en', $3, $4::text::jsonb, '2026-10-05', $2, now())
    """
    with pytest.raises(asyncpg.CheckViolationError, match="privacy_notices_elements_check"):
        async with records_database.read(OrganizationId(organization_id)) as read:
            await read.connection.execute(insert, organization_id, uuid4(), fundraises, orjson.dumps(passages).decode())


async def test_a_draft_is_written_again_and_an_active_notice_never(
    director: httpx2.AsyncClient, new_notice: Activate
) -> None:
    draft = await new_notice(None, passages={})
    path, body = f"{NOTICES}/{draft['id']}", {"language": "es", "passages": WHOLE}

    unread = await director.put(path, json=body)
    stale = await director.put(path, json=body, headers={"if-match": '"7"'})
    written = await director.put(path, json=body, headers={"if-match": '"1"'})
    active = await activate(director, written.json(), "2026-10-05")
    late = await director.put(path, json=body, headers={"if-match": '"3"'})
    again = await activate(director, active.json(), "2026-10-06")

    assert (unread.status_code, stale.status_code) == (428, 412)
    assert (written.status_code, written.headers["etag"], written.json()["language"]) == (200, '"2"', "es")
    assert active.status_code == 200
    assert [(one.status_code, one.json()["code"]) for one in (late, again)] == [(409, "notice-active")] * 2


async def test_a_notice_is_published_before_it_holds_and_two_never_begin_together(
    director: httpx2.AsyncClient, new_notice: Activate
) -> None:
    past = await activate(director, await new_notice(None), "2026-10-01")
    await new_notice("2026-10-05")
    taken = await activate(director, await new_notice(None), "2026-10-05")
    other_language = await new_notice("2026-10-05", language="es")

    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/effective_on")
    assert taken.status_code == 409
    assert other_language["status"] == "active"


async def test_it_is_known_which_notice_held_when(director: httpx2.AsyncClient, new_notice: Activate) -> None:
    first, second = await new_notice("2026-10-05"), await new_notice("2026-11-01")

    async def held(on: str) -> str:
        answer = await director.get(f"{NOTICES}:in_force", params={"on": on})
        return str(answer.json()["id"])

    assert [await held(day) for day in ("2026-10-05", "2026-10-31", "2026-11-01", "2030-01-01")] == [
        first["id"], first["id"], second["id"], second["id"],
    ]  # fmt: skip
    listed = (await director.get(NOTICES)).json()["items"]
    assert [(one["id"], one["status"]) for one in listed] == [(first["id"], "active"), (second["id"], "active")]


async def test_a_patient_is_given_the_notice_in_force_and_acknowledges_it(
    records: ClientFactory, director: httpx2.AsyncClient, new_patient: PatientFactory, new_notice: Activate
) -> None:
    patient, notice, later = await new_patient(), await new_notice(), await new_notice("2026-10-20")
    path = f"/v1/patients/{patient['id']}/privacy_notice_receipts"
    signed = {**GIVEN, "notice_id": notice["id"], "document_sha256": DOCUMENT}
    unsigned = {**signed, "document_sha256": None, "outcome": "not_obtained", "reason": "declined"}

    given = await records(Role.FRONT_DESK).post(path, json=signed)
    declined = await director.post(path, json={**unsigned, "efforts": ["asked_in_person"]})
    early = await director.post(path, json={**signed, "notice_id": later["id"]})
    unknown = await director.post(path, json={**signed, "notice_id": str(uuid4())})

    assert (given.status_code, given.json()["notice_version"]) == (201, notice["version"])
    assert (declined.status_code, declined.json()["efforts"]) == (201, ["asked_in_person"])
    for refused in (early, unknown):
        assert (refused.status_code, refused.json()["code"]) == (422, "notice-not-in-force")
    listed = (await records(Role.AUDITOR).get(path)).json()["items"]
    assert [one["outcome"] for one in listed] == ["acknowledged", "not_obtained"]


@pytest.mark.parametrize(
    "changes",
    [
        {"document_sha256": None},
        {"reason": "declined"},
        {"outcome": "not_obtained"},
        {"outcome": "not_obtained", "document_sha256": None},
        {"outcome": "not_obtained", "document_sha256": None, "reason": "declined"},
        {"given_at": "2026-10-03T10:00:00Z"},
        {"given_at": "2026-10-02T10:00:00"},
        {"method": "by_pigeon"},
        {"efforts": ["a\u0000"]},
    ],
)
async def test_what_became_of_it_is_told_whole(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_notice: Activate, changes: Json
) -> None:
    patient, notice = await new_patient(), await new_notice()
    body = {**GIVEN, "notice_id": notice["id"], "document_sha256": DOCUMENT, **changes}

    answer = await director.post(f"/v1/patients/{patient['id']}/privacy_notice_receipts", json=body)

    assert answer.status_code == 422, answer.text


async def test_in_an_emergency_nobody_is_asked_to_sign(
    director: httpx2.AsyncClient, new_patient: PatientFactory, new_notice: Activate
) -> None:
    patient, notice = await new_patient(), await new_notice()
    body = {**GIVEN, "notice_id": notice["id"], "outcome": "not_obtained", "reason": "emergency"}

    answer = await director.post(f"/v1/patients/{patient['id']}/privacy_notice_receipts", json=body)

    assert answer.status_code == 201, answer.text


async def test_what_was_given_in_the_past_is_recorded_of_the_notice_that_held_then(
    at: At, new_patient: PatientFactory, new_notice: Activate
) -> None:
    patient, first, second = await new_patient(), await new_notice(), await new_notice("2026-10-20")
    path = f"/v1/patients/{patient['id']}/privacy_notice_receipts"
    november = at("2026-11-02T12:00:00+00:00")

    async def give(notice: Json, given_at: str) -> int:
        body = {**GIVEN, "notice_id": notice["id"], "given_at": given_at, "document_sha256": DOCUMENT}
        return (await november.post(path, json=body)).status_code

    assert await give(first, "2026-10-15T12:00:00Z") == 201
    assert await give(second, "2026-10-15T12:00:00Z") == 422
    assert await give(first, "2026-10-25T12:00:00Z") == 422
    assert await give(second, "2026-10-25T12:00:00Z") == 201


async def test_who_does_not_treat_the_patient_cannot_tell_one_from_nobody(
    records: ClientFactory, stranger: httpx2.AsyncClient, new_patient: PatientFactory, new_notice: Activate
) -> None:
    patient, notice = await new_patient(), await new_notice()
    body = {**GIVEN, "notice_id": notice["id"], "document_sha256": DOCUMENT}
    for client in (records(Role.COUNSELLOR), stranger):
        for known in (patient["id"], str(uuid4())):
            path = f"/v1/patients/{known}/privacy_notice_receipts"
            assert (await client.post(path, json=body)).status_code == 404
            assert (await client.get(path)).status_code == 404


async def test_another_organization_has_its_own_notices(stranger: httpx2.AsyncClient, new_notice: Activate) -> None:
    notice = await new_notice()

    assert (await stranger.get(NOTICES)).json()["items"] == []
    assert (await stranger.get(f"{NOTICES}:in_force", params={"on": "2026-10-02"})).status_code == 404
    assert (await activate(stranger, notice, "2026-10-05")).status_code == 404


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.AUDITOR, Role.PATIENT, Role.FAMILY])
async def test_who_does_not_set_up_the_programme_words_no_notice(
    records: ClientFactory, new_notice: Activate, role: Role
) -> None:
    draft, client = await new_notice(None), records(role)

    assert (await client.post(NOTICES, json={"language": "en", "passages": WHOLE})).status_code == 403
    assert (await activate(client, draft, "2026-10-05")).status_code == 403


async def test_a_patient_does_not_list_what_others_were_given(
    records: ClientFactory, new_patient: PatientFactory
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/privacy_notice_receipts"

    for role in (Role.PATIENT, Role.FAMILY, Role.LAB):
        assert (await records(role).get(path)).status_code == 403


async def test_what_is_required_is_told_with_its_citation(director: httpx2.AsyncClient) -> None:
    listed = (await director.get("/v1/privacy_notice_elements")).json()["items"]

    assert {one["element"] for one in listed} == set(NoticeElement)
    assert all("CFR" in one["citation"] for one in listed)
    assert [one["element"] for one in listed if one["only_when_fundraising"]] == ["fundraising"]


def test_every_element_is_asked_for_once() -> None:
    assert sorted(one.element for one in REQUIRED) == sorted(NoticeElement)


def _notice(effective_on: date, language: str = "en") -> PrivacyNotice:
    return PrivacyNotice(
        id=PrivacyNoticeId(uuid4()),
        version=2,
        status=PrivacyNoticeStatus.ACTIVE,
        language=language,
        fundraises=False,
        passages={},
        effective_on=effective_on,
        changed_by=AccountId(UUID(int=1)),
        created_at=datetime(2026, 10, 2, tzinfo=UTC),
    )


_DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(days=st.lists(_DAYS, min_size=1, max_size=6, unique=True), day=_DAYS)
def test_one_notice_holds_on_a_day_and_it_is_the_newest_that_has_begun(days: list[date], day: date) -> None:
    notices = [_notice(one) for one in days] + [_notice(one, "es") for one in days]

    found = in_force_on(notices, day, "en")

    begun = [one for one in days if one <= day]
    assert (found and found.effective_on) == max(begun, default=None)
    assert found is None or found.language == "en"


@given(days=st.lists(_DAYS, min_size=1, max_size=6, unique=True), day=_DAYS, hour=st.integers(0, 23))
def test_what_was_in_force_at_an_instant_was_in_force_on_a_day_around_it(
    days: list[date], day: date, hour: int
) -> None:
    notices = [_notice(one) for one in days]
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    held = [one for one in notices if was_in_force(one, notices, at)]

    around = [in_force_on(notices, day + timedelta(days=step), "en") for step in (-1, 0, 1)]
    assert in_force_on(notices, day, "en") in [*held, None]
    assert {one.id for one in held} <= {one.id for one in around if one is not None}


@given(day=_DAYS, hour=st.integers(0, 23))
def test_a_day_that_goes_on_somewhere_has_not_passed(day: date, hour: int) -> None:
    now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    assert not is_past(day, now)
    assert is_past(day - timedelta(days=2), now)
