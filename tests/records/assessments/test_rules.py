from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.records.assessments import (
    AssessmentAnswer,
    Instrument,
    InstrumentItem,
    LicenceState,
    SafetyStep,
    SafetyUrgency,
    TrendDirection,
    TrendSeries,
)
from services.records.assessments.instruments import InvalidInstrumentError, all_instruments, read_instrument
from services.records.assessments.rules import (
    SMALLEST,
    band_of,
    counted,
    danger_of,
    faults,
    is_news,
    scored,
    suffices,
)

ITEMISED = [one for one in all_instruments().values() if one.items]


def values_of(item: InstrumentItem) -> list[int]:
    return [option.value for option in item.options] or list(range(item.least, item.most + 1))


@st.composite
def filled(draw: st.DrawFn) -> tuple[Instrument, dict[str, int]]:
    instrument = draw(st.sampled_from(ITEMISED))
    return instrument, {item.id: draw(st.sampled_from(values_of(item))) for item in instrument.items}


def as_answers(values: Mapping[str, int | None]) -> list[AssessmentAnswer]:
    return [AssessmentAnswer(item_id=item_id, value=value) for item_id, value in values.items()]


@given(filled())
def test_scores_lie_within_their_bounds_and_have_the_last_band_that_they_reach(
    drawn: tuple[Instrument, dict[str, int]],
) -> None:
    instrument, values = drawn
    rules = {score.id: score for score in instrument.scores}

    assert faults(instrument, as_answers(values), []) == ()
    for score in scored(instrument, as_answers(values), []):
        rule = rules[score.score_id]
        assert score.value is not None
        assert rule.least <= score.value <= rule.most
        assert score.value == sum(values[item] for item in rule.items)
        assert score.band == [band.label for band in rule.bands if band.least <= score.value][-1]


@given(filled(), st.data())
def test_a_higher_answer_never_lowers_a_score_nor_ends_a_danger(
    drawn: tuple[Instrument, dict[str, int]], data: st.DataObject
) -> None:
    instrument, values = drawn
    item = data.draw(st.sampled_from(instrument.items))
    higher = {**values, item.id: data.draw(st.sampled_from([v for v in values_of(item) if v >= values[item.id]]))}

    before, after = (scored(instrument, as_answers(one), []) for one in (values, higher))
    danger, worse = danger_of(instrument, as_answers(values), before), danger_of(instrument, as_answers(higher), after)

    assert all((one.value or 0) <= (other.value or 0) for one, other in zip(before, after, strict=True))
    assert danger is None or worse is not None


@given(filled(), st.data())
def test_a_missing_answer_is_never_guessed(drawn: tuple[Instrument, dict[str, int]], data: st.DataObject) -> None:
    instrument, values = drawn
    missing = data.draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
    answers = as_answers({item: None if item in missing else value for item, value in values.items()})

    for score, rule in zip(scored(instrument, answers, []), instrument.scores, strict=True):
        unanswered = [item for item in rule.items if item in missing]
        assert score.unanswered == unanswered
        assert (score.value is None) is bool(unanswered)


@pytest.mark.parametrize(
    ("instrument_id", "starts"),
    [
        ("phq-9", [0, 5, 10, 15, 20]),
        ("gad-7", [0, 5, 10, 15]),
        ("cows", [0, 5, 13, 25, 37]),
        ("ciwa-ar", [0, 8, 16]),
        ("audit", [0, 8, 16, 20]),
        ("dast-10", [0, 1, 3, 6, 9]),
    ],
)
def test_cut_offs_are_those_that_were_published(instrument_id: str, starts: list[int]) -> None:
    (score,) = all_instruments()[instrument_id].scores

    assert [band.least for band in score.bands] == starts
    assert [band_of(score, start) != band_of(score, start - 1) for start in starts[1:]] == [True] * (len(starts) - 1)


@pytest.mark.parametrize("value", [1, 2, 3, None])
def test_any_answer_to_the_ninth_item_but_never_is_dangerous(value: int | None) -> None:
    instrument = all_instruments()["phq-9"]
    values: dict[str, int | None] = {str(item): 0 for item in range(1, 10)}

    assert danger_of(instrument, as_answers(values), []) is None
    danger = danger_of(instrument, as_answers({**values, "9": value}), [])
    assert danger is not None
    assert danger.urgency is SafetyUrgency.PROMPT
    assert not is_news(danger, danger.findings)


@given(st.sets(st.sampled_from(SafetyStep)))
def test_what_answers_an_acute_danger_answers_any(steps: set[SafetyStep]) -> None:
    acute = suffices(SafetyUrgency.ACUTE, frozenset(steps))

    assert not acute or suffices(SafetyUrgency.PROMPT, frozenset(steps))
    assert acute is bool(steps & {"same_day_evaluation", "emergency_services", "answer_was_a_mistake"})


def series(direction: TrendDirection | None) -> list[TrendSeries]:
    return [
        TrendSeries(
            instrument_id="phq-9",
            edition="1999",
            score_id="total",
            higher_is_better=False,
            points=[],
            change=0,
            direction=direction,
        )
    ]


@given(st.lists(st.sampled_from([None, *TrendDirection]), min_size=1, max_size=80))
def test_no_count_tells_of_one_to_ten_people_nor_lets_them_be_reckoned(directions: list[TrendDirection | None]) -> None:
    (counts,) = counted(series(one) for one in directions)
    parts = [counts.once, counts.better, counts.same, counts.worse]

    shown = [part for part in (counts.patients, *parts) if part is not None]
    assert all(part == 0 or part >= SMALLEST for part in shown)
    assert len({part is None for part in parts}) == 1
    if counts.once is not None:
        assert sum(part or 0 for part in parts) == counts.patients == len(directions)


def test_each_instrument_says_whose_it_is_and_where_its_figures_are_from() -> None:
    for instrument in all_instruments().values():
        assert instrument.licence
        assert all(score.source for score in instrument.scores)
        assert (instrument.licence_state is LicenceState.SCORE_ONLY) is (not instrument.items)


BROKEN = {
    "not toml": "id = ",
    "unknown key": 'colour = "red"',
    "a score that its items do not span": "most = 4",
    "bands that fall": "bands = [[0, 'none'], [3, 'much'], [1, 'some']]",
    "an item that is not there": 'items = ["1", "7"]',
}
WHOLE = """
id = "mood"
title = "Mood"
edition = "1"
administered_by = "patient"
licence_state = "free"
licence = "ours"
source = "ours"
scales = [{ id = "yes", options = [[0, "No"], [1, "Yes"]] }]
items = [{ id = "1", scale = "yes", text = "Sad?" }, { id = "2", scale = "yes", text = "Tired?" }]
[[scores]]
id = "total"
title = "Mood"
items = ["1", "2"]
least = 0
most = 2
higher_is_better = false
bands = [[0, "none"]]
meaningful_change = 1
source = "ours"
mark = "certain"
"""


@pytest.mark.parametrize("fault", list(BROKEN))
def test_a_file_with_a_fault_is_refused(fault: str) -> None:
    name = BROKEN[fault].partition(" = ")[0]
    kept = [line for line in WHOLE.splitlines() if not (line.startswith(f"{name} = ") and name in {"most", "bands"})]
    if name == "items":
        kept = [line for line in kept if line != 'items = ["1", "2"]']

    assert read_instrument("mood.toml", WHOLE).id == "mood"
    with pytest.raises(InvalidInstrumentError):
        read_instrument("mood.toml", "\n".join([*kept, BROKEN[fault]]))
