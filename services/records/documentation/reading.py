"""Reading the rules of documentation from their file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from services.contracts.records.documentation import DocumentationRules, NoteRule, PlanRule

_FILE: Final = Path(__file__).with_name("rules.toml")


@cache
def documentation_rules() -> DocumentationRules:
    """Return every rule, in the order of the file; an unreadable file is an error at the first use."""
    return DocumentationRules.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def note_rule(code: str) -> NoteRule | None:
    """Return a note rule by its code, or None where there is none."""
    return next((rule for rule in documentation_rules().note_rules if rule.code == code), None)


def plan_rule(code: str) -> PlanRule | None:
    """Return a plan rule by its code, or None where there is none."""
    return next((rule for rule in documentation_rules().plan_rules if rule.code == code), None)
