from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import AccountId, SiteId
from services.contracts.records.documentation import DocumentationStandard, NoteRule
from services.contracts.rule_packs import RuleMark
from services.records.documentation.reading import documentation_rules
from services.records.documentation.rules import note_due, standard_on
from services.records.notes.names import PersonName, names_somebody

ZONE = ZoneInfo("America/Los_Angeles")
FRIDAY = date(2026, 10, 2)


def rule(**counted: int) -> NoteRule:
    return NoteRule(code="x", citation="x", mark=RuleMark.CHECK, effective_from=date(2014, 1, 1), **counted)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Spoke of Zoe.", True),
        ("zoe's plan", True),
        ("ZOË agreed", True),
        ("Zoe\u0308 agreed", True),
        ("Zoella agreed", False),
        ("O'Neill agreed", True),
        ("neil agreed", False),
        ("nothing of anybody", False),
    ],
)
def test_names_are_found_as_whole_words_whatever_case_and_accents(text: str, named: bool) -> None:  # noqa: FBT001
    assert names_somebody(text, [PersonName("Zoë", "O'Neill")], None) is named


def test_a_name_that_is_a_word_names_somebody_with_a_capital_only() -> None:
    will = [PersonName("Will", "Marsh")]

    assert not names_somebody("the patient will attend", will, None)
    assert names_somebody("agreed with Will", will, None)
    assert names_somebody("agreed with marsh", will, None)


def test_ones_own_name_names_nobody_else() -> None:
    assert not names_somebody("Jane spoke.", [PersonName("Jane", "Doe")], PersonName("Jane", "Roe"))
    assert names_somebody("Jane and Doe spoke.", [PersonName("Jane", "Doe")], PersonName("Jane", "Roe"))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_long_name_is_found_wherever_it_stands_between_blanks(before: str, after: str) -> None:
    assert names_somebody(f"{before} Szymborska {after}", [PersonName("Wisława", "Szymborska")], None)


@given(st.integers(0, 3650 * 24).map(lambda hours: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours)))
def test_three_business_days_end_at_a_local_midnight_three_to_five_days_later(end: datetime) -> None:
    due = note_due(rule(business_days=3), end, ZONE).astimezone(ZONE)

    assert (due.hour, due.minute) == (0, 0)
    assert 4 <= (due.date() - end.astimezone(ZONE).date()).days <= 6
    assert (due.date() - timedelta(days=1)).weekday() < 5


@pytest.mark.parametrize(("end", "due"), [(1, "2026-10-07"), (2, "2026-10-08"), (3, "2026-10-08"), (4, "2026-10-08")])
def test_a_weekend_is_no_business_day(end: int, due: str) -> None:
    at = datetime(2026, 10, end, 21, tzinfo=ZONE)

    assert note_due(rule(business_days=3), at, ZONE) == datetime.fromisoformat(due).replace(tzinfo=ZONE)


def test_hours_are_hours() -> None:
    end = datetime(2026, 10, 30, 21, tzinfo=UTC)

    assert note_due(rule(hours=72), end, ZONE) == datetime(2026, 11, 2, 21, tzinfo=UTC)


def test_what_holds_on_a_day_is_the_newest_that_has_taken_effect_and_nothing_before_the_first() -> None:
    written = [
        DocumentationStandard(
            site_id=SiteId(uuid4()),
            effective_from=day,
            zone="America/Chicago",
            note_rule=code,
            plan_rule="us-mn-245g",
            created_by=AccountId(uuid4()),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for day, code in ((date(2026, 10, 1), "within-72-hours"), (date(2026, 11, 1), "within-24-hours"))
    ]
    rules = documentation_rules()
    held = {day: standard_on(day, written, rules) for day in (date(2026, 9, 30), FRIDAY, date(2026, 11, 1))}

    assert [one and one.note_rule.code for one in held.values()] == [None, "within-72-hours", "within-24-hours"]


def test_every_rule_says_where_it_comes_from_and_has_a_code_of_its_own() -> None:
    rules = documentation_rules()

    for found in (rules.note_rules, rules.plan_rules):
        assert len({one.code for one in found}) == len(found)
    assert [(one.hours is None) is not (one.business_days is None) for one in rules.note_rules] == [True] * 3
