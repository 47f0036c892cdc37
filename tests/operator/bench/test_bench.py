import argparse
import json
from datetime import timedelta
from itertools import count

import pytest

from services.operator.__main__ import main
from services.operator.bench import BENCHES, calendar_import, timing
from services.operator.bench.bombs import NEW, Bomb, bombs, event
from services.scheduler.commitments.ical import CalendarReading

KEYS = {"seconds", "cpu_seconds", "peer_seconds", "peer_cpu_seconds", "ratio", "occurrences", "intervals_equal"}
A_BOMB = "every second since 1970"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the bench, but in a second."""
    monkeypatch.setattr(calendar_import, "RUNS", 1)
    monkeypatch.setattr(calendar_import, "SERIES", 60)
    monkeypatch.setattr(calendar_import, "bombs", lambda: {A_BOMB: bombs()[A_BOMB]})


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, small: None) -> None:
    """As where only what it takes to run is installed."""
    del small
    monkeypatch.setattr(calendar_import, "_PEER", "a_package_nobody_installed")


@pytest.mark.parametrize("arguments", [["bench"], ["bench", "nothing"], ["bench", "import", "--seed", "teatime"]])
def test_a_bench_that_is_not_there_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


def test_each_bench_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--help"])

    assert ended.value.code == 0
    # argparse breaks lines where it likes.
    explained = "".join(capsys.readouterr().out.split())
    assert all(f"{name}{bench.text}".replace(" ", "") in explained for name, bench in BENCHES.items())


@pytest.mark.usefixtures("small")
def test_the_import_bench_finds_the_same_intervals_as_its_peer(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bench", "import", "--json"])

    figures = json.loads(capsys.readouterr().out)
    assert status == 0
    assert figures.keys() > KEYS
    assert figures["intervals_equal"] is True
    assert (figures["series"], figures["moved"]) == (60, 20)
    assert figures["occurrences"] > 1_000
    assert figures["peer"].startswith("icalendar ")


@pytest.mark.usefixtures("small")
def test_the_import_bench_sees_one_interval_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    read = calendar_import._read

    def read_one_wrong(document: bytes) -> CalendarReading:
        reading = read(document)
        first, *rest = reading.busy
        return CalendarReading(
            busy=(first._replace(end=first.end + timedelta(seconds=1)), *rest),
            occurrences=reading.occurrences,
            series=reading.series,
            events_read=reading.events_read,
            warnings=reading.warnings,
            version=reading.version,
            zone_version=reading.zone_version,
        )

    monkeypatch.setattr(calendar_import, "_read", read_one_wrong)

    figures = calendar_import.measure(argparse.Namespace(seed=0))

    assert figures["intervals_equal"] is False
    assert "NOT the same" in calendar_import.table(figures)


@pytest.mark.usefixtures("alone")
def test_the_import_bench_tells_how_long_each_bomb_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "import", "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert (figures["bombs"], figures["worst_bomb"], figures["bombs_answered_otherwise"]) == (1, A_BOMB, [])
    assert figures["bomb_milliseconds"] == {A_BOMB: figures["worst_bomb_milliseconds"]}


@pytest.mark.usefixtures("alone")
def test_the_import_bench_sees_a_bomb_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = event(NEW, "RRULE:FREQ=WEEKLY")
    monkeypatch.setattr(calendar_import, "bombs", lambda: {"a dud": Bomb("recurrence-bomb", harmless)})

    figures = calendar_import.measure(argparse.Namespace(seed=0))

    assert figures["bombs_answered_otherwise"] == ["a dud"]
    assert "NOT refused by their names: a dud" in calendar_import.table(figures)


@pytest.mark.usefixtures("alone")
def test_without_the_peer_its_figures_are_null_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "import", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert main(["bench", "import"]) == 0

    assert {name for name, figure in figures.items() if figure is None} == (KEYS | {"peer"}) - {
        "seconds",
        "cpu_seconds",
        "occurrences",
    }
    assert "not installed" in capsys.readouterr().out


def test_a_timing_is_the_median_of_the_runs_after_the_first() -> None:
    calls = count(1)

    result, found = timing.timed(lambda: next(calls), runs=3)

    assert result == 4
    assert found.seconds >= 0


def test_the_machine_is_described_in_a_line() -> None:
    described = timing.machine()

    assert "\n" not in described
    assert " cores of " in described
    assert "CPython" in described
