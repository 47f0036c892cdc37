"""The packs as data, and which of their figures counts."""

from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.rule_packs import (
    EffectiveRule,
    Population,
    ProgrammeKind,
    RuleFigure,
    RuleKey,
    RuleLayer,
    RuleMark,
    RulePack,
    RuleStanding,
)
from services.contracts.vocabulary import ServiceKind
from services.policy.rule_packs.layering import Situation, effective
from services.policy.rule_packs.reading import InvalidRulePackError, all_packs, read_pack

AUTUMN = date(2026, 10, 5)
FIGURES = [(pack, figure) for pack in all_packs() for figure in pack.figures]


def situation(jurisdiction: str | None = None, *, on: date = AUTUMN, **changes: Any) -> Situation:
    values: dict[str, Any] = {
        "programmes": frozenset({ProgrammeKind.INTENSIVE_OUTPATIENT}),
        "population": Population.ADULTS,
        "pack_ids": frozenset[str](),
        "adopted": frozenset[str](),
        "first": on,
        "last": on,
    }
    return Situation(jurisdiction=jurisdiction, **{**values, **changes})


def rule(key: RuleKey, where: Situation, service: ServiceKind | None = None, *more: RulePack) -> EffectiveRule:
    [found] = [one for one in effective((*all_packs(), *more), where) if (one.key, one.service) == (key, service)]
    return found


# reference: the states whose figures are certain
CERTAIN = [
    ("US-NJ", ProgrammeKind.INTENSIVE_OUTPATIENT, RuleKey.PATIENTS_PER_COUNSELLOR_MOST, None, 24, "10:161B-10.1"),
    ("US-NJ", ProgrammeKind.OUTPATIENT, RuleKey.PATIENTS_PER_COUNSELLOR_MOST, None, 35, "10:161B-10.1"),
    ("US-NJ", ProgrammeKind.PARTIAL_CARE, RuleKey.PATIENTS_PER_COUNSELLOR_MOST, None, 12, "10:161B-10.1"),
    ("US-TX", ProgrammeKind.INTENSIVE_OUTPATIENT, RuleKey.GROUP_MEMBERS_MOST, ServiceKind.PROCESS_GROUP, 16, "564.902"),
    (
        "US-TX",
        ProgrammeKind.INTENSIVE_OUTPATIENT,
        RuleKey.GROUP_MEMBERS_MOST,
        ServiceKind.EDUCATION_GROUP,
        35,
        "564.902",
    ),
    ("US-VA", ProgrammeKind.INTENSIVE_OUTPATIENT, RuleKey.DAY_MINUTES_FEWEST, None, 180, "12VAC30-130-5090"),
    ("US-PA", ProgrammeKind.OUTPATIENT, RuleKey.PATIENTS_PER_FULL_TIME_COUNSELLOR_MOST, None, 35, "704.12"),
    ("US-NC", ProgrammeKind.COMPREHENSIVE_OUTPATIENT, RuleKey.WEEK_MINUTES_FEWEST, None, 1200, "27G .4503"),
    ("US-NC", ProgrammeKind.COMPREHENSIVE_OUTPATIENT, RuleKey.DAYS_FEWEST, None, 5, "27G .4503"),
    ("US-NC", ProgrammeKind.COMPREHENSIVE_OUTPATIENT, RuleKey.GAP_DAYS_MOST, None, 2, "27G .4503"),
    ("US-FL", ProgrammeKind.DAY_OR_NIGHT_TREATMENT, RuleKey.WEEK_MINUTES_FEWEST, None, 720, "65D-30.009"),
    ("US-NY", ProgrammeKind.OUTPATIENT, RuleKey.PATIENTS_PER_FULL_TIME_COUNSELLOR_MOST, None, 35, "822.7"),
]


@pytest.mark.parametrize("certain", CERTAIN, ids=lambda certain: f"{certain[0]} {certain[1]} {certain[2]}")
def test_what_a_state_is_certain_of_counts_there_and_says_where_it_is_written(
    certain: tuple[str, ProgrammeKind, RuleKey, ServiceKind | None, int, str],
) -> None:
    state, programme, key, service, value, cited = certain
    found = rule(key, situation(state, programmes=frozenset({programme})), service)

    assert found.value == value
    assert found.source is not None
    assert cited in found.source
    assert f"rule pack {state.lower()}" in found.source
    assert rule(key, situation("US-OH", programmes=frozenset({programme})), service).value is None


@pytest.mark.parametrize(("pack", "figure"), FIGURES, ids=[figure.id for _, figure in FIGURES])
def test_every_figure_is_cited_marked_and_dated(pack: RulePack, figure: RuleFigure) -> None:
    assert figure.id.startswith(f"{pack.id}/")
    assert len(figure.citation) > 10
    assert figure.clause
    assert figure.mark in RuleMark
    assert date(2013, 1, 1) < figure.effective_from < date(2027, 1, 1)


def test_figures_have_names_of_their_own() -> None:
    assert len({figure.id for _, figure in FIGURES}) == len(FIGURES) > 40


@pytest.mark.parametrize("mark", [RuleMark.LIKELY, RuleMark.CHECK])
def test_what_is_not_certain_counts_only_once_it_is_adopted(mark: RuleMark) -> None:
    pack, figure = next((pack, one) for pack, one in FIGURES if one.mark is mark and one.key.is_maximum)
    where = situation(
        pack.jurisdiction,
        pack_ids=frozenset({pack.id}),
        programmes=frozenset(ProgrammeKind),
        population=figure.population or Population.ADULTS,
    )
    service = ServiceKind.PROCESS_GROUP if figure.key.is_of_groups else None

    before = rule(figure.key, where, service)
    [considered] = [one for one in before.considered if one.figure.id == figure.id]
    after = rule(figure.key, Situation(**{**_fields(where), "adopted": frozenset({figure.id})}), service)

    assert considered.standing is RuleStanding.NOT_ADOPTED
    assert before.value != figure.value
    assert (after.value, after.source is not None and figure.citation in after.source) == (figure.value, True)


def _fields(where: Situation) -> dict[str, Any]:
    return {name: getattr(where, name) for name in Situation.__dataclass_fields__}


def test_the_hours_of_twelve_weeks_count_until_the_law_was_rewritten_and_then_once_they_are_adopted() -> None:
    programmes = frozenset({ProgrammeKind.DEFERRED_PROSECUTION})
    days = (date(2025, 12, 31), date(2026, 1, 1))
    adopted = situation("US-WA", programmes=programmes, adopted=frozenset({"us-wa/period"}))

    found = [
        rule(RuleKey.PERIOD_MINUTES_FEWEST, where)
        for where in (*(situation("US-WA", on=day, programmes=programmes) for day in days), adopted)
    ]

    assert [(one.value, one.weeks) for one in found] == [(4320, 12), (None, None), (4320, 12)]
    assert "WAC 246-341-0740, -0800" in (found[2].source or "")


def test_of_two_periods_the_one_with_more_hours_a_week_is_stricter() -> None:
    def of(pack: str, layer: RuleLayer, value: int, weeks: int) -> RulePack:
        text = PERIOD.replace("us-xx", pack).replace('"state"\njurisdiction = "US-XX"', f'"{layer.value}"')
        text = text.replace("value = 720", f"value = {value}").replace("weeks = 4", f"weeks = {weeks}")
        return read_pack(f"{pack}.toml", text)

    federal = of("long", RuleLayer.FEDERAL, 4320, 12)
    slow, fast = of("slow", RuleLayer.PAYER, 4995, 20), of("fast", RuleLayer.PAYER, 1605, 4)
    where = situation(pack_ids=frozenset({"slow", "fast"}))

    assert rule(RuleKey.PERIOD_MINUTES_FEWEST, where, None, federal, slow).value == 4320
    assert rule(RuleKey.PERIOD_MINUTES_FEWEST, where, None, federal, fast).value == 1605


def test_a_figure_counts_from_its_first_day_to_its_last() -> None:
    programmes = frozenset({ProgrammeKind.DEFERRED_PROSECUTION})

    found = [
        rule(RuleKey.DAYS_FEWEST, situation("US-WA", on=day, programmes=programmes)).value
        for day in (date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1))
    ]

    assert found == [None, 3, 3, None]


def test_a_week_is_held_to_what_is_in_force_on_any_of_its_days() -> None:
    programmes = frozenset({ProgrammeKind.DEFERRED_PROSECUTION})
    monday = date(2025, 12, 29)

    where = situation("US-WA", programmes=programmes, first=monday, last=monday + timedelta(days=6))

    assert rule(RuleKey.DAYS_FEWEST, where).value == 3


PACK = """
id = "us-xx"
title = "A state"
layer = "state"
jurisdiction = "US-XX"

[[figures]]
id = "size"
key = "group_members_most"
value = 12
clause = "section 1"
citation = "Code section 1"
mark = "certain"
effective_from = 2026-01-01
"""


PERIOD = PACK.replace('"group_members_most"', '"period_minutes_fewest"').replace("value = 12", "value = 720\nweeks = 4")


def test_a_whole_pack_is_read() -> None:
    assert read_pack("us-xx.toml", PACK).figures[0].id == "us-xx/size"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("value = 12", 'value = 12\ncolour = "red"'), "figures.0.colour: unknown key"),
        (("[[figures]]", 'colour = "red"\n[[figures]]'), "colour: unknown key"),
        (('"group_members_most"', '"group_membrs_most"'), "figures.0.key"),
        (('citation = "Code section 1"\n', ""), "figures.0.citation: missing"),
        (('mark = "certain"\n', ""), "figures.0.mark: missing"),
        (("effective_from = 2026-01-01\n", ""), "figures.0.effective_from: missing"),
        (
            ("effective_from = 2026-01-01", "effective_from = 2026-01-01\neffective_until = 2025-12-31"),
            "effective_until",
        ),
        (('"group_members_most"', '"day_minutes_most"'), "multiple of 15"),
        (('"group_members_most"', '"days_fewest"\nservice = "process_group"'), "service may be named only"),
        (('"group_members_most"\nvalue = 12', '"period_minutes_fewest"\nvalue = 720'), "weeks goes with"),
        (("value = 12", "value = 12\nweeks = 4"), "weeks goes with"),
        (("value = 12", "value = 12\nweeks = 1"), "figures.0.weeks"),
        (('jurisdiction = "US-XX"\n', ""), "jurisdiction belongs to the packs of states"),
        (("value = 12", 'value = "12"'), "figures.0.value"),
        (("[[figures]]", "[[figures"), "us-xx.toml"),
    ],
)
def test_a_pack_that_cannot_be_relied_on_is_refused_by_the_name_of_what_is_wrong(
    change: tuple[str, str], told: str
) -> None:
    assert change[0] in PACK

    with pytest.raises(InvalidRulePackError) as refused:
        read_pack("us-xx.toml", PACK.replace(*change))

    assert told in str(refused.value)
    assert "us-xx.toml" in str(refused.value)


SECOND = PACK[PACK.index("[[figures]]") :].replace('id = "size"', 'id = "later"')


@pytest.mark.parametrize(("until", "is_refused"), [("2026-06-30", True), ("2026-07-01", True), ("2026-06-29", False)])
def test_one_figure_for_one_day(until: str, *, is_refused: bool) -> None:
    first = PACK + f"effective_until = {until}\n"
    text = first + SECOND.replace("2026-01-01", "2026-06-30")

    if is_refused:
        with pytest.raises(InvalidRulePackError, match="same days"):
            read_pack("us-xx.toml", text)
    else:
        assert len(read_pack("us-xx.toml", text).figures) == 2


LAYERS = list(RuleLayer)


@st.composite
def made_packs(draw: st.DrawFn) -> list[RulePack]:
    key = draw(st.sampled_from([RuleKey.DAYS_FEWEST, RuleKey.PATIENTS_PER_COUNSELLOR_MOST]))
    packs = []
    for number in range(draw(st.integers(0, 6))):
        layer = draw(st.sampled_from(LAYERS))
        figure = RuleFigure(
            id=f"p{number}/f",
            key=key,
            value=draw(st.integers(1, 5)),
            weeks=None,
            service=None,
            population=None,
            programme=None,
            clause="clause",
            citation="a citation",
            mark=RuleMark.CERTAIN,
            effective_from=AUTUMN,
            effective_until=None,
            because=draw(st.sampled_from([None, "a waiver"])),
            note=None,
        )
        jurisdiction = "US-XX" if layer is RuleLayer.STATE else None
        packs.append(RulePack(id=f"p{number}", title="made", layer=layer, jurisdiction=jurisdiction, figures=[figure]))
    return packs


def _is_stricter(key: RuleKey, one: int, other: int) -> bool:
    return one < other if key.is_maximum else one > other


@given(packs=made_packs())
def test_the_stricter_wins_unless_a_higher_layer_says_why(packs: list[RulePack]) -> None:
    key = packs[0].figures[0].key if packs else RuleKey.DAYS_FEWEST
    where = situation("US-XX", pack_ids=frozenset(pack.id for pack in packs))

    [found] = [one for one in effective(packs, where) if one.key is key]

    assert (found.value is None) is (not packs)
    if not packs:
        return
    [winner] = [one for one in found.considered if one.standing is RuleStanding.APPLIES]
    assert winner.figure.value == found.value
    for one in found.considered:
        if not _is_stricter(key, one.figure.value, winner.figure.value):
            continue
        # Somebody above it has said why: the winner, or whoever the winner then was stricter than.
        reasons = [
            other
            for other in found.considered
            if other.figure.because is not None and one.layer.height < other.layer.height <= winner.layer.height
        ]
        assert one.standing is RuleStanding.REPLACED
        assert reasons
    stated = [pack.layer.height for pack in packs if pack.figures[0].because]
    assert winner.layer.height >= max(stated, default=0)
    if not stated:
        values = [pack.figures[0].value for pack in packs]
        assert found.value == (min(values) if key.is_maximum else max(values))


@given(packs=made_packs(), seed=st.randoms(use_true_random=False))
def test_the_order_in_which_packs_are_read_decides_nothing(packs: list[RulePack], seed: Any) -> None:
    mixed = list(packs)
    seed.shuffle(mixed)
    where = situation("US-XX", pack_ids=frozenset(pack.id for pack in packs))

    assert [one.value for one in effective(packs, where)] == [one.value for one in effective(mixed, where)]


def test_packs_of_other_states_and_payers_are_not_heard() -> None:
    for one, other in combinations(["US-NJ", "US-TX", "US-PA"], 2):
        rules = effective(all_packs(), situation(one))
        assert not any(considered.pack_id == other.lower() for found in rules for considered in found.considered)
    paid = [considered.layer for found in effective(all_packs(), situation()) for considered in found.considered]
    assert RuleLayer.PAYER not in paid
