"""What the checkers say of a timetable: ours, and the one that shares no line with this project where it is present."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from services.operator.errors import OperatorError
from services.operator.state import PROJECT
from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import SLOT_MINUTES

OUTSIDE_CHECKER = PROJECT.parent / "shared" / "solver" / "check.py"


class CheckerFailedError(OperatorError):
    """The outside checker gave no verdict."""

    def __init__(self, checker: Path, status: int) -> None:
        super().__init__(f"{checker} ended with exit status {status} and without a verdict.")


class Judged(NamedTuple):
    """One timetable's figures, recomputed.

    Attributes:
        cost: The benchmark's single number.
        unmet_minutes: Needed and not delivered.
        valid: Whether every checker asked found every rule kept and the same cost.
        checkers: Who was asked.
        errors: The first rules found broken, in words.
    """

    cost: float
    unmet_minutes: int
    valid: bool
    checkers: tuple[str, ...]
    errors: tuple[str, ...]


def judge(document: Mapping[str, Any], timetable: Mapping[str, Any], outside: Path = OUTSIDE_CHECKER) -> Judged:
    """Have every checker at hand judge a timetable of an instance, both as JSON objects.

    Raises:
        CheckerFailedError: The outside checker says something else than a verdict, or nothing.
    """
    own = check(instance_from_json(document), timetable_from_json(timetable), bound=timetable.get("bound"))
    unmet = own.goals.unmet * SLOT_MINUTES
    if not outside.exists():
        return Judged(own.cost, unmet, own.ok, ("own",), own.errors[:3])
    theirs = _asked(outside, document, timetable)
    valid = own.ok and theirs["ok"] and theirs["cost"] == own.cost
    return Judged(own.cost, unmet, valid, ("own", "outside"), (*own.errors[:3], *theirs["errors"][:3]))


def _asked(checker: Path, *documents: Mapping[str, Any]) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("instance.json", "timetable.json")]
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document), encoding="utf-8")
        answer = subprocess.run([sys.executable, checker, *paths], capture_output=True, text=True, check=False)
    try:
        verdict = json.loads(answer.stdout)
        return {name: verdict[name] for name in ("ok", "cost", "errors")}
    except (ValueError, KeyError, TypeError) as error:
        raise CheckerFailedError(checker, answer.returncode) from error
