"""What a process and its helpers hold together."""

import subprocess
import sys

from services.operator.bench.memory import tree_bytes

HELD = 40 * 1024 * 1024
_HELPER = f"held = bytearray(b'x' * {HELD}); print(1, flush=True); input()"
# Its helper says first that it holds the bytes; both go on holding until the test has looked.
_PARENT = f"""
import subprocess, sys
held = bytearray(b'x' * {HELD})
with subprocess.Popen([sys.executable, '-c', {_HELPER!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as helper:
    helper.stdout.readline()
    print(1, flush=True)
    input()
    helper.communicate(b'\\n')
"""


def test_the_memory_of_helpers_counts_and_of_what_has_ended_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        together = tree_bytes(parent.pid)
        parent.communicate(b"\n")

    assert together > 2 * HELD
    assert tree_bytes(parent.pid) == 0
