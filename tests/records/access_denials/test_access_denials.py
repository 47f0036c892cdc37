"""Refusals are told to who watches over the record, each with its rule and what would satisfy it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.audit.trail import event_text
from services.chassis.database import Database, first_id
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.policy.decisions.answer import Rule
from services.records.access_denials.rules import denial_of, reason_of
from services.records.refusals import Refusal
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import Json
from tests.records.disclosures.conftest import Disclose
from tests.records.draw_programmes.conftest import At

DENIALS = "/v1/access_denials"
Denials = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def denials(records: ClientFactory) -> Denials:
    async def read(**asked: Any) -> list[dict[str, Any]]:
        answer = await records(Role.AUDITOR).get(DENIALS, params=asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    return read


async def test_a_refused_use_is_told_with_its_rule_and_what_would_satisfy_it(
    records: ClientFactory, new_patient: PatientFactory, denials: Denials
) -> None:
    patient, account = await new_patient(), uuid4()
    refused = await records(Role.COUNSELLOR, account=account).get(f"/v1/patients/{patient['id']}")
    assert refused.status_code == 404

    (told,) = await denials()

    assert (told["denied_to"], told["roles"], told["operation_id"]) == (str(account), ["counsellor"], "read_patient")
    assert (told["patient_id"], told["information"], told["purpose"]) == (patient["id"], "demographics", "operations")
    assert (told["rule"], told["clause"]) == ("no-relation", "42 CFR 2.13(a)")
    assert told["remedy"] == "be entered in the care team or at the site, or open an emergency access"
    assert refused.json()["instance"] == f"urn:uuid:{told['request']}"
    assert (told["recipient_id"], told["acting_service"]) == (None, None)


async def test_a_refused_disclosure_is_told_with_its_recipient(
    planned: Json, disclose: Disclose, hospital: Json, denials: Denials
) -> None:
    assert (await disclose(planned["id"], purpose="employment")).status_code == 403

    (told,) = await denials()

    assert (told["patient_id"], told["recipient_id"]) == (planned["id"], hospital["id"])
    assert (told["rule"], told["purpose"], told["information"]) == ("no-consent", "employment", "demographics")
    assert told["remedy"] == "obtain the patient's written consent"


async def test_what_was_sought_and_is_nobody_here_is_not_told(
    records: ClientFactory, stranger: httpx2.AsyncClient, denials: Denials
) -> None:
    elsewhere = (await stranger.post("/v1/patients", json=_body())).json()["id"]
    counsellor = records(Role.COUNSELLOR)
    for path in (f"/v1/patients/{elsewhere}", f"/v1/consents/{uuid4()}/versions"):
        assert (await counsellor.get(path)).status_code == 404

    told = await denials()

    assert {(one["rule"], one["patient_id"]) for one in told} == {("not-found", None)}
    assert len(told) == 2
    assert elsewhere not in str(told)


async def test_a_range_of_time_takes_its_beginning_and_not_its_end(at: At, denials: Denials) -> None:
    for day in ("2026-10-05", "2026-10-06", "2026-10-07"):
        assert (await at(f"{day}T12:00:00+00:00").get(f"/v1/patients/{uuid4()}")).status_code == 404

    asked = {"since": "2026-10-05T14:00:00+02:00", "until": "2026-10-07T12:00:00Z"}
    told = [one["denied_at"][:10] for one in await denials(**asked)]

    assert told == ["2026-10-05", "2026-10-06"]
    assert len(await denials()) == 3
    assert await denials(until="2026-10-05T12:00:00Z") == []


async def test_refusals_are_paged_in_the_order_they_happened(at: At, records: ClientFactory) -> None:
    for minute in range(5):
        await at(f"2026-10-05T12:0{minute}:00+00:00").get(f"/v1/patients/{uuid4()}")
    auditor, seen, token = records(Role.AUDITOR), list[str](), None

    while True:
        asked = {"page_size": 2} | ({} if token is None else {"page_token": token})
        page = (await auditor.get(DENIALS, params=asked)).json()
        seen += [one["denied_at"] for one in page["items"]]
        token = page["next_page_token"]
        if token is None:
            break

    assert seen == sorted(seen)
    assert len(set(seen)) == 5


async def test_it_can_be_asked_of_one_account(records: ClientFactory, denials: Denials) -> None:
    first, second = uuid4(), uuid4()
    for account in (first, second, second):
        await records(Role.COUNSELLOR, account=account).get(f"/v1/patients/{uuid4()}")

    assert {one["denied_to"] for one in await denials(account_id=str(second))} == {str(second)}
    assert len(await denials(account_id=str(second))) == 2
    assert await denials(account_id=str(uuid4())) == []


async def test_reading_refusals_is_on_the_trail_with_whom_they_tell_of(
    records: ClientFactory,
    new_patient: PatientFactory,
    denials: Denials,
    records_database: Database,
    organization_id: UUID,
) -> None:
    patient = await new_patient()
    await records(Role.COUNSELLOR).get(f"/v1/patients/{patient['id']}")
    await denials()

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch("select event from audit_events")
    looks = [row["event"] for row in rows if "list_access_denials" in row["event"]]
    assert len(looks) == 1
    assert patient["id"] in looks[0]


async def test_another_organization_sees_none_of_it(
    records: ClientFactory, new_patient: PatientFactory, stranger: httpx2.AsyncClient
) -> None:
    patient = await new_patient()
    await records(Role.COUNSELLOR).get(f"/v1/patients/{patient['id']}")

    assert (await stranger.get(DENIALS)).json()["items"] == []


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.AUDITOR, Role.PROGRAMME_DIRECTOR}])
async def test_who_does_not_watch_over_the_record_is_refused(records: ClientFactory, role: Role) -> None:
    assert (await records(role).get(DENIALS)).status_code == 403


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"until": "2026-10-05T12:00:00"},
        {"since": "1900-01-01T00:00:00Z"},
        {"account_id": "somebody"},
        {"page_token": "none"},
    ],
)
async def test_what_cannot_be_asked_is_refused(director: httpx2.AsyncClient, asked: dict[str, str]) -> None:
    answer = await director.get(DENIALS, params=asked)

    assert answer.status_code == 422, answer.text


async def test_an_event_that_was_tampered_with_still_fits_beside_the_others(
    records_database: Database, organization_id: UUID
) -> None:
    # It is the verifier who finds it; the database must neither refuse it nor call it a refusal.
    insert = """
        insert into audit_events (organization_id, lane, number, event, seal, hash) values ($1, 0, 1, $2, '', '')
        returning denied_id
    """
    whole = event_text(at=datetime(2026, 10, 2, tzinfo=UTC), members={"outcome": "denied"})
    for event, is_refusal in ((whole, True), (whole.replace('"denied"', '"permitted"'), False), ("{", False)):
        async with records_database.read(OrganizationId(organization_id)) as read:
            tried = read.connection.transaction()
            await tried.start()
            denied_id = await read.connection.fetchval(insert, organization_id, event)
            await tried.rollback()
        assert (denied_id is not None) is is_refusal


def test_every_rule_has_its_clause_and_its_remedy() -> None:
    for rule in [*Rule, *Refusal]:
        reason = reason_of(rule)
        assert reason is not None
        assert reason.clause.startswith(("42 CFR ", "45 CFR "))
        assert reason.remedy


def test_a_rule_of_an_older_version_is_told_without_reason() -> None:
    told = denial_of(
        {
            "id": uuid4(),
            "at": datetime(2026, 10, 2, tzinfo=UTC),
            "account": uuid4(),
            "roles": ["nurse"],
            "service": None,
            "operation": "read_patient",
            "request": "r",
            "purpose": "treatment",
            "subjects": [],
            "rule": "a-rule-of-old",
        }
    )

    assert (told.rule, told.clause, told.remedy) == ("a-rule-of-old", None, None)


@given(
    at=st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    before=st.integers(1, 10**9),
)
def test_the_first_id_of_an_instant_parts_what_came_before(at: datetime, before: int) -> None:
    earlier = datetime.fromtimestamp(max(at.timestamp() - before / 1000, 0), tz=UTC)
    own = event_text(at=at, members={})
    assert first_id(at) <= UUID(own.split('"id":"')[1][:32])
    if int(earlier.timestamp() * 1000) < int(at.timestamp() * 1000):
        assert UUID(event_text(at=earlier, members={}).split('"id":"')[1][:32]) < first_id(at)


def _body() -> dict[str, str]:
    return {"given_name": "Max", "family_name": "Moe", "birth_date": "1980-01-01", "site_id": str(uuid4())}
