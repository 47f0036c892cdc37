"""The commands of the README, run as a newcomer runs them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
KEYS = {
    "patients", "fully_served", "unmet_minutes", "groups", "sessions", "objective", "bound", "gap", "version",
    "checker", "seconds",
}  # fmt: skip

pytestmark = pytest.mark.system


def eventide(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "eventide"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def check_report(answer: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert answer.returncode == 0, answer.stderr
    report: dict[str, object] = json.loads(answer.stdout)
    assert report.keys() >= KEYS
    assert isinstance(report["checker"], dict)
    assert report["checker"]["ok"] is True
    assert report["version"] == 1
    assert isinstance(report["seconds"], dict)
    assert set(report["seconds"]) == {"setup", "import", "solve", "publish"}
    return report


def test_the_demo_publishes_a_week_and_prints_one_object() -> None:
    report = check_report(eventide("demo", "--no-serve", "--json", "--patients", "10", "--time-limit", "3"))

    assert report["patients"] == 10


def test_the_demo_works_on_real_calendars() -> None:
    folder = SHARED / "data" / "calendars" / "yach-fal17"
    if not folder.is_dir():
        pytest.skip("../shared/data/calendars is absent: the demo on real calendars was not tried")
    options = ("--calendars", str(folder), "--patients", "16", "--week", "2026-10-05", "--time-limit", "4")

    report = check_report(eventide("demo", "--no-serve", "--json", *options))

    assert (report["patients"], report["calendars_refused"]) == (16, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--week", "2026-10-06"), "give a Monday, such as 2026-10-05"),
        (("--patients", "0"), "must be at least 1"),
        (("--week", "soon"), "invalid"),
    ],
)
def test_a_demo_that_cannot_be_is_a_usage_error_that_says_what_to_give(arguments: tuple[str, ...], words: str) -> None:
    answer = eventide("demo", "--no-serve", *arguments)

    assert answer.returncode == 2
    assert words in answer.stderr


def test_a_folder_without_calendars_ends_the_demo_with_one_line(tmp_path: Path) -> None:
    answer = eventide("demo", "--no-serve", "--calendars", str(tmp_path))

    assert answer.returncode == 1
    assert answer.stderr.strip().splitlines()[-1].startswith("eventide: ")
    assert "leave --calendars out" in answer.stderr


def test_calendars_that_are_none_leave_their_people_out_and_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_text("hello")

    answer = eventide("demo", "--no-serve", "--calendars", str(tmp_path), "--patients", "1")

    assert answer.returncode == 1
    assert "1 calendar(s) refused" in answer.stderr
    assert "Traceback" not in answer.stderr


def first_call() -> str:
    section = (ROOT / "README.md").read_text().partition("## A first call")[2]
    blocks: list[str] = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    return blocks[0]


@pytest.fixture
def state() -> Iterator[Path]:
    # Not pytest's own folder: the account that PostgreSQL runs as must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="eventide-first-call-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_the_first_call_of_the_readme_works_as_written(tmp_path: Path, state: Path) -> None:
    if shutil.which("curl") is None:
        pytest.fail("curl is missing: the README's first call cannot be tried")
    # The same words, in a state folder of the test's own.
    session = re.sub(r"\./eventide (up|status|token|down)", rf"./eventide \1 --state {state}", first_call())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}  # noqa: TID251 - a shell needs a path

    answer = subprocess.run(
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", session],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    assert '"roles":["programme_director"]' in answer.stdout
    assert '"name":"Harbour Street"' in answer.stdout
    assert '{"items":[],"next_page_token":null}' in answer.stdout
    assert "problem" not in answer.stdout
    listed = subprocess.run(["/bin/ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(state) not in listed
