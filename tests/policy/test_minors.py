"""What is known of states' law on minors: whole, cited, and refused where it is not."""

from itertools import pairwise

import pytest

from services.contracts.rule_packs import RuleMark
from services.policy.minors.reading import STATES_FILE, InvalidMinorRulesError, read_states, states_on_minors

TEXT = STATES_FILE.read_text(encoding="utf-8")


def test_each_state_is_cited_dated_and_there_once() -> None:
    states = states_on_minors()

    assert len(states) >= 7
    assert all(one.jurisdiction < other.jurisdiction for one, other in pairwise(states))
    assert all(one.citation and one.name for one in states)


def test_nothing_from_a_table_of_2007_is_called_certain() -> None:
    assert not [one for one in states_on_minors() if "2007" in one.citation and one.mark is not RuleMark.CHECK]


@pytest.mark.parametrize(
    ("old", "changed"),
    [
        ("majority_age = 19", "majority_age = 14"),
        ("majority_age = 19", "majority_age = 25"),
        ("alone_from_age = 15", "alone_from_age = 9"),
        ("alone_from_age = 15", 'alone_from_age = "15"'),
        ("alone_from_age = 15", "alone_from_age = 15\nparents = true"),
        ('mark = "check"', 'mark = "sure"'),
        ('"US-AZ"', '"US-AL"'),
        ('"US-AZ"', '"Arizona"'),
        ("effective_from", "from"),
        ("[[states]]", "[[states"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_without_being_quoted(old: str, changed: str) -> None:
    assert old in TEXT

    with pytest.raises(InvalidMinorRulesError) as refused:
        read_states(TEXT.replace(old, changed))

    assert "Arizona" not in str(refused.value)
