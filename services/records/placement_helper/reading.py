"""The helper as it is published, read from its file; a file with a rule that nothing can fulfil is refused."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.contracts.records.placement_helper import HelperCondition, PlacementHelper

_FILE: Final = Path(__file__).with_name("helper.toml")


class InvalidHelperError(ValueError):
    """The file cannot be relied on; the message names the rule."""


@cache
def helper() -> PlacementHelper:
    """Return the helper; an unreadable file is an error at the first use."""
    return read_helper(_FILE.read_text(encoding="utf-8"))


def read_helper(text: str) -> PlacementHelper:
    """Read a helper.

    Raises:
        InvalidHelperError: A condition names a question or an answer that is not asked, or two rules have one code.
    """
    written: dict[str, Any] = tomllib.loads(text)
    for said in written.get("exits", []):
        said.setdefault("call", None)
    read = PlacementHelper.model_validate(written)
    options = {question.code: {option.code for option in question.options} for question in read.questions}
    conditions = [(said.code, said.when) for said in read.exits] + [(rule.code, rule.when) for rule in read.rules]
    codes = [code for code, _ in conditions]
    if len(set(codes)) < len(codes) or len(options) < len(read.questions):
        raise InvalidHelperError("two rules or two questions have the same code")
    for code, when in conditions:
        if not when or not all(_can_hold(condition, options) for condition in when):
            raise InvalidHelperError(f"{code}: names what is not asked, or nothing")
    return read


def _can_hold(condition: HelperCondition, options: dict[str, set[str]]) -> bool:
    return bool(condition.answers) and set(condition.answers) <= options.get(condition.question, set())
