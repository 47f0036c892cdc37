"""What is remembered: never what has changed, never more than so much."""

from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.remembered import Remembered, RememberedParts


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 1), max_size=2)), max_size=30))
def test_what_is_given_back_is_what_would_be_made_now(asked: list[tuple[str, list[int]]]) -> None:
    remembered = Remembered[tuple[str, list[int]]](2)

    for key, made_from in asked:
        assert remembered.get(key, made_from, lambda k=key, m=made_from: (k, m)) == (key, made_from)  # type: ignore[misc]


def test_the_same_is_not_made_twice_in_a_row() -> None:
    remembered, made = Remembered[int](), list[int]()

    def make() -> int:
        made.append(1)
        return len(made)

    assert [remembered.get("week", [version], make) for version in (1, 1, 2, 2, 1)] == [1, 1, 2, 2, 3]


def test_what_was_asked_for_least_recently_is_forgotten_first() -> None:
    remembered, made = Remembered[str](2), list[str]()

    def ask(key: str) -> None:
        def make() -> str:
            made.append(key)
            return key

        remembered.get(key, None, make)

    for key in "abacab":
        ask(key)

    assert made == ["a", "b", "c", "b"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 1)))))
def test_the_parts_given_back_are_what_would_be_made_now(asked: list[tuple[str, dict[Hashable, int]]]) -> None:
    remembered = RememberedParts[int, list[int]]()

    for key, parts in asked:
        assert remembered.all(key, parts, lambda part: [part]) == [[part] for part in parts.values()]


def test_only_a_part_that_has_changed_is_made_again() -> None:
    remembered, made = RememberedParts[int, int](), list[int]()

    def make(part: int) -> int:
        made.append(part)
        return part

    first: dict[Hashable, int] = {"x": 1, "y": 2}
    later: dict[Hashable, int] = {"x": 1, "y": 3}
    for parts in (first, first, later, dict(list(later.items())[:1]), later):
        remembered.all("week", parts, make)

    assert made == [1, 2, 3, 3]
