from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import EncounterId, PatientId
from services.contracts.records.encounters import AttendanceEvent, Encounter
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.encounters.rules import attended_minutes, encounter_of, hours_ledger

MONDAY = date(2026, 9, 28)
PATIENT = PatientId(uuid4())


@st.composite
def events(draw: st.DrawFn) -> AttendanceEvent:
    start = datetime(2026, 9, 28, 18, tzinfo=UTC)
    status = draw(st.sampled_from(AttendanceStatus))
    members: dict[str, Any] = {
        "id": uuid4(),
        "appointment_id": uuid4(),
        "patient_id": PATIENT,
        "site_id": uuid4(),
        "week": MONDAY,
        "service": draw(st.sampled_from(ServiceKind)),
        "modality": "on_site",
        "start": start,
        "end": start + timedelta(minutes=draw(st.integers(15, 270))),
        "revision": 1,
        "status": status,
        "excused": draw(st.booleans()) if status is AttendanceStatus.CANCELLED else None,
        "minutes_late": draw(st.integers(0, 480)),
        "minutes_left_early": draw(st.integers(0, 480)),
        "recorded_by": uuid4(),
        "recorded_at": start,
    }
    return AttendanceEvent.model_validate(members)


def encounter(event: AttendanceEvent) -> Encounter:
    return encounter_of(event, EncounterId(uuid4()))


@given(events())
def test_nobody_attends_longer_than_the_session_nor_without_having_stayed(event: AttendanceEvent) -> None:
    minutes = attended_minutes(event)

    assert 0 <= minutes <= (event.end - event.start) // timedelta(minutes=1)
    assert minutes == 0 or event.status is AttendanceStatus.FULFILLED


@given(st.lists(events(), max_size=12))
def test_a_ledger_adds_up(told: list[AttendanceEvent]) -> None:
    ledger = hours_ledger(PATIENT, MONDAY, None, [encounter(event) for event in told])

    assert ledger.attended_minutes == sum(attended_minutes(event) for event in told)
    assert ledger.missing_minutes == ledger.required_minutes == 0
    assert {line.service for line in ledger.services} == {event.service for event in told}
    for line in ledger.services:
        lengths = sum((one.end - one.start) // timedelta(minutes=1) for one in told if one.service is line.service)
        assert line.attended_minutes + line.excused_minutes + line.missed_minutes <= lengths
