"""Draws follow from their keys alone, keep their cap, and are as predictable as is printed, not more and not less."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import DrawProgrammeId
from services.contracts.records.draw_programmes import DrawEvidence, DrawnDay, DrawTerms, Hazard
from services.contracts.vocabulary import Weekday
from services.records.draw_programmes.commitments import Schedule, commitment, document, key_chain
from services.records.draw_programmes.predictability import exact_figures, predictability
from services.records.draw_programmes.rules import call_days, draws, released_day
from services.records.draw_programmes.verifier import verify

MONDAY = date(2026, 10, 5)
DAY = timedelta(days=1)
MO_WE_FR = frozenset({Weekday.MONDAY, Weekday.WEDNESDAY, Weekday.FRIDAY})
EVERY_DAY = frozenset(Weekday)
PROGRAMME = DrawProgrammeId(UUID(int=1))


def terms_of(
    days: frozenset[Weekday] = EVERY_DAY, tests: int = 2, opportunities: int = 7, cap: int | None = 10, length: int = 90
) -> DrawTerms:
    return DrawTerms(
        call_days=days,
        hazard=Hazard(tests=tests, opportunities=opportunities),
        cap_days=cap,
        starts_on=MONDAY,
        ends_on=MONDAY + (length - 1) * DAY,
        zone="America/New_York",
    )


@st.composite
def any_terms(draw: st.DrawFn) -> DrawTerms:
    days = draw(st.frozensets(st.sampled_from(list(Weekday)), min_size=1))
    opportunities = draw(st.integers(2, 12))
    tests = draw(st.integers(1, opportunities - 1))
    cap = draw(st.none() | st.integers(7, 20))
    return terms_of(days, tests, opportunities, cap, draw(st.integers(1, 200)))


def schedule_of(terms: DrawTerms) -> Schedule:
    return Schedule(PROGRAMME, 1, terms)


def evidence_of(terms: DrawTerms, seed: bytes, until: date) -> DrawEvidence:
    schedule = schedule_of(terms)
    keys = key_chain(schedule, seed)
    text = document(schedule, keys[0])
    return DrawEvidence(
        programme_id=PROGRAMME,
        version=1,
        document=text,
        commitment=commitment(text),
        revealed_day=until,
        revealed_key=keys[schedule.number(until)].hex(),
        draws=list(draws(schedule, keys, until)),
    )


# The table of the field (call days, hazard, cap): tests a week, share forced, gaps over 7 and 14 days.
TABLE = [
    (EVERY_DAY, 2, 7, None, 2.0, 0.0, 9.5, 0.9),
    (EVERY_DAY, 2, 7, 10, 2.07, 4.8, None, 0.0),
    (EVERY_DAY, 2, 7, 14, 2.02, 1.3, None, 0.0),
    (MO_WE_FR, 1, 3, 7, 1.42, 44.4, 0.0, 0.0),
    (MO_WE_FR, 1, 2, 7, 1.71, 25.0, 0.0, 0.0),
    (MO_WE_FR, 2, 3, 10, 2.02, 3.7, None, 0.0),
]


@pytest.mark.parametrize(("days", "tests", "of", "cap", "a_week", "forced", "over_7", "over_14"), TABLE)
def test_the_printed_figures_are_those_of_the_table(  # noqa: PLR0917 - a row of the table
    days: frozenset[Weekday],
    tests: int,
    of: int,
    cap: int | None,
    a_week: float,
    forced: float,
    over_7: float | None,
    over_14: float,
) -> None:
    printed = predictability(terms_of(days, tests, of, cap))

    assert (printed.tests_per_week, printed.forced_percent) == (a_week, forced)
    assert printed.gaps_over_14_days_percent == over_14
    assert over_7 is None or printed.gaps_over_7_days_percent == over_7
    assert printed.safe_days == [day for day in Weekday if day not in days]


def test_the_figures_of_a_rhythm_without_symmetry_are_exact() -> None:
    # Monday and Tuesday, one in two, cap 8. From a Monday: Tuesday with 1/2, Monday with 1/4, else Tuesday, forced.
    # From a Tuesday: Monday with 1/2, else Tuesday, forced. So Monday has 1/4 of its own and 1/2 of Tuesday's: 2/5.
    exact = exact_figures(terms_of(frozenset({Weekday.MONDAY, Weekday.TUESDAY}), 1, 2, 8))

    gap = Fraction(2, 5) * Fraction(1 * 2 + 7 + 8, 4) + Fraction(3, 5) * Fraction(6 + 7, 2)
    assert exact.tests_per_week == 7 / gap
    assert exact.forced == Fraction(2, 5) * Fraction(1, 4) + Fraction(3, 5) * Fraction(1, 2)
    assert exact.over_7_days == Fraction(2, 5) * Fraction(1, 4)


@given(any_terms())
def test_shares_are_shares_and_a_cap_brings_more_tests(terms: DrawTerms) -> None:
    exact = exact_figures(terms)
    without = exact_figures(terms.model_copy(update={"cap_days": None}))

    assert 0 <= exact.forced <= 1
    assert exact.tests_per_week >= without.tests_per_week
    assert exact.over_14_days <= exact.over_7_days <= without.over_7_days or terms.cap_days is None


@given(any_terms(), st.binary(min_size=32, max_size=32))
def test_a_gap_is_never_longer_than_the_cap_and_only_call_days_are_drawn(terms: DrawTerms, seed: bytes) -> None:
    schedule = schedule_of(terms)
    drawn = list(draws(schedule, key_chain(schedule, seed), terms.ends_on))

    assert [one.day for one in drawn] == list(call_days(terms, terms.ends_on))
    tested = [terms.starts_on - DAY, *(one.day for one in drawn if one.is_drawn)]
    gaps = [(later - earlier).days for earlier, later in pairwise(tested)]
    assert terms.cap_days is None or all(gap <= terms.cap_days for gap in gaps)
    assert terms.cap_days is None or (terms.ends_on - tested[-1]).days <= terms.cap_days
    assert all(one.is_drawn for one in drawn if one.is_forced)


@given(any_terms(), st.binary(min_size=32, max_size=32), st.data())
def test_what_is_drawn_can_be_verified_from_every_day_on(terms: DrawTerms, seed: bytes, data: st.DataObject) -> None:
    until = terms.starts_on + data.draw(st.integers(0, (terms.ends_on - terms.starts_on).days)) * DAY

    evidence = evidence_of(terms, seed, until)

    assert verify(evidence, evidence.commitment) == []


@given(any_terms(), st.binary(min_size=32, max_size=32), st.data())
def test_a_draw_that_was_changed_left_out_or_added_is_found(terms: DrawTerms, seed: bytes, data: st.DataObject) -> None:
    true = evidence_of(terms, seed, terms.ends_on)
    changed = list(true.draws)
    if changed:
        place = data.draw(st.integers(0, len(changed) - 1))
        other = changed[place].model_copy(update={"is_drawn": not changed[place].is_drawn})
        changed = data.draw(
            st.sampled_from([[*changed[:place], other, *changed[place + 1 :]], changed[:place] + changed[place + 1 :]])
        )
    else:
        changed = [DrawnDay(day=terms.starts_on, is_drawn=True, is_forced=False)]

    assert verify(true.model_copy(update={"draws": changed}), true.commitment) != []


def test_another_key_document_or_day_is_found() -> None:
    true, other = evidence_of(terms_of(), b"1" * 32, MONDAY + 30 * DAY), evidence_of(terms_of(), b"2" * 32, MONDAY)
    softer = true.document.replace("hazard=2/7", "hazard=1/7")
    fakes = {
        "another programme's evidence": other,
        # Its draws do follow from its keys, which are not those that were committed to.
        "another chain": evidence_of(terms_of(), b"2" * 32, MONDAY + 30 * DAY).model_copy(
            update={"document": true.document}
        ),
        "another key": true.model_copy(update={"revealed_key": other.revealed_key}),
        "a later day": true.model_copy(update={"revealed_day": MONDAY + 31 * DAY}),
        "a day outside": true.model_copy(update={"revealed_day": MONDAY - DAY}),
        "other odds": true.model_copy(update={"document": softer}),
        "no key": true.model_copy(update={"revealed_key": None}),
        "no hexadecimal key": true.model_copy(update={"revealed_key": "key"}),
    }

    assert {name: bool(verify(fake, true.commitment)) for name, fake in fakes.items()} == dict.fromkeys(fakes, True)
    # Whoever commits anew to what cannot be read has not proven anything.
    assert verify(true.model_copy(update={"document": "x"}), commitment("x")) != []


def test_a_key_tells_those_before_it_and_no_key_is_used_twice() -> None:
    schedule = schedule_of(terms_of(length=366))
    keys = key_chain(schedule, b"s" * 32)

    assert len(set(keys)) == len(keys) == 367
    assert all(hashlib.sha256(later).digest() == earlier for earlier, later in pairwise(keys))


def test_neither_another_programme_nor_another_version_is_drawn_alike_under_the_same_key() -> None:
    terms = terms_of(cap=None, length=366)
    keys = key_chain(schedule_of(terms), b"s" * 32)
    drawn = {
        (programme, version): tuple(
            one.is_drawn
            for one in draws(Schedule(DrawProgrammeId(UUID(int=programme)), version, terms), keys, terms.ends_on)
        )
        for programme, version in ((1, 1), (2, 1), (1, 2))
    }

    assert len(set(drawn.values())) == 3


def test_the_odds_are_the_hazard_and_the_forced_share_is_the_printed_one() -> None:
    # The seeds are fixed, so these counts are always the same; their bounds are four standard deviations wide.
    terms, counts = terms_of(length=366), Counter[str]()
    for number in range(200):
        schedule = schedule_of(terms)
        for one in draws(schedule, key_chain(schedule, hashlib.sha256(bytes([number])).digest()), terms.ends_on):
            counts["drawn"] += one.is_drawn
            counts["forced"] += one.is_forced
    exact = exact_figures(terms)

    tests = 200 * 366 / 7 * float(exact.tests_per_week)
    assert abs(counts["drawn"] - tests) < 4 * tests**0.5
    assert abs(counts["forced"] - tests * float(exact.forced)) < 4 * (tests * float(exact.forced)) ** 0.5


@pytest.mark.parametrize(
    ("now", "ended", "day"),
    [
        ("2026-10-05T08:59:59Z", None, None),
        ("2026-10-05T09:00:00Z", None, MONDAY),  # 05:00 in New York
        ("2026-10-06T03:30:00Z", None, MONDAY),
        ("2026-10-06T08:59:59Z", None, MONDAY),
        ("2026-10-20T12:00:00Z", MONDAY + 3 * DAY, MONDAY + 3 * DAY),
        ("2026-10-20T12:00:00Z", MONDAY - DAY, None),
        ("2027-10-20T12:00:00Z", None, MONDAY + 89 * DAY),
        ("2026-11-02T09:59:59Z", None, date(2026, 11, 1)),  # an hour later after the clocks went back
        ("2026-11-02T10:00:00Z", None, date(2026, 11, 2)),
    ],
)
def test_a_day_is_released_at_its_hour_where_the_programme_is(now: str, ended: date | None, day: date | None) -> None:
    assert released_day(terms_of(), ended, datetime.fromisoformat(now).astimezone(UTC)) == day
