import argparse
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from services.operator import foreground, stack
from services.operator.__main__ import main
from services.operator.environment import DRILLED_ALLOWANCE
from services.operator.postgres.credentials import SERVICES, load_credentials
from services.operator.postgres.provision import DatabaseUrls
from services.operator.state import StateFolder
from services.operator.supervisor.plan import StackOptions, child_specs, listening

_ALLOWANCE = "EVENTIDE_CALLER_ALLOWANCE"
_PROXIES = "EVENTIDE_TRUSTED_PROXIES"
_DATABASES = {service: DatabaseUrls(owner="owner", app="app") for service in SERVICES}


class _StartedError(Exception):
    """In place of a process."""


def _gateway_of(options: StackOptions) -> Mapping[str, str]:
    with ExitStack() as cleanup:
        specs = child_specs(options, cleanup.enter_context(listening(0)), _DATABASES, lock=99)
    return next(spec.environment for spec in specs if spec.name == "gateway")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[StackOptions]:
    found: list[StackOptions] = []

    def spawned(options: StackOptions, *_: Any) -> None:
        found.append(options)
        raise _StartedError

    monkeypatch.setattr(stack, "_spawn", spawned)
    return found


def test_a_stack_of_up_limits_its_callers_as_usual(asked: list[StackOptions], tmp_path: Path) -> None:
    with pytest.raises(_StartedError):
        main(["up", "--state", str(tmp_path / "state")])

    assert float(_gateway_of(asked[0])[_ALLOWANCE]) == 1.0


def test_a_stack_of_up_that_is_measured_lets_one_account_call_often(asked: list[StackOptions], tmp_path: Path) -> None:
    with pytest.raises(_StartedError):
        main(["up", "--measured", "--state", str(tmp_path / "state")])

    assert float(_gateway_of(asked[0])[_ALLOWANCE]) == DRILLED_ALLOWANCE


def test_a_stack_that_is_drilled_or_measured_lets_few_accounts_call_often(
    asked: list[StackOptions], tmp_path: Path
) -> None:
    with pytest.raises(_StartedError), stack.running_stack(tmp_path / "state"):
        pass

    assert float(_gateway_of(asked[0])[_ALLOWANCE]) == DRILLED_ALLOWANCE


def _served(monkeypatch: pytest.MonkeyPatch, folder: Path, process: str) -> Mapping[str, str]:
    state = StateFolder(folder)
    state.make()
    load_credentials(state.secrets / "databases")
    for name in ("GATEWAY_URL", "RECORDS_URL", "SCHEDULER_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://boss:boss@127.0.0.1:1/postgres")
    environments: list[Mapping[str, str]] = []

    def became(_: str, __: list[str], environment: Mapping[str, str]) -> None:
        environments.append(environment)

    monkeypatch.setattr(os, "execve", became)
    foreground.run(argparse.Namespace(state=folder, process=process, host="127.0.0.1", port=1))
    return environments[0]


def test_a_served_gateway_limits_its_callers_as_usual(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(_ALLOWANCE, raising=False)

    assert float(_served(monkeypatch, tmp_path / "state", "gateway")[_ALLOWANCE]) == 1.0


def test_a_served_gateway_is_told_of_its_edge_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(_PROXIES, '["192.0.2.1"]')
    monkeypatch.setenv(_ALLOWANCE, "3")

    gateway = _served(monkeypatch, tmp_path / "state", "gateway")

    assert (gateway[_PROXIES], gateway[_ALLOWANCE]) == ('["192.0.2.1"]', "3")
    assert _PROXIES not in _served(monkeypatch, tmp_path / "state", "records")
