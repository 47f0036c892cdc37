"""`eventide test`: every check of the project in order, or pytest with arguments."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from services.operator.state import PROJECT

CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check", ".", "eventide"),
    ("ruff", "format", "--check", ".", "eventide"),
    ("mypy",),
    ("lint-imports",),
    # A file is one process's: its tests share what they started. The order is drawn once for all runs of the gate, so
    # that a change is refused for what it did; any run with arguments of its own draws another.
    ("pytest", "-n", "2", "--dist", "loadfile", "--randomly-seed=1"),
    ("python", "-m", "services.operator", "drill", "races", "--n", "10000"),
    ("python", "-m", "services.operator", "drill", "tamper", "--n", "1000"),
    ("python", "-m", "services.operator", "drill", "accesses", "--n", "10000"),
    ("python", "-m", "services.operator", "drill", "authorization", "--cells", "50000"),
    ("python", "-m", "services.operator", "drill", "canaries"),
    ("python", "-m", "services.operator", "drill", "draws"),
)


def run(arguments: argparse.Namespace) -> int:
    """Run pytest with the arguments given, or all checks if there are none."""
    if arguments.pytest_arguments:
        return _run(("pytest", *arguments.pytest_arguments))
    results = [(check, *_timed(check)) for check in CHECKS]
    print("\nsummary", file=sys.stderr)
    for check, status, seconds in results:
        verdict = "ok" if status == 0 else f"failed ({status})"
        print(f"  {' '.join(check):<36} {verdict:<12} {seconds:6.1f} s", file=sys.stderr)
    return 1 if any(status for _, status, _ in results) else 0


def _timed(check: tuple[str, ...]) -> tuple[int, float]:
    print(f"\n{' '.join(check)}", file=sys.stderr, flush=True)
    begin = time.monotonic()
    return _run(check), time.monotonic() - begin


def _run(command: tuple[str, ...]) -> int:
    tool, *rest = command
    program = Path(sys.executable).parent / tool
    return subprocess.run([program, *rest], cwd=PROJECT, check=False).returncode
