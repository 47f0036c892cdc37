"""What a rule is."""

from typing import Protocol

from ortools.sat.python import cp_model

from services.scheduler.solver.model import Literal, Variables


class Rule(Protocol):
    """A hard rule: nothing it forbids may be in a timetable, whatever that costs."""

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Add the rule's constraints to the model."""


def forbid(model: cp_model.CpModel, variables: Variables, literal: Literal) -> None:
    """Rule a decision out, unless it was taken and has begun: what was, may be."""
    if literal.index not in variables.begun:
        model.add(literal == 0)
