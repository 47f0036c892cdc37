"""The drill of tokens at real processes: every kind of route of every process refuses what is forged."""

import pytest

from services.operator.drill.tokens.command import DOORS, at_the_stack
from services.operator.stack import Addresses

pytestmark = pytest.mark.system


async def test_no_process_takes_a_hostile_token_and_all_take_good_ones(stack: Addresses) -> None:
    report = await at_the_stack(stack)

    doors = report["by_route_class"]
    assert {name: (door["accepted"], door["failed"]) for name, door in doors.items()} == dict.fromkeys(DOORS, ([], []))
    assert (report["accepted"], report["failures"], report["good_refused"]) == (0, 0, 0)
    assert report["vectors"] >= 100
    assert all(door["tried"] >= 100 for door in doors.values())
