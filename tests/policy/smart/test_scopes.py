"""Checklist 58 to 60: the grammar, version 1, categories, and that nothing crosses a scope."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.smart.scopes import (
    ANY_RESOURCE,
    Category,
    Interaction,
    Level,
    ResourceScope,
    allows,
    categories_within,
    narrow,
    parse_scope,
    parse_scopes,
)
from services.policy.smart.words import known, needs_patient, of_a_person, without_a_person

LABORATORY = Category("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")
VITALS = Category("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")
TYPES = ("Patient", "Observation", "Condition")

levels = st.sampled_from(list(Level))
interactions = st.sampled_from(list(Interaction))
categories = st.sampled_from([LABORATORY, VITALS])
held = st.sets(categories).map(frozenset)


@st.composite
def resource_scopes(draw: st.DrawFn) -> ResourceScope:
    resource = draw(st.sampled_from([*TYPES, ANY_RESOURCE]))
    letters = frozenset(letter.value for letter in draw(st.sets(interactions, min_size=1)))
    category = None if resource == ANY_RESOURCE else draw(st.none() | categories)
    return ResourceScope(draw(levels), resource, letters, category, is_version_1=draw(st.booleans()))


scope_lists = st.lists(resource_scopes(), max_size=4)


def _texts(scopes: Sequence[ResourceScope]) -> list[str]:
    return [str(scope) for scope in scopes]


@given(resource_scopes())
def test_58_what_is_written_is_read_as_the_same(scope: ResourceScope) -> None:
    assert parse_scope(str(scope)) == scope


@pytest.mark.parametrize(
    ("version_1", "version_2"),
    [("patient/Observation.read", "patient/Observation.rs"), ("user/*.write", "user/*.cud"),
     ("system/Patient.*", "system/Patient.cruds")],
)  # fmt: skip
def test_58_version_1_means_what_version_2_says_and_keeps_its_words(version_1: str, version_2: str) -> None:
    scope = parse_scope(version_1)

    assert scope == parse_scope(version_2)
    assert str(scope) == version_1


@pytest.mark.parametrize(
    "text",
    [
        "", "patient", "patient/", "patient/Observation", "patient/Observation.", "patient/Observation.sr",
        "patient/Observation.dus", "patient/Observation.rr", "patient/Observation.READ", "Patient/Observation.rs",
        "patient/observation.rs", "patient/Observation.rs ", " patient/Observation.rs", "patient/Observation.rs\n",
        "patient/Obs*.rs", "patient/*.rs?category=http://x|y", "patient/Observation.rs?code=http://x|y",
        "patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=http://x|y&_id=1",
        "patient/Observation.rs?category=http://x|y|z", "patient/Observation.rs?category=", "patient/**.rs",
        "patient/Observation.rs?", "admin/Patient.rs", "patient/Observation.readwrite", "patient/Patient.rs/../*.rs",
        "patient/Observation.rs?category=http://x|y,http://x|z",
    ],
)  # fmt: skip
def test_58_what_has_another_form_is_no_scope(text: str) -> None:
    assert parse_scope(text) is None


@given(st.text(max_size=60))
def test_58_any_text_is_read_or_is_none(text: str) -> None:
    scope = parse_scope(text)

    assert scope is None or str(scope) == text


@given(
    requested=scope_lists, allowed=scope_lists, level=levels, resource=st.sampled_from(TYPES),
    interaction=interactions, held=held,
)  # fmt: skip
def test_what_is_granted_reaches_exactly_what_was_both_requested_and_allowed(
    *,
    requested: list[ResourceScope],
    allowed: list[ResourceScope],
    level: Level,
    resource: str,
    interaction: Interaction,
    held: frozenset[Category],
) -> None:
    granted = parse_scopes(narrow(_texts(requested), _texts(allowed)))

    def reach(scopes: Sequence[ResourceScope]) -> bool:
        return allows(scopes, level, resource, interaction, held)

    if len(held) < 2:
        assert reach(granted) is (reach(requested) and reach(allowed))
    else:
        # Two categories at once fit into no scope, so of these perhaps less is granted, and never more.
        assert not reach(granted) or (reach(requested) and reach(allowed))


@given(scope_lists)
def test_narrowing_to_the_same_scopes_changes_nothing_that_they_reach(scopes: list[ResourceScope]) -> None:
    texts = _texts(scopes)

    assert set(texts) <= set(narrow(texts, texts))
    assert narrow(texts, []) == ()


@given(scope_lists, levels, st.sampled_from(TYPES), interactions, held)
def test_a_query_s_categories_say_what_each_resource_would(
    scopes: list[ResourceScope], level: Level, resource: str, interaction: Interaction, held: frozenset[Category]
) -> None:
    within = categories_within(scopes, level, resource, interaction)

    assert allows(scopes, level, resource, interaction, held) is (within is None or bool(within & held))


def test_60_a_scope_for_one_type_reaches_no_other() -> None:
    scopes = parse_scopes(["patient/Observation.rs"])

    assert allows(scopes, Level.PATIENT, "Observation", Interaction.SEARCH)
    assert not allows(scopes, Level.PATIENT, "Condition", Interaction.READ)
    assert not allows(scopes, Level.USER, "Observation", Interaction.READ)
    assert not allows(scopes, Level.PATIENT, "Observation", Interaction.UPDATE)


def test_60_a_category_reaches_only_what_has_it() -> None:
    scopes = parse_scopes([f"user/Observation.rs?category={LABORATORY.system}|{LABORATORY.code}"])

    assert allows(scopes, Level.USER, "Observation", Interaction.READ, [VITALS, LABORATORY])
    assert not allows(scopes, Level.USER, "Observation", Interaction.READ, [VITALS])
    assert not allows(scopes, Level.USER, "Observation", Interaction.READ)
    assert categories_within(scopes, Level.USER, "Observation", Interaction.SEARCH) == frozenset({LABORATORY})
    assert categories_within(scopes, Level.USER, "Condition", Interaction.SEARCH) == frozenset()


def test_a_wildcard_that_is_requested_is_granted_as_what_is_allowed() -> None:
    granted = narrow(["openid", "patient/*.cruds", "profile"], ["openid", "patient/Patient.rs", "launch/patient"])

    assert granted == ("openid", "patient/Patient.rs")


def test_59_scopes_of_a_patient_are_none_without_one() -> None:
    scopes = ("openid", "patient/Patient.rs", "user/Patient.rs", "system/Patient.rs")

    assert of_a_person(scopes, has_patient=False) == ("openid", "user/Patient.rs")
    assert of_a_person(scopes, has_patient=True) == ("openid", "patient/Patient.rs", "user/Patient.rs")
    assert needs_patient(scopes)
    assert not needs_patient(("openid", "user/Patient.rs"))


def test_a_service_holds_scopes_of_the_system_only() -> None:
    assert without_a_person(("openid", "user/Patient.rs", "system/Patient.rs")) == ("system/Patient.rs",)


def test_what_is_unknown_is_left_out_and_what_is_said_twice_counts_once() -> None:
    assert known(["openid", "email", "openid", "patient/Patient.rs", "patient/Patient.sr"]) == (
        "openid", "patient/Patient.rs"
    )  # fmt: skip
