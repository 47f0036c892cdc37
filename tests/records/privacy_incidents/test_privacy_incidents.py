"""Incidents: presumed a breach, assessed, decided by somebody, told of in time, and closed when that is done."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.database import Database
from services.contracts.disclosure import Information
from services.contracts.identifiers import OrganizationId, PrivacyIncidentId
from services.contracts.identity import Role
from services.contracts.records.privacy_incidents import (
    AuthorityNoticeRequest,
    IncidentDecisionRequest,
    IncidentKind,
    IncidentOutcome,
    NoticeContent,
    NoticeDelayRequest,
    NotifiedParty,
    PrivacyIncidentRequest,
)
from services.records.privacy_incidents.facts import Act, ActKind, Counted, Incident
from services.records.privacy_incidents.rules import deadlines, is_large, rule_on
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, Json, code_of
from tests.records.draw_programmes.conftest import At, at

__all__ = ["at"]

INCIDENTS = "/v1/privacy_incidents"
TOLD = {
    "kind": "misdirected_disclosure",
    "discovered_on": "2026-10-01",
    "occurred_from": "2026-09-28",
    "information": ["demographics", "attendance"],
    "description": "A roster went to a wrong number.",
}
FINDING = {"level": "low", "finding": "Somebody said so."}
FACTORS = dict.fromkeys(("nature_and_extent", "recipient", "acquired_or_viewed", "mitigation"), FINDING)
SENT = {"sent_on": "2026-10-02", "document_sha256": DOCUMENT}
NOTICE = {**SENT, "method": "first_class_mail", "contents": sorted(NoticeContent)}

NewIncident = Callable[..., Awaitable[Json]]
Do = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
def new_incident(records: ClientFactory) -> NewIncident:
    async def create(**changes: Any) -> Json:
        answer = await records(Role.NURSE).post(INCIDENTS, json={**TOLD, **changes})
        assert answer.status_code == 201, answer.text
        incident: Json = answer.json()
        return incident

    return create


@pytest.fixture
def do(director: httpx2.AsyncClient) -> Do:
    """Do something about an incident, as it stands."""

    async def send(
        incident: Json, act: str, body: object = None, client: httpx2.AsyncClient | None = None
    ) -> httpx2.Response:
        read = await director.get(f"{INCIDENTS}/{incident['id']}")
        headers = {"if-match": read.headers["etag"]}
        return await (client or director).post(f"{INCIDENTS}/{incident['id']}{act}", json=body, headers=headers)

    return send


def affected(*patients: Json, state: str = "CO") -> Json:
    return {"patient_ids": [one["id"] for one in patients], "resident_of": state}


async def test_an_incident_is_presumed_a_breach_and_its_deadlines_run_from_its_discovery(
    new_incident: NewIncident,
) -> None:
    incident = await new_incident()

    assert (incident["status"], incident["version"], incident["decision"]) == ("presumed_breach", 0, None)
    assert [(one["notified"], one["due_on"], one["met_on"]) for one in incident["deadlines"]] == [
        ("patients", "2026-11-30", None),
        ("secretary", "2027-03-01", None),
    ]
    assert [one["citation"] for one in incident["deadlines"]] == [
        "42 CFR 2.16(b), 45 CFR 164.404(b)",
        "42 CFR 2.16(b), 45 CFR 164.408(c)",
    ]


async def test_a_breach_is_assessed_decided_told_of_and_closed(
    director: httpx2.AsyncClient, new_incident: NewIncident, new_patient: PatientFactory, do: Do
) -> None:
    incident, patients = await new_incident(), [await new_patient() for _ in range(3)]
    first, second, third = patients

    unassessed = await do(incident, ":decide", {"outcome": "breach", "reason": "It was."})
    undecided = await do(incident, ":close")
    assessed = await do(incident, ":assess", FACTORS)
    decided = await do(incident, ":decide", {"outcome": "breach", "reason": "It was."})
    await do(incident, "/affected_patients", affected(first, second))
    listed = await do(incident, "/affected_patients", affected(third, first, state="WY"))
    some = await do(incident, "/patient_notices", {**NOTICE, "patient_ids": [first["id"], second["id"]]})
    called = await do(incident, "/patient_notices", {**NOTICE, "patient_ids": [third["id"]], "method": "telephone"})
    early = await do(incident, ":close")
    written = await do(incident, "/patient_notices", {**NOTICE, "patient_ids": [third["id"]]})
    await do(incident, "/authority_notices", {**SENT, "notified": "secretary"})
    closed = await do(incident, ":close")
    late = await do(incident, ":assess", FACTORS)

    assert [(one.status_code, code_of(one)) for one in (unassessed, undecided, early, late)] == [
        (409, "assessment-missing"), (409, "undecided"), (409, "notices-due"), (409, "over-already"),
    ]  # fmt: skip
    assert (assessed.status_code, assessed.json()["assessment"]["mitigation"]) == (200, FINDING)
    assert (decided.json()["status"], decided.json()["decision"]["reason"]) == ("breach", "It was.")
    assert (listed.json()["affected"], listed.json()["affected_by_state"]) == (3, {"CO": 2, "WY": 1})
    assert (some.json()["notified"], some.json()["deadlines"][0]["met_on"]) == (2, None)
    assert called.json()["notified"] == 2
    assert (written.json()["notified"], written.json()["deadlines"][0]["met_on"]) == (3, "2026-10-02")
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    told = (await director.get(f"{INCIDENTS}/{incident['id']}/affected_patients")).json()["items"]
    assert {one["patient_id"]: (one["resident_of"], one["notified_on"]) for one in told} == {
        first["id"]: ("CO", "2026-10-02"),
        second["id"]: ("CO", "2026-10-02"),
        third["id"]: ("WY", "2026-10-02"),
    }


@pytest.mark.parametrize(
    "outcome", [one for one in IncidentOutcome if one not in {IncidentOutcome.BREACH, IncidentOutcome.LOW_PROBABILITY}]
)
async def test_what_was_no_breach_obliges_to_nothing(new_incident: NewIncident, do: Do, outcome: str) -> None:
    incident = await new_incident()

    decided = await do(incident, ":decide", {"outcome": outcome, "reason": "As found."})
    closed = await do(incident, ":close")

    assert (decided.json()["status"], decided.json()["deadlines"]) == ("no_breach", [])
    assert closed.json()["status"] == "closed"


async def test_a_low_probability_is_shown_by_an_assessment(new_incident: NewIncident, do: Do) -> None:
    incident, decision = await new_incident(), {"outcome": "low_probability", "reason": "As assessed."}

    without = await do(incident, ":decide", decision)
    await do(incident, ":assess", FACTORS)
    with_it = await do(incident, ":decide", decision)

    assert (without.status_code, code_of(without)) == (409, "assessment-missing")
    assert with_it.json()["status"] == "no_breach"


async def test_a_deadline_that_has_passed_is_overdue(at: At, new_incident: NewIncident) -> None:
    incident = await new_incident()

    async def is_overdue(instant: str) -> list[bool]:
        read = await at(instant).get(f"{INCIDENTS}/{incident['id']}")
        return [one["is_overdue"] for one in read.json()["deadlines"]]

    assert await is_overdue("2026-11-30T23:00:00+00:00") == [False, False]
    assert await is_overdue("2026-12-02T00:00:00+00:00") == [True, False]
    assert await is_overdue("2027-03-03T00:00:00+00:00") == [True, True]


async def test_law_enforcement_delays_notices_and_by_word_of_mouth_for_thirty_days_only(
    new_incident: NewIncident, do: Do
) -> None:
    incident = await new_incident()

    by = {"stated_by": "A county sheriff"}
    spoken = await do(incident, ":delay", {**by, "until": "2026-12-31"})
    written = await do(incident, ":delay", {**by, "until": "2026-12-31", "document_sha256": DOCUMENT})

    assert (spoken.status_code, spoken.json()["errors"][0]["pointer"]) == (422, "/until")
    assert written.json()["delayed_until"] == "2026-12-31"
    assert [one["due_on"] for one in written.json()["deadlines"]] == ["2026-12-31", "2027-03-01"]


async def test_repeating_a_statement_by_word_of_mouth_delays_no_longer(
    at: At, new_incident: NewIncident, do: Do
) -> None:
    incident, said = await new_incident(), {"stated_by": "A county sheriff", "until": "2026-11-10"}

    later = at("2026-10-20T12:00:00+00:00")
    first = await do(incident, ":delay", {**said, "until": "2026-10-30"})
    again = await do(incident, ":delay", said, later)
    written = await do(incident, ":delay", {**said, "document_sha256": DOCUMENT}, later)

    assert [one.status_code for one in (first, again, written)] == [200, 422, 200]


async def test_who_acts_on_what_they_have_not_read_is_refused(
    director: httpx2.AsyncClient, new_incident: NewIncident, do: Do
) -> None:
    incident = await new_incident()
    path = f"{INCIDENTS}/{incident['id']}:assess"
    await do(incident, ":assess", FACTORS)

    unread = await director.post(path, json=FACTORS)
    stale = await director.post(path, json=FACTORS, headers={"if-match": '"0"'})

    assert (unread.status_code, stale.status_code) == (428, 412)


async def test_only_affected_patients_are_told_and_only_patients_are_affected(
    new_incident: NewIncident, new_patient: PatientFactory, stranger: httpx2.AsyncClient, do: Do
) -> None:
    incident, patient = await new_incident(), await new_patient()
    body = {"given_name": "Max", "family_name": "Moe", "birth_date": "1980-01-01", "site_id": str(uuid4())}
    elsewhere = (await stranger.post("/v1/patients", json=body)).json()

    theirs = await do(incident, "/affected_patients", affected(patient, elsewhere))
    nobody = await do(incident, "/affected_patients", affected(patient, {"id": str(uuid4())}))
    unlisted = await do(incident, "/patient_notices", {**NOTICE, "patient_ids": [patient["id"]]})
    await do(incident, "/affected_patients", affected(patient))
    twice = await do(incident, "/patient_notices", {**NOTICE, "patient_ids": [patient["id"]] * 2})
    early = {**NOTICE, "patient_ids": [patient["id"]], "sent_on": "2026-09-30"}
    future = {**NOTICE, "patient_ids": [patient["id"]], "sent_on": "2026-10-09"}

    assert (theirs.status_code, code_of(theirs), theirs.json()["errors"]) == (
        422,
        "unknown-patient",
        nobody.json()["errors"],
    )
    assert [one.status_code for one in (unlisted, twice)] == [422, 422]
    for wrong in (early, future):
        refused = await do(incident, "/patient_notices", wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/sent_on")


async def test_the_log_of_a_year_has_its_small_breaches(
    director: httpx2.AsyncClient, new_incident: NewIncident, do: Do
) -> None:
    breach, other = await new_incident(), await new_incident(discovered_on="2025-12-31", occurred_from=None)
    presumed, none = await new_incident(), await new_incident()
    for one in (breach, other):
        await do(one, ":assess", FACTORS)
        await do(one, ":decide", {"outcome": "breach", "reason": "It was."})
    await do(none, ":decide", {"outcome": "secured", "reason": "It was encrypted."})

    log = (await director.get("/v1/breach_log", params={"year": 2026})).json()["items"]
    found = (await director.get(INCIDENTS, params={"discovered_from": "2026-01-01"})).json()["items"]

    assert [one["id"] for one in log] == [breach["id"]]
    assert {one["id"] for one in found} == {breach["id"], presumed["id"], none["id"]}


async def test_what_is_told_of_an_incident_is_sealed_and_nobody_is_in_the_trail_by_name(
    new_incident: NewIncident, do: Do, records_database: Database, organization_id: UUID
) -> None:
    incident = await new_incident(description="It was Canary Bird's list.")
    await do(incident, ":assess", {**FACTORS, "recipient": {"level": "high", "finding": "Canary's employer."}})

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = [
            str(dict(row))
            for table in ("privacy_incidents", "privacy_incident_acts", "audit_events")
            for row in await read.connection.fetch(f"select * from {table}")  # noqa: S608 - a name of ours
        ]
    assert len(rows) >= 3
    assert "Canary" not in "".join(rows)


@pytest.mark.parametrize("table", ["privacy_incidents", "privacy_incident_acts", "affected_patients", "breach_notices"])
async def test_the_application_can_change_and_delete_nothing_of_it(
    records_database: Database, organization_id: UUID, table: str
) -> None:
    for statement in (f"update {table} set organization_id = organization_id", f"delete from {table}"):  # noqa: S608
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with records_database.read(OrganizationId(organization_id)) as read:
                await read.connection.execute(statement)


async def test_another_organization_finds_nothing_of_it(
    stranger: httpx2.AsyncClient, new_incident: NewIncident
) -> None:
    incident = await new_incident()

    for known in (incident["id"], str(uuid4())):
        assert (await stranger.get(f"{INCIDENTS}/{known}")).status_code == 404
        assert (await stranger.get(f"{INCIDENTS}/{known}/affected_patients")).status_code == 404
        acted = await stranger.post(f"{INCIDENTS}/{known}:assess", json=FACTORS, headers={"if-match": '"0"'})
        assert acted.status_code == 404
    for path in (INCIDENTS, "/v1/breach_log?year=2026"):
        assert (await stranger.get(path)).json()["items"] == []


async def test_everybody_who_works_here_records_and_few_read_and_decide(
    records: ClientFactory, new_incident: NewIncident, do: Do
) -> None:
    incident = await new_incident()
    for role in (Role.FRONT_DESK, Role.LAB, Role.BILLING, Role.ORGANIZATION_ADMIN, Role.AUDITOR):
        assert (await records(role).post(INCIDENTS, json=TOLD)).status_code == 201
        assert (await do(incident, ":assess", FACTORS, records(role))).status_code == 403
        expected = 200 if role is Role.AUDITOR else 403
        assert (await records(role).get(f"{INCIDENTS}/{incident['id']}")).status_code == expected
    for role in (Role.PATIENT, Role.FAMILY):
        assert (await records(role).post(INCIDENTS, json=TOLD)).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"discovered_on": "2026-10-09"},
        {"occurred_from": "2026-10-02"},
        {"occurred_until": "2026-09-01"},
        {"information": []},
        {"description": "a\u0000b"},
        {"kind": "mishap"},
    ],
)
async def test_what_is_no_incident_is_refused(director: httpx2.AsyncClient, changes: Json) -> None:
    assert (await director.post(INCIDENTS, json={**TOLD, **changes})).status_code == 422


@pytest.mark.parametrize(
    ("act", "body"),
    [
        (":assess", {**FACTORS, "mitigation": None}),
        (":decide", {"outcome": "perhaps", "reason": "?"}),
        ("/patient_notices", {**NOTICE, "patient_ids": [str(UUID(int=1))], "contents": ["contact"]}),
        ("/authority_notices", {**SENT, "notified": "media"}),
        ("/authority_notices", {**SENT, "notified": "secretary", "state": "CO"}),
        ("/authority_notices", {**SENT, "notified": "patients"}),
        ("/affected_patients", {"patient_ids": [str(UUID(int=1))], "resident_of": "Colorado"}),
    ],
)
async def test_what_is_told_by_halves_is_refused(new_incident: NewIncident, do: Do, act: str, body: Json) -> None:
    assert (await do(await new_incident(), act, body)).status_code == 422


NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)


def incident_of(discovered_on: date, counted: list[Counted], *acts: Act) -> Incident:
    request = PrivacyIncidentRequest(
        kind=IncidentKind.LOSS,
        discovered_on=discovered_on,
        information=frozenset({Information.DEMOGRAPHICS}),
        description="A box.",
    )
    return Incident(PrivacyIncidentId(UUID(int=1)), request, UUID(int=2), NOW, acts, counted)


def act(kind: ActKind, said: Any) -> Act:
    return Act(kind, said.model_dump_json().encode(), UUID(int=2), NOW)


_DAYS = st.dates(date(2014, 1, 1), date(2040, 12, 31))


@given(day=_DAYS, sizes=st.lists(st.integers(1, 1200), max_size=4))
def test_patients_within_sixty_days_and_the_secretary_and_media_by_how_many_are_affected(
    day: date, sizes: list[int]
) -> None:
    counted = [Counted(f"A{chr(65 + index)}", size, 0, None) for index, size in enumerate(sizes)]
    incident = incident_of(day, counted)

    due = {(one.notified, one.state): one.due_on for one in deadlines(incident, NOW)}

    soon = day + timedelta(days=60)
    assert due.pop((NotifiedParty.PATIENTS, None)) == soon
    expected = soon if sum(sizes) >= 500 else date(day.year, 12, 31) + timedelta(days=60)
    assert due.pop((NotifiedParty.SECRETARY, None)) == expected
    assert is_large(incident) is (sum(sizes) >= 500)
    assert due == {(NotifiedParty.MEDIA, one.state): soon for one in counted if one.affected > 500}


@given(day=_DAYS, wait=st.integers(0, 400))
def test_a_delay_brings_no_deadline_forward(day: date, wait: int) -> None:
    until = day + timedelta(days=wait)
    before = deadlines(incident_of(day, []), NOW)
    delayed = deadlines(
        incident_of(day, [], act(ActKind.DELAYED, NoticeDelayRequest(stated_by="A sheriff", until=until))), NOW
    )

    for early, late in zip(before, delayed, strict=True):
        assert late.due_on == max(early.due_on, until)


@given(outcome=st.sampled_from(IncidentOutcome), large=st.booleans())
def test_nobody_is_told_only_where_it_was_decided_that_there_was_no_breach(
    outcome: IncidentOutcome, *, large: bool
) -> None:
    counted = [Counted("CO", 800 if large else 3, 0, None)]
    decided = act(ActKind.DECIDED, IncidentDecisionRequest(outcome=outcome, reason="So."))

    assert bool(deadlines(incident_of(date(2026, 9, 1), counted, decided), NOW)) is (outcome is IncidentOutcome.BREACH)
    assert deadlines(incident_of(date(2026, 9, 1), counted), NOW)


def test_each_medium_is_told_by_itself() -> None:
    counted = [Counted("CO", 501, 0, None), Counted("WY", 501, 0, None)]
    sent = AuthorityNoticeRequest(
        notified=NotifiedParty.MEDIA, state="CO", sent_on=date(2026, 9, 9), document_sha256=DOCUMENT
    )
    found = deadlines(incident_of(date(2026, 9, 1), counted, act(ActKind.AUTHORITY_NOTIFIED, sent)), NOW)

    assert {one.state: one.met_on for one in found if one.notified is NotifiedParty.MEDIA} == {
        "CO": date(2026, 9, 9),
        "WY": None,
    }


def test_the_oldest_rule_serves_what_was_discovered_before_it() -> None:
    assert rule_on(date(2000, 1, 1)).effective_from == date(2013, 9, 23)
    assert rule_on(date(2026, 2, 15)).citations["patients"] == "45 CFR 164.404(b)"
    assert rule_on(date(2026, 2, 16)).citations["patients"] == "42 CFR 2.16(b), 45 CFR 164.404(b)"
