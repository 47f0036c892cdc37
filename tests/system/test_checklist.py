"""The checklist of the front door, made whole on a stack of its own: what fails is known, and becomes less."""

import pytest

from services.operator.drill.checklist.command import drill
from services.operator.drill.checklist.verdicts import LAST

pytestmark = pytest.mark.system

FAILING = {
    60: "there is no FHIR server yet",
}
"""With the reason. A number leaves this list when it passes, and none comes to it."""


def test_all_checks_pass_but_those_that_are_known_to_fail() -> None:
    report = drill()
    new = set(report["failing"]) - FAILING.keys()
    # Some checks wait for real time, and a busy machine may be late once; what fails alone too has failed.
    again = drill(new) if new else {"failing": []}

    assert sorted(report["checks"], key=int) == [str(number) for number in range(1, LAST + 1)]
    assert {number: again["checks"][str(number)]["reason"] for number in again["failing"]} == {}
    assert FAILING.keys() <= set(report["failing"])
    assert report["not_applicable"] == 0
