"""What is true of charges."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import EncounterId
from services.contracts.records.claims import BillingMethod, ChargeGap
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.claims.codes import charge_codes, codes_of
from services.records.claims.rules import Draft, Session, drafts, plan_gaps, units_of
from services.records.plans_of_care.facts import PlannedStay

MONDAY = date(2026, 9, 28)

sessions = st.lists(
    st.builds(
        Session,
        id=st.uuids().map(EncounterId),
        on=st.integers(0, 27).map(lambda days: MONDAY + timedelta(days=days)),
        service=st.sampled_from(ServiceKind),
        minutes=st.integers(0, 240),
        status=st.sampled_from(AttendanceStatus),
        is_signed=st.booleans(),
    ),
    max_size=24,
    unique_by=lambda session: session.id,
)


@given(held=sessions, method=st.sampled_from(BillingMethod))
def test_a_line_that_lacks_nothing_rests_on_attended_and_signed_sessions_alone(
    held: Sequence[Session], method: BillingMethod
) -> None:
    for draft in drafts(method, held, codes_of):
        if not draft.gaps:
            assert draft.counted
            assert all(one.is_attended and one.is_signed for one in draft.counted)


@given(held=sessions)
def test_every_complete_day_has_three_hours_and_two_like_it_in_its_week(held: Sequence[Session]) -> None:
    made = drafts(BillingMethod.H0015_PER_DIEM, held, codes_of)
    long_days = {
        draft.first_on
        for draft in made
        if sum(one.minutes for one in held if one.on == draft.first_on and one.counts) >= 180
    }

    for draft in made:
        monday = draft.first_on - timedelta(days=draft.first_on.weekday())
        own = {day for day in long_days if monday <= day < monday + timedelta(days=7)}
        is_short = bool({ChargeGap.DAY_TOO_SHORT, ChargeGap.FEWER_DAYS_THAN_ASKED} & set(draft.gaps))
        if any(one.is_attended for one in draft.sessions):
            assert is_short is not (draft.first_on in own and len(own) >= 3)


@given(held=sessions)
def test_weeks_of_an_opioid_programme_never_overlap_and_no_session_is_counted_twice(held: Sequence[Session]) -> None:
    made = drafts(BillingMethod.OTP_WEEKLY, held, codes_of)

    assert all(one.last_on < other.first_on for one, other in pairwise(made))
    counted = [session.id for draft in made for session in draft.sessions]
    assert len(counted) == len(set(counted))
    assert set(counted) == {session.id for session in held if session.is_attended}


@given(minutes=st.integers(1, 600))
def test_units_of_quarter_hours_are_those_of_the_eight_minute_rule(minutes: int) -> None:
    (code,) = [one for one in codes_of(BillingMethod.SERVICE_LEVEL, MONDAY) if one.code == "H0004"]
    # The manual's table: 8 to 22 minutes are one, 23 to 37 two, 38 to 52 three, ...
    expected = next((units for units in range(1, 50) if 8 + 15 * (units - 1) <= minutes <= 22 + 15 * (units - 1)), 0)

    assert units_of(code, minutes) == expected


def test_a_day_of_unsigned_notes_names_them_beside_what_is_short() -> None:
    held = [
        Session(
            id=EncounterId(UUID(int=1)),
            on=MONDAY,
            service=ServiceKind.PROCESS_GROUP,
            minutes=180,
            status=AttendanceStatus.FULFILLED,
            is_signed=False,
        )
    ]

    (draft,) = drafts(BillingMethod.H0015_PER_DIEM, held, codes_of)

    assert draft.gaps == (
        ChargeGap.DAY_TOO_SHORT,
        ChargeGap.NOTE_UNSIGNED,
        ChargeGap.FEWER_DAYS_THAN_ASKED,
    )


def lacking(method: BillingMethod, day: int, *stays: PlannedStay) -> list[ChargeGap]:
    """Return what a line of a day, counted from MONDAY, lacks of its plan."""
    on = MONDAY + timedelta(days=day)
    return plan_gaps(Draft(on, on, codes_of(method, on)[0], 1, ()), stays, charge_codes().certifications)


def stay(first: int, signed: int, *certified: int) -> PlannedStay:
    days = [MONDAY + timedelta(days=day) for day in (first, signed, *certified)]
    return PlannedStay(days[0], None, days[1], days[2:])


def test_a_plan_that_is_signed_at_the_end_does_not_hold_for_what_was_before() -> None:
    """Before, a signature of the last day made every day billable."""
    late = stay(0, 60)

    found = {day: lacking(BillingMethod.H0015_PER_DIEM, day, late) for day in (0, 30, 31, 40, 59, 60, 61)}

    assert {day for day, gaps in found.items() if gaps == [ChargeGap.PLAN_UNSIGNED]} == {31, 40, 59}
    assert {day for day, gaps in found.items() if not gaps} == {0, 30, 60, 61}
    assert lacking(BillingMethod.H0015_PER_DIEM, 0) == [ChargeGap.PLAN_UNSIGNED]


def test_a_medicare_day_before_the_signature_has_no_plan() -> None:
    assert lacking(BillingMethod.CMHC_SERVICES_PER_DAY, 1, stay(0, 2, 2)) == [
        ChargeGap.PLAN_UNSIGNED,
        ChargeGap.CERTIFICATION_LACKING,
    ]
    assert lacking(BillingMethod.CMHC_SERVICES_PER_DAY, 2, stay(0, 2, 2)) == []


def test_the_certifications_of_every_stay_that_covers_a_day_count() -> None:
    """Before, those of the first of two stays at once alone did."""
    both = stay(0, 0, 0), stay(20, 21, 70)

    assert lacking(BillingMethod.CMHC_SERVICES_PER_DAY, 80, *both) == []
    assert lacking(BillingMethod.CMHC_SERVICES_PER_DAY, 80, both[0]) == [ChargeGap.CERTIFICATION_LACKING]
    assert lacking(BillingMethod.CMHC_SERVICES_PER_DAY, 10, *both) == []
