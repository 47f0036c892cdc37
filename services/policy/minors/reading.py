"""Reads what states say of minors from its file: every figure cited, dated and said once, or the file is refused."""

import tomllib
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, model_validator

from services.contracts.base import Name, RequestModel
from services.contracts.records.minors import Jurisdiction, StateOnMinors
from services.contracts.rule_packs import RuleMark

STATES_FILE: Final = Path(__file__).parent / "states.toml"


class InvalidMinorRulesError(ValueError):
    """The file cannot be relied on; the message names the place in it and quotes nothing."""


class _State(RequestModel):
    jurisdiction: Jurisdiction
    name: Name
    alone_from_age: Annotated[int, Field(ge=10, le=20, strict=True)] | None
    majority_age: Annotated[int, Field(ge=16, le=21, strict=True)]
    citation: Name
    mark: RuleMark
    effective_from: date

    @model_validator(mode="after")
    def _has_ages_in_order(self) -> Self:
        if self.alone_from_age is not None and self.alone_from_age >= self.majority_age:
            raise ValueError("alone_from_age must be less than majority_age")
        return self


class _File(RequestModel):
    states: Annotated[list[_State], Field(min_length=1)]


@cache
def states_on_minors() -> tuple[StateOnMinors, ...]:
    """Return what is known of each state, in order of its code.

    Raises:
        InvalidMinorRulesError: The file is not whole.
    """
    return read_states(STATES_FILE.read_text(encoding="utf-8"))


def read_states(text: str) -> tuple[StateOnMinors, ...]:
    """Read the file.

    Raises:
        InvalidMinorRulesError: It is no TOML, has a key that is unknown, lacks one, or names a state out of order.
    """
    try:
        states = _File.model_validate(tomllib.loads(text)).states
    except tomllib.TOMLDecodeError:
        raise InvalidMinorRulesError("no TOML") from None
    except ValidationError as error:
        places = (".".join(map(str, one["loc"])) for one in error.errors())
        raise InvalidMinorRulesError("; ".join(places)) from None
    if any(one.jurisdiction >= other.jurisdiction for one, other in pairwise(states)):
        raise InvalidMinorRulesError("states must be in order of jurisdiction, each once")
    return tuple(StateOnMinors(**state.model_dump()) for state in states)


def state_on_minors(jurisdiction: str) -> StateOnMinors | None:
    """Return what is known of a state."""
    return next((one for one in states_on_minors() if one.jurisdiction == jurisdiction), None)
