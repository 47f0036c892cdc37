"""Whether a text names somebody: whole words, whatever their case and accents; what is no name is not found."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[^\W\d_]+")
_SHORTEST: Final = 2
_ORDINARY: Final = frozenset(
    {
        "april", "art", "august", "bell", "bill", "black", "brown", "carol", "chance", "chase", "christian",
        "clay", "cook", "day", "dean", "drew", "east", "faith", "field", "ford", "frank", "gay", "gene",
        "grace", "grant", "green", "guy", "hand", "hill", "hope", "hunter", "jack", "jean", "joy", "june",
        "king", "land", "lane", "little", "long", "love", "major", "mark", "mason", "may", "miles", "north",
        "page", "park", "pat", "pearl", "penny", "price", "ray", "read", "reed", "rice", "rich", "rob", "rose",
        "rush", "serenity", "sky", "south", "star", "stone", "sue", "summer", "sun", "walker", "way", "west",
        "white", "will", "winter", "wood", "word", "young",
    }
)  # fmt: skip
"""Names that are words as well: those name somebody only where they are written with a capital."""


class PersonName(NamedTuple):
    """Somebody's name, in its parts."""

    given: str
    family: str

    def words(self) -> frozenset[str]:
        """Return the words of the name as they are compared."""
        found = (_plain(word) for word in _WORD.findall(_composed(f"{self.given} {self.family}")))
        return frozenset(word for word in found if len(word) >= _SHORTEST)


def names_somebody(text: str, others: Iterable[PersonName], own: PersonName | None) -> bool:
    """Whether a text holds a word of another's name that is no word of the own name."""
    mine = frozenset[str]() if own is None else own.words()
    sought = frozenset(word for other in others for word in other.words()) - mine
    return any(_is_named(word, sought) for word in _WORD.findall(_composed(text)))


def _is_named(word: str, sought: frozenset[str]) -> bool:
    plain = _plain(word)
    return plain in sought and (plain not in _ORDINARY or not word.islower())


def _composed(text: str) -> str:
    # An accent on its own is no letter, and would cut a name in two.
    return unicodedata.normalize("NFKC", text)


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word)
    return "".join(one for one in apart if not unicodedata.combining(one)).casefold()
