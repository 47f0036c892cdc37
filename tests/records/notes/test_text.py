"""Which characters a name and a passage may have, asked of every one that Unicode has."""

import sys
import unicodedata
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.contracts.base import Name
from services.contracts.records.notes import Passage

EVERY = [chr(point) for point in range(sys.maxunicode + 1)]
REFUSED = {one for one in EVERY if unicodedata.category(one) in {"Cc", "Cs"}}
LAYOUT = {"\r", "\n", "\t"}
SOME = 190


@pytest.mark.parametrize(("text", "refused"), [(Name, REFUSED), (Passage, REFUSED - LAYOUT)], ids=["name", "passage"])
def test_control_characters_and_halves_of_pairs_are_refused_and_nothing_else(text: Any, refused: set[str]) -> None:
    adapter = TypeAdapter[str](text)

    for one in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(f"a{one}b")

    taken = [one for one in EVERY if one not in refused]
    for begin in range(0, len(taken), SOME):
        passage = f"a{''.join(taken[begin : begin + SOME])}b"
        assert adapter.validate_python(passage) == passage
