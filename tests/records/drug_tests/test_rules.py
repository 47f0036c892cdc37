"""The transition table, the specimen's limits, and what may be said of a result: never more than is known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.contracts.records.draw_programmes import DrawTerms, Hazard, Specimen
from services.contracts.records.drug_tests import (
    Confirmed,
    DefinitiveReason,
    DrugTestStatus,
    Finding,
    Looked,
    Prescription,
    PrescriptionSource,
    Reconciled,
    Screened,
    ScreeningMethod,
    SpecimenFlag,
    Step,
    Substance,
)
from services.contracts.records.specimens import Assessed, Collected
from services.contracts.vocabulary import Weekday
from services.records.drug_tests.limits import SPECIMEN_LIMITS
from services.records.drug_tests.rules import (
    TRANSITIONS,
    Standing,
    due_after,
    finding,
    kept_back,
    misfit,
    possible,
    readings,
    specimen_flags,
    status_after,
)
from services.records.drug_tests.tables import STATUSES, STEPS

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WITHOUT_SPECIMEN = {DrugTestStatus.NO_SHOW, DrugTestStatus.REFUSED, DrugTestStatus.UNABLE, DrugTestStatus.EXCUSED}


def looked(**detected: bool) -> list[Looked]:
    return [Looked(substance=Substance(name), is_detected=is_detected) for name, is_detected in detected.items()]


def screened(**detected: bool) -> Screened:
    return Screened(kind="presumptive", method=ScreeningMethod.POINT_OF_CARE, results=looked(**detected))


def confirmed(**detected: bool) -> Confirmed:
    return Confirmed(
        kind="definitive", because=DefinitiveReason.DISPUTED, laboratory="Harbour Lab", results=looked(**detected)
    )


def reconciled(*explained: Substance) -> Reconciled:
    source = PrescriptionSource.MEDICATION_LIST
    prescriptions = [
        Prescription(medication="A medicine", explains=frozenset({one}), source=source) for one in explained
    ]
    return Reconciled(kind="reconciled", sources=frozenset({source}), prescriptions=prescriptions)


def as_needed(*explained: Substance) -> Reconciled:
    regular = reconciled(*explained)
    return regular.model_copy(
        update={"prescriptions": [one.model_copy(update={"is_as_needed": True}) for one in regular.prescriptions]}
    )


def assessed(**measured: Any) -> Assessed:
    return Assessed(kind="assessed", **{"looks_normal": True, **measured})


def standing(*steps: Step, due_at: datetime | None = None) -> Standing:
    return Standing(due_at, NOON, steps, SPECIMEN_LIMITS[-1])


def test_the_database_knows_the_same_transitions_and_statuses() -> None:
    pairs = {(before, after) for befores in TRANSITIONS.values() for before, after in befores.items()}
    # A report after the hour leads to late.
    pairs |= {(before, DrugTestStatus.LATE) for before in TRANSITIONS["reported"]}

    stored = STEPS.split(" in ", 1)[1]
    assert {(f"'{before}', '{after}'") for before, after in pairs} == set(stored.strip("()").split("), ("))
    assert set(STATUSES.strip("()").replace("'", "").split(", ")) == set(DrugTestStatus)


def test_every_status_can_be_reached_and_what_was_reviewed_goes_on_at_the_laboratory_or_is_talked_over_again() -> None:
    reached, more = {DrugTestStatus.DRAWN}, {DrugTestStatus.DRAWN}
    while more:
        more = {after for one in more for befores in TRANSITIONS.values() if (after := befores.get(one))} - reached
        reached |= more
    reached |= {DrugTestStatus.LATE}

    assert reached == set(DrugTestStatus)
    assert all(possible(status) for status in DrugTestStatus)
    goes_on = {"handed_off", "definitive", "reviewed"}
    assert set(possible(DrugTestStatus.REVIEWED)) == goes_on
    assert [one for one in DrugTestStatus if set(possible(one)) <= goes_on - {"reviewed"}] == []


def test_no_way_leads_from_a_missed_test_to_a_result_but_through_a_specimen() -> None:
    for kind in ("presumptive", "definitive", "reconciled", "assessed"):
        assert not WITHOUT_SPECIMEN & set(TRANSITIONS[kind])


@given(
    st.lists(
        st.sampled_from(
            [
                screened(cocaine=True, methadone=False),
                screened(cocaine=False),
                confirmed(cocaine=True),
                confirmed(cocaine=False, methadone=True),
                reconciled(),
                reconciled(Substance.METHADONE),
                reconciled(Substance.COCAINE),
            ]
        ),
        max_size=6,
    )
)
def test_nothing_is_called_unexpected_before_it_was_reconciled(steps: list[Step]) -> None:
    said = finding(readings(steps))
    results = [number for number, step in enumerate(steps) if isinstance(step, Screened | Confirmed)]
    reconciliations = [number for number, step in enumerate(steps) if isinstance(step, Reconciled)]

    if not results:
        assert said is Finding.NO_RESULT
    elif not reconciliations or reconciliations[-1] < results[-1]:
        assert said is Finding.UNRECONCILED
    else:
        assert said in {Finding.AS_EXPECTED, Finding.UNEXPECTED, Finding.UNEXPECTED_UNCONFIRMED}
    if said is Finding.UNEXPECTED:
        assert any(isinstance(step, Confirmed) for step in steps)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], Finding.NO_RESULT),
        ([screened(cocaine=True)], Finding.UNRECONCILED),
        ([screened(cocaine=True), reconciled()], Finding.UNEXPECTED_UNCONFIRMED),
        ([screened(cocaine=True), confirmed(cocaine=True), reconciled()], Finding.UNEXPECTED),
        ([screened(cocaine=True), confirmed(cocaine=False), reconciled()], Finding.AS_EXPECTED),
        ([screened(methadone=True), reconciled(Substance.METHADONE)], Finding.AS_EXPECTED),
        ([screened(methadone=False), reconciled(Substance.METHADONE)], Finding.UNEXPECTED_UNCONFIRMED),
        ([screened(methadone=False), as_needed(Substance.METHADONE)], Finding.AS_EXPECTED),
        ([screened(methadone=True), as_needed(Substance.METHADONE)], Finding.AS_EXPECTED),
        ([screened(cocaine=True), reconciled(), confirmed(cocaine=True)], Finding.UNRECONCILED),
        # What was confirmed was expected; the other is not confirmed.
        (
            [screened(cocaine=True, methadone=True), confirmed(methadone=True), reconciled(Substance.METHADONE)],
            Finding.UNEXPECTED_UNCONFIRMED,
        ),
    ],
)
def test_what_may_be_said(steps: list[Step], said: Finding) -> None:
    assert finding(readings(steps)) is said


@given(
    st.lists(
        st.sampled_from([screened(cocaine=True), confirmed(methadone=False), reconciled(Substance.METHADONE)]),
        max_size=5,
    )
)
def test_what_is_kept_back_says_what_was_measured_and_nothing_of_what_follows(steps: list[Step]) -> None:
    known = readings(steps)

    measured, said = kept_back(known, finding(known))

    assert [(one.substance, one.is_detected, one.is_confirmed) for one in measured] == [
        (one.substance, one.is_detected, one.is_confirmed) for one in known
    ]
    assert all(one.is_expected is None and not one.prescribed for one in measured)
    assert said in {Finding.NO_RESULT, Finding.UNRECONCILED, Finding.NOT_TOLD}
    assert (said is Finding.NO_RESULT) is (not known)


@pytest.mark.parametrize(
    ("measured", "flags"),
    [
        ({}, []),
        ({"temperature_fahrenheit": 90, "temperature_after_minutes": 4}, []),
        ({"temperature_fahrenheit": 89.9, "temperature_after_minutes": 4}, [SpecimenFlag.TEMPERATURE]),
        ({"temperature_fahrenheit": 100.1, "temperature_after_minutes": 1}, [SpecimenFlag.TEMPERATURE]),
        ({"temperature_fahrenheit": 80, "temperature_after_minutes": 4.1}, []),
        ({"creatinine_mg_per_dl": 20}, []),
        ({"creatinine_mg_per_dl": 19.9}, [SpecimenFlag.DILUTE]),
        ({"creatinine_mg_per_dl": 2}, [SpecimenFlag.DILUTE]),
        # Bug: of creatinine alone a patient was said to have handed in something else.
        ({"creatinine_mg_per_dl": 1.9}, [SpecimenFlag.DILUTE]),
        ({"creatinine_mg_per_dl": 1.9, "specific_gravity": 1.0011}, [SpecimenFlag.DILUTE]),
        ({"creatinine_mg_per_dl": 1.9, "specific_gravity": 1.0199}, [SpecimenFlag.DILUTE]),
        ({"creatinine_mg_per_dl": 1.9, "specific_gravity": 1.0200}, [SpecimenFlag.SUBSTITUTED]),
        (
            {"creatinine_mg_per_dl": 1.9, "specific_gravity": 1.0010},
            [SpecimenFlag.SUBSTITUTED, SpecimenFlag.SPECIFIC_GRAVITY],
        ),
        ({"creatinine_mg_per_dl": 2, "specific_gravity": 1.0200}, [SpecimenFlag.DILUTE]),
        ({"specific_gravity": 1.0010}, [SpecimenFlag.SPECIFIC_GRAVITY]),
        ({"specific_gravity": 1.0011}, []),
        ({"looks_normal": False}, [SpecimenFlag.APPEARANCE]),
    ],
)
def test_a_specimen_is_held_against_the_limits_of_its_day(measured: dict[str, Any], flags: list[SpecimenFlag]) -> None:
    assert specimen_flags(standing(assessed(**measured))) == flags


def test_of_a_specimen_that_nobody_gave_there_is_no_result_and_no_hand_off() -> None:
    collected: Step = Collected.model_validate(CUSTODY)
    handed: Step = TypeAdapter(Step).validate_python(
        {"kind": "handed_off", "hand_off": {"handed_to": "Laboratory", "at": (NOON + HOUR).isoformat()}}
    )

    for step in (confirmed(cocaine=True), handed):
        fault = misfit(step, standing(), NOON + HOUR)
        assert fault is not None
        assert fault.code == "no-specimen"
        assert misfit(step, standing(collected), NOON + HOUR) is None


def test_of_what_is_no_urine_no_result_is_recorded() -> None:
    fault = misfit(screened(cocaine=True), standing(assessed(creatinine_mg_per_dl=1, specific_gravity=1.02)), NOON)

    assert fault is not None
    assert fault.code == "substituted"
    assert misfit(screened(cocaine=True), standing(assessed(creatinine_mg_per_dl=10)), NOON) is None


def test_who_reports_after_the_hour_is_late_and_only_then_has_not_come() -> None:
    due = NOON + HOUR
    no_show: Step = TypeAdapter(Step).validate_python({"kind": "no_show"})

    assert status_after(DrugTestStatus.NOTIFIED, "reported", due, due) is DrugTestStatus.REPORTED
    assert status_after(DrugTestStatus.NOTIFIED, "reported", due, due + HOUR) is DrugTestStatus.LATE
    assert status_after(DrugTestStatus.REVIEWED, "reported", due, due) is None
    fault = misfit(no_show, standing(due_at=due), due)
    assert fault is not None
    assert fault.code == "not-due"
    assert misfit(no_show, standing(due_at=due), due + HOUR) is None


@pytest.mark.parametrize(
    ("specimen", "minutes", "hours"),
    [(Specimen.URINE, None, 8.0), (Specimen.ORAL_FLUID, None, 4.0), (Specimen.URINE, 90, 1.5)],
)
def test_the_time_to_report_is_the_programme_s_or_the_standard_s(
    specimen: Specimen, minutes: int | None, hours: float
) -> None:
    terms = DrawTerms(
        specimen=specimen,
        call_days=frozenset(Weekday),
        hazard=Hazard(tests=2, opportunities=7),
        starts_on=date(2026, 10, 5),
        ends_on=date(2026, 10, 6),
        zone="UTC",
        report_within_minutes=minutes,
    )

    assert due_after(terms, NOON) == NOON + timedelta(hours=hours)


CUSTODY: dict[str, Any] = {
    "kind": "collected",
    "specimen": "urine",
    "identifiers": ["photo_identity", "birth_date"],
    "collector_id": str(UUID(int=1)),
    "witness_id": str(UUID(int=2)),
    "seal_number": "S-1",
    "collected_at": NOON.isoformat(),
    "sealed_at": NOON.isoformat(),
    "hand_offs": [{"handed_to": "Courier", "at": (NOON + HOUR).isoformat()}],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"identifiers": ["photo_identity"]},
        {"identifiers": ["photo_identity", "photo_identity"]},
        {"witness_id": str(UUID(int=1))},
        {"sealed_at": (NOON - HOUR).isoformat()},
        {"hand_offs": [{"handed_to": "Courier", "at": (NOON - HOUR).isoformat()}]},
        {"seal_number": ""},
    ],
)
def test_custody_without_two_identifiers_a_seal_or_an_order_in_time_is_none(changes: dict[str, Any]) -> None:
    assert Collected.model_validate(CUSTODY).seal_number == "S-1"
    with pytest.raises(ValidationError):
        Collected.model_validate({**CUSTODY, **changes})


def test_a_hand_off_follows_the_one_before_it() -> None:
    collected: Step = Collected.model_validate(CUSTODY)
    going_on: Step = TypeAdapter(Step).validate_python(
        {"kind": "handed_off", "hand_off": {"handed_to": "Laboratory", "at": (NOON + HOUR / 2).isoformat()}}
    )

    fault = misfit(going_on, standing(collected), NOON + 9 * HOUR)

    assert fault is not None
    assert fault.pointer == "/hand_off/at"
    assert misfit(collected, standing(), NOON + HOUR / 2) is not None  # the courier's hour lies ahead
