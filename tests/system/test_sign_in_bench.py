"""The bench of sign-ins, in too few waves to measure anything: everybody signs in, and is counted."""

import pytest

from services.operator.bench.sign_in import sign_ins, table
from services.operator.stack import Addresses

pytestmark = pytest.mark.system


async def test_sign_ins_and_bare_hashes_are_counted_alone_and_at_once(stack: Addresses) -> None:
    figures = await sign_ins(stack, rounds=2)

    assert {many: (of["sign_in"]["runs"], of["argon2"]["runs"]) for many, of in figures["callers"].items()} == {
        "1": (2, 2),
        "8": (16, 16),
    }
    for of in figures["callers"].values():
        assert of["p95_to_argon2"] == pytest.approx(of["sign_in"]["p95"] / of["argon2"]["p95"], abs=0.01)
    assert "argon2" in table(figures | {"machine": "some"})
