import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "eventide"

# Stands in for uv: writes down how it was called, refuses a spoilt environment, and makes one
# whose Python only tells what it was asked.
FAKE_UV = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
[ -e "$UV_PROJECT_ENVIRONMENT/spoilt" ] && exit 1
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
printf '#!/bin/sh\\necho "$PWD $PYTHONPATH $@"\\n' > "$UV_PROJECT_ENVIRONMENT/bin/python"
chmod +x "$UV_PROJECT_ENVIRONMENT/bin/python"
"""


class Checkout(NamedTuple):
    root: Path
    uv: Path

    def start(self, *arguments: str, cwd: Path | None = None) -> str:
        command = [sys.executable, str(self.root / "eventide"), *arguments]
        answer = subprocess.run(command, cwd=cwd or self.root, check=True, capture_output=True, text=True)
        told: str = answer.stdout
        return told.strip()

    def calls(self) -> list[str]:
        calls = self.uv.with_name("calls")
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    shutil.copy(BOOTSTRAP, tmp_path / "eventide")
    for name in ("uv.lock", "pyproject.toml"):
        (tmp_path / name).write_text("as committed")
    version = runpy.run_path(str(BOOTSTRAP))["UV_VERSION"]
    uv = tmp_path / ".eventide" / f"uv-{version}" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(FAKE_UV)
    uv.chmod(0o755)
    return Checkout(tmp_path, uv)


def test_arguments_and_working_directory_reach_the_command(checkout: Checkout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    told = checkout.start("up", "--state", "some where", cwd=elsewhere)

    assert told == f"{elsewhere} {checkout.root} -P -m services.operator up --state some where"


def test_a_warm_start_installs_nothing(checkout: Checkout) -> None:
    checkout.start("up")
    checkout.start("status")

    assert len(checkout.calls()) == 1
    assert "--frozen" in checkout.calls()[0]
    assert "--no-dev" in checkout.calls()[0]


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_changed_requirements_are_installed(checkout: Checkout, name: str) -> None:
    checkout.start("up")
    (checkout.root / name).write_text("changed")

    checkout.start("up")

    assert len(checkout.calls()) == 2


def test_a_lost_environment_is_made_again(checkout: Checkout) -> None:
    checkout.start("up")
    shutil.rmtree(checkout.root / ".venv")

    checkout.start("up")

    assert len(checkout.calls()) == 2


@pytest.mark.parametrize("command", ["test", "bench"])
def test_developer_tools_are_installed_for_what_needs_them_and_stay(checkout: Checkout, command: str) -> None:
    checkout.start("up")
    checkout.start(command)
    checkout.start("up")
    (checkout.root / "uv.lock").write_text("changed")
    checkout.start("up")

    assert ["--no-dev" in call for call in checkout.calls()] == [True, False, False]


def test_an_environment_that_uv_cannot_use_is_replaced(checkout: Checkout) -> None:
    spoilt = checkout.root / ".venv" / "spoilt"
    spoilt.parent.mkdir()
    spoilt.touch()

    told = checkout.start("up")

    assert told.endswith("-m services.operator up")
    assert not spoilt.exists()


def test_two_first_starts_at_once_install_once(checkout: Checkout) -> None:
    command = [sys.executable, str(checkout.root / "eventide"), "up"]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]

    assert [process.wait() for process in both] == [0, 0]
    assert len(checkout.calls()) == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("MINIMUM_PYTHON", (99, 0), "needs Python"), ("sys", None, "runs on Linux")],
)
def test_what_is_missing_is_said(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: object,
    sentence: str,
) -> None:
    main: Callable[[list[str]], None] = runpy.run_path(str(BOOTSTRAP))["main"]
    if value is None:
        monkeypatch.setattr(sys, "platform", "plan9")
    else:
        monkeypatch.setitem(main.__globals__, name, value)

    with pytest.raises(SystemExit, match="1"):
        main(["up"])

    assert sentence in capsys.readouterr().err


def test_it_can_be_executed_as_it_is() -> None:
    assert os.access(BOOTSTRAP, os.X_OK)
    assert os.access(BOOTSTRAP.parent / ".ci" / "run", os.X_OK)
